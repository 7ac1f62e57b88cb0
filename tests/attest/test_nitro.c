/*
 * Nitro documents under a test root: what is good is accepted, and whatever is wrong in one point
 * is refused with that point's name. Also AWS's own document from debug mode, which is genuine.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "forge.h"
#include "room.h"

static const int64_t now = 1800000000;
static const unsigned char nonce[] = "0123456789abcdef";

/* One document, from its certificates to the bytes. */
struct judged {
	struct chain_plan plan;
	struct forged_chain chain;
	struct document document;
	struct raw bytes;
	struct attest_expectation expectation;
	struct attest_references references;
	char *root;
	char *other;
};

struct test {
	const char *name;
	int status;
	const char *error; /* NULL for a good one */
	void (*plan)(struct chain_plan *plan);
	void (*document)(struct judged *judged);
	void (*bytes)(struct raw *bytes);
	void (*expect)(struct judged *judged);
};

static void add_reference(struct judged *judged, const char *change)
{
	char json[1024];
	struct err err = {0};
	char hex[3][97];

	for (int i = 0; i < 3; i++) {
		unsigned char value[48];

		memset(value, 0x10 + i, sizeof(value));
		hash_hex(value, sizeof(value), hex[i]);
	}
	snprintf(json, sizeof(json),
		 "{\"Measurements\":{\"PCR0\":\"%s\",\"PCR1\":\"%s\",\"PCR2\":\"%s\"%s}}", hex[0],
		 hex[1], hex[2], change);
	if (attest_references_add(&judged->references, json, strlen(json), "reference", &err) < 0)
		fail_msg("%s: %s", err.name, err.text);
}

/* ---- certificates ---- */

#define PLAN(name_, code_)                                                                         \
	static void name_(struct chain_plan *plan)                                                 \
	{                                                                                          \
		code_;                                                                             \
	}

PLAN(leaf_expired, plan->one[4].not_after = now - 1)
PLAN(leaf_early, plan->one[4].not_before = now + 1)
PLAN(instance_expired, plan->one[3].not_after = now - 1)
PLAN(region_expired, plan->one[1].not_after = now - 1)
PLAN(region_early, plan->one[1].not_before = now + 5)
PLAN(root_expired, plan->one[0].not_after = now - 1)
PLAN(leaf_authority, plan->one[4].constraints = "critical,CA:TRUE")
PLAN(leaf_no_usage, plan->one[4].usage = NULL)
PLAN(leaf_other_usage, plan->one[4].usage = "keyEncipherment")
PLAN(leaf_no_constraints, plan->one[4].constraints = NULL)
PLAN(leaf_plain_constraints, plan->one[4].constraints = "CA:FALSE")
PLAN(zonal_no_authority, plan->one[2].constraints = "critical,CA:FALSE")
PLAN(zonal_plain_constraints, plan->one[2].constraints = "CA:TRUE,pathlen:1")
PLAN(zonal_no_signing, plan->one[2].usage = "critical,digitalSignature,cRLSign")
PLAN(zonal_path_length, plan->one[2].constraints = "critical,CA:TRUE,pathlen:0")
PLAN(region_path_length, plan->one[1].constraints = "critical,CA:TRUE,pathlen:1")
PLAN(leaf_other_issuer, plan->one[4].other_issuer = true)
PLAN(zonal_other_issuer, plan->one[2].other_issuer = true)
PLAN(leaf_other_key, plan->one[4].other_key = true)
PLAN(instance_other_key, plan->one[3].other_key = true)
PLAN(region_other_key, plan->one[1].other_key = true)
PLAN(leaf_p256, plan->one[4].curve = "P-256")
PLAN(zonal_p521, plan->one[2].curve = "P-521")
PLAN(leaf_sha256, plan->one[4].digest = "SHA256")
PLAN(leaf_unknown_extension, plan->one[4].extra = "1.2.3.4.5")
PLAN(zonal_unknown_extension, plan->one[2].extra = "1.2.3.4.5")
PLAN(leaf_version1, plan->one[4].version1 = true)

/* ---- documents ---- */

#define DOCUMENT(name_, code_)                                                                     \
	static void name_(struct judged *judged)                                                   \
	{                                                                                          \
		struct document *document = &judged->document;                                     \
		struct map *payload = &document->payload;                                          \
		(void)payload;                                                                     \
		code_;                                                                             \
	}

DOCUMENT(tagged, document->sign1.tagged = true)
DOCUMENT(no_user_data, raw_null(map_text(payload, "user_data")))
DOCUMENT(absent_optional, map_remove(payload, map_text(payload, "public_key"));
	 map_remove(payload, map_text(payload, "user_data")))
