# What the attest room consists of: lists of sources, no rules.
ATTEST_LIB_SRC := lib/ecdsa.c lib/items.c attest/cborview.c attest/cca.c attest/certificates.c attest/cose.c attest/corim.c \
	attest/nitro.c attest/reference.c attest/text.c attest/verify.c
ATTEST_SRC := attest/cmd_verify.c attest/main.c
ATTEST_LIBS := -lcbor -lcrypto -ljansson
