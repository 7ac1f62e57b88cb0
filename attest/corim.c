/*
 * Reading CoRIMs. A condition that is not understood is never passed over: what a triple says
 * beside the values that are known here makes the whole file unusable.
 */
#include "corim.h"

#include <stdio.h>
#include <string.h>

#include "cose.h"

enum {
	CORIM_TAG = 501,
	COMID_TAG = 506,
	BYTES_TAG = 560,
	URI_TAG = 32,
	EPOCH_TAG = 1,
	TAGS_MAX = 64,
	MEASUREMENTS_MAX = 64,
	RPV_MAX = 64
};

/* Keys of the maps on the way; the drafts number each map anew. */
enum { CORIM_TAGS = 1, CORIM_PROFILE = 3, CORIM_VALIDITY = 4 };
enum { COMID_TRIPLES = 4, TRIPLES_REFERENCE = 0 };
enum { VALIDITY_NOT_BEFORE = 0, VALIDITY_NOT_AFTER = 1 };
enum { HEADER_META = 8, META_VALIDITY = 1 };
enum { ENVIRONMENT_CLASS = 0, CLASS_ID = 0, CLASS_VENDOR = 1, CLASS_MODEL = 2 };
enum { MEASUREMENT_KEY = 0, MEASUREMENT_VALUE = 1, VALUE_DIGESTS = 2, VALUE_RAW = 4 };

struct reading {
	const char *path;
	enum attest_platform platform;
	int64_t not_before; /* of the CoRIM and of its signature, what is narrower */
	int64_t not_after;
	struct attest_references *references;
};

static int bad(const struct reading *reading, const char *where, const char *expected,
	       struct err *err)
{
	return err_set(err, EXIT_MALFORMED, "ATTEST-REFERENCE",
		       "%s: CoRIM: %s: %s expected, found %s", reading->path, where, expected,
		       "something else");
}

static const struct digest_name {
	int64_t number; /* in the registry of named information */
	const char *name;
	size_t size;
} digest_names[] = {{1, "sha-256", 32}, {7, "sha-384", 48}, {8, "sha-512", 64}};

/* [[algorithm, bytes]], and no second one. */
static bool read_digest(const struct cbor *digests, struct attest_digest *digest)
{
	struct cbor algorithm;
	struct cbor value;
	struct cbor pair;
	int64_t number;

	if (!cbor_element(digests, 0, &pair) || digests->head.value != 1 ||
	    !cbor_element(&pair, 0, &algorithm) || !cbor_element(&pair, 1, &value) ||
	    pair.head.value != 2 || !cbor_is(&value, ITEM_BYTES))
		return false;
	for (size_t i = 0; i < sizeof(digest_names) / sizeof(digest_names[0]); i++) {
		const struct digest_name *name = &digest_names[i];

		if ((cbor_integer(&algorithm, &number) && number == name->number) ||
		    cbor_is_text(&algorithm, name->name)) {
			if (value.head.value != name->size)
				return false;
			memcpy(digest->data, value.head.data, name->size);
			digest->size = name->size;
			return true;
		}
	}
	return false;
}

/* Where a measurement of this name belongs; NULL for one that the profile does not have. */
static struct attest_digest *slot_of(const struct cbor *key, struct attest_values *values)
{
	char name[16];

	for (unsigned i = 0; values->platform == ATTEST_NITRO && i < ATTEST_PCRS; i++) {
		snprintf(name, sizeof(name), "PCR%u", i);
		if (cbor_is_text(key, name))
			return &values->pcr[i];
	}
	if (values->platform == ATTEST_NITRO)
		return NULL;
	for (unsigned i = 0; i < ATTEST_REMS; i++) {
		snprintf(name, sizeof(name), "cca.rem%u", i);
		if (cbor_is_text(key, name))
			return &values->rem[i];
	}
	if (cbor_is_text(key, "cca.rim"))
		return &values->rim;
	return cbor_is_text(key, "cca.rpv") ? &values->rpv : NULL;
}

/* Raw bytes that a token pads with zeros. */
static bool read_raw(const struct cbor *value, struct attest_digest *raw)
{
	struct cbor bytes;

	if (!cbor_tagged(value, BYTES_TAG, &bytes) || !cbor_is(&bytes, ITEM_BYTES) ||
	    bytes.head.value < 1 || bytes.head.value > RPV_MAX)
		return false;
	memset(raw->data, 0, RPV_MAX);
	memcpy(raw->data, bytes.head.data, (size_t)bytes.head.value);
	raw->size = RPV_MAX;
	return true;
}

static int read_measurement(const struct reading *reading, const struct cbor *measurement,
			    struct attest_values *values, struct err *err)
{
	struct attest_digest *slot;
	struct cbor inner;
	struct cbor value;
	struct cbor key;