DOCUMENT(long_user_data, raw_fill(map_text(payload, "user_data"), 1, 1024))
DOCUMENT(all_pcrs, for (int i = 16; i < 32; i++) raw_fill(map_number(&document->pcrs, i), 9, 48))
DOCUMENT(flip_first, document->sign1.signature_flip = 1)
DOCUMENT(flip_last, document->sign1.signature_flip = 96 * 8)
DOCUMENT(flip_middle, document->sign1.signature_flip = 400)
DOCUMENT(zero_signature, document->sign1.signature_zero = true)
DOCUMENT(short_signature, document->sign1.signature_size = 95)
DOCUMENT(long_signature, document->sign1.signature_size = 97)
DOCUMENT(no_signature, document->sign1.elements = 3)
DOCUMENT(five_elements, document->sign1.elements = 5)
DOCUMENT(null_payload, document->sign1.payload_null = true)
DOCUMENT(other_signer, document->sign1.key = judged->chain.key[3])
DOCUMENT(es256, raw_number(map_number(&document->sign1.header, 1), -7))
DOCUMENT(es512, raw_number(map_number(&document->sign1.header, 1), -36))
DOCUMENT(no_algorithm, document->sign1.header.count = 0)
DOCUMENT(text_algorithm, raw_text(map_number(&document->sign1.header, 1), "ES384"))
DOCUMENT(more_header, raw_bytes(map_number(&document->sign1.header, 4), "key", 3))
DOCUMENT(other_header, raw_bytes(map_number(&document->sign1.other, 4), "key", 3))
DOCUMENT(header_in_other, document->sign1.header.count = 0;
	 raw_number(map_number(&document->sign1.other, 1), -35))
DOCUMENT(no_module_id, map_remove(payload, map_text(payload, "module_id")))
DOCUMENT(empty_module_id, raw_text(map_text(payload, "module_id"), ""))
DOCUMENT(binary_module_id, raw_bytes(map_text(payload, "module_id"), "i-1", 3))
DOCUMENT(escape_module_id, raw_text(map_text(payload, "module_id"), "i-\033[2J"))
DOCUMENT(no_digest, map_remove(payload, map_text(payload, "digest")))
DOCUMENT(digest_sha256, raw_text(map_text(payload, "digest"), "SHA256"))
DOCUMENT(digest_lower, raw_text(map_text(payload, "digest"), "sha384"))
DOCUMENT(no_timestamp, map_remove(payload, map_text(payload, "timestamp")))
DOCUMENT(zero_timestamp, raw_number(map_text(payload, "timestamp"), 0))
DOCUMENT(negative_timestamp, raw_number(map_text(payload, "timestamp"), -5))
DOCUMENT(text_timestamp, raw_text(map_text(payload, "timestamp"), "now"))
DOCUMENT(huge_timestamp,
	 raw_copy(map_text(payload, "timestamp"), "\x1b\xff\xff\xff\xff\xff\xff\xff\xff", 9))
DOCUMENT(old_timestamp, raw_number(map_text(payload, "timestamp"), (now - 301) * 1000))
DOCUMENT(future_timestamp, raw_number(map_text(payload, "timestamp"), (now + 302) * 1000))
DOCUMENT(no_pcrs, document->pcrs_by_hand = true; map_remove(payload, map_text(payload, "pcrs")))
DOCUMENT(empty_pcrs, document->pcrs.count = 0)
DOCUMENT(array_pcrs, document->pcrs_by_hand = true; raw_copy(map_text(payload, "pcrs"), "\x80", 1))
DOCUMENT(pcr_32, raw_fill(map_number(&document->pcrs, 32), 1, 48))
DOCUMENT(pcr_negative, raw_fill(map_number(&document->pcrs, -1), 1, 48))
DOCUMENT(pcr_text, raw_fill(map_text(&document->pcrs, "0"), 1, 48))
DOCUMENT(pcr_short, raw_fill(map_number(&document->pcrs, 3), 1, 47))
DOCUMENT(pcr_sha256, raw_fill(map_number(&document->pcrs, 3), 1, 32))
DOCUMENT(pcr_null, raw_null(map_number(&document->pcrs, 3)))
DOCUMENT(no_pcr1, map_remove(&document->pcrs, map_number(&document->pcrs, 1)))
DOCUMENT(wrong_pcr0, raw_fill(map_number(&document->pcrs, 0), 0x55, 48))
DOCUMENT(wrong_pcr1, raw_fill(map_number(&document->pcrs, 1), 0x55, 48))
DOCUMENT(wrong_pcr2, raw_fill(map_number(&document->pcrs, 2), 0x55, 48))
DOCUMENT(swapped_pcrs, raw_fill(map_number(&document->pcrs, 1), 0x12, 48);
	 raw_fill(map_number(&document->pcrs, 2), 0x11, 48))
DOCUMENT(debug, for (int i = 0; i < 3; i++) raw_fill(map_number(&document->pcrs, i), 0, 48))
DOCUMENT(debug_pcr2, raw_fill(map_number(&document->pcrs, 2), 0, 48))
DOCUMENT(no_certificate, map_remove(payload, map_text(payload, "certificate")))
DOCUMENT(empty_certificate, raw_bytes(map_text(payload, "certificate"), "", 0))
DOCUMENT(huge_certificate, raw_fill(map_text(payload, "certificate"), 0x30, 1025))
DOCUMENT(bad_certificate, raw_fill(map_text(payload, "certificate"), 0x30, 500))
DOCUMENT(null_certificate, raw_null(map_text(payload, "certificate")))
DOCUMENT(no_bundle, document->bundle_by_hand = true;
	 map_remove(payload, map_text(payload, "cabundle")))
