/* COSE_Sign1 through OpenSSL. Never looks for a key itself and takes none out of a header. */
#include "cose.h"

#include <string.h>

#include "ecdsa.h"
#include "own_errors.h"

static const struct algorithm {
	int64_t number;
	const char *name;
	const char *curve;  /* as OpenSSL calls it */
	const char *digest; /* likewise; NULL for a key that brings its own */
	size_t size;	    /* of a signature */
} algorithms[] = {
	{COSE_ES256, "ES256", "prime256v1", "SHA256", 64},
	{COSE_ES384, "ES384", "secp384r1", "SHA384", 96},
	{COSE_ES512, "ES512", "secp521r1", "SHA512", 132},
	{COSE_EDDSA, "EdDSA", NULL, NULL, 64},
};

enum {
	ALGORITHMS = sizeof(algorithms) / sizeof(algorithms[0]),
	HEADER_ALGORITHM = 1,
	TBS_ROOM = 64
};

static const struct algorithm *find(int64_t number)
{
	for (size_t i = 0; i < ALGORITHMS; i++)
		if (algorithms[i].number == number)
			return &algorithms[i];
	return NULL;
}

const char *cose_algorithm_name(int64_t algorithm)
{
	const struct algorithm *found = find(algorithm);

	return found ? found->name : NULL;
}

int64_t cose_algorithm_of(EVP_PKEY *key)
{
	OWN_ERRORS;
	char curve[40] = "";

	if (key && EVP_PKEY_is_a(key, "ED25519"))
		return COSE_EDDSA;
	if (!key || !EVP_PKEY_is_a(key, "EC"))
		return 0;
	EVP_PKEY_get_group_name(key, curve, sizeof(curve), NULL);
	for (size_t i = 0; i < ALGORITHMS; i++)
		if (algorithms[i].curve && strcmp(algorithms[i].curve, curve) == 0)
			return algorithms[i].number;
	return 0;
}

static int unexpected(const char *what, const char *expected, const struct cbor *found,
		      struct err *err)
{
	return err_set(err, EXIT_MALFORMED, "ATTEST-COSE", "%s: COSE_Sign1: %s expected, found %s",
		       what, expected, cbor_kind_name(found));
}

static int read_bytes(const struct cbor *array, size_t i, const char *what, const char *expected,
		      struct slice *slice, struct err *err)
{
	struct cbor value = {.head = {.kind = ITEM_OTHER}};

	if (!cbor_element(array, i, &value) || !cbor_is(&value, ITEM_BYTES))
		return unexpected(what, expected, &value, err);
	*slice = (struct slice){value.head.data, (size_t)value.head.value};
	return 0;
}

static int read_header(const struct cbor *array, const char *what, struct cose *cose,
		       struct err *err)
{
	struct cbor value;

	if (read_bytes(array, 0, what, "the protected header as bytes", &cose->header_bytes, err) <
	    0)
		return -1;
	if (cbor_open(cose->header_bytes.data, cose->header_bytes.size, what, &cose->header, err) <
	    0)
		return err_wrap(err, "protected header");
	if (!cbor_is(&cose->header, ITEM_MAP))
		return unexpected(what, "the protected header as a map", &cose->header, err);
	if (!cbor_member(&cose->header, HEADER_ALGORITHM, &value) ||
	    !cbor_integer(&value, &cose->algorithm))
		return err_set(err, EXIT_MALFORMED, "ATTEST-COSE",
			       "%s: COSE_Sign1: protected header: an algorithm by number expected, "
			       "found none",
			       what);
	if (!cbor_element(array, 1, &cose->other) || !cbor_is(&cose->other, ITEM_MAP))
		return unexpected(what, "the other header as a map", &cose->other, err);
	return 0;
}

int cose_read(const struct cbor *item, const char *what, struct cose *cose, struct err *err)
{
	struct cbor array = *item;

	*cose = (struct cose){.algorithm = 0};
	cbor_tagged(item, COSE_SIGN1_TAG, &array);
	if (!cbor_is(&array, ITEM_ARRAY) || array.head.value != 4)
		return unexpected(what, "an array of four, with tag 18 or without a tag,", &array,
				  err);
	if (read_header(&array, what, cose, err) < 0 ||
	    read_bytes(&array, 2, what, "the payload as bytes", &cose->payload, err) < 0)
		return -1;
	return read_bytes(&array, 3, what, "the signature as bytes", &cose->signature, err);
}

int cose_expect_bare(const struct cose *cose, const char *what, struct err *err)
{
	if (cose->header.head.value == 1 && cose->other.head.value == 0)
		return 0;
	return err_set(err, EXIT_MALFORMED, "ATTEST-COSE",
		       "%s: COSE_Sign1: the algorithm alone in the headers expected, found more",
		       what);
}

