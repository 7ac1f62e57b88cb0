/*
 * COSE_Sign1 (RFC 9052), for the room's own files. Says whether a key made a signature; never
 * decides whose key that is.
 */
#ifndef MINTMARK_ATTEST_COSE_H
#define MINTMARK_ATTEST_COSE_H

#include <openssl/evp.h>

#include "cborview.h"
#include "signer.h"

enum {
	COSE_SIGN1_TAG = 18,
	COSE_ES256 = -7,
	COSE_EDDSA = -8,
	COSE_ES384 = -35,
	COSE_ES512 = -36,
	COSE_MAX_SIGNATURE = 132, /* r and s of P-521 */
};

/* One that was taken apart; everything lies in the bytes it was read from. */
struct cose {
	int64_t algorithm;
	struct cbor header; /* the protected one, a map */
	struct cbor other;  /* the other one, a map */
	struct slice header_bytes;
	struct slice payload;
	struct slice signature;
};

/* Takes an array of four apart, tagged or not. ATTEST-COSE when it is no COSE_Sign1. */
int cose_read(const struct cbor *item, const char *what, struct cose *cose, struct err *err);

/* ATTEST-COSE unless the algorithm stands alone in the headers. */
int cose_expect_bare(const struct cose *cose, const char *what, struct err *err);

/* "ES384" and so on; NULL for an algorithm that is not known here. */
const char *cose_algorithm_name(int64_t algorithm);

/* How a key of this kind signs; 0 for one that does not sign here. */
int64_t cose_algorithm_of(EVP_PKEY *key);

/*
 * ATTEST-ALGORITHM when the algorithm is not the key's, ATTEST-SIGNATURE when the key did not make
 * the signature.
 */
int cose_check(const struct cose *cose, EVP_PKEY *key, const char *what, struct err *err);

/* What is signed (RFC 9052, 4.4), owned by the caller; NULL without memory. */
unsigned char *cose_signed_bytes(struct slice header_bytes, struct slice payload, size_t *size,
				 struct err *err);

/* How OpenSSL calls the digest of an algorithm; NULL when it brings its own, or is not known. */
const char *cose_digest_of(int64_t algorithm);

/* Signs as the key's kind does it, into at most COSE_MAX_SIGNATURE bytes. */
int cose_sign(struct slice header_bytes, struct slice payload, const struct signer *key,
	      bool random_nonce, unsigned char *signature, size_t *size, struct err *err);

/* Whether the key made a signature in DER, or of Ed25519, over data. */
bool signature_is_good(EVP_PKEY *key, struct slice data, struct slice signature);

#endif
