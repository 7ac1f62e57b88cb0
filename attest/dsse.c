/*
 * DSSE envelopes (secure-systems-lab/dsse, protocol 1.0.0). A signature is checked before its
 * payload is looked at. ECDSA signatures are DER, which is what cosign makes and reads.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/pem.h>

#include "cose.h"
#include "own_errors.h"
#include "publish.h"
#include "text.h"

#define PAYLOAD_TYPE "application/vnd.in-toto+json"

enum { KEY_PEM_MAX = 16384, SIGNATURES_MAX = 32 };

/* What is signed, owned by the caller. */
static char *authenticated(struct slice payload, size_t *size, struct err *err)
{
	char head[96];
	int used = snprintf(head, sizeof(head), "DSSEv1 %zu %s %zu ", sizeof(PAYLOAD_TYPE) - 1,
			    PAYLOAD_TYPE, payload.size);
	char *text = malloc((size_t)used + payload.size + 1);

	if (!text) {
		no_memory(err);
		return NULL;
	}
	memcpy(text, head, (size_t)used);
	memcpy(text + used, payload.data, payload.size);
	*size = (size_t)used + payload.size;
	return text;
}

/* The SHA-256 of the public key's DER: a hint for people, which nobody trusts. */
static int key_id(EVP_PKEY *key, char hex[HASH_MAX_HEX], struct err *err)
{
	OWN_ERRORS;
	unsigned char digest[SHA256_SIZE];
	unsigned char *der = NULL;
	int size = i2d_PUBKEY(key, &der);
	int good = size > 0 && EVP_Digest(der, (size_t)size, digest, NULL, EVP_sha256(), NULL) == 1;

	OPENSSL_free(der);
	if (!good)
		return no_memory(err);
	hash_hex(digest, sizeof(digest), hex);
	return 0;
}

char *dsse_sign(struct slice payload, const struct signing *signing, struct err *err)
{
	EVP_PKEY *key = signer_key(signing->key);
	int64_t algorithm = cose_algorithm_of(key);
	cleanup_free char *data = base64_encode(payload.data, payload.size);
	cleanup_free char *signature_text = NULL;
	cleanup_free char *signed_text = NULL;
	unsigned char signature[SIGNER_MAX_SIGNATURE];
	char id[HASH_MAX_HEX];
	char *envelope = NULL;
	size_t signature_size;
	size_t size;

	if (algorithm == 0) {
		err_set(err, EXIT_USAGE, "ATTEST-KEY",
			"%s: a key on P-256, P-384, P-521 or Ed25519 expected, found another",
			signer_where(signing->key));
		return NULL;
	}
	signed_text = authenticated(payload, &size, err);
	if (!signed_text || key_id(key, id, err) < 0 ||
	    signer_sign(signing->key, cose_digest_of(algorithm), signing->random_nonce, signed_text,
			size, signature, &signature_size, err) < 0)
		return NULL;
	signature_text = base64_encode(signature, signature_size);
	if (!data || !signature_text ||
	    asprintf(&envelope,
		     "{\"payload\":\"%s\",\"payloadType\":\"%s\",\"signatures\":[{\"keyid\":\"%s\","
		     "\"sig\":\"%s\"}]}\n",
		     data, PAYLOAD_TYPE, id, signature_text) < 0) {
		no_memory(err);
		return NULL;
	}
	return envelope;
}

static int bad(const char *path, const char *expected, struct err *err)
{
	return err_set(err, EXIT_MALFORMED, "ATTEST-DSSE", "%s: DSSE: %s expected, found another",
		       path, expected);
}

static unsigned char *decode_member(const json_t *object, const char *member, size_t *size)
{
	const json_t *text = json_object_get(object, member);

	return json_is_string(text)
		       ? base64_decode(json_string_value(text), json_string_length(text), size)
		       : NULL;
}

/* 0: by the key; 1: by another; -1: malformed. */
static int check_signatures(const json_t *envelope, const char *path, EVP_PKEY *key,
			    struct slice signed_text, struct err *err)
{
	const json_t *signatures = json_object_get(envelope, "signatures");
	const json_t *one;
	size_t i;

	if (json_array_size(signatures) < 1 || json_array_size(signatures) > SIGNATURES_MAX)
		return bad(path, "1 to 32 signatures", err);
	json_array_foreach(signatures, i, one)
	{
		size_t size;
		cleanup_free unsigned char *signature = decode_member(one, "sig", &size);

		if (!signature)
			return bad(path, "a signature in base64", err);
		if (signature_is_good(key, signed_text, (struct slice){signature, size}))
			return 0;
	}
	return 1;
}

unsigned char *dsse_open(const void *data, size_t size, const char *path, EVP_PKEY *key,
			 size_t *payload_size, struct err *err)
{
	cleanup_json json_t *envelope = json_loadb(data, size, JSON_REJECT_DUPLICATES, NULL);
	const char *type = json_string_value(json_object_get(envelope, "payloadType"));
	cleanup_free unsigned char *payload = decode_member(envelope, "payload", payload_size);
	cleanup_free char *signed_text = NULL;
	size_t signed_size;
	int result;

	if (!payload || !type || strcmp(type, PAYLOAD_TYPE) != 0) {
		bad(path, "an envelope around " PAYLOAD_TYPE, err);
		return NULL;
	}
	signed_text = authenticated((struct slice){payload, *payload_size}, &signed_size, err);
	if (!signed_text)
		return NULL;
	result = check_signatures(envelope, path, key,
				  (struct slice){(unsigned char *)signed_text, signed_size}, err);
	if (result > 0)
		err_set(err, EXIT_VERIFY, "ATTEST-SIGNATURE",
			"%s: DSSE: a signature by the key expected, found none", path);
	return result == 0 ? steal_ptr(payload) : NULL;
}

EVP_PKEY *public_key_read(const void *pem, size_t size, const char *path, struct err *err)
{
	OWN_ERRORS;
	BIO *bio = size <= KEY_PEM_MAX ? BIO_new_mem_buf(pem, (int)size) : NULL;
	EVP_PKEY *key = bio ? PEM_read_bio_PUBKEY(bio, NULL, NULL, "") : NULL;

	BIO_free(bio);
	if (key && cose_algorithm_of(key) != 0)
		return key;
	EVP_PKEY_free(key);
	err_set(err, EXIT_MALFORMED, "ATTEST-KEY",
		"%s: a public key in PEM on P-256, P-384, P-521 or Ed25519 expected, found none",
		path);
	return NULL;
}
