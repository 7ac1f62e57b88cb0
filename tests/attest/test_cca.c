/*
 * CCA tokens of both forms: what is good is accepted, and whatever is wrong in one point is refused
 * with that point's name. Also the golden token of TF-RMM, whose measurements are zeros.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "forge.h"
#include "room.h"

static const unsigned char nonce[] = "0123456789abcdef0123456789abcdef";

struct judged {
	struct token token;
	struct raw bytes;
	struct attest_expectation expectation;
	struct attest_references references;
	char *key;
};

struct test {
	const char *name;
	int status;
	const char *error; /* NULL for a good one */
	void (*token)(struct token *token);
	void (*bytes)(struct raw *bytes);
	void (*expect)(struct judged *judged);
};

#define TOKEN(name_, code_)                                                                        \
	static void name_(struct token *token)                                                     \
	{                                                                                          \
		struct map *platform = &token->platform_claims;                                    \
		struct map *realm = &token->realm_claims;                                          \
		(void)platform;                                                                    \
		(void)realm;                                                                       \
		code_;                                                                             \
	}

TOKEN(rim, raw_fill(map_number(realm, 44238), 0x22, 32))
TOKEN(rim_short, raw_fill(map_number(realm, 44238), 0x21, 31))
TOKEN(rim_padded, raw_fill(map_number(realm, 44238), 0x21, 64))
TOKEN(no_rim, map_remove(realm, map_number(realm, 44238)))
TOKEN(rem_wrong, map_number(realm, 44239)->data[10] ^= 1)
TOKEN(rems_three, map_number(realm, 44239)->data[0] = 0x83; map_number(realm, 44239)->size -= 34)
TOKEN(no_rems, map_remove(realm, map_number(realm, 44239)))
TOKEN(rpv_short, raw_fill(map_number(realm, 44235), 0x42, 63))
TOKEN(rpv_wrong, raw_fill(map_number(realm, 44235), 0x43, 64))
TOKEN(hash_unknown, raw_text(map_number(realm, 44236), "sha-1"))
TOKEN(hash_other, raw_text(map_number(realm, 44236), "sha-512"))
TOKEN(key_hash_unknown, raw_text(map_number(realm, 44240), "md5"))
TOKEN(key_hash_other, raw_text(map_number(realm, 44240), "sha-512"))
TOKEN(challenge_other, raw_fill(map_number(realm, 10), 7, 64))
TOKEN(challenge_short, raw_bytes(map_number(realm, 10), nonce, 32))
TOKEN(key_not_on_curve, map_number(realm, 44237)->data[30] ^= 1)
TOKEN(key_is_point, raw_fill(map_number(realm, 44237), 4, 97))
TOKEN(key_text, raw_text(map_number(realm, 44237), "key"); token->binding_by_hand = true;
      raw_fill(map_number(platform, 10), 1, 32))
TOKEN(no_key, map_remove(realm, map_number(realm, 44237)); token->binding_by_hand = true;
      raw_fill(map_number(platform, 10), 1, 32))
