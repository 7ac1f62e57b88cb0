/*
 * What is published: CoRIMs byte for byte as the examples, refused when anything is in them that is
 * not understood; reference values in all their forms; policies; envelopes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/pem.h>

#include "corim.h"
#include "cose.h"
#include "outfile.h"
#include "publish.h"
#include "text.h"

/* The least CoRIM of a realm whose RIM is 00 01 ... 1f. */
static const char least_realm[] =
	"d901f5a300716363612d7265616c6d2d6578616d706c650181d901fa5876a201a1005000112233445546778899"
	"aabbccddee"
	"ff04a1008182a100a100d902305820000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d"
	"1e1f81a20067"
	"6363612e72696d01a1028182015820000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d"
	"1e1f03d82078"
	"207461673a61726d2e636f6d2c323032353a6363615f7265616c6d23312e302e30";
/* That of Nitro PCRs where PCRn is n repeated. */
static const char nitro_example[] =
	"d901f5a3006d6e6974726f2d6578616d706c650181d901fa58e7a201a1005000112233445546778899aabbcc"
	"ddeeff04a1008182a100a2016341575302654e6974726f83a200645043523001a10281820758300000000000"
	"00000000000000000000000000000000000000000000000000000000000000000000000000000000000000a2"
	"00645043523101a1028182075830010101010101010101010101010101010101010101010101010101010101"
	"010101010101010101010101010101010101a200645043523201a10281820758300202020202020202020202"
	"0202020202020202020202020202020202020202020202020202020202020202020202020203d82078247461"
	"673a6578616d706c652e6f72672c323032363a6e6974726f2d70637223312e302e30";

static const unsigned char tag_id[16] = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x46, 0x77,
					 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};

static void set(struct attest_digest *digest, unsigned char byte, size_t size)
{
	memset(digest->data, byte, size);
	digest->size = size;
}

static struct attest_values realm(void)
{
	struct attest_values values = {.platform = ATTEST_CCA, .rim.size = 32};

	for (unsigned char i = 0; i < 32; i++)
		values.rim.data[i] = i;
	return values;
}

static struct attest_values nitro(void)
{
	struct attest_values values = {.platform = ATTEST_NITRO};

	set(&values.pcr[0], 0xaa, 48);
	set(&values.pcr[1], 1, 48);
	set(&values.pcr[2], 2, 48);
	return values;
}

static void examples_byte_for_byte(void **state)
{
	struct attest_values values = realm();
	struct corim_plan plan = {
		.id = "cca-realm-example", .tag_id = tag_id, .values = &values, .count = 1};
	struct err err = {0};
	unsigned char *corim;
	char hex[1024];
	size_t size;
	size_t zeros = 0;

	(void)state;
	corim = corim_write(&plan, &size, &err);
	assert_non_null(corim);
	hash_hex(corim, size, hex);
	assert_string_equal(hex, least_realm);
	free(corim);
	values = nitro();
	plan = (struct corim_plan){.id = "nitro-example",
				   .tag_id = tag_id,
				   .values = &values,
				   .count = 1,
				   .authority = "example.org"};
	corim = corim_write(&plan, &size, &err);
	assert_non_null(corim);
	/* The example has zeros for PCR0, which no real one may have; nothing else here is aa so
	 * often. */
	for (size_t i = 0; i + 48 <= size && zeros == 0; i++)
		if (corim[i] == 0xaa && corim[i + 1] == 0xaa && corim[i + 47] == 0xaa)
			zeros = i;
	memset(corim + zeros, 0, 48);
	hash_hex(corim, size, hex);
	assert_string_equal(hex, nitro_example);
	free(corim);
}

/* Veraison's own file, which orders the members of its maps in another way: what it says, by our
 * reader. */
