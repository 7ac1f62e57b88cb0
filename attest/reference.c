/*
 * Reference values from the forms in which they are published, and the comparison with them. Never
 * takes a file that names a PCR in a way that would not be compared.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "corim.h"
#include "cose.h"
#include "evidence.h"
#include "log.h"
#include "publish.h"
#include "references.h"
#include "text.h"

const char *const realm_lists[] = {"ImageMeasurements", "PartsMeasurements", "RIMs", NULL};

void attest_references_clear(struct attest_references *references)
{
	free(references->list);
	*references = ATTEST_REFERENCES_INIT;
}

static bool is_zero(const struct attest_digest *digest)
{
	for (size_t i = 0; i < digest->size; i++)
		if (digest->data[i])
			return false;
	return digest->size > 0;
}

static int check_nitro(const struct attest_values *values, struct err *err)
{
	for (unsigned i = 0; i < ATTEST_PCRS; i++) {
		const struct attest_digest *pcr = &values->pcr[i];

		if (i < 3 && pcr->size == 0)
			return err_set(err, EXIT_MALFORMED, "ATTEST-REFERENCE",
				       "PCR0, PCR1 and PCR2 expected, since each alone proves "
				       "nothing about "
				       "what runs, found no PCR%u",
				       i);
		if (pcr->size > 0 && pcr->size != SHA384_SIZE)
			return err_set(err, EXIT_MALFORMED, "ATTEST-REFERENCE",
				       "PCR%u: a SHA-384 expected, found %zu bytes", i, pcr->size);
		if (is_zero(pcr))
			return err_set(
				err, EXIT_MALFORMED, "ATTEST-REFERENCE",
				"PCR%u: a measurement expected, found zeros, which debug mode has",
				i);
	}
	return 0;
}

static int check_realm(const struct attest_values *values, struct err *err)
{
	if (values->rim.size == 0 || is_zero(&values->rim))
		return err_set(err, EXIT_MALFORMED, "ATTEST-REFERENCE",
			       "a RIM that is not zero expected, found %s",
			       values->rim.size ? "zeros" : "none");
	for (unsigned i = 0; i < ATTEST_REMS; i++)
		if (values->rem[i].size > 0 && values->rem[i].size != values->rim.size)
			return err_set(err, EXIT_MALFORMED, "ATTEST-REFERENCE",
				       "REM%u: %zu bytes as of the RIM expected, found %zu", i,
				       values->rim.size, values->rem[i].size);
	return 0;
}

int references_push(struct attest_references *references, const struct attest_values *values,
		    struct err *err)
{
	size_t count = references->count;
	struct attest_values *list = references->list;

	if ((values->platform == ATTEST_NITRO ? check_nitro(values, err)
					      : check_realm(values, err)) < 0)
		return -1;
	if (count == REFERENCES_MAX)
		return err_set(err, EXIT_MALFORMED, "ATTEST-REFERENCE",
			       "values of at most %d images expected, found more", REFERENCES_MAX);
	/* There is room for a power of two. */
	if ((count & (count - 1)) == 0)
		list = realloc(list, (count > 0 ? 2 * count : 1) * sizeof(*list));
	if (!list)
		return no_memory(err);
	list[references->count++] = *values;
	references->list = list;
	return 0;
}

/* "PCR" and a number below 32 without zeros in front; -1 for another name. */
static int pcr_number(const char *key)
{
	char again[16];
	int number;

	if (strlen(key) > 5 || strncmp(key, "PCR", 3) != 0 || !isdigit((unsigned char)key[3]))
		return -1;
	number = atoi(key + 3);
	snprintf(again, sizeof(again), "PCR%d", number);
	return number < ATTEST_PCRS && strcmp(again, key) == 0 ? number : -1;
}

static int bad_json(const char *path, const char *key, const char *expected, struct err *err)
{
	return err_set(err, EXIT_MALFORMED, "ATTEST-REFERENCE",
		       "%s: %s: %s expected, found another", path, key, expected);
}

