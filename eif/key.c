/*
 * Private keys for the signatures of images: keys on an elliptic curve, which fit a certificate.
 * Never falls back to a random nonce.
 */
#include "key.h"

#include "ecdsa.h"
#include "own_errors.h"
#include "signer.h"

struct eif_key {
	struct signer *signer;
};

void eif_key_close(struct eif_key *key)
{
	if (!key)
		return;
	signer_close(key->signer);
	free(key);
}

static void cleanup_key_at(struct eif_key **key)
{
	eif_key_close(*key);
}

struct eif_key *eif_key_open(const char *where, const char *passphrase, struct err *err)
{
	cleanup_with(cleanup_key_at) struct eif_key *key = calloc(1, sizeof(*key));

	if (!key) {
		err_errno(err, "MEMORY", "key");
		return NULL;
	}
	key->signer = signer_open(where, passphrase, "EIF", err);
	if (!key->signer)
		return NULL;
	if (EVP_PKEY_is_a(signer_key(key->signer), "EC"))
		return steal_ptr(key);
	err_set(err, EXIT_VERIFY, "EIF-SIGNATURE-ALGORITHM",
		"%s: a key on an elliptic curve expected, found another kind", where);
	return NULL;
}

static int other_key(const struct eif_key *key, const struct algorithm *algorithm, struct err *err)
{
	return err_set(err, EXIT_VERIFY, "EIF-KEY-OTHER",
		       "%s: the certificate's key on %s expected, found another",
		       signer_where(key->signer), algorithm->curve);
}

int key_check(struct eif_key *key, const struct algorithm *algorithm, EVP_PKEY *public,
	      bool random_nonce, struct err *err)
{
	OWN_ERRORS;

	if (!signer_in_token(key->signer) && EVP_PKEY_eq(signer_key(key->signer), public) != 1)
		return other_key(key, algorithm, err);
	return signer_check(key->signer, algorithm->digest, random_nonce, err);
}

int key_sign(struct eif_key *key, const struct algorithm *algorithm, bool random_nonce,
	     const void *data, size_t size, unsigned char *signature, struct err *err)
{
	unsigned char der[SIGNER_MAX_SIGNATURE];
	size_t der_size;

	if (signer_sign(key->signer, algorithm->digest, random_nonce, data, size, der, &der_size,
			err) < 0)
		return -1;
	return ecdsa_from_der(der, der_size, signature, algorithm->size)
		       ? 0
		       : other_key(key, algorithm, err);
}
