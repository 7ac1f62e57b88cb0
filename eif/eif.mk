# What the eif room consists of: lists of sources, no rules.
EIF_LIB_SRC := eif/boot.c eif/chain.c eif/cose.c eif/describe.c eif/extract.c eif/items.c eif/key.c eif/measure.c \
	eif/metadata.c eif/read.c eif/seal.c eif/signature.c eif/verify_signature.c eif/write.c
EIF_SRC := eif/cmd_attach.c eif/cmd_build.c eif/cmd_describe.c eif/cmd_extract.c eif/cmd_sign.c \
	eif/cmd_signing.c eif/cmd_strip.c eif/main.c
EIF_LIBS := -lcbor -lcrypto -ljansson -lz
