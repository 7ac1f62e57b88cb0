/*
 * Certificates that stand behind a signature, for the room's own files. Says whether they fit
 * together; never decides whom to trust, and knows no clock but the time it is given.
 */
#ifndef MINTMARK_EIF_CHAIN_H
#define MINTMARK_EIF_CHAIN_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "cose.h"
#include "own_errors.h"

struct chain {
	STACK_OF(X509) * certificates; /* the signing one first; at least one */
};

#define CHAIN_INIT ((struct chain){NULL})

/* A no-op on CHAIN_INIT. Fits cleanup_with(). */
void chain_close(struct chain *chain);

/* The next certificate of a PEM text, in DER and nothing behind it; NULL and an error of OpenSSL.
 */
X509 *certificate_read(BIO *bio);

/* All certificates of a PEM text, whatever stands around them; EIF-CERTIFICATE when there is none.
 */
int chain_parse(const void *pem, size_t size, const char *what, struct chain *chain,
		struct err *err);

/* The certificates in PEM and nothing else, owned by the caller. */
unsigned char *chain_pem(const struct chain *chain, size_t *size, struct err *err);

/* How the first certificate's key signs: EIF-SIGNATURE-ALGORITHM when it is none that may. */
int chain_algorithm(const struct chain *chain, const char *what, const struct algorithm **algorithm,
		    struct err *err);

/* The first certificate's, which stays the chain's. */
EVP_PKEY *chain_key(const struct chain *chain);

/* Links, usage, and validity at a time, unless at is NULL; says who signs. */
int chain_check(const struct chain *chain, const char *what, const int64_t *at,
		struct eif_signer *signer, struct err *err);

/* EIF-CERTIFICATE-OTHER unless both begin with the same certificate. */
int chain_expect(const struct chain *chain, const struct chain *expected, struct err *err);

/* Whether a signature (r and s) over data is one by the first certificate's key. */
bool chain_signed(const struct chain *chain, const struct algorithm *algorithm, const void *data,
		  size_t size, const unsigned char *signature);

#endif
