/* Keys that sign, for the room's own files. The key itself never comes out of here. */
#ifndef MINTMARK_EIF_KEY_H
#define MINTMARK_EIF_KEY_H

#include <openssl/evp.h>

#include "cose.h"

/*
 * Whether the key could sign so that public verifies it: EIF-KEY-OTHER, EIF-NONCE. Of a token's key
 * it is not always known before it has signed.
 */
int key_check(struct eif_key *key, const struct algorithm *algorithm, EVP_PKEY *public,
	      bool random_nonce, struct err *err);

/* Signs data into algorithm->size bytes of r and s. EIF-KEY, EIF-NONCE, EIF-SIGN. */
int key_sign(struct eif_key *key, const struct algorithm *algorithm, bool random_nonce,
	     const void *data, size_t size, unsigned char *signature, struct err *err);

#endif
