/*
 * Tokens of Arm CCA realms: the platform's token under the key that its vendor endorses, the
 * realm's under the key that the platform's token is bound to. Never says a thing about a token
 * before all of it was found good, and accepts no pair of profiles that is not in the list.
 */
#include <stdio.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include "cose.h"
#include "evidence.h"
#include "own_errors.h"
#include "text.h"

enum {
	LEGACY_TAG = 399, /* EAT collection, RMM 1.0 */
	CMW_TAG = 907,	  /* collection of conceptual messages */
	CWT_TYPE = 263,	  /* application/eat+cwt, as CoAP numbers it */
	PLATFORM_TOKEN = 44234,
	REALM_TOKEN = 44241
};

/* Claims of either token. */
enum { CHALLENGE = 10, INSTANCE_ID = 256, PROFILE = 265 };

/* Of the platform's. */
enum {
	LIFECYCLE = 2395,
	IMPLEMENTATION_ID = 2396,
	SOFTWARE = 2399,
	CONFIGURATION = 2401,
	PLATFORM_HASH = 2402,
	CLIENT_ID = 2394
};

/* Of the realm's. */
enum {
	RPV = 44235,
	REALM_HASH = 44236,
	REALM_KEY = 44237,
	RIM = 44238,
	REMS = 44239,
	REALM_KEY_HASH = 44240,
	MEMORY_POLICY = 44243
};

enum {
	CHALLENGE_SIZE = 64,
	INSTANCE_SIZE = 33,
	IMPLEMENTATION_SIZE = 32,
	POINT_SIZE = 97,
	COORDINATE_SIZE = 48,
	SOFTWARE_MAX = 64,
	LIFECYCLE_SECURED = 0x30,
	KEY_PEM_MAX = 16384
};

static const struct pair {
	const char *platform;
	const char *realm; /* NULL: the token names none */
	bool second;	   /* claims of version 2.0 */
} pairs[] = {
	{"http://arm.com/CCA-SSD/1.0.0", NULL, false},
	{"tag:arm.com,2023:cca_platform#1.0.0", "tag:arm.com,2023:realm#1.0.0", false},
	{"tag:arm.com,2024:cca_platform#2.0.0", "tag:arm.com,2024:realm#2.0.0", true},
};

struct cca {
	struct cose platform_cose;
	struct cose realm_cose;
	struct cbor platform;
	struct cbor realm;
	const struct pair *pair;
	struct slice realm_key;
	uint64_t lifecycle;
	struct attest_values values;
};

static int bad_claim(const char *token, int claim, const char *expected, struct err *err)
{
	return err_set(err, EXIT_MALFORMED, "ATTEST-CLAIM",
		       "token: %s: claim %d: %s expected, found none or another", token, claim,
		       expected);
}

static bool bytes_claim(const struct cbor *token, int claim, size_t size, struct slice *value)
{
	struct cbor found;

	if (!cbor_member(token, claim, &found) || !cbor_is(&found, ITEM_BYTES) ||
	    (size > 0 && found.head.value != size))
		return false;
	*value = (struct slice){found.head.data, (size_t)found.head.value};
	return true;
}

static bool is_hash_size(size_t size)
{
	return size == 32 || size == 48 || size == 64;
}

/* One token of the two, as the collection's form has it. */
static int open_token(const struct cbor *collection, bool cmw, int64_t key, const char *what,
		      struct cose *cose, struct cbor *claims, struct err *err)
{
	struct cbor value;
	struct cbor inner;
	struct cbor type;