static void veraison_in_meaning(void **state)
{
	static const char rpv[] = "The quick brown fox jumps over 13 lazy dogs.";
	static const char *const registers[] = {
		"1d1150bb35a9d1f18620a5cc2612e54e70f150b8fa1468939d520269e913d0ff",
		"5b38c8ab485f60c0b126d6e50c7ec0810414289f8476df08fb83b00a146f4ee9",
		"a8e89e32147459a4c30bbb04a31c176c31cf744416f130a5e9325d47b03aecdb",
		"2565d632b66a76beaa014c1c256356cad068d6c5f87e29c08cd4278eb1d49f95",
		"f76deff9238f6f26f2f1b5a8b1d2540213eee7406583b06f79b83f83caf73313"};
	struct attest_references found = ATTEST_REFERENCES_INIT;
	struct err err = {0};
	size_t size;
	char *file = read_small_file("attest/golden/veraison-cca-realm-valid.cbor",
				     ATTEST_MAX_REFERENCE, &size, &err);

	(void)state;
	assert_non_null(file);
	assert_int_equal(attest_references_add(&found, file, size, "veraison", &err), 0);
	assert_int_equal(found.count, 1);
	assert_int_equal(found.list[0].platform, ATTEST_CCA);
	for (int i = 0; i < 5; i++) {
		const struct attest_values *values = &found.list[0];
		const struct attest_digest *slot = i == 0 ? &values->rim : &values->rem[i - 1];
		char hex[HASH_MAX_HEX];

		assert_int_equal(slot->size, 32);
		hash_hex(slot->data, slot->size, hex);
		assert_string_equal(hex, registers[i]);
	}
	/* A token pads with zeros. */
	assert_int_equal(found.list[0].rpv.size, 64);
	assert_memory_equal(found.list[0].rpv.data, rpv, sizeof(rpv));
	attest_references_clear(&found);
	free(file);
}

static void round_trip(void **state)
{
	struct attest_references back = ATTEST_REFERENCES_INIT;
	struct attest_values values[2] = {nitro(), nitro()};
	struct corim_plan plan = {
		.id = "two", .values = values, .count = 2, .authority = ATTEST_AUTHORITY};
	struct err err = {0};
	unsigned char *corim;
	size_t size;

	(void)state;
	set(&values[1].pcr[0], 0x77, 48);
	set(&values[1].pcr[16], 0x78, 48);
	for (int text = 0; text < 2; text++) {
		plan.text_algorithms = text;
		corim = corim_write(&plan, &size, &err);
		assert_non_null(corim);
		assert_int_equal(attest_references_add(&back, corim, size, "back", &err), 0);
		assert_int_equal(back.count, 2);
		assert_memory_equal(back.list[1].pcr[16].data, values[1].pcr[16].data, 48);
		attest_references_clear(&back);
		/* No byte can be left out, and most cannot be another. */
		for (size_t cut = 0; cut < size; cut++) {
			assert_int_equal(attest_references_add(&back, corim, cut, "cut", &err), -1);
			attest_references_clear(&back);
		}
		free(corim);
	}
}

/* As many images as anybody takes come back, signed or not; one more is not even written. */
static void as_many_as_are_taken(void **state)
{
	struct attest_values *values = calloc(REFERENCES_MAX + 1, sizeof(*values));
	struct attest_references back = ATTEST_REFERENCES_INIT;
	struct corim_plan plan = {.id = "many", .values = values, .count = REFERENCES_MAX};
	struct err err = {0};
	unsigned char *corim;
	size_t size;

	(void)state;
	assert_non_null(values);
	for (size_t i = 0; i <= REFERENCES_MAX; i++) {
		values[i].platform = ATTEST_CCA;
		set(&values[i].rim, 0x11, 64);
		set(&values[i].rem[0], 0x22, 64);
		memcpy(values[i].rim.data, &i, sizeof(i));
	}
	corim = corim_write(&plan, &size, &err);
	assert_non_null(corim);
	assert_int_equal(attest_references_add(&back, corim, size, "back", &err), 0);
	assert_int_equal(back.count, REFERENCES_MAX);
	for (size_t i = 0; i < REFERENCES_MAX; i++)
		assert_memory_equal(back.list[i].rim.data, values[i].rim.data, 64);
	attest_references_clear(&back);
	free(corim);
	plan.count++;
	assert_null(corim_write(&plan, &size, &err));
	assert_string_equal(err.name, "ATTEST-REFERENCE");
	/* Nor is what is larger than a file of theirs. */
	for (size_t i = 0; i < REFERENCES_MAX; i++) {
		values[i] = nitro();
		for (unsigned k = 0; k < ATTEST_PCRS; k++)
			set(&values[i].pcr[k], 0x33, 48);
	}
	plan.count = REFERENCES_MAX;
	plan.authority = ATTEST_AUTHORITY;
	err = (struct err){0};
	assert_null(corim_write(&plan, &size, &err));
	assert_non_null(strstr(err.text, "a CoRIM of at most"));
	free(values);
}

