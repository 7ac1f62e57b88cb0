/* Evidence that is being verified, for the room's own files. */
#ifndef MINTMARK_ATTEST_EVIDENCE_H
#define MINTMARK_ATTEST_EVIDENCE_H

#include "cborview.h"

/* Verifies a document of the Nitro security module; its report is the caller's. */
json_t *nitro_verify(const struct cbor *document, const struct attest_expectation *expectation,
		     struct err *err);

/* Verifies a token of a CCA realm; its report is the caller's. */
json_t *cca_verify(const struct cbor *token, const struct attest_expectation *expectation,
		   struct err *err);

/*
 * Compares measurements with the references of their platform, of which one must hold in all that
 * it says, and be valid now. The one that comes closest is in the message: ATTEST-PCR, ATTEST-RIM,
 * ATTEST-REM, ATTEST-RPV; ATTEST-REFERENCE-EXPIRED when it holds and is not valid,
 * ATTEST-REFERENCE-NONE when there is none of the platform.
 */
int evidence_match(const struct attest_values *found, const struct attest_references *references,
		   int64_t now, struct err *err);

/* A number of bytes as JSON: the hexadecimal, or null when there is none. */
json_t *evidence_bytes(const struct cbor *value);

#endif