	if (!cbor_member(collection, key, &value))
		return err_set(err, EXIT_MALFORMED, "ATTEST-TOKEN",
			       "token: the %s (%lld) expected, found none", what, (long long)key);
	if (cmw) {
		if (!cbor_element(&value, 0, &type) || value.head.value != 2 ||
		    !cbor_is(&type, ITEM_NUMBER) || type.head.value != CWT_TYPE)
			return err_set(
				err, EXIT_MALFORMED, "ATTEST-TOKEN",
				"token: %s: an array of 263 and bytes expected, found another",
				what);
		cbor_element(&value, 1, &value);
	}
	if (cbor_open_inner(&value, what, &inner, err) < 0)
		return err_wrap(err, "token");
	if (!cbor_is(&inner, ITEM_TAG))
		return err_set(err, EXIT_MALFORMED, "ATTEST-COSE",
			       "token: %s: COSE_Sign1 with tag 18 expected, found %s", what,
			       cbor_kind_name(&inner));
	if (cose_read(&inner, what, cose, err) < 0 || cose_expect_bare(cose, what, err) < 0 ||
	    cbor_open(cose->payload.data, cose->payload.size, what, claims, err) < 0)
		return err_wrap(err, "token");
	if (!cbor_is(claims, ITEM_MAP))
		return err_set(err, EXIT_MALFORMED, "ATTEST-TOKEN",
			       "token: %s: claims as a map expected, found %s", what,
			       cbor_kind_name(claims));
	return 0;
}

static int open_collection(struct cca *cca, const struct cbor *token, struct err *err)
{
	struct cbor collection;
	bool cmw = cbor_tagged(token, CMW_TAG, &collection);

	if ((!cmw && !cbor_tagged(token, LEGACY_TAG, &collection)) ||
	    !cbor_is(&collection, ITEM_MAP) || collection.head.value != 2)
		return err_set(err, EXIT_MALFORMED, "ATTEST-TOKEN",
			       "token: a map of two with tag 399 or 907 expected, found another");
	if (open_token(&collection, cmw, PLATFORM_TOKEN, "platform token", &cca->platform_cose,
		       &cca->platform, err) < 0)
		return -1;
	return open_token(&collection, cmw, REALM_TOKEN, "realm token", &cca->realm_cose,
			  &cca->realm, err);
}

static int find_pair(struct cca *cca, struct err *err)
{
	struct cbor platform;
	struct cbor realm;
	bool named = cbor_member(&cca->realm, PROFILE, &realm);

	if (!cbor_member(&cca->platform, PROFILE, &platform))
		return bad_claim("platform token", PROFILE, "a profile", err);
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if (cbor_is_text(&platform, pairs[i].platform) &&
		    (pairs[i].realm ? named && cbor_is_text(&realm, pairs[i].realm) : !named))
			cca->pair = &pairs[i];
	if (cca->pair)
		return 0;
	return err_set(
		err, EXIT_VERIFY, "ATTEST-PROFILE",
		"token: profiles of CCA 1.0 (2023), 2.0 (2024), or from before there were any "
		"expected, in platform and realm alike, found others");
}

static int read_platform(struct cca *cca, struct err *err)
{
	static const char what[] = "platform token";
	struct slice value;
	struct cbor claim;

	if (!bytes_claim(&cca->platform, CHALLENGE, 0, &value) || !is_hash_size(value.size))
		return bad_claim(what, CHALLENGE, "32, 48 or 64 bytes", err);
	if (!bytes_claim(&cca->platform, IMPLEMENTATION_ID, IMPLEMENTATION_SIZE, &value))
		return bad_claim(what, IMPLEMENTATION_ID, "32 bytes", err);
	if (!bytes_claim(&cca->platform, INSTANCE_ID, INSTANCE_SIZE, &value) || value.data[0] != 1)
		return bad_claim(what, INSTANCE_ID, "33 bytes, the first of them 1,", err);
	if (!bytes_claim(&cca->platform, CONFIGURATION, 0, &value))
		return bad_claim(what, CONFIGURATION, "bytes", err);
	if (!cbor_member(&cca->platform, LIFECYCLE, &claim) || !cbor_is(&claim, ITEM_NUMBER) ||
	    claim.head.value > UINT16_MAX)
		return bad_claim(what, LIFECYCLE, "a number below 65536", err);
	cca->lifecycle = claim.head.value;
	if (!cbor_member(&cca->platform, SOFTWARE, &claim) || !cbor_is(&claim, ITEM_ARRAY) ||
	    claim.head.value < 1 || claim.head.value > SOFTWARE_MAX)
		return bad_claim(what, SOFTWARE, "an array of 1 to 64", err);
	if (!cbor_member(&cca->platform, PLATFORM_HASH, &claim) || !cbor_is(&claim, ITEM_TEXT))
		return bad_claim(what, PLATFORM_HASH, "text", err);
	if (cca->pair->second &&
	    (!cbor_member(&cca->platform, CLIENT_ID, &claim) || !cbor_is(&claim, ITEM_NUMBER)))
		return bad_claim(what, CLIENT_ID, "a number", err);
	return 0;
}

