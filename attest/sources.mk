# What the attest room consists of: lists of sources, no rules.
ATTEST_LIB_SRC := lib/ecdsa.c lib/items.c lib/signer.c attest/cborview.c attest/cca.c attest/certificates.c attest/corim.c \
	attest/corim_write.c attest/cose.c attest/dsse.c attest/entry.c attest/folder.c attest/log_append.c attest/log_proof.c \
	attest/log_read.c attest/log_seen.c attest/nitro.c attest/note.c attest/policy.c attest/quorum.c attest/reference.c \
	attest/html.c attest/release.c attest/site.c attest/site_assets.c attest/site_changes.c attest/site_chart.c \
	attest/site_pages.c attest/site_read.c attest/site_sections.c attest/text.c attest/tree.c attest/verify.c
ATTEST_SRC := attest/cmd_log.c attest/cmd_policy.c attest/cmd_publish.c attest/cmd_quorum.c attest/cmd_site.c \
	attest/cmd_verify.c attest/main.c
ATTEST_LIBS := -lcbor -lcrypto -ljansson