	if (!cbor_is(measurement, ITEM_MAP) || measurement->head.value != 2 ||
	    !cbor_member(measurement, MEASUREMENT_KEY, &key) ||
	    !cbor_member(measurement, MEASUREMENT_VALUE, &value) || !cbor_is(&value, ITEM_MAP) ||
	    value.head.value != 1)
		return bad(reading, "measurement", "a name and one value, and nothing beside them,",
			   err);
	slot = slot_of(&key, values);
	if (!slot || slot->size > 0)
		return bad(reading, "measurement", "each name of the profile once", err);
	if (slot == &values->rpv) {
		if (cbor_member(&value, VALUE_RAW, &inner) && read_raw(&inner, slot))
			return 0;
		return bad(reading, "cca.rpv", "at most 64 bytes with tag 560", err);
	}
	if (cbor_member(&value, VALUE_DIGESTS, &inner) && read_digest(&inner, slot))
		return 0;
	return bad(reading, "measurement", "one digest of SHA-256, SHA-384 or SHA-512", err);
}

/* What the values are about: AWS Nitro, or a realm by its RIM. */
static int check_environment(const struct reading *reading, const struct cbor *environment,
			     const struct attest_values *values, struct err *err)
{
	struct cbor class;
	struct cbor first;
	struct cbor id;

	if (!cbor_is(environment, ITEM_MAP) || environment->head.value != 1 ||
	    !cbor_member(environment, ENVIRONMENT_CLASS, &class) || !cbor_is(&class, ITEM_MAP))
		return bad(reading, "environment", "a class alone", err);
	if (values->platform == ATTEST_NITRO) {
		if (class.head.value == 2 && cbor_member(&class, CLASS_VENDOR, &first) &&
		    cbor_is_text(&first, "AWS") && cbor_member(&class, CLASS_MODEL, &first) &&
		    cbor_is_text(&first, "Nitro"))
			return 0;
		return bad(reading, "environment", "vendor AWS and model Nitro", err);
	}
	if (class.head.value == 1 && cbor_member(&class, CLASS_ID, &first) &&
	    cbor_tagged(&first, BYTES_TAG, &id) && cbor_is(&id, ITEM_BYTES) &&
	    slice_same((struct slice){id.head.data, (size_t)id.head.value},
		       (struct slice){values->rim.data, values->rim.size}))
		return 0;
	return bad(reading, "environment", "the RIM of cca.rim as class", err);
}

static int read_triple(const struct reading *reading, const struct cbor *triple, struct err *err)
{
	struct attest_values values = {.platform = reading->platform,
				       .not_before = reading->not_before,
				       .not_after = reading->not_after};
	struct cbor measurements;
	struct cbor environment;
	struct cbor measurement;

	if (!cbor_element(triple, 0, &environment) || !cbor_element(triple, 1, &measurements) ||
	    triple->head.value != 2 || !cbor_is(&measurements, ITEM_ARRAY) ||
	    measurements.head.value > MEASUREMENTS_MAX)
		return bad(reading, "reference triple", "an environment and its measurements", err);
	for (size_t i = 0; cbor_element(&measurements, i, &measurement); i++)
		if (read_measurement(reading, &measurement, &values, err) < 0)
			return -1;
	if (check_environment(reading, &environment, &values, err) < 0)
		return -1;
	if (references_push(reading->references, &values, err) < 0)
		return err_wrap(err, "%s: CoRIM", reading->path);
	return 0;
}

static int bad_triples(const struct reading *reading, struct err *err)
{
	char expected[64];

	snprintf(expected, sizeof(expected), "reference triples alone, 1 to %d,", REFERENCES_MAX);
	return bad(reading, "triples", expected, err);
}

static int read_comid(const struct reading *reading, const struct cbor *tag, struct err *err)
{
	struct cbor triples;
	struct cbor comid;
	struct cbor list;
	struct cbor one;

	if (!cbor_tagged(tag, COMID_TAG, &one))
		return bad(reading, "tags", "CoMIDs (tag 506) alone", err);
	if (cbor_open_inner(&one, reading->path, &comid, err) < 0)
		return -1;
	if (!cbor_member(&comid, COMID_TRIPLES, &triples) || !cbor_is(&triples, ITEM_MAP) ||
	    triples.head.value != 1 || !cbor_member(&triples, TRIPLES_REFERENCE, &list) ||
	    !cbor_is(&list, ITEM_ARRAY) || list.head.value < 1 || list.head.value > REFERENCES_MAX)
		return bad_triples(reading, err);
	for (size_t i = 0; cbor_following(&list, i, &one); i++)
		if (read_triple(reading, &one, err) < 0)
			return -1;
	return 0;
}

