# What the eif room consists of: lists of sources, no rules.
EIF_LIB_SRC := lib/ecdsa.c lib/items.c lib/signer.c eif/boot.c eif/chain.c eif/compare.c eif/cose.c eif/describe.c eif/diff.c eif/diff_files.c \
	eif/extract.c eif/format.c eif/inventory.c eif/kernel.c eif/key.c eif/lenient.c eif/measure.c \
	eif/metadata.c eif/newc.c eif/ramdisk.c eif/read.c eif/ring.c eif/seal.c eif/signature.c eif/unpack.c \
	eif/unpinned.c eif/verify.c eif/verify_signature.c eif/write.c
EIF_SRC := eif/cmd_attach.c eif/cmd_build.c eif/cmd_describe.c eif/cmd_diff.c eif/cmd_extract.c eif/cmd_sign.c \
	eif/cmd_signing.c eif/cmd_strip.c eif/cmd_verify.c eif/main.c
EIF_LIBS := -lcbor -lcrypto -lisal -ljansson -llzma -lz -lzstd
