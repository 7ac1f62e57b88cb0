/*
 * COSE_Sign1 (RFC 9052) as AWS's tools write it around PCR0, for the room's own files: untagged,
 * the algorithm alone in the protected header, nothing in the other. Never hashes, signs or
 * verifies.
 */
#ifndef MINTMARK_EIF_COSE_H
#define MINTMARK_EIF_COSE_H

#include "room.h"

enum {
	COSE_MAX_SIGNATURE = 132, /* two numbers below the order of P-521 */
	COSE_MAX_PAYLOAD = 160,
	COSE_MAX_TBS = 256,
	COSE_MAX_SIZE = 512
};

/* One of the three ways to sign. */
struct algorithm {
	const char *name;
	int number;	    /* in COSE */
	const char *curve;  /* of the key, as OpenSSL calls it */
	const char *digest; /* likewise */
	size_t size;	    /* bytes of a signature */
};

/* NULL for a curve that has none. */
const struct algorithm *algorithm_of_curve(const char *curve);

struct cose {
	const struct algorithm *algorithm;
	const unsigned char *payload;
	size_t payload_size;
	const unsigned char *signature; /* r and s */
	size_t signature_size;
};

/* Each writes to out and gives the size; out has room for COSE_MAX_ bytes of its kind. */
size_t cose_payload(const unsigned char pcr0[SHA384_SIZE], unsigned char *out);
size_t cose_tbs(const struct cose *cose, unsigned char *out);
size_t cose_encode(const struct cose *cose, unsigned char *out);

/* Takes a COSE_Sign1 apart, into data itself: EIF-COSE, EIF-SIGNATURE-ALGORITHM. */
int cose_decode(const unsigned char *data, size_t size, struct cose *cose, struct err *err);

/* EIF-SIGNATURE-PCR when the payload is about another PCR0, EIF-COSE when about something else. */
int cose_check_payload(const struct cose *cose, const unsigned char pcr0[SHA384_SIZE],
		       struct err *err);

#endif
