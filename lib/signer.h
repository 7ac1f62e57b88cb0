/*
 * Private keys that sign: a PEM file, or a token behind a URI "pkcs11:...". The key itself never
 * comes out of here, and nobody is ever asked for a passphrase.
 */
#ifndef MINTMARK_SIGNER_H
#define MINTMARK_SIGNER_H

#include <stdbool.h>
#include <stddef.h>

#include <openssl/evp.h>

#include "err.h"

enum { SIGNER_MAX_SIGNATURE = 512 }; /* also of a key on a curve that is not used anywhere here */

struct signer;

/*
 * Opens a PEM file, or a key in a token through OpenSSL's provider pkcs11. passphrase is that of
 * the file or the token's PIN, or NULL. Names of errors begin with room: -KEY when there is no such
 * key, or not exactly one; with EXIT_USAGE when pin-value occurs in where, which is part of
 * messages.
 */
struct signer *signer_open(const char *where, const char *passphrase, const char *room,
			   struct err *err);

/* Accepts NULL. */
void signer_close(struct signer *signer);

/* Of a token's key the public part alone can be used; it stays the signer's. */
EVP_PKEY *signer_key(const struct signer *signer);
bool signer_in_token(const struct signer *signer);
const char *signer_where(const struct signer *signer);

/*
 * Whether it could sign: -NONCE when it cannot without chance and random_nonce is not set, -SIGN.
 * digest is NULL for keys that bring their own (Ed25519).
 */
int signer_check(const struct signer *signer, const char *digest, bool random_nonce,
		 struct err *err);

/* Signs data; an ECDSA signature is DER. signature has room for SIGNER_MAX_SIGNATURE bytes. */
int signer_sign(const struct signer *signer, const char *digest, bool random_nonce,
		const void *data, size_t size, unsigned char *signature, size_t *signature_size,
		struct err *err);

#endif