/* In a realm's object: RIM, REM0 to REM3, RPV. NULL for another name. */
static struct attest_digest *realm_slot(const char *key, struct attest_values *values)
{
	if (strcmp(key, "RIM") == 0)
		return &values->rim;
	if (strcmp(key, "RPV") == 0)
		return &values->rpv;
	if (strncmp(key, "REM", 3) == 0 && key[3] >= '0' && key[3] < '0' + ATTEST_REMS && !key[4])
		return &values->rem[key[3] - '0'];
	return NULL;
}

/* Of {"hex", "base64"}, as values.json has it, both must say the same. */
static const char *hex_of(const json_t *value)
{
	const char *hex = json_string_value(json_object_get(value, "hex"));
	const char *text = json_string_value(json_object_get(value, "base64"));
	cleanup_free unsigned char *again = NULL;
	unsigned char data[ATTEST_MAX_DIGEST];
	size_t size = 0;

	if (!json_is_object(value))
		return json_string_value(value);
	if (json_object_size(value) != 2 || !hex || !text)
		return NULL;
	again = base64_decode(text, strlen(text), &size);
	if (!again || size > sizeof(data) || !hex_decode(hex, data, size) ||
	    memcmp(again, data, size) != 0)
		return NULL;
	return hex;
}

bool digest_parse(const json_t *value, struct attest_digest *digest)
{
	const char *text = hex_of(value);
	size_t size = text ? strlen(text) / 2 : 0;

	if ((size != 32 && size != 48 && size != 64) || !hex_decode(text, digest->data, size))
		return false;
	digest->size = size;
	return true;
}

static int read_hex(const char *path, const char *key, const json_t *value,
		    struct attest_digest *digest, struct err *err)
{
	return digest_parse(value, digest) ? 0
					   : bad_json(path, key, "a digest in hexadecimal", err);
}

/* Of names that are none of ours only those are left alone that do not look like one. */
static int read_member(const char *path, const char *key, const json_t *value,
		       struct attest_values *values, struct err *err)
{
	struct attest_digest *slot = realm_slot(key, values);
	int pcr = pcr_number(key);

	if (pcr >= 0)
		slot = &values->pcr[pcr];
	if (slot && read_hex(path, key, value, slot, err) < 0)
		return -1;
	if (slot == &values->rpv && slot->size != ATTEST_MAX_DIGEST)
		return bad_json(path, key, "64 bytes in hexadecimal", err);
	if (slot)
		return 0;
	if (strncasecmp(key, "PCR", 3) == 0 || strncasecmp(key, "RIM", 3) == 0 ||
	    strncasecmp(key, "REM", 3) == 0 || strncasecmp(key, "RPV", 3) == 0)
		return bad_json(path, key, "PCR0 to PCR31, RIM, REM0 to REM3 or RPV", err);
	return 0;
}

int values_parse(const json_t *object, const char *path, struct attest_values *values,
		 struct err *err)
{
	const char *key;
	json_t *value;

	*values = (struct attest_values){.platform = ATTEST_NITRO};
	json_object_foreach((json_t *)(uintptr_t)object, key,
			    value) if (read_member(path, key, value, values, err) < 0) return -1;
	if (values->rim.size == 0)
		return 0;
	values->platform = ATTEST_CCA;
	for (unsigned i = 0; i < ATTEST_PCRS; i++)
		if (values->pcr[i].size > 0)
			return bad_json(path, "RIM", "a realm's values or PCRs", err);
	return 0;
}

/*
 * measurements.json has beside Measurements, which are the loader's, what init extends. Any other
 * PCR there would not be compared by who looks for it in its place.
 */
static int read_beside(const char *path, const json_t *root, struct attest_values *values,
		       struct err *err)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)root, key, value)
	{
		if (strncasecmp(key, "PCR", 3) != 0)
			continue;
		if (strcmp(key, "PCR16") != 0 || values->pcr[16].size > 0)
			return bad_json(path, key, "all PCRs but PCR16 in Measurements, once", err);
		if (read_member(path, key, value, values, err) < 0)
			return -1;
	}
	return 0;
}