static void expect_bad_reference(const char *json)
{
	struct attest_references references = ATTEST_REFERENCES_INIT;
	struct err err = {0};

	if (attest_references_add(&references, json, strlen(json), "reference", &err) == 0)
		fail_msg("%s: a refusal expected, found it accepted", json);
	/* What does not begin as an object is taken for a CoRIM. */
	assert_string_equal(err.name, json[0] == '[' ? "ATTEST-CBOR" : "ATTEST-REFERENCE");
	attest_references_clear(&references);
}

#define X16 "1111111111111111"
#define X96 X16 X16 X16 X16 X16 X16

static void bad_references(void **state)
{
	static const char *const bad[] = {
		"",
		"{",
		"[]",
		"{}",
		"{\"Measurements\":[]}",
		"{\"PCR0\":\"" X96 "\"}",
		"{\"PCR0\":\"" X96 "\",\"PCR1\":\"" X96 "\"}",
		"{\"PCR0\":\"" X96 "\",\"PCR2\":\"" X96 "\"}",
		"{\"PCR8\":\"" X96 "\"}",
		"{\"PCR0\":\"" X96 "\",\"PCR1\":\"" X96 "\",\"PCR2\":\"" X16 X16 X16 X16 "\"}",
		"{\"PCR0\":\"" X96 "\",\"PCR1\":\"" X96 "\",\"PCR2\":\"" X96 "1\"}",
		"{\"PCR0\":\"" X96 "\",\"PCR1\":\"" X96 "\",\"PCR2\":\"" X96 "\",\"pcr8\":\"" X96
		"\"}",
		"{\"PCR0\":\"" X96 "\",\"PCR1\":\"" X96 "\",\"PCR2\":\"" X96 "\",\"PCR32\":\"" X96
		"\"}",
		"{\"PCR0\":\"" X96 "\",\"PCR1\":\"" X96 "\",\"PCR2\":\"" X96 "\",\"PCR03\":\"" X96
		"\"}",
		"{\"PCR0\":\"" X96 "\",\"PCR0\":\"" X96 "\",\"PCR1\":\"" X96 "\",\"PCR2\":\"" X96
		"\"}",
		"{\"PCR0\":\"" X96 "\",\"PCR1\":\"" X96 "\",\"PCR2\":0}",
		"{\"PCR8\":\"" X96 "\",\"Measurements\":{\"PCR0\":\"" X96 "\",\"PCR1\":\"" X96
		"\",\"PCR2\":\"" X96 "\"}}",
		"{\"PCR16\":\"" X96 "\",\"Measurements\":{\"PCR0\":\"" X96 "\",\"PCR1\":\"" X96
		"\",\"PCR2\":\"" X96 "\",\"PCR16\":\"" X96 "\"}}",
		"{\"PCR16\":\"" X16 "\",\"Measurements\":{\"PCR0\":\"" X96 "\",\"PCR1\":\"" X96
		"\",\"PCR2\":\"" X96 "\"}}",
		"{\"RIM\":\"" X16 X16 X16 X16 "\",\"PCR0\":\"" X96 "\"}",
		"{\"RIM\":\"" X16 X16 X16 X16 "\",\"REM0\":\"" X96 "\"}",
		"{\"RIM\":\"" X16 "\"}",
		"{\"PCR0\":"
		"\"00000000000000000000000000000000000000000000000000000000000000000000000000000000"
		"00000000"
		"00000000\",\"PCR1\":\"" X96 "\",\"PCR2\":\"" X96 "\"}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect_bad_reference(bad[i]);
}

static void policies(void **state)
{
	struct attest_values values[2] = {nitro(), nitro()};
	struct attest_references two = {values, 2};
	struct attest_kms kms = {.partition = "aws-cn", .principal = "arn:aws-cn:iam::1:role/r"};
	struct err err = {0};
	const json_t *statements;
	const json_t *one;
	json_t *policy;
	size_t i;

	(void)state;
	set(&values[1].pcr[16], 0x78, 48);
	policy = attest_policy_kms(&two, &kms, &err);
	assert_non_null(policy);
	statements = json_object_get(policy, "Statement");
	assert_int_equal(json_array_size(statements), 2);
	json_array_foreach(statements, i, one)
	{
		const json_t *condition = json_object_get(json_object_get(one, "Condition"),
							  "StringEqualsIgnoreCase");

		/* One statement is one image, with all three. */
		assert_int_equal(json_object_size(condition), 3 + i);
		assert_non_null(json_object_get(condition, "kms:RecipientAttestation:ImageSha384"));
		assert_non_null(json_object_get(condition, "kms:RecipientAttestation:PCR1"));
		assert_non_null(json_object_get(condition, "kms:RecipientAttestation:PCR2"));
		assert_true(i == 0 || json_object_get(condition, "kms:RecipientAttestation:PCR16"));
	}
	json_decref(policy);
	kms.principal = "arn:aws:iam::1:role/r";
	assert_null(attest_policy_kms(&two, &kms, &err));
	assert_string_equal(err.name, "ATTEST-POLICY");
	kms = (struct attest_kms){.partition = "gcp"};
	assert_null(attest_policy_kms(&two, &kms, &err));
	policy = attest_policy_generic(&two, &err);
	assert_int_equal(json_array_size(json_object_get(policy, "AnyOf")), 2);
	json_decref(policy);
}

/* A key in a file, as the library opens it. */
static struct signer *open_key(EVP_PKEY *key)
{
	char path[] = "/tmp/test_publish.XXXXXX";
	int fd = mkstemp(path);
	FILE *file = fdopen(fd, "w");
	struct signer *signer;
	struct err err = {0};

	assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
	fclose(file);
	signer = signer_open(path, NULL, "TEST", &err);
	unlink(path);
	assert_non_null(signer);
	return signer;
}

static void signatures(void **state)
{
	EVP_PKEY *keys[] = {EVP_EC_gen("P-256"), EVP_EC_gen("P-384"), EVP_EC_gen("P-521"),
			    EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")};
	struct attest_values values = nitro();
	struct corim_plan plan = {
		.id = "one", .values = &values, .count = 1, .authority = ATTEST_AUTHORITY};
	struct err err = {0};
	size_t size;
	unsigned char *corim = corim_write(&plan, &size, &err);

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct signer *signer = open_key(keys[i]);
		struct signing signing = {.key = signer, .name = "test", .random_nonce = true};
		struct attest_references back = ATTEST_REFERENCES_INIT;
		size_t signed_size;
		unsigned char *signed_corim =
			corim_sign((struct slice){corim, size}, &signing, &signed_size, &err);
		char *envelope =
			dsse_sign((struct slice){(const unsigned char *)"{}", 2}, &signing, &err);
		unsigned char *payload;
		size_t payload_size;
		struct cbor root;
		struct cose cose;

		assert_true(signed_corim && envelope);
		assert_int_equal(cbor_open(signed_corim, signed_size, "test", &root, &err), 0);
		assert_int_equal(cose_read(&root, "test", &cose, &err), 0);
		assert_int_equal(cose_check(&cose, keys[i], "test", &err), 0);
		assert_int_equal(cose_check(&cose, keys[(i + 1) % 4], "test", &err), -1);
		assert_int_equal(
			attest_references_add(&back, signed_corim, signed_size, "back", &err), 0);
		attest_references_clear(&back);
		payload =
			dsse_open(envelope, strlen(envelope), "test", keys[i], &payload_size, &err);
		assert_non_null(payload);
		assert_int_equal(payload_size, 2);
		assert_null(dsse_open(envelope, strlen(envelope), "test", keys[(i + 1) % 4],
				      &payload_size, &err));
		assert_string_equal(err.name, "ATTEST-SIGNATURE");
		free(payload);
		free(envelope);
		free(signed_corim);
		signer_close(signer);
	}
	for (size_t i = 0; i < 4; i++)
		EVP_PKEY_free(keys[i]);
	free(corim);
}

/* A CoRIM in hexadecimal, and what it says of times. */
static struct attest_references read_hex(const char *hex, struct err *err)
{
	struct attest_references references = ATTEST_REFERENCES_INIT;
	unsigned char data[512];
	size_t size = strlen(hex) / 2;

	*err = (struct err){0};
	assert_true(size <= sizeof(data) && hex_decode(hex, data, size));
	attest_references_add(&references, data, size, "test", err);
	return references;
}

static void expect_valid(const char *hex, int64_t now, bool valid)
{
	struct err err = {0};
	struct attest_references references = read_hex(hex, &err);

	assert_int_equal(references.count, 1);
	assert_int_equal(attest_references_valid(&references, now, &err), valid ? 0 : -1);
	if (!valid)
		assert_string_equal(err.name, "ATTEST-REFERENCE-EXPIRED");
	attest_references_clear(&references);
}

/* The least CoRIM with a validity behind it: a fourth member. */
static void validity(void **state)
{
	static const char *const bad[] = {"04a0",	  "04a100c101", "04a101190bb8",
					  "04a101c100",	  "04a101c120", "04a201c101020a",
					  "04a101c16161", "048101",	"04a201c10202c103"};
	char hex[2 * sizeof(least_realm)];
	struct err err = {0};

	(void)state;
	expect_valid(least_realm, INT64_MAX, true);
	/* Not after 3000. */
	snprintf(hex, sizeof(hex), "d901f5a4%s04a101c1190bb8", least_realm + 8);
	expect_valid(hex, 0, true);
	expect_valid(hex, 3000, true);
	expect_valid(hex, 3001, false);
	/* Nor before 2000. */
	snprintf(hex, sizeof(hex), "d901f5a4%s04a200c11907d001c1190bb8", least_realm + 8);
	expect_valid(hex, 1999, false);
	expect_valid(hex, 2000, true);
	expect_valid(hex, 3001, false);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct attest_references none;

		snprintf(hex, sizeof(hex), "d901f5a4%s%s", least_realm + 8, bad[i]);
		none = read_hex(hex, &err);
		assert_int_equal(none.count, 0);
		assert_string_equal(err.name, "ATTEST-REFERENCE");
	}
}