DOCUMENT(empty_bundle, document->bundle_count = 0)
DOCUMENT(root_alone, document->bundle_count = 1)
DOCUMENT(no_instance, document->bundle_count = 3)
DOCUMENT(no_zonal, document->bundle[2] = document->bundle[3]; document->bundle_count = 3)
DOCUMENT(turned_bundle, struct raw kept = document->bundle[1];
	 document->bundle[1] = document->bundle[2]; document->bundle[2] = kept)
DOCUMENT(root_twice, document->bundle[4] = document->bundle[3];
	 document->bundle[3] = document->bundle[2]; document->bundle[2] = document->bundle[1];
	 document->bundle[1] = document->bundle[0]; document->bundle_count = 5)
DOCUMENT(no_root, for (int i = 0; i < 3; i++) document->bundle[i] = document->bundle[i + 1];
	 document->bundle_count = 3)
DOCUMENT(nine_in_bundle, for (size_t i = 4; i < 9; i++) document->bundle[i] = document->bundle[3];
	 document->bundle_count = 9)
DOCUMENT(leaf_in_bundle,
	 raw_bytes(&document->bundle[4], judged->chain.der[4].data, judged->chain.der[4].size);
	 document->bundle_count = 5)
DOCUMENT(text_in_bundle, raw_text(&document->bundle[1], "certificate"))
DOCUMENT(byte_behind_certificate, struct raw *der = &judged->chain.der[4];
	 der->data[der->size++] = 0;
	 raw_bytes(map_text(payload, "certificate"), der->data, der->size))
DOCUMENT(huge_user_data, raw_fill(map_text(payload, "user_data"), 1, 1025))
DOCUMENT(huge_nonce, raw_fill(map_text(payload, "nonce"), 1, 1025))
DOCUMENT(text_user_data, raw_text(map_text(payload, "user_data"), "hello"))
DOCUMENT(empty_public_key, raw_bytes(map_text(payload, "public_key"), "", 0))
DOCUMENT(huge_public_key, raw_fill(map_text(payload, "public_key"), 1, 1025))
DOCUMENT(other_nonce, raw_bytes(map_text(payload, "nonce"), "0123456789abcdeF", 16))
DOCUMENT(null_nonce, raw_null(map_text(payload, "nonce")))
DOCUMENT(absent_nonce, map_remove(payload, map_text(payload, "nonce")))
DOCUMENT(longer_nonce, raw_bytes(map_text(payload, "nonce"), nonce, sizeof(nonce)))
DOCUMENT(shorter_nonce, raw_bytes(map_text(payload, "nonce"), nonce, 15))
DOCUMENT(unknown_field, raw_null(map_text(payload, "debug")))
DOCUMENT(number_field, raw_null(map_number(payload, 0)))
DOCUMENT(nonce_twice, raw_copy(map_append(payload), "\xf6", 1);
	 raw_text(&payload->pairs[payload->count - 1].key, "nonce"))
DOCUMENT(pcr_twice, raw_fill(map_append(&document->pcrs), 0x10, 48);
	 raw_number(&document->pcrs.pairs[document->pcrs.count - 1].key, 0))
DOCUMENT(algorithm_twice, raw_number(map_append(&document->sign1.header), -35);
	 raw_number(&document->sign1.header.pairs[1].key, 1))
DOCUMENT(long_key, raw_copy(&document->pcrs.pairs[0].key, "\x18\x00", 2))
DOCUMENT(long_number, raw_copy(map_text(payload, "user_data"), "\x58\x05hello", 7))
DOCUMENT(indefinite_bytes, raw_copy(map_text(payload, "user_data"), "\x5f\x45hello\xff", 8))
DOCUMENT(indefinite_map, document->pcrs_by_hand = true;
	 raw_copy(map_text(payload, "pcrs"), "\xbf\xff", 2))
DOCUMENT(a_float,
	 raw_copy(map_text(payload, "timestamp"), "\xfb\x42\x79\xfb\x3b\x9b\x38\x00\x00", 9))
DOCUMENT(undefined_nonce, raw_copy(map_text(payload, "nonce"), "\xf7", 1))
DOCUMENT(no_utf8, raw_copy(map_text(payload, "module_id"), "\x62\xc0\x80", 3))
DOCUMENT(deep, document->pcrs_by_hand = true;
	 raw_copy(map_text(payload, "pcrs"),
		  "\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x80", 17))
DOCUMENT(announced, payload->announced = 1)
DOCUMENT(emulator, document_unsign(document))
DOCUMENT(emulator_with_chain, document_unsign(document);
	 raw_bytes(map_text(payload, "certificate"), judged->chain.der[4].data,
		   judged->chain.der[4].size))
DOCUMENT(emulator_wrong_pcr, document_unsign(document);
	 raw_fill(map_number(&document->pcrs, 0), 0x55, 48))

/* ---- bytes ---- */

static void trailing(struct raw *bytes)
{
	bytes->data[bytes->size++] = 0;
}

static void truncated(struct raw *bytes)
{
	bytes->size--;
}