/* Bytes of a hash by its name; 0 for a name that has none. */
static size_t hash_of(const struct cbor *name, bool second, enum hash_algorithm *algorithm)
{
	if (cbor_is_text(name, "sha-256"))
		*algorithm = HASH_SHA256;
	else if (cbor_is_text(name, "sha-512"))
		*algorithm = HASH_SHA512;
	else if (second && cbor_is_text(name, "sha-384"))
		*algorithm = HASH_SHA384;
	else
		return 0;
	return hash_size(*algorithm);
}

static void take(struct attest_digest *digest, struct slice value)
{
	memcpy(digest->data, value.data, value.size);
	digest->size = value.size;
}

static int read_registers(struct cca *cca, struct err *err)
{
	static const char what[] = "realm token";
	enum hash_algorithm algorithm;
	struct slice value;
	struct cbor claim;
	struct cbor one;
	size_t size;

	if (!cbor_member(&cca->realm, REALM_HASH, &claim) ||
	    !(size = hash_of(&claim, cca->pair->second, &algorithm)))
		return bad_claim(what, REALM_HASH, "the name of a hash", err);
	if (!bytes_claim(&cca->realm, RIM, size, &value))
		return bad_claim(what, RIM, "a digest of the hash's length", err);
	take(&cca->values.rim, value);
	if (!cbor_member(&cca->realm, REMS, &claim) || !cbor_is(&claim, ITEM_ARRAY) ||
	    claim.head.value != ATTEST_REMS)
		return bad_claim(what, REMS, "an array of four", err);
	for (size_t i = 0; cbor_element(&claim, i, &one); i++) {
		if (!cbor_is(&one, ITEM_BYTES) || one.head.value != size)
			return bad_claim(what, REMS, "digests of the hash's length", err);
		take(&cca->values.rem[i], (struct slice){one.head.data, size});
	}
	if (!bytes_claim(&cca->realm, RPV, ATTEST_MAX_DIGEST, &value))
		return bad_claim(what, RPV, "64 bytes", err);
	take(&cca->values.rpv, value);
	return 0;
}

static int read_realm(struct cca *cca, struct err *err)
{
	static const char what[] = "realm token";
	struct slice value;
	struct cbor claim;

	if (!bytes_claim(&cca->realm, CHALLENGE, CHALLENGE_SIZE, &value))
		return bad_claim(what, CHALLENGE, "64 bytes", err);
	if (!bytes_claim(&cca->realm, REALM_KEY, 0, &cca->realm_key))
		return bad_claim(what, REALM_KEY, "a key as bytes", err);
	if (cca->pair->second) {
		if (!bytes_claim(&cca->realm, INSTANCE_ID, INSTANCE_SIZE, &value) ||
		    value.data[0] != 1)
			return bad_claim(what, INSTANCE_ID, "33 bytes, the first of them 1,", err);
		if (!cbor_member(&cca->realm, MEMORY_POLICY, &claim) ||
		    !cbor_is(&claim, ITEM_NUMBER) || claim.head.value > 1)
			return bad_claim(what, MEMORY_POLICY, "0 or 1", err);
	}
	return read_registers(cca, err);
}