static bool is_nitro_profile(const struct cbor *uri)
{
	static const size_t head = sizeof(CORIM_NITRO_PROFILE_HEAD) - 1;
	static const size_t tail = sizeof(CORIM_NITRO_PROFILE_TAIL) - 1;
	size_t size = (size_t)uri->head.value;

	return cbor_is(uri, ITEM_TEXT) && size > head + tail &&
	       memcmp(uri->head.data, CORIM_NITRO_PROFILE_HEAD, head) == 0 &&
	       memcmp(uri->head.data + size - tail, CORIM_NITRO_PROFILE_TAIL, tail) == 0;
}

static int read_profile(struct reading *reading, const struct cbor *corim, struct err *err)
{
	struct cbor profile;
	struct cbor uri;

	if (cbor_member(corim, CORIM_PROFILE, &profile) && cbor_tagged(&profile, URI_TAG, &uri)) {
		if (cbor_is_text(&uri, CORIM_REALM_PROFILE)) {
			reading->platform = ATTEST_CCA;
			return 0;
		}
		if (is_nitro_profile(&uri)) {
			reading->platform = ATTEST_NITRO;
			return 0;
		}
	}
	return bad(reading, "profile",
		   CORIM_REALM_PROFILE " or " CORIM_NITRO_PROFILE_HEAD
				       "..." CORIM_NITRO_PROFILE_TAIL,
		   err);
}

static bool read_time(const struct cbor *validity, int64_t key, int64_t *time)
{
	struct cbor tagged;
	struct cbor number;

	return cbor_member(validity, key, &tagged) && cbor_tagged(&tagged, EPOCH_TAG, &number) &&
	       cbor_integer(&number, time) && *time > 0;
}

/* {? 0: not before, 1: not after}, which a map has by this key or not. */
static int read_validity(struct reading *reading, const struct cbor *map, int64_t key,
			 struct err *err)
{
	struct cbor validity;
	int64_t before = 0;
	int64_t after;
	size_t members;

	if (!cbor_member(map, key, &validity))
		return 0;
	members = read_time(&validity, VALIDITY_NOT_BEFORE, &before) ? 2 : 1;
	if (!read_time(&validity, VALIDITY_NOT_AFTER, &after) || validity.head.value != members)
		return bad(reading, "validity", "times in seconds since 1970, with tag 1,", err);
	if (before > reading->not_before)
		reading->not_before = before;
	if (reading->not_after == 0 || after < reading->not_after)
		reading->not_after = after;
	return 0;
}

static int read_map(struct reading *reading, const struct cbor *root, struct err *err)
{
	struct cbor corim;
	struct cbor tags;
	struct cbor tag;

	if (!cbor_tagged(root, CORIM_TAG, &corim) || !cbor_is(&corim, ITEM_MAP))
		return bad(reading, "beginning", "a map with tag 501", err);
	if (read_profile(reading, &corim, err) < 0 ||
	    read_validity(reading, &corim, CORIM_VALIDITY, err) < 0)
		return -1;
	if (!cbor_member(&corim, CORIM_TAGS, &tags) || !cbor_is(&tags, ITEM_ARRAY) ||
	    tags.head.value < 1 || tags.head.value > TAGS_MAX)
		return bad(reading, "tags", "1 to 64 of them", err);
	for (size_t i = 0; cbor_element(&tags, i, &tag); i++)
		if (read_comid(reading, &tag, err) < 0)
			return -1;
	return 0;
}

/* Who signed says until when, in meta; another header may hold a condition that is not known. */
static int read_header(struct reading *reading, const struct cose *cose, struct err *err)
{
	static const int64_t known[] = {1, 3, 4, HEADER_META, 33}; /* algorithm, type, key, chain */
	size_t found = 0;
	struct cbor value;
	struct cbor meta;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		found += cbor_member(&cose->header, known[i], &value);
	if (found != cose->header.head.value)
		return bad(reading, "protected header",
			   "algorithm, content type, key, meta and chain alone", err);
	if (!cbor_member(&cose->header, HEADER_META, &value))
		return 0;
	if (cbor_open_inner(&value, reading->path, &meta, err) < 0)
		return -1;
	return read_validity(reading, &meta, META_VALIDITY, err);
}

int corim_read(const struct cbor *root, const char *path, EVP_PKEY *key,
	       struct attest_references *references, struct err *err)
{
	struct reading reading = {.path = path, .references = references};
	struct cbor inner;
	struct cose cose;

	if (!cbor_is(root, ITEM_TAG) || root->head.value != COSE_SIGN1_TAG)
		return key ? reference_unsigned(path, err) : read_map(&reading, root, err);
	if (cose_read(root, path, &cose, err) < 0 ||
	    (key && cose_check(&cose, key, path, err) < 0) ||
	    read_header(&reading, &cose, err) < 0 ||
	    cbor_open(cose.payload.data, cose.payload.size, path, &inner, err) < 0)
		return -1;
	return read_map(&reading, &inner, err);
}
