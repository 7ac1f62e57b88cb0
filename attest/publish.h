/*
 * What is published beside an image, for the room's own files. Everything but a signature is the
 * same for everybody who has the same measurements.
 */
#ifndef MINTMARK_ATTEST_PUBLISH_H
#define MINTMARK_ATTEST_PUBLISH_H

#include "room.h"
#include "signer.h"

/* What goes into a CoRIM. */
struct corim_plan {
	const char *id;
	const unsigned char *tag_id;	    /* 16 bytes; NULL: made from the values */
	const struct attest_values *values; /* of one platform */
	size_t count;
	const char *authority; /* whose Nitro profile it is, a domain */
	bool text_algorithms;  /* "sha-384" instead of 7, for verifiers that compare text */
};

/* Its bytes, in their one deterministic form, owned by the caller. */
unsigned char *corim_write(const struct corim_plan *plan, size_t *size, struct err *err);

/* Who signs. */
struct signing {
	const struct signer *key;
	const char *name; /* of whom, for people */
	bool random_nonce;
};

/* The CoRIM as COSE_Sign1 (tag 18), owned by the caller. */
unsigned char *corim_sign(struct slice corim, const struct signing *signing, size_t *size,
			  struct err *err);

/* A DSSE envelope around an in-toto statement, as text with a newline; owned by the caller. */
char *dsse_sign(struct slice payload, const struct signing *signing, struct err *err);

/*
 * The payload of an envelope whose signature is by this key, owned by the caller. ATTEST-DSSE when
 * it is none, ATTEST-SIGNATURE when the key did not make any of its signatures.
 */
unsigned char *dsse_open(const void *data, size_t size, const char *path, EVP_PKEY *key,
			 size_t *payload_size, struct err *err);

/* A public key in PEM; ATTEST-KEY. The caller's to free. */
EVP_PKEY *public_key_read(const void *pem, size_t size, const char *path, struct err *err);

#endif