unsigned char *cose_signed_bytes(struct slice header_bytes, struct slice payload, size_t *size,
				 struct err *err)
{
	size_t room = header_bytes.size + payload.size + TBS_ROOM;
	struct encoder encoder = {malloc(room), room, 0};

	if (!encoder.data) {
		no_memory(err);
		return NULL;
	}
	encoder_put(&encoder, ITEM_ARRAY, 4);
	encoder_put_text(&encoder, "Signature1");
	encoder_put_bytes(&encoder, header_bytes.data, header_bytes.size);
	encoder_put_bytes(&encoder, NULL, 0);
	encoder_put_bytes(&encoder, payload.data, payload.size);
	*size = encoder.used;
	return encoder.data;
}

static void cleanup_context_at(EVP_MD_CTX **context)
{
	EVP_MD_CTX_free(*context);
}

static void cleanup_der_at(unsigned char **der)
{
	OPENSSL_free(*der);
}

const char *cose_digest_of(int64_t algorithm)
{
	const struct algorithm *found = find(algorithm);

	return found ? found->digest : NULL;
}

bool signature_is_good(EVP_PKEY *key, struct slice data, struct slice signature)
{
	OWN_ERRORS;
	cleanup_with(cleanup_context_at) EVP_MD_CTX *context = EVP_MD_CTX_new();
	const struct algorithm *algorithm = find(cose_algorithm_of(key));

	return context && algorithm &&
	       EVP_DigestVerifyInit_ex(context, NULL, algorithm->digest, NULL, NULL, key, NULL) ==
		       1 &&
	       EVP_DigestVerify(context, signature.data, signature.size, data.data, data.size) == 1;
}

static bool is_good(const struct algorithm *algorithm, EVP_PKEY *key, struct slice tbs,
		    struct slice signature)
{
	cleanup_with(cleanup_der_at) unsigned char *der = NULL;
	int size;

	if (!algorithm->digest)
		return signature_is_good(key, tbs, signature);
	size = ecdsa_to_der(signature.data, signature.size, &der);
	return size > 0 && signature_is_good(key, tbs, (struct slice){der, (size_t)size});
}

int cose_check(const struct cose *cose, EVP_PKEY *key, const char *what, struct err *err)
{
	const struct algorithm *algorithm = find(cose->algorithm);
	cleanup_free unsigned char *tbs = NULL;
	size_t size;

	if (!algorithm || cose_algorithm_of(key) != cose->algorithm)
		return err_set(
			err, EXIT_VERIFY, "ATTEST-ALGORITHM",
			"%s: COSE_Sign1: an algorithm of the key's kind expected, found %lld", what,
			(long long)cose->algorithm);
	if (cose->signature.size != algorithm->size)
		return err_set(
			err, EXIT_MALFORMED, "ATTEST-COSE",
			"%s: COSE_Sign1: a signature of %zu bytes for %s expected, found %zu", what,
			algorithm->size, algorithm->name, cose->signature.size);
	tbs = cose_signed_bytes(cose->header_bytes, cose->payload, &size, err);
	if (!tbs)
		return -1;
	if (is_good(algorithm, key, (struct slice){tbs, size}, cose->signature))
		return 0;
	return err_set(err, EXIT_VERIFY, "ATTEST-SIGNATURE",
		       "%s: COSE_Sign1: a signature by the key expected, found another", what);
}

int cose_sign(struct slice header_bytes, struct slice payload, const struct signer *key,
	      bool random_nonce, unsigned char *signature, size_t *size, struct err *err)
{
	const struct algorithm *algorithm = find(cose_algorithm_of(signer_key(key)));
	unsigned char made[SIGNER_MAX_SIGNATURE];
	cleanup_free unsigned char *tbs = NULL;
	size_t tbs_size;
	size_t made_size;
	bool fits;

	if (!algorithm)
		return err_set(
			err, EXIT_USAGE, "ATTEST-KEY",
			"%s: a key on P-256, P-384, P-521 or Ed25519 expected, found another",
			signer_where(key));
	tbs = cose_signed_bytes(header_bytes, payload, &tbs_size, err);
	if (!tbs || signer_sign(key, algorithm->digest, random_nonce, tbs, tbs_size, made,
				&made_size, err) < 0)
		return -1;
	*size = algorithm->size;
	fits = made_size == algorithm->size;
	if (algorithm->digest)
		fits = ecdsa_from_der(made, made_size, signature, algorithm->size);
	else if (fits)
		memcpy(signature, made, made_size);
	if (fits)
		return 0;
	return err_set(err, EXIT_ENVIRONMENT, "ATTEST-SIGN",
		       "%s: a signature of %zu bytes expected, found another", signer_where(key),
		       algorithm->size);
}