/* A header with these members, around the least CoRIM; nobody's signature. */
static void expect_header(const char *members, size_t size, int64_t now, const char *name)
{
	struct err err = {0};
	struct attest_references references;
	char hex[1024];

	snprintf(hex, sizeof(hex), "d284%02zx%sa058%02zx%s4100", 0x40 + size, members,
		 (sizeof(least_realm) - 1) / 2, least_realm);
	references = read_hex(hex, &err);
	if (err.status == 0)
		attest_references_valid(&references, now, &err);
	if (strcmp(name, err.name) != 0)
		fail_msg("%s: \"%s\" expected, found %s", members, name, err.text);
	attest_references_clear(&references);
}

static void headers_of_signatures(void **state)
{
	(void)state;
	expect_header("a10126", 3, 1, "");
	/* Meta: a signer's name, and not after 3000. */
	expect_header("a2012608"
		      "4da200a100617801a101c1190bb8",
		      18, 3000, "");
	expect_header("a2012608"
		      "4da200a100617801a101c1190bb8",
		      18, 3001, "ATTEST-REFERENCE-EXPIRED");
	/* Claims, and what is critical, are conditions that nobody here understands. */
	expect_header("a201260fa10401", 7, 1, "ATTEST-REFERENCE");
	expect_header("a20126028104", 6, 1, "ATTEST-REFERENCE");
}

