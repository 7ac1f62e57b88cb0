/*
 * Reference values as CoRIM (draft-ietf-rats-corim), for the room's own files: the profiles of CCA
 * realms and of Nitro PCRs, and no other.
 */
#ifndef MINTMARK_ATTEST_CORIM_H
#define MINTMARK_ATTEST_CORIM_H

#include <openssl/evp.h>

#include "cborview.h"

#define CORIM_REALM_PROFILE "tag:arm.com,2025:cca_realm#1.0.0"
/* Ours; the authority stands between. */
#define CORIM_NITRO_PROFILE_HEAD "tag:"
#define CORIM_NITRO_PROFILE_TAIL ",2026:nitro-pcr#1.0.0"

/* Of one file, and of all that evidence is held against: a realm has a RIM for each VMM, size of
 * memory, number of processors and RMM.
 */
enum { REFERENCES_MAX = 1024 };

/* One value of one image was found; it is added to a list. */
int references_push(struct attest_references *references, const struct attest_values *values,
		    struct err *err);

/*
 * Adds all images of a CoRIM, which may be signed, and must be so by the key unless that is NULL:
 * ATTEST-REFERENCE, ATTEST-REFERENCE-UNSIGNED, and what cose_check() says.
 */
int corim_read(const struct cbor *root, const char *path, EVP_PKEY *key,
	       struct attest_references *references, struct err *err);

/* Of a file that is JSON, or a CoRIM without a signature, where a signature is asked for. */
int reference_unsigned(const char *path, struct err *err);

#endif