static void empty(struct raw *bytes)
{
	bytes->size = 0;
}

static void halved(struct raw *bytes)
{
	bytes->size /= 2;
}

static void other_tag(struct raw *bytes)
{
	bytes->data[0] = 0xd1;
}

static void two_documents(struct raw *bytes)
{
	memcpy(bytes->data + bytes->size, bytes->data, bytes->size);
	bytes->size *= 2;
}

static void payload_bit(struct raw *bytes)
{
	for (size_t i = 0; i + 5 < bytes->size; i++)
		if (memcmp(bytes->data + i, "hello", 5) == 0)
			bytes->data[i] ^= 1;
}

static void long_head(struct raw *bytes)
{
	memmove(bytes->data + 2, bytes->data + 1, bytes->size - 1);
	bytes->data[0] = 0x98;
	bytes->data[1] = 4;
	bytes->size++;
}

/* ---- what is expected ---- */

static void expect_aws(struct judged *judged)
{
	judged->expectation.root = NULL;
}

static void expect_other_root(struct judged *judged)
{
	struct forged_chain chain;
	struct chain_plan plan;

	chain_plan_init(&plan, now);
	chain_make(&chain, &plan);
	judged->other = chain_root_pem(&chain, &judged->expectation.root_size);
	judged->expectation.root = judged->other;
	chain_free(&chain);
}

static void expect_no_pem(struct judged *judged)
{
	judged->expectation.root = "root";
	judged->expectation.root_size = 4;
}

static void expect_later(struct judged *judged)
{
	judged->expectation.now = now + 10801;
	judged->expectation.max_age = 1000000;
}

static void expect_document_time(struct judged *judged)
{
	judged->expectation.now = now + 1000000;
	judged->expectation.at_document_time = true;
}

static void expect_edge_of_age(struct judged *judged)
{
	judged->expectation.now = now + 300;
}

static void expect_any_nonce(struct judged *judged)
{
	judged->expectation.nonce = NULL;
}

static void expect_pcr8(struct judged *judged)
{
	char change[128];

	attest_references_clear(&judged->references);
	memset(change, 0, sizeof(change));
	memcpy(change, ",\"PCR8\":\"", 9);
	memset(change + 9, '7', 96);
	change[105] = '"';
	add_reference(judged, change);
}

static void expect_two(struct judged *judged)
{
	expect_pcr8(judged);
	add_reference(judged, "");
}

static void expect_emulators(struct judged *judged)
{
	judged->expectation.accept_unsigned_emulator_documents = true;
}

enum { V = EXIT_VERIFY, M = EXIT_MALFORMED };

