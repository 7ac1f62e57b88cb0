# What the eif room consists of: lists of sources, no rules.
EIF_LIB_SRC := eif/boot.c eif/compare.c eif/describe.c eif/diff.c eif/diff_files.c eif/extract.c eif/format.c \
	eif/inventory.c eif/kernel.c eif/lenient.c eif/measure.c eif/metadata.c eif/newc.c eif/ramdisk.c \
	eif/read.c eif/ring.c eif/signature.c eif/unpack.c eif/unpinned.c eif/verify.c eif/write.c
EIF_SRC := eif/cmd_build.c eif/cmd_describe.c eif/cmd_diff.c eif/cmd_extract.c eif/cmd_verify.c eif/main.c
EIF_LIBS := -lcbor -lcrypto -lisal -ljansson -llzma -lz -lzstd