static void cleanup_pkey_at(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

static void cleanup_bio_at(BIO **bio)
{
	BIO_free(*bio);
}

static int check_platform(const struct cca *cca, const struct attest_expectation *expectation,
			  struct err *err)
{
	OWN_ERRORS;
	cleanup_with(cleanup_bio_at) BIO *bio = NULL;
	cleanup_with(cleanup_pkey_at) EVP_PKEY *key = NULL;

	if (!expectation->platform_key)
		return err_set(err, EXIT_USAGE, "ATTEST-PLATFORM-KEY",
			       "token: the platform's key, which its vendor endorses, expected, "
			       "found none: "
			       "no root certificate stands for all of CCA");
	if (expectation->platform_key_size <= KEY_PEM_MAX)
		bio = BIO_new_mem_buf(expectation->platform_key,
				      (int)expectation->platform_key_size);
	if (bio)
		key = PEM_read_bio_PUBKEY(bio, NULL, NULL, "");
	if (!key)
		return err_set(err, EXIT_MALFORMED, "ATTEST-PLATFORM-KEY",
			       "platform key: a public key in PEM expected, found none");
	if (cca->platform_cose.algorithm != COSE_ES256 &&
	    cca->platform_cose.algorithm != COSE_ES384)
		return err_set(
			err, EXIT_VERIFY, "ATTEST-ALGORITHM",
			"platform token: COSE_Sign1: algorithm -7 or -35 expected, found %lld",
			(long long)cca->platform_cose.algorithm);
	return cose_check(&cca->platform_cose, key, "platform token", err);
}

/* A COSE_Key on P-384 with both coordinates, as an uncompressed point. */
static bool point_of_key(const struct cbor *key, unsigned char point[POINT_SIZE])
{
	enum { TYPE = 1, CURVE = -1, X = -2, Y = -3, EC2 = 2, P384 = 2 };
	struct cbor curve;
	struct cbor type;
	struct slice x;
	struct slice y;

	if (!cbor_member(key, TYPE, &type) || !cbor_is(&type, ITEM_NUMBER) ||
	    type.head.value != EC2 || !cbor_member(key, CURVE, &curve) ||
	    !cbor_is(&curve, ITEM_NUMBER) || curve.head.value != P384 ||
	    !bytes_claim(key, X, COORDINATE_SIZE, &x) || !bytes_claim(key, Y, COORDINATE_SIZE, &y))
		return false;
	point[0] = 4;
	memcpy(point + 1, x.data, COORDINATE_SIZE);
	memcpy(point + 1 + COORDINATE_SIZE, y.data, COORDINATE_SIZE);
	return true;
}

/* OpenSSL refuses a point that is not on the curve. The key is the caller's. */
static EVP_PKEY *key_of_point(unsigned char point[POINT_SIZE])
{
	char curve[] = "secp384r1";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, curve, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, POINT_SIZE),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *key = NULL;

	if (context && EVP_PKEY_fromdata_init(context) == 1)
		EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params);
	EVP_PKEY_CTX_free(context);
	return key;
}

static int open_realm_key(const struct cca *cca, EVP_PKEY **key, struct err *err)
{
	OWN_ERRORS;
	unsigned char point[POINT_SIZE];
	struct cbor cose_key;
	bool good;

	if (cca->pair->realm) {
		if (cbor_open(cca->realm_key.data, cca->realm_key.size, "realm token: claim 44237",
			      &cose_key, err) < 0)
			return -1;
		good = point_of_key(&cose_key, point);
	} else {
		good = cca->realm_key.size == POINT_SIZE && cca->realm_key.data[0] == 4;
		if (good)
			memcpy(point, cca->realm_key.data, POINT_SIZE);
	}
	if (good)
		*key = key_of_point(point);
	if (*key)
		return 0;
	return err_set(err, EXIT_MALFORMED, "ATTEST-REALM-KEY",
		       "realm token: claim 44237: a key on P-384 expected, found another");
}

/* The platform vouches for the realm's key by its digest. */
static int check_binding(const struct cca *cca, struct err *err)
{
	cleanup_hash struct hash *hash = NULL;
	unsigned char digest[HASH_MAX_SIZE];
	enum hash_algorithm algorithm;
	struct slice challenge;
	struct cbor name;
	size_t size;

	if (!cbor_member(&cca->realm, REALM_KEY_HASH, &name) ||
	    !(size = hash_of(&name, true, &algorithm)))
		return bad_claim("realm token", REALM_KEY_HASH, "the name of a hash", err);
	hash = hash_new(algorithm, err);
	if (!hash || hash_update(hash, cca->realm_key.data, cca->realm_key.size, err) < 0 ||
	    hash_final(hash, digest, err) < 0)
		return -1;
	bytes_claim(&cca->platform, CHALLENGE, 0, &challenge);
	if (slice_same(challenge, (struct slice){digest, size}))
		return 0;
	return err_set(
		err, EXIT_VERIFY, "ATTEST-BINDING",
		"token: the digest of the realm's key as the platform token's challenge expected, "
		"found another: the tokens do not belong together");
}