static void signed_references(void **state)
{
	struct attest_values values = nitro();
	struct corim_plan plan = {
		.id = "one", .values = &values, .count = 1, .authority = ATTEST_AUTHORITY};
	EVP_PKEY *key = EVP_EC_gen("P-256");
	EVP_PKEY *other = EVP_EC_gen("P-256");
	struct signer *signer = open_key(key);
	struct signing signing = {.key = signer, .name = "test", .random_nonce = true};
	struct attest_references back = ATTEST_REFERENCES_INIT;
	struct attest_file file = {.path = "file"};
	struct attest_file pem = {.path = "key"};
	struct err err = {0};
	unsigned char *corim = corim_write(&plan, &file.size, &err);
	unsigned char *whole;
	char text[2][512];

	(void)state;
	for (int i = 0; i < 2; i++) {
		BIO *bio = BIO_new(BIO_s_mem());

		assert_int_equal(PEM_write_bio_PUBKEY(bio, i == 0 ? key : other), 1);
		memset(text[i], 0, sizeof(text[i]));
		assert_true(BIO_read(bio, text[i], sizeof(text[i]) - 1) > 0);
		BIO_free(bio);
	}
	pem.data = text[0];
	pem.size = strlen(text[0]);
	file.data = corim;
	assert_false(attest_reference_is_signed(corim, file.size));
	assert_int_equal(attest_references_add_signed(&back, &file, &pem, &err), -1);
	assert_string_equal(err.name, "ATTEST-REFERENCE-UNSIGNED");
	whole = corim_sign((struct slice){corim, file.size}, &signing, &file.size, &err);
	assert_non_null(whole);
	file.data = whole;
	assert_true(attest_reference_is_signed(whole, file.size));
	assert_int_equal(attest_references_add_signed(&back, &file, &pem, &err), 0);
	assert_int_equal(back.count, 1);
	/* Another PCR0 inside of it. */
	for (size_t i = 0; i + 48 <= file.size; i++)
		if (memcmp(whole + i, values.pcr[0].data, 48) == 0)
			whole[i] ^= 1;
	assert_int_equal(attest_references_add_signed(&back, &file, &pem, &err), -1);
	assert_string_equal(err.name, "ATTEST-SIGNATURE");
	free(whole);
	file.size = 0;
	whole = corim_sign((struct slice){corim, 0}, &signing, &file.size, &err);
	file.data = whole;
	pem.data = text[1];
	pem.size = strlen(text[1]);
	assert_int_equal(attest_references_add_signed(&back, &file, &pem, &err), -1);
	assert_string_equal(err.name, "ATTEST-SIGNATURE");
	pem.size = 20;
	assert_int_equal(attest_references_add_signed(&back, &file, &pem, &err), -1);
	assert_string_equal(err.name, "ATTEST-KEY");
	assert_int_equal(back.count, 1);
	attest_references_clear(&back);
	free(whole);
	free(corim);
	signer_close(signer);
	EVP_PKEY_free(key);
	EVP_PKEY_free(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(examples_byte_for_byte),
		cmocka_unit_test(veraison_in_meaning),
		cmocka_unit_test(round_trip),
		cmocka_unit_test(as_many_as_are_taken),
		cmocka_unit_test(bad_references),
		cmocka_unit_test(policies),
		cmocka_unit_test(signatures),
		cmocka_unit_test(validity),
		cmocka_unit_test(headers_of_signatures),
		cmocka_unit_test(signed_references),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