static int push_from(const char *path, const struct attest_values *values,
		     struct attest_references *references, struct err *err)
{
	return references_push(references, values, err) < 0 ? err_wrap(err, "%s", path) : 0;
}

static bool same_digest(const struct attest_digest *a, const struct attest_digest *b)
{
	return slice_same((struct slice){a->data, a->size}, (struct slice){b->data, b->size});
}

/* Whether one from index on has the same registers: under several conditions they may be these. */
static bool known_realm(const struct attest_references *references, size_t from,
			const struct attest_values *values)
{
	for (size_t i = from; i < references->count; i++) {
		const struct attest_values *known = &references->list[i];
		bool same = same_digest(&known->rim, &values->rim) &&
			    same_digest(&known->rpv, &values->rpv);

		for (unsigned k = 0; k < ATTEST_REMS; k++)
			same = same && same_digest(&known->rem[k], &values->rem[k]);
		if (same)
			return true;
	}
	return false;
}

/*
 * {"RIM", "REM0" and other registers if they are known, "hash", and the conditions under which they
 * are these}. rem0 is {HASH: REM0} of the file, where it does not stand in each.
 */
static int read_rim(const char *path, const json_t *one, const json_t *rem0, size_t from,
		    struct attest_references *references, struct err *err)
{
	struct attest_values values;
	const char *hash = json_string_value(json_object_get(one, "hash"));
	char expected[16] = "";

	if (values_parse(one, path, &values, err) < 0)
		return -1;
	if (values.platform != ATTEST_CCA)
		return bad_json(path, "RIM", "a digest in hexadecimal", err);
	snprintf(expected, sizeof(expected), "sha-%zu", values.rim.size * 8);
	if (!hash || strcmp(hash, expected) != 0)
		return bad_json(path, "hash", "the name of the hash that the RIM has the size of",
				err);
	if (rem0 &&
	    (values.rem[0].size > 0 || !digest_parse(json_object_get(rem0, hash), &values.rem[0])))
		return bad_json(path, "REM0", "one digest of each hash", err);
	if (known_realm(references, from, &values))
		return 0;
	return push_from(path, &values, references, err);
}

/* Of the registers only REM0 stands beside the lists: another one would not be compared. */
static int check_beside(const char *path, const json_t *root, struct err *err)
{
	struct attest_values ignored;
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)root, key, value)
	{
		if (strcmp(key, "REM0") == 0 || strcmp(key, "RIMs") == 0)
			continue;
		if (realm_slot(key, &ignored) || pcr_number(key) >= 0)
			return bad_json(path, key, "no register beside the lists but REM0", err);
	}
	return 0;
}

/*
 * A realm's measurements.json: RIMs of its image, and of its parts for each VMM, size of memory and
 * number of processors. Any of them is the realm's.
 */
static int read_realm(const json_t *root, const char *path, struct attest_references *references,
		      struct err *err)
{
	const json_t *rem0 = json_object_get(root, "REM0");
	size_t from = references->count;

	if (check_beside(path, root, err) < 0)
		return -1;
	if (json_object_get(root, "Measurements"))
		return bad_json(path, "Measurements", "those of an enclave or of a realm", err);
	for (size_t i = 0; realm_lists[i]; i++) {
		const json_t *list = json_object_get(root, realm_lists[i]);
		const json_t *one;
		size_t j;

		if (list && !json_is_array(list))
			return bad_json(path, realm_lists[i], "a list", err);
		json_array_foreach(list, j, one) if (read_rim(path, one, rem0, from, references,
							      err) < 0) return -1;
	}
	return references->count > from ? 0 : bad_json(path, realm_lists[0], "a RIM", err);
}

static int read_enclave(const json_t *root, const char *path, struct attest_references *references,
			struct err *err)
{
	const json_t *inner = json_object_get(root, "Measurements");
	struct attest_values values;