TOKEN(binding, token->binding_by_hand = true; raw_fill(map_number(platform, 10), 1, 32))
TOKEN(binding_size, token->binding_by_hand = true; raw_fill(map_number(platform, 10), 1, 33))
TOKEN(platform_key, token->platform.key = token->realm_key)
TOKEN(realm_key, token->realm.key = token->platform_key)
TOKEN(platform_flip, token->platform.signature_flip = 100)
TOKEN(realm_flip, token->realm.signature_flip = 700)
TOKEN(platform_algorithm, raw_number(map_number(&token->platform.header, 1), -36))
TOKEN(platform_es256, raw_number(map_number(&token->platform.header, 1), -7))
TOKEN(realm_algorithm, raw_number(map_number(&token->realm.header, 1), -7))
TOKEN(realm_header, raw_bytes(map_number(&token->realm.other, 4), "k", 1))
TOKEN(realm_untagged, token->realm.tagged = false)
TOKEN(platform_untagged, token->platform.tagged = false)
TOKEN(realm_signature_short, token->realm.signature_size = 64)
TOKEN(lifecycle_debug, raw_number(map_number(platform, 2395), 0x4000))
TOKEN(lifecycle_unknown, raw_number(map_number(platform, 2395), 0))
TOKEN(lifecycle_text, raw_text(map_number(platform, 2395), "secured"))
TOKEN(lifecycle_huge, raw_number(map_number(platform, 2395), 0x13000))
TOKEN(no_lifecycle, map_remove(platform, map_number(platform, 2395)))
TOKEN(implementation_short, raw_fill(map_number(platform, 2396), 1, 31))
TOKEN(instance_type, raw_fill(map_number(platform, 256), 2, 33))
TOKEN(no_software, map_remove(platform, map_number(platform, 2399)))
TOKEN(no_configuration, map_remove(platform, map_number(platform, 2401)))
TOKEN(no_platform_hash, map_remove(platform, map_number(platform, 2402)))
TOKEN(no_profile, map_remove(platform, map_number(platform, 265)))
TOKEN(profile_unknown, raw_text(map_number(platform, 265), "tag:arm.com,2026:cca_platform#2.0.0"))
TOKEN(profile_mixed, raw_text(map_number(realm, 265), "tag:arm.com,2025:realm#3.0.0"))
TOKEN(no_realm_profile, map_remove(realm, map_number(realm, 265)))
TOKEN(swapped, token->swapped = true)
TOKEN(claim_twice, raw_number(map_append(realm), 1);
      raw_number(&realm->pairs[realm->count - 1].key, 10))
TOKEN(long_number, raw_copy(map_number(platform, 2395), "\x1a\x00\x00\x30\x03", 5))
TOKEN(other_tag, token->tag = 500)
TOKEN(cmw_type, token->tag = 907; token->type = 260)
TOKEN(no_memory_policy, struct map *map = realm; map_remove(map, map_number(map, 44243)))
TOKEN(memory_policy, raw_number(map_number(realm, 44243), 2))
TOKEN(realm_instance, raw_fill(map_number(realm, 256), 3, 33))
TOKEN(client, map_remove(platform, map_number(platform, 2394)))

static void trailing(struct raw *bytes)
{
	bytes->data[bytes->size++] = 0;
}

static void truncated(struct raw *bytes)
{
	bytes->size--;
}

static void expect_no_key(struct judged *judged)
{
	judged->expectation.platform_key = NULL;
}

static void expect_bad_key(struct judged *judged)
{
	judged->expectation.platform_key_size = 30;
}

static void expect_debug(struct judged *judged)
{
	judged->expectation.accept_debug_platform = true;
}

static void expect_any_nonce(struct judged *judged)
{
	judged->expectation.nonce = NULL;
}

static void expect_nitro(struct judged *judged)
{
	judged->references.list[0].platform = ATTEST_NITRO;
}

enum { V = EXIT_VERIFY, M = EXIT_MALFORMED, U = EXIT_USAGE };
#define BAD(name_, status_, error_, ...)                                                           \
	{                                                                                          \
		.name = name_, .status = status_, .error = error_, __VA_ARGS__                     \
	}

