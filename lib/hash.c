/* Digests through OpenSSL's EVP interface. Never implements one. */
#include "hash.h"

#include <openssl/evp.h>

static int engine_failed(struct err *err)
{
	return err_set(err, EXIT_ENVIRONMENT, "HASH-ENGINE", "OpenSSL cannot compute a digest");
}

static const EVP_MD *md_of(enum hash_algorithm algorithm)
{
	switch (algorithm) {
	case HASH_SHA256:
		return EVP_sha256();
	case HASH_SHA384:
		return EVP_sha384();
	case HASH_SHA512:
		return EVP_sha512();
	}
	return NULL;
}

struct hash *hash_new(enum hash_algorithm algorithm, struct err *err)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	if (!ctx || !EVP_DigestInit_ex(ctx, md_of(algorithm), NULL)) {
		EVP_MD_CTX_free(ctx);
		engine_failed(err);
		return NULL;
	}
	return (struct hash *)ctx;
}

struct hash *hash_copy(const struct hash *hash, struct err *err)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	if (!ctx || !EVP_MD_CTX_copy_ex(ctx, (const EVP_MD_CTX *)hash)) {
		EVP_MD_CTX_free(ctx);
		engine_failed(err);
		return NULL;
	}
	return (struct hash *)ctx;
}

int hash_update(struct hash *hash, const void *data, size_t size, struct err *err)
{
	if (!EVP_DigestUpdate((EVP_MD_CTX *)hash, data, size))
		return engine_failed(err);
	return 0;
}

int hash_final(struct hash *hash, unsigned char *digest, struct err *err)
{
	if (!EVP_DigestFinal_ex((EVP_MD_CTX *)hash, digest, NULL))
		return engine_failed(err);
	return 0;
}

void hash_free(struct hash *hash)
{
	EVP_MD_CTX_free((EVP_MD_CTX *)hash);
}

size_t hash_size(enum hash_algorithm algorithm)
{
	switch (algorithm) {
	case HASH_SHA256:
		return SHA256_SIZE;
	case HASH_SHA384:
		return SHA384_SIZE;
	case HASH_SHA512:
		break;
	}
	return HASH_MAX_SIZE;
}

void hash_hex(const unsigned char *digest, size_t size, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < size; i++) {
		out[2 * i] = digits[digest[i] >> 4];
		out[2 * i + 1] = digits[digest[i] & 15];
	}
	out[2 * size] = '\0';
}