static const struct test tests[] = {
	{.name = "good"},
	{.name = "good with tag 18", .document = tagged},
	{.name = "good without user data", .document = no_user_data},
	{.name = "good with absent fields", .document = absent_optional},
	{.name = "good with 1024 bytes of user data", .document = long_user_data},
	{.name = "good with 32 PCRs", .document = all_pcrs},
	{.name = "good at the edge of its age", .expect = expect_edge_of_age},
	{.name = "good at its own time", .expect = expect_document_time},
	{.name = "good with any nonce", .document = other_nonce, .expect = expect_any_nonce},
	{.name = "good by the second of two references", .expect = expect_two},
	{.name = "good though emulators are accepted", .expect = expect_emulators},
	{.name = "good emulator's", .document = emulator, .expect = expect_emulators},

	{.name = "AWS's root expected", .status = V, .error = "ATTEST-ROOT", .expect = expect_aws},
	{.name = "another root of the same name",
	 .status = V,
	 .error = "ATTEST-ROOT",
	 .expect = expect_other_root},
	{.name = "a root that is no PEM",
	 .status = M,
	 .error = "ATTEST-ROOT-FILE",
	 .expect = expect_no_pem},
	{.name = "leaf expired",
	 .status = V,
	 .error = "ATTEST-CERTIFICATE-EXPIRED",
	 .plan = leaf_expired},
	{.name = "leaf not yet valid",
	 .status = V,
	 .error = "ATTEST-CERTIFICATE-EARLY",
	 .plan = leaf_early},
	{.name = "instance expired",
	 .status = V,
	 .error = "ATTEST-CERTIFICATE-EXPIRED",
	 .plan = instance_expired},
	{.name = "region expired",
	 .status = V,
	 .error = "ATTEST-CERTIFICATE-EXPIRED",
	 .plan = region_expired},
	{.name = "region not yet valid",
	 .status = V,
	 .error = "ATTEST-CERTIFICATE-EARLY",
	 .plan = region_early},
	{.name = "root expired",
	 .status = V,
	 .error = "ATTEST-CERTIFICATE-EXPIRED",
	 .plan = root_expired},
	{.name = "judged after three hours",
	 .status = V,
	 .error = "ATTEST-CERTIFICATE-EXPIRED",
	 .expect = expect_later},
	{.name = "leaf is an authority",
	 .status = V,
	 .error = "ATTEST-CERTIFICATE-USAGE",
	 .plan = leaf_authority},
	{.name = "leaf without usage",
	 .status = V,
	 .error = "ATTEST-CERTIFICATE-USAGE",
	 .plan = leaf_no_usage},
	{.name = "leaf for something else",
	 .status = V,
	 .error = "ATTEST-CERTIFICATE-USAGE",
	 .plan = leaf_other_usage},
	{.name = "leaf without constraints",
	 .status = V,
	 .error = "ATTEST-CERTIFICATE-EXTENSION",
	 .plan = leaf_no_constraints},
	{.name = "leaf's constraints not critical",
	 .status = V,
	 .error = "ATTEST-CERTIFICATE-EXTENSION",
	 .plan = leaf_plain_constraints},
	{.name = "zonal is no authority",
	 .status = V,
	 .error = "ATTEST-CERTIFICATE-USAGE",
	 .plan = zonal_no_authority},
	{.name = "zonal's constraints not critical",
	 .status = V,
	 .error = "ATTEST-CERTIFICATE-EXTENSION",
	 .plan = zonal_plain_constraints},
	{.name = "zonal may not sign certificates",
	 .status = V,
	 .error = "ATTEST-CERTIFICATE-USAGE",
	 .plan = zonal_no_signing},
	{.name = "zonal's path too long",
	 .status = V,
	 .error = "ATTEST-CHAIN",
	 .plan = zonal_path_length},
	{.name = "region's path too long",
	 .status = V,
	 .error = "ATTEST-CHAIN",
	 .plan = region_path_length},
	{.name = "leaf names another issuer",
	 .status = V,
	 .error = "ATTEST-CHAIN",
	 .plan = leaf_other_issuer},
	{.name = "zonal names another issuer",
	 .status = V,
	 .error = "ATTEST-CHAIN",
	 .plan = zonal_other_issuer},
	{.name = "leaf signed by itself",
	 .status = V,
	 .error = "ATTEST-CHAIN",
	 .plan = leaf_other_key},
	{.name = "instance signed by itself",
	 .status = V,
	 .error = "ATTEST-CHAIN",
	 .plan = instance_other_key},
	{.name = "region signed by itself",
	 .status = V,
	 .error = "ATTEST-CHAIN",
	 .plan = region_other_key},
	{.name = "leaf on P-256",
	 .status = V,
	 .error = "ATTEST-CERTIFICATE-ALGORITHM",
	 .plan = leaf_p256},
	{.name = "zonal on P-521",
	 .status = V,
	 .error = "ATTEST-CERTIFICATE-ALGORITHM",
	 .plan = zonal_p521},
	{.name = "leaf signed with SHA-256",
	 .status = V,
	 .error = "ATTEST-CERTIFICATE-ALGORITHM",
	 .plan = leaf_sha256},
	{.name = "leaf with an unknown critical extension",
	 .status = V,
	 .error = "ATTEST-CERTIFICATE-EXTENSION",
	 .plan = leaf_unknown_extension},
	{.name = "zonal with an unknown critical extension",
	 .status = V,
	 .error = "ATTEST-CERTIFICATE-EXTENSION",
	 .plan = zonal_unknown_extension},
	{.name = "leaf of version 1",
	 .status = V,
	 .error = "ATTEST-CERTIFICATE-EXTENSION",
	 .plan = leaf_version1},
	{.name = "no certificate",
	 .status = M,
	 .error = "ATTEST-FIELD",
	 .document = no_certificate},
	{.name = "empty certificate",
	 .status = M,
	 .error = "ATTEST-FIELD",
	 .document = empty_certificate},
	{.name = "certificate of 1025 bytes",
	 .status = M,
	 .error = "ATTEST-FIELD",
	 .document = huge_certificate},
	{.name = "certificate that is none",
	 .status = M,
	 .error = "ATTEST-CERTIFICATE",
	 .document = bad_certificate},
	{.name = "certificate null",
	 .status = M,
	 .error = "ATTEST-FIELD",
	 .document = null_certificate},
	{.name = "a byte behind the certificate",
	 .status = M,
	 .error = "ATTEST-CERTIFICATE",
	 .document = byte_behind_certificate},
	{.name = "no bundle", .status = M, .error = "ATTEST-FIELD", .document = no_bundle},
	{.name = "empty bundle", .status = M, .error = "ATTEST-FIELD", .document = empty_bundle},
	{.name = "root alone in the bundle",
	 .status = V,
	 .error = "ATTEST-CHAIN",
	 .document = root_alone},
	{.name = "bundle without instance",
	 .status = V,
	 .error = "ATTEST-CHAIN",
	 .document = no_instance},
	{.name = "bundle without zonal",
	 .status = V,
	 .error = "ATTEST-CHAIN",
	 .document = no_zonal},
	{.name = "bundle without root", .status = V, .error = "ATTEST-ROOT", .document = no_root},
	{.name = "bundle in another order",
	 .status = V,
	 .error = "ATTEST-CHAIN",
	 .document = turned_bundle},
	{.name = "root twice", .status = V, .error = "ATTEST-CHAIN", .document = root_twice},
	{.name = "nine in the bundle",
	 .status = M,
	 .error = "ATTEST-FIELD",
	 .document = nine_in_bundle},
	{.name = "leaf in the bundle",
	 .status = V,
	 .error = "ATTEST-CERTIFICATE-USAGE",
	 .document = leaf_in_bundle},
	{.name = "text in the bundle",
	 .status = M,
	 .error = "ATTEST-FIELD",
	 .document = text_in_bundle},

	{.name = "first bit of the signature",
	 .status = V,
	 .error = "ATTEST-SIGNATURE",
	 .document = flip_first},
	{.name = "middle bit of the signature",
	 .status = V,
	 .error = "ATTEST-SIGNATURE",
	 .document = flip_middle},
	{.name = "last bit of the signature",
	 .status = V,
	 .error = "ATTEST-SIGNATURE",
	 .document = flip_last},
	{.name = "signature of zeros",
	 .status = V,
	 .error = "ATTEST-SIGNATURE",
	 .document = zero_signature},
	{.name = "signature of 95 bytes",
	 .status = M,
	 .error = "ATTEST-COSE",
	 .document = short_signature},
	{.name = "signature of 97 bytes",
	 .status = M,
	 .error = "ATTEST-COSE",
	 .document = long_signature},
	{.name = "no signature", .status = M, .error = "ATTEST-COSE", .document = no_signature},
	{.name = "five elements", .status = M, .error = "ATTEST-COSE", .document = five_elements},
	{.name = "payload null", .status = M, .error = "ATTEST-COSE", .document = null_payload},
	{.name = "signed by an authority",
	 .status = V,
	 .error = "ATTEST-SIGNATURE",
	 .document = other_signer},
	{.name = "a bit of the payload",
	 .status = V,
	 .error = "ATTEST-SIGNATURE",
	 .bytes = payload_bit},
	{.name = "algorithm ES256", .status = V, .error = "ATTEST-ALGORITHM", .document = es256},
	{.name = "algorithm ES512", .status = V, .error = "ATTEST-ALGORITHM", .document = es512},
	{.name = "no algorithm", .status = M, .error = "ATTEST-COSE", .document = no_algorithm},
	{.name = "algorithm as text",
	 .status = M,
	 .error = "ATTEST-COSE",
	 .document = text_algorithm},
	{.name = "algorithm not protected",
	 .status = M,
	 .error = "ATTEST-COSE",
	 .document = header_in_other},
	{.name = "more in the protected header",
	 .status = M,
	 .error = "ATTEST-COSE",
	 .document = more_header},
	{.name = "more in the other header",
	 .status = M,
	 .error = "ATTEST-COSE",
	 .document = other_header},

	{.name = "no module id", .status = M, .error = "ATTEST-FIELD", .document = no_module_id},
	{.name = "empty module id",
	 .status = M,
	 .error = "ATTEST-FIELD",
	 .document = empty_module_id},
	{.name = "module id as bytes",
	 .status = M,
	 .error = "ATTEST-FIELD",
	 .document = binary_module_id},
	{.name = "module id with an escape",
	 .status = M,
	 .error = "ATTEST-FIELD",
	 .document = escape_module_id},
	{.name = "no digest", .status = M, .error = "ATTEST-FIELD", .document = no_digest},
	{.name = "digest SHA256", .status = M, .error = "ATTEST-FIELD", .document = digest_sha256},
	{.name = "digest in lower case",
	 .status = M,
	 .error = "ATTEST-FIELD",
	 .document = digest_lower},
	{.name = "no timestamp", .status = M, .error = "ATTEST-FIELD", .document = no_timestamp},
	{.name = "timestamp 0", .status = M, .error = "ATTEST-FIELD", .document = zero_timestamp},
	{.name = "timestamp negative",
	 .status = M,
	 .error = "ATTEST-FIELD",
	 .document = negative_timestamp},
	{.name = "timestamp as text",
	 .status = M,
	 .error = "ATTEST-FIELD",
	 .document = text_timestamp},
	{.name = "timestamp of 2^64-1",
	 .status = M,
	 .error = "ATTEST-FIELD",
	 .document = huge_timestamp},
	{.name = "timestamp too old",
	 .status = V,
	 .error = "ATTEST-TIME",
	 .document = old_timestamp},
	{.name = "timestamp in the future",
	 .status = V,
	 .error = "ATTEST-TIME",
	 .document = future_timestamp},
	{.name = "no PCRs", .status = M, .error = "ATTEST-FIELD", .document = no_pcrs},
	{.name = "empty PCRs", .status = M, .error = "ATTEST-FIELD", .document = empty_pcrs},
	{.name = "PCRs as array", .status = M, .error = "ATTEST-FIELD", .document = array_pcrs},
	{.name = "PCR32", .status = M, .error = "ATTEST-FIELD", .document = pcr_32},
	{.name = "PCR-1", .status = M, .error = "ATTEST-FIELD", .document = pcr_negative},
	{.name = "PCR named by text", .status = M, .error = "ATTEST-FIELD", .document = pcr_text},
	{.name = "PCR of 47 bytes", .status = M, .error = "ATTEST-FIELD", .document = pcr_short},
	{.name = "PCR of SHA-256", .status = M, .error = "ATTEST-FIELD", .document = pcr_sha256},
	{.name = "PCR null", .status = M, .error = "ATTEST-FIELD", .document = pcr_null},
	{.name = "no PCR1", .status = M, .error = "ATTEST-FIELD", .document = no_pcr1},
	{.name = "another PCR0", .status = V, .error = "ATTEST-PCR", .document = wrong_pcr0},
	{.name = "another PCR1", .status = V, .error = "ATTEST-PCR", .document = wrong_pcr1},
	{.name = "another PCR2", .status = V, .error = "ATTEST-PCR", .document = wrong_pcr2},
	{.name = "PCR1 and PCR2 exchanged",
	 .status = V,
	 .error = "ATTEST-PCR",
	 .document = swapped_pcrs},
	{.name = "PCR8 expected", .status = V, .error = "ATTEST-PCR", .expect = expect_pcr8},
	{.name = "debug mode", .status = V, .error = "ATTEST-DEBUG", .document = debug},
	{.name = "PCR2 zero", .status = V, .error = "ATTEST-DEBUG", .document = debug_pcr2},
	{.name = "user data of 1025 bytes",
	 .status = M,
	 .error = "ATTEST-FIELD",
	 .document = huge_user_data},
	{.name = "user data as text",
	 .status = M,
	 .error = "ATTEST-FIELD",
	 .document = text_user_data},
	{.name = "empty public key",
	 .status = M,
	 .error = "ATTEST-FIELD",
	 .document = empty_public_key},
	{.name = "public key of 1025 bytes",
	 .status = M,
	 .error = "ATTEST-FIELD",
	 .document = huge_public_key},
	{.name = "nonce of 1025 bytes",
	 .status = M,
	 .error = "ATTEST-FIELD",
	 .document = huge_nonce},
	{.name = "a replayed nonce", .status = V, .error = "ATTEST-NONCE", .document = other_nonce},
	{.name = "nonce null", .status = V, .error = "ATTEST-NONCE", .document = null_nonce},
	{.name = "no nonce", .status = V, .error = "ATTEST-NONCE", .document = absent_nonce},
	{.name = "nonce with a byte more",
	 .status = V,
	 .error = "ATTEST-NONCE",
	 .document = longer_nonce},
	{.name = "nonce with a byte less",
	 .status = V,
	 .error = "ATTEST-NONCE",
	 .document = shorter_nonce},
	{.name = "an unknown field",
	 .status = M,
	 .error = "ATTEST-FIELD",
	 .document = unknown_field},
	{.name = "a field named by a number",
	 .status = M,
	 .error = "ATTEST-FIELD",
	 .document = number_field},

	{.name = "nonce twice",
	 .status = M,
	 .error = "ATTEST-CBOR-DUPLICATE",
	 .document = nonce_twice},
	{.name = "PCR0 twice",
	 .status = M,
	 .error = "ATTEST-CBOR-DUPLICATE",
	 .document = pcr_twice},
	{.name = "algorithm twice",
	 .status = M,
	 .error = "ATTEST-CBOR-DUPLICATE",
	 .document = algorithm_twice},
	{.name = "a key in a longer form",
	 .status = M,
	 .error = "ATTEST-CBOR",
	 .document = long_key},
	{.name = "a length in a longer form",
	 .status = M,
	 .error = "ATTEST-CBOR",
	 .document = long_number},
	{.name = "the head in a longer form",
	 .status = M,
	 .error = "ATTEST-CBOR",
	 .bytes = long_head},
	{.name = "bytes of indefinite length",
	 .status = M,
	 .error = "ATTEST-CBOR",
	 .document = indefinite_bytes},
	{.name = "map of indefinite length",
	 .status = M,
	 .error = "ATTEST-CBOR",
	 .document = indefinite_map},
	{.name = "timestamp as float", .status = M, .error = "ATTEST-CBOR", .document = a_float},
	{.name = "nonce undefined",
	 .status = M,
	 .error = "ATTEST-CBOR",
	 .document = undefined_nonce},
	{.name = "text that is not UTF-8",
	 .status = M,
	 .error = "ATTEST-CBOR",
	 .document = no_utf8},
	{.name = "too deep", .status = M, .error = "ATTEST-CBOR", .document = deep},
	{.name = "a member announced that is not there",
	 .status = M,
	 .error = "ATTEST-CBOR",
	 .document = announced},
	{.name = "a byte behind it", .status = M, .error = "ATTEST-CBOR", .bytes = trailing},
	{.name = "a byte missing", .status = M, .error = "ATTEST-CBOR", .bytes = truncated},
	{.name = "half of it", .status = M, .error = "ATTEST-CBOR", .bytes = halved},
	{.name = "two documents", .status = M, .error = "ATTEST-CBOR", .bytes = two_documents},
	{.name = "nothing", .status = M, .error = "ATTEST-EVIDENCE", .bytes = empty},
	{.name = "tag 17",
	 .status = M,
	 .error = "ATTEST-TOKEN",
	 .document = tagged,
	 .bytes = other_tag},

	{.name = "an emulator's, not accepted",
	 .status = V,
	 .error = "ATTEST-UNSIGNED",
	 .document = emulator},
	{.name = "an emulator's with a certificate",
	 .status = M,
	 .error = "ATTEST-UNSIGNED",
	 .document = emulator_with_chain,
	 .expect = expect_emulators},
	{.name = "an emulator's with another PCR0",
	 .status = V,
	 .error = "ATTEST-PCR",
	 .document = emulator_wrong_pcr,
	 .expect = expect_emulators},
};

