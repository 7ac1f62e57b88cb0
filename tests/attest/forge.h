/*
 * Evidence under a test root: documents and tokens, good ones, and ones that are wrong in exactly
 * the way that a test asks for. For tests alone: its keys are made anew and vouch for nothing.
 */
#ifndef MINTMARK_TESTS_FORGE_H
#define MINTMARK_TESTS_FORGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "items.h"

enum {
	RAW_MAX = 24576,
	PAIRS_MAX = 48,
	AUTHORITIES = 4,
	CERTIFICATES = AUTHORITIES + 1,
	BUNDLE_MAX = 10
};

/* Encoded bytes. */
struct raw {
	unsigned char data[RAW_MAX];
	size_t size;
};

/* A map of CBOR whose pairs stay in their order, whatever they are. */
struct map {
	struct {
		struct raw key;
		struct raw value;
	} pairs[PAIRS_MAX];
	size_t count;
	unsigned announced; /* this many more than there are, in the head */
};

void raw_number(struct raw *raw, int64_t number);
void raw_text(struct raw *raw, const char *text);
void raw_bytes(struct raw *raw, const void *data, size_t size);
void raw_fill(struct raw *raw, unsigned char byte, size_t size); /* bytes of one value */
void raw_null(struct raw *raw);
void raw_copy(struct raw *raw, const void *data, size_t size); /* encoded already */

/* The value of a key; a new pair at the end when there is none. */
struct raw *map_text(struct map *map, const char *key);
struct raw *map_number(struct map *map, int64_t key);
void map_remove(struct map *map, const struct raw *value);
struct raw *map_append(struct map *map); /* with an empty key, to be encoded by the caller */
void map_encode(const struct map *map, struct raw *raw);

/* How one certificate is made. */
struct certificate_plan {
	int64_t not_before; /* seconds since 1970 */
	int64_t not_after;
	const char *constraints; /* as openssl.cnf has it; NULL: none */
	const char *usage;
	const char *extra; /* "NAME=VALUE" of one extension more */
	const char *curve;
	const char *digest;
	bool other_issuer; /* a name that is not the issuer's */
	bool other_key;	   /* signed by a key that is not the issuer's */
	bool version1;
};

/* Root first, leaf last, as in a document. */
struct chain_plan {
	struct certificate_plan one[CERTIFICATES];
};

struct forged_chain {
	EVP_PKEY *key[CERTIFICATES];
	X509 *certificate[CERTIFICATES];
	struct raw der[CERTIFICATES];
};

void chain_plan_init(struct chain_plan *plan, int64_t now);
void chain_make(struct forged_chain *chain, const struct chain_plan *plan);
void chain_free(struct forged_chain *chain);
/* PEM of the root, owned by the caller. */
char *chain_root_pem(const struct forged_chain *chain, size_t *size);

/* A COSE_Sign1 before it is made. */
struct sign1 {
	EVP_PKEY *key;
	struct map header;
	struct map other;
	const struct map *payload;
	const char *digest; /* of the signature */
	bool tagged;
	unsigned elements; /* 0 stands for 4 */
	bool payload_null;
	int signature_flip; /* a bit of it, counted from 1; 0 for none */
	bool signature_zero;
	size_t signature_size; /* cut or filled up with zeros; 0: as it is */
};

void sign1_make(const struct sign1 *sign1, struct raw *raw);

/* A Nitro document before it is made. */
struct document {
	struct sign1 sign1;
	struct map payload;
	struct raw bundle[BUNDLE_MAX];
	size_t bundle_count;
	struct map pcrs;
	bool pcrs_by_hand; /* the payload's field is left alone */
	bool bundle_by_hand;
};

void document_init(struct document *document, const struct forged_chain *chain, int64_t now_ms,
		   const void *nonce, size_t nonce_size);
void document_make(struct document *document, struct raw *raw);
/* As QEMU writes one. */
void document_unsign(struct document *document);

/* A CCA token before it is made. */
struct token {
	EVP_PKEY *platform_key;
	EVP_PKEY *realm_key;
	struct sign1 platform;
	struct sign1 realm;
	struct map platform_claims;
	struct map realm_claims;
	uint64_t tag;  /* 399 or 907 */
	uint64_t type; /* 263 */
	bool binding_by_hand;
	bool swapped; /* each token under the other's key */
};

void token_init(struct token *token, bool second, const void *nonce, size_t nonce_size);
void token_rem0(struct token *token, const unsigned char rem0[32]);
void token_make(struct token *token, struct raw *raw);
void token_free(struct token *token);
/* PEM of the platform's public key, owned by the caller. */
char *key_pem(EVP_PKEY *key, size_t *size);

#endif
