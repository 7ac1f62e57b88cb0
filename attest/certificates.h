/*
 * The certificates in a Nitro attestation document, for the room's own files. Trusts the root that
 * it is given and nothing else; knows no clock but the time it is given.
 */
#ifndef MINTMARK_ATTEST_CERTIFICATES_H
#define MINTMARK_ATTEST_CERTIFICATES_H

#include <openssl/x509.h>

#include "room.h"

enum {
	CERTIFICATES_MAX = 8,	    /* of the authorities; AWS has four */
	CERTIFICATE_MAX_SIZE = 1024 /* of one in DER */
};

/* From the leaf to the root. */
struct certificates {
	X509 *list[CERTIFICATES_MAX + 1];
	size_t count;
};

#define CERTIFICATES_INIT ((struct certificates){.count = 0})

/* A no-op on CERTIFICATES_INIT. Fits cleanup_with(). */
void certificates_clear(struct certificates *certificates);

/* Takes one more, behind the others. ATTEST-CERTIFICATE unless it is a certificate in DER. */
int certificates_add(struct certificates *certificates, struct slice der, struct err *err);

/*
 * Whether the last one is the root: the one in this PEM, or AWS's if that is empty. ATTEST-ROOT;
 * ATTEST-ROOT-FILE when the PEM is none.
 */
int certificates_expect_root(const struct certificates *certificates, struct slice pem,
			     struct err *err);

/*
 * Whether each was issued by the next one, all of them valid at a time, the first for signatures
 * and the others authorities. ATTEST-CHAIN, ATTEST-CERTIFICATE-USAGE, ATTEST-CERTIFICATE-ALGORITHM,
 * ATTEST-CERTIFICATE-EXTENSION, ATTEST-CERTIFICATE-EARLY, ATTEST-CERTIFICATE-EXPIRED.
 */
int certificates_check(const struct certificates *certificates, int64_t at, struct err *err);

#endif