static const struct test tests[] = {
	{.name = "good"},
	{.name = "good on a debug platform", .token = lifecycle_debug, .expect = expect_debug},
	{.name = "good with any nonce", .token = challenge_other, .expect = expect_any_nonce},
	BAD("another RIM", V, "ATTEST-RIM", .token = rim),
	BAD("RIM of 31 bytes", M, "ATTEST-CLAIM", .token = rim_short),
	BAD("RIM padded", M, "ATTEST-CLAIM", .token = rim_padded),
	BAD("no RIM", M, "ATTEST-CLAIM", .token = no_rim),
	BAD("another REM", V, "ATTEST-REM", .token = rem_wrong),
	BAD("three REMs", M, "ATTEST-CLAIM", .token = rems_three),
	BAD("no REMs", M, "ATTEST-CLAIM", .token = no_rems),
	BAD("another RPV", V, "ATTEST-RPV", .token = rpv_wrong),
	BAD("RPV of 63 bytes", M, "ATTEST-CLAIM", .token = rpv_short),
	BAD("an unknown hash", M, "ATTEST-CLAIM", .token = hash_unknown),
	BAD("a hash of another length", M, "ATTEST-CLAIM", .token = hash_other),
	BAD("an unknown hash of the key", M, "ATTEST-CLAIM", .token = key_hash_unknown),
	BAD("another hash of the key", V, "ATTEST-BINDING", .token = key_hash_other),
	BAD("a replayed challenge", V, "ATTEST-NONCE", .token = challenge_other),
	BAD("challenge not padded", M, "ATTEST-CLAIM", .token = challenge_short),
	BAD("key not on the curve", M, "ATTEST-REALM-KEY", .token = key_not_on_curve),
	BAD("key as a point", M, "ATTEST-CBOR", .token = key_is_point),
	BAD("key as text", M, "ATTEST-CLAIM", .token = key_text),
	BAD("no key", M, "ATTEST-CLAIM", .token = no_key),
	BAD("tokens that do not belong together", V, "ATTEST-BINDING", .token = binding),
	BAD("binding of 33 bytes", M, "ATTEST-CLAIM", .token = binding_size),
	BAD("platform signed by the realm", V, "ATTEST-SIGNATURE", .token = platform_key),
	BAD("realm signed by the platform", V, "ATTEST-SIGNATURE", .token = realm_key),
	BAD("a bit of the platform's signature", V, "ATTEST-SIGNATURE", .token = platform_flip),
	BAD("a bit of the realm's signature", V, "ATTEST-SIGNATURE", .token = realm_flip),
	BAD("platform with ES512", V, "ATTEST-ALGORITHM", .token = platform_algorithm),
	BAD("platform with ES256", V, "ATTEST-ALGORITHM", .token = platform_es256),
	BAD("realm with ES256", V, "ATTEST-ALGORITHM", .token = realm_algorithm),
	BAD("more in a header", M, "ATTEST-COSE", .token = realm_header),
	BAD("realm without tag", M, "ATTEST-COSE", .token = realm_untagged),
	BAD("platform without tag", M, "ATTEST-COSE", .token = platform_untagged),
	BAD("a short signature", M, "ATTEST-COSE", .token = realm_signature_short),
	BAD("debug platform", V, "ATTEST-DEBUG", .token = lifecycle_debug),
	BAD("lifecycle unknown", V, "ATTEST-DEBUG", .token = lifecycle_unknown),
	BAD("lifecycle as text", M, "ATTEST-CLAIM", .token = lifecycle_text),
	BAD("lifecycle above 16 bits", M, "ATTEST-CLAIM", .token = lifecycle_huge),
	BAD("no lifecycle", M, "ATTEST-CLAIM", .token = no_lifecycle),
	BAD("a short implementation", M, "ATTEST-CLAIM", .token = implementation_short),
	BAD("an instance of another type", M, "ATTEST-CLAIM", .token = instance_type),
	BAD("no software", M, "ATTEST-CLAIM", .token = no_software),
	BAD("no configuration", M, "ATTEST-CLAIM", .token = no_configuration),
	BAD("no platform hash", M, "ATTEST-CLAIM", .token = no_platform_hash),
	BAD("no profile", M, "ATTEST-CLAIM", .token = no_profile),
	BAD("an unknown profile", V, "ATTEST-PROFILE", .token = profile_unknown),
	BAD("profiles that do not fit", V, "ATTEST-PROFILE", .token = profile_mixed),
	BAD("realm without profile", V, "ATTEST-PROFILE", .token = no_realm_profile),
	BAD("tokens exchanged", V, "ATTEST-PROFILE", .token = swapped),
	BAD("a claim twice", M, "ATTEST-CBOR-DUPLICATE", .token = claim_twice),
	BAD("a number in a longer form", M, "ATTEST-CBOR", .token = long_number),
	BAD("another tag", M, "ATTEST-TOKEN", .token = other_tag),
	BAD("another type of message", M, "ATTEST-TOKEN", .token = cmw_type),
	BAD("a byte behind it", M, "ATTEST-CBOR", .bytes = trailing),
	BAD("a byte missing", M, "ATTEST-CBOR", .bytes = truncated),
	BAD("no platform key", U, "ATTEST-PLATFORM-KEY", .expect = expect_no_key),
	BAD("a platform key that is none", M, "ATTEST-PLATFORM-KEY", .expect = expect_bad_key),
	BAD("references of another platform", V, "ATTEST-REFERENCE-NONE", .expect = expect_nitro),
};

