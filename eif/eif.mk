# What the eif room consists of: lists of sources, no rules.
EIF_LIB_SRC := eif/boot.c eif/describe.c eif/extract.c eif/measure.c eif/metadata.c eif/read.c \
	eif/ring.c eif/signature.c eif/write.c
EIF_SRC := eif/cmd_build.c eif/cmd_describe.c eif/cmd_extract.c eif/main.c
EIF_LIBS := -lcbor -lcrypto -lisal -ljansson