enum { TESTS = sizeof(tests) / sizeof(tests[0]) };

static void prepare(struct judged *judged, const struct test *test)
{
	chain_plan_init(&judged->plan, now);
	if (test->plan)
		test->plan(&judged->plan);
	chain_make(&judged->chain, &judged->plan);
	document_init(&judged->document, &judged->chain, now * 1000 + 134, nonce,
		      sizeof(nonce) - 1);
	if (test->document)
		test->document(judged);
	document_make(&judged->document, &judged->bytes);
	if (test->bytes)
		test->bytes(&judged->bytes);
	judged->references = ATTEST_REFERENCES_INIT;
	add_reference(judged, "");
	judged->expectation = (struct attest_expectation){.nonce = nonce,
							  .nonce_size = sizeof(nonce) - 1,
							  .now = now,
							  .max_age = ATTEST_MAX_AGE};
	judged->root = chain_root_pem(&judged->chain, &judged->expectation.root_size);
	judged->expectation.root = judged->root;
	judged->other = NULL;
	if (test->expect)
		test->expect(judged);
	judged->expectation.references = &judged->references;
}

static void judge(void **state)
{
	static struct judged judged;
	const struct test *test = *state;
	struct err err = {0};
	json_t *report;

	prepare(&judged, test);
	report = attest_verify(judged.bytes.data, judged.bytes.size, &judged.expectation, &err);
	chain_free(&judged.chain);
	attest_references_clear(&judged.references);
	free(judged.root);
	free(judged.other);
	if (!test->error && !report)
		fail_msg("%s: good expected, found %s: %s", test->name, err.name, err.text);
	if (!test->error)
		assert_true(json_is_true(json_object_get(report, "Verified")));
	json_decref(report);
	if (!test->error)
		return;
	if (report)
		fail_msg("%s: %s expected, found it accepted", test->name, test->error);
	if (strcmp(err.name, test->error) != 0 || err.status != test->status)
		fail_msg("%s: %s (%d) expected, found %s (%d): %s", test->name, test->error,
			 test->status, err.name, err.status, err.text);
}

