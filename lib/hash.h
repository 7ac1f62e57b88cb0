/*
 * SHA-256, SHA-384 and SHA-512 through OpenSSL. A hash may be copied in the middle, which is how
 * measurements that share a prefix are computed in one pass.
 */
#ifndef MINTMARK_HASH_H
#define MINTMARK_HASH_H

#include <stddef.h>

#include "cleanup.h"
#include "digest.h"
#include "err.h"

enum hash_algorithm { HASH_SHA256, HASH_SHA384, HASH_SHA512 };

enum {
	HASH_MAX_SIZE = 64,		     /* bytes of the longest digest */
	HASH_MAX_HEX = 2 * HASH_MAX_SIZE + 1 /* its hexadecimal form with the closing NUL */
};

struct hash; /* an unfinished digest */

/* A new hash, owned by the caller; NULL with HASH-ENGINE when OpenSSL has none. */
struct hash *hash_new(enum hash_algorithm algorithm, struct err *err);

/* A second hash that has seen the same bytes; owned by the caller. */
struct hash *hash_copy(const struct hash *hash, struct err *err);

int hash_update(struct hash *hash, const void *data, size_t size, struct err *err);

/* Writes the digest (at most HASH_MAX_SIZE bytes); the hash must only be freed afterwards. */
int hash_final(struct hash *hash, unsigned char *digest, struct err *err);

/* Accepts NULL. */
void hash_free(struct hash *hash);

/* Digest length in bytes. */
size_t hash_size(enum hash_algorithm algorithm);

/* Lower-case hexadecimal of size bytes; out has room for 2 * size + 1. */
void hash_hex(const unsigned char *digest, size_t size, char *out);

static inline void cleanup_hash_at(struct hash **hash)
{
	hash_free(*hash);
}
#define cleanup_hash cleanup_with(cleanup_hash_at)

#endif