static int check_realm(const struct cca *cca, struct err *err)
{
	cleanup_with(cleanup_pkey_at) EVP_PKEY *key = NULL;

	if (open_realm_key(cca, &key, err) < 0 ||
	    cose_check(&cca->realm_cose, key, "realm token", err) < 0)
		return -1;
	return check_binding(cca, err);
}

static int check_lifecycle(const struct cca *cca, const struct attest_expectation *expectation,
			   struct err *err)
{
	if (cca->lifecycle >> 8 == LIFECYCLE_SECURED || expectation->accept_debug_platform)
		return 0;
	return err_set(err, EXIT_VERIFY, "ATTEST-DEBUG",
		       "platform token: lifecycle 0x30xx (secured) expected, found 0x%04llx",
		       (unsigned long long)cca->lifecycle);
}

static int check_challenge(const struct cca *cca, const struct attest_expectation *expectation,
			   struct err *err)
{
	unsigned char padded[CHALLENGE_SIZE] = {0};
	struct slice found;

	if (!expectation->nonce)
		return 0;
	if (expectation->nonce_size > CHALLENGE_SIZE)
		return err_set(err, EXIT_USAGE, "ATTEST-USAGE",
			       "nonce: at most 64 bytes for a CCA token expected, found %zu",
			       expectation->nonce_size);
	memcpy(padded, expectation->nonce, expectation->nonce_size);
	bytes_claim(&cca->realm, CHALLENGE, CHALLENGE_SIZE, &found);
	if (slice_same(found, (struct slice){padded, CHALLENGE_SIZE}))
		return 0;
	return err_set(err, EXIT_VERIFY, "ATTEST-NONCE",
		       "realm token: challenge: the %zu bytes that were sent and zeros behind them "
		       "expected, found others",
		       expectation->nonce_size);
}

static json_t *registers_json(const struct attest_values *values)
{
	json_t *json = json_pack("{s:o}", "RIM",
				 hex_json((struct slice){values->rim.data, values->rim.size}));
	char name[16];

	for (unsigned i = 0; json && i < ATTEST_REMS; i++) {
		snprintf(name, sizeof(name), "REM%u", i);
		json_object_set_new(
			json, name,
			hex_json((struct slice){values->rem[i].data, values->rem[i].size}));
	}
	if (json)
		json_object_set_new(json, "RPV",
				    hex_json((struct slice){values->rpv.data, values->rpv.size}));
	return json;
}

static json_t *claim_json(const struct cbor *token, int claim)
{
	struct cbor value = {.head = {.kind = ITEM_NULL}};

	cbor_member(token, claim, &value);
	return evidence_bytes(&value);
}

static json_t *report(const struct cca *cca, const struct attest_expectation *expectation,
		      struct err *err)
{
	char lifecycle[16];
	json_t *json;

	snprintf(lifecycle, sizeof(lifecycle), "0x%04llx", (unsigned long long)cca->lifecycle);
	json = json_pack("{s:b, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:s}", "Verified", 1,
			 "Platform", "arm-cca", "Signer", "given platform key", "Freshness",
			 expectation->nonce ? "nonce" : "none", "Profile", cca->pair->platform,
			 "Lifecycle", lifecycle, "ImplementationId",
			 claim_json(&cca->platform, IMPLEMENTATION_ID), "InstanceId",
			 claim_json(&cca->platform, INSTANCE_ID), "Measurements",
			 registers_json(&cca->values), "Nonce", claim_json(&cca->realm, CHALLENGE),
			 "PlatformSoftware", "not compared");
	if (!json)
		no_memory(err);
	return json;
}

json_t *cca_verify(const struct cbor *token, const struct attest_expectation *expectation,
		   struct err *err)
{
	struct cca cca = {.values.platform = ATTEST_CCA};

	if (open_collection(&cca, token, err) < 0 || find_pair(&cca, err) < 0 ||
	    read_platform(&cca, err) < 0 || read_realm(&cca, err) < 0 ||
	    check_platform(&cca, expectation, err) < 0 || check_realm(&cca, err) < 0 ||
	    check_lifecycle(&cca, expectation, err) < 0 ||
	    check_challenge(&cca, expectation, err) < 0 ||
	    evidence_match(&cca.values, expectation->references, expectation->now, err) < 0)
		return NULL;
	return report(&cca, expectation, err);
}