	if (inner && !json_is_object(inner))
		return bad_json(path, "Measurements", "an object", err);
	if (values_parse(inner ? inner : root, path, &values, err) < 0 ||
	    (inner && read_beside(path, root, &values, err) < 0))
		return -1;
	return push_from(path, &values, references, err);
}

bool is_realm(const json_t *root)
{
	for (size_t i = 0; realm_lists[i]; i++)
		if (json_object_get(root, realm_lists[i]))
			return true;
	return false;
}

/* policy.json: {"AnyOf": [{"Platform", "Measurements"}]} */
static int read_policy(const json_t *root, const char *path, struct attest_references *references,
		       struct err *err)
{
	const json_t *any = json_object_get(root, "AnyOf");
	const json_t *one;
	size_t i;

	if (json_array_size(any) == 0 || json_object_get(root, "Measurements") || is_realm(root))
		return bad_json(path, "AnyOf", "a list of images, and nothing else of one,", err);
	json_array_foreach(any, i, one)
	{
		const char *platform = json_string_value(json_object_get(one, "Platform"));
		struct attest_values values;

		if (values_parse(json_object_get(one, "Measurements"), path, &values, err) < 0)
			return -1;
		if (!platform || strcmp(platform, policy_platform(values.platform)) != 0)
			return bad_json(path, "Platform", "that of the registers", err);
		if (push_from(path, &values, references, err) < 0)
			return -1;
	}
	return 0;
}

static int read_json(const void *data, size_t size, const char *path,
		     struct attest_references *references, struct err *err)
{
	json_error_t error;
	cleanup_json json_t *root = json_loadb(data, size, JSON_REJECT_DUPLICATES, &error);

	if (!json_is_object(root))
		return err_set(err, EXIT_MALFORMED, "ATTEST-REFERENCE",
			       "%s: a JSON object or a CoRIM expected, found neither (%s)", path,
			       root ? "another value" : error.text);
	if (json_object_get(root, "AnyOf"))
		return read_policy(root, path, references, err);
	return (is_realm(root) ? read_realm : read_enclave)(root, path, references, err);
}

static bool looks_like_json(const unsigned char *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (!isspace(data[i]))
			return data[i] == '{';
	return false;
}

int reference_unsigned(const char *path, struct err *err)
{
	return err_set(err, EXIT_VERIFY, "ATTEST-REFERENCE-UNSIGNED",
		       "%s: a CoRIM with a signature expected, found none", path);
}

static int add(struct attest_references *references, const struct attest_file *file, EVP_PKEY *key,
	       struct err *err)
{
	struct cbor root;

	if (file->size > ATTEST_MAX_REFERENCE)
		return err_set(err, EXIT_MALFORMED, "ATTEST-REFERENCE",
			       "%s: at most %d bytes expected, found %zu", file->path,
			       ATTEST_MAX_REFERENCE, file->size);
	if (looks_like_json(file->data, file->size) || file->size == 0)
		return key ? reference_unsigned(file->path, err)
			   : read_json(file->data, file->size, file->path, references, err);
	if (cbor_open(file->data, file->size, file->path, &root, err) < 0)
		return -1;
	return corim_read(&root, file->path, key, references, err);
}

int attest_references_add(struct attest_references *references, const void *data, size_t size,
			  const char *path, struct err *err)
{
	return add(references, &(struct attest_file){path, data, size}, NULL, err);
}

bool attest_reference_is_signed(const void *data, size_t size)
{
	static const unsigned char head = 6 << 5 | COSE_SIGN1_TAG; /* a tag's one form */

	return size > 0 && *(const unsigned char *)data == head;
}

int attest_references_add_signed(struct attest_references *references,
				 const struct attest_file *file, const struct attest_file *key,
				 struct err *err)
{
	EVP_PKEY *public = public_key_read(key->data, key->size, key->path, err);
	int result = public ? add(references, file, public, err) : -1;

	EVP_PKEY_free(public);
	return result;
}