/* What every user sees of a good one. */
static void report_is_complete(void **state)
{
	static struct judged judged;
	static const struct test good = {.name = "good"};
	struct err err = {0};
	json_t *report;

	(void)state;
	prepare(&judged, &good);
	report = attest_verify(judged.bytes.data, judged.bytes.size, &judged.expectation, &err);
	assert_non_null(report);
	assert_string_equal(json_string_value(json_object_get(report, "Signer")), "given root");
	assert_string_equal(json_string_value(json_object_get(report, "Freshness")), "nonce");
	assert_string_equal(json_string_value(json_object_get(report, "UserData")), "68656c6c6f");
	assert_true(json_is_null(json_object_get(report, "PublicKey")));
	assert_string_equal(json_string_value(json_object_get(report, "Timestamp")),
			    "2027-01-15T08:00:00Z");
	/* PCR5 to PCR15 are zero and not told. */
	assert_int_equal(json_object_size(json_object_get(report, "Measurements")), 5);
	json_decref(report);
	chain_free(&judged.chain);
	attest_references_clear(&judged.references);
	free(judged.root);
}

/* No bit of a good document can be another. */
static void every_bit_matters(void **state)
{
	static struct judged judged;
	static const struct test good = {.name = "good"};
	size_t bits = 0;

	(void)state;
	prepare(&judged, &good);
	/* Each seventh, so that the sanitizers do not take minutes; each bit of a byte has its
	 * turn. */
	for (size_t bit = 0; bit < judged.bytes.size * 8; bit += 7, bits++) {
		struct err err = {0};
		json_t *report;

		judged.bytes.data[bit / 8] ^= (unsigned char)(1 << bit % 8);
		report = attest_verify(judged.bytes.data, judged.bytes.size, &judged.expectation,
				       &err);
		if (report)
			fail_msg("bit %zu: a refusal expected, found it accepted", bit);
		judged.bytes.data[bit / 8] ^= (unsigned char)(1 << bit % 8);
	}
	print_message("# %zu bits\n", bits);
	chain_free(&judged.chain);
	attest_references_clear(&judged.references);
	free(judged.root);
}

int main(void)
{
	struct CMUnitTest list[TESTS + 2];
	size_t count = 0;

	for (size_t i = 0; i < TESTS; i++)
		list[count++] = (struct CMUnitTest){.name = tests[i].name,
						    .test_func = judge,
						    .initial_state = (void *)(uintptr_t)&tests[i]};
	list[count++] = (struct CMUnitTest)cmocka_unit_test(report_is_complete);
	list[count++] = (struct CMUnitTest)cmocka_unit_test(every_bit_matters);
	return _cmocka_run_group_tests("nitro", list, count, NULL, NULL);
}