/* Of version 2.0 alone. */
static const struct test tests_second[] = {
	BAD("no memory policy", M, "ATTEST-CLAIM", .token = no_memory_policy),
	BAD("memory policy 2", M, "ATTEST-CLAIM", .token = memory_policy),
	BAD("a realm instance of another type", M, "ATTEST-CLAIM", .token = realm_instance),
	BAD("no client", M, "ATTEST-CLAIM", .token = client),
};

enum {
	TESTS = sizeof(tests) / sizeof(tests[0]),
	SECOND = sizeof(tests_second) / sizeof(tests_second[0])
};

static void expect_measurements(struct judged *judged)
{
	char json[2048];
	char hex[129];
	unsigned char value[64];
	size_t used = 0;
	struct err err = {0};

	memset(value, 0x21, 32);
	hash_hex(value, 32, hex);
	used += (size_t)snprintf(json, sizeof(json), "{\"RIM\":\"%s\"", hex);
	for (int i = 0; i < 4; i++) {
		memset(value, 0x30 + i, 32);
		hash_hex(value, 32, hex);
		used += (size_t)snprintf(json + used, sizeof(json) - used, ",\"REM%d\":\"%s\"", i,
					 hex);
	}
	memset(value, 0x42, 64);
	hash_hex(value, 64, hex);
	used += (size_t)snprintf(json + used, sizeof(json) - used, ",\"RPV\":\"%s\"}", hex);
	if (attest_references_add(&judged->references, json, used, "reference", &err) < 0)
		fail_msg("%s: %s", err.name, err.text);
}

static void judge_token(const struct test *test, bool second)
{
	static struct judged judged;
	struct err err = {0};
	json_t *report;

	token_init(&judged.token, second, nonce, sizeof(nonce) - 1);
	if (test->token)
		test->token(&judged.token);
	token_make(&judged.token, &judged.bytes);
	if (test->bytes)
		test->bytes(&judged.bytes);
	judged.references = ATTEST_REFERENCES_INIT;
	expect_measurements(&judged);
	judged.expectation =
		(struct attest_expectation){.nonce = nonce, .nonce_size = sizeof(nonce) - 1};
	judged.key = key_pem(judged.token.platform_key, &judged.expectation.platform_key_size);
	judged.expectation.platform_key = judged.key;
	if (test->expect)
		test->expect(&judged);
	judged.expectation.references = &judged.references;
	report = attest_verify(judged.bytes.data, judged.bytes.size, &judged.expectation, &err);
	token_free(&judged.token);
	attest_references_clear(&judged.references);
	free(judged.key);
	if (!test->error && !report)
		fail_msg("%s, %d.0: good expected, found %s: %s", test->name, second + 1, err.name,
			 err.text);
	json_decref(report);
	if (!test->error)
		return;
	if (report)
		fail_msg("%s, %d.0: %s expected, found it accepted", test->name, second + 1,
			 test->error);
	if (strcmp(err.name, test->error) != 0 || err.status != test->status)
		fail_msg("%s, %d.0: %s (%d) expected, found %s (%d): %s", test->name, second + 1,
			 test->error, test->status, err.name, err.status, err.text);
}

static void judge(void **state)
{
	const struct test *test = *state;

	judge_token(test, false);
	judge_token(test, true);
}

static void judge_second(void **state)
{
	judge_token(*state, true);
}

int main(void)
{
	struct CMUnitTest list[TESTS + SECOND];
	size_t count = 0;

	for (size_t i = 0; i < TESTS; i++)
		list[count++] = (struct CMUnitTest){.name = tests[i].name,
						    .test_func = judge,
						    .initial_state = (void *)(uintptr_t)&tests[i]};
	for (size_t i = 0; i < SECOND; i++)
		list[count++] =
			(struct CMUnitTest){.name = tests_second[i].name,
					    .test_func = judge_second,
					    .initial_state = (void *)(uintptr_t)&tests_second[i]};
	return _cmocka_run_group_tests("cca", list, count, NULL, NULL);
}