static int check_validity(const struct attest_values *values, int64_t now, struct err *err)
{
	char before[32];
	char after[32];
	char found[32];

	if (now >= values->not_before && (values->not_after == 0 || now <= values->not_after))
		return 0;
	time_text(values->not_before, before);
	time_text(values->not_after, after);
	time_text(now, found);
	return err_set(err, EXIT_VERIFY, "ATTEST-REFERENCE-EXPIRED",
		       "CoRIM: a time from %s to %s expected, found %s", before, after, found);
}

int attest_references_valid(const struct attest_references *references, int64_t now,
			    struct err *err)
{
	for (size_t i = 0; i < references->count; i++)
		if (check_validity(&references->list[i], now, err) < 0)
			return -1;
	return 0;
}

/* The first register in which an image differs from what is expected. */
struct difference {
	const char *name; /* of the error; NULL when there is none */
	char what[16];
	const struct attest_digest *expected;
	const struct attest_digest *found;
	unsigned agreed; /* registers before it */
};

static bool differs(struct difference *difference, const char *name, const char *what, int i,
		    const struct attest_digest *expected, const struct attest_digest *found)
{
	if (expected->size == 0)
		return false;
	if (slice_same((struct slice){expected->data, expected->size},
		       (struct slice){found->data, found->size})) {
		difference->agreed++;
		return false;
	}
	difference->name = name;
	if (i >= 0)
		snprintf(difference->what, sizeof(difference->what), "%s%d", what, i);
	else
		snprintf(difference->what, sizeof(difference->what), "%s", what);
	difference->expected = expected;
	difference->found = found;
	return true;
}

static struct difference compare(const struct attest_values *expected,
				 const struct attest_values *found)
{
	struct difference difference = {.name = NULL};

	for (unsigned i = 0; expected->platform == ATTEST_NITRO && i < ATTEST_PCRS; i++)
		if (differs(&difference, "ATTEST-PCR", "PCR", (int)i, &expected->pcr[i],
			    &found->pcr[i]))
			return difference;
	if (expected->platform == ATTEST_NITRO)
		return difference;
	if (differs(&difference, "ATTEST-RIM", "RIM", -1, &expected->rim, &found->rim))
		return difference;
	for (unsigned i = 0; i < ATTEST_REMS; i++)
		if (differs(&difference, "ATTEST-REM", "REM", (int)i, &expected->rem[i],
			    &found->rem[i]))
			return difference;
	differs(&difference, "ATTEST-RPV", "RPV", -1, &expected->rpv, &found->rpv);
	return difference;
}

int evidence_match(const struct attest_values *found, const struct attest_references *references,
		   int64_t now, struct err *err)
{
	const struct attest_values *expired = NULL;
	struct difference closest = {.name = NULL};
	char expected_hex[HASH_MAX_HEX];
	char found_hex[HASH_MAX_HEX] = "none";
	struct err ignored = {0};
	size_t considered = 0;

	for (size_t i = 0; i < references->count; i++) {
		struct difference one;

		if (references->list[i].platform != found->platform)
			continue;
		one = compare(&references->list[i], found);
		if (!one.name && check_validity(&references->list[i], now, &ignored) == 0)
			return 0;
		if (!one.name) {
			expired = &references->list[i];
			continue;
		}
		if (considered++ == 0 || one.agreed > closest.agreed)
			closest = one;
	}
	if (expired)
		return check_validity(expired, now, err);
	if (considered == 0)
		return err_set(err, EXIT_VERIFY, "ATTEST-REFERENCE-NONE",
			       "reference values for %s expected, found none",
			       found->platform == ATTEST_NITRO ? "an AWS Nitro enclave"
							       : "a CCA realm");
	hash_hex(closest.expected->data, closest.expected->size, expected_hex);
	if (closest.found->size > 0)
		hash_hex(closest.found->data, closest.found->size, found_hex);
	return err_set(err, EXIT_VERIFY, closest.name, "%s: %s expected, found %s%s", closest.what,
		       expected_hex, found_hex,
		       considered > 1 ? " (that of the image which comes closest)" : "");
}
