/*
 * Writing CoRIMs: deterministic CBOR (RFC 8949, 4.2.1), maps sorted by their keys because they are
 * written in that order. Never writes a measurement that it would not read.
 */
#include <stdio.h>
#include <string.h>

#include "corim.h"
#include "cose.h"
#include "publish.h"

enum { ROOM_FIXED = 2048, ROOM_EACH = 8192, ROOM_SIGNATURE = 1024, TAG_ID = 16, RPV_LABEL = 4 };

static void put_tag(struct encoder *encoder, uint64_t tag)
{
	encoder_put(encoder, ITEM_TAG, tag);
}

static void put_map(struct encoder *encoder, size_t count)
{
	encoder_put(encoder, ITEM_MAP, count);
}

static void put_array(struct encoder *encoder, size_t count)
{
	encoder_put(encoder, ITEM_ARRAY, count);
}

static void put_key(struct encoder *encoder, uint64_t key)
{
	encoder_put(encoder, ITEM_NUMBER, key);
}

static void put_algorithm(struct encoder *encoder, size_t size, bool text)
{
	if (text)
		encoder_put_text(encoder, size == 32   ? "sha-256"
					  : size == 48 ? "sha-384"
						       : "sha-512");
	else
		encoder_put(encoder, ITEM_NUMBER, size == 32 ? 1 : size == 48 ? 7 : 8);
}

/* {0: name, 1: {2: [[algorithm, digest]]}} */
static void put_digest(struct encoder *encoder, const char *name,
		       const struct attest_digest *digest, bool text)
{
	put_map(encoder, 2);
	put_key(encoder, 0);
	encoder_put_text(encoder, name);
	put_key(encoder, 1);
	put_map(encoder, 1);
	put_key(encoder, 2);
	put_array(encoder, 1);
	put_array(encoder, 2);
	put_algorithm(encoder, digest->size, text);
	encoder_put_bytes(encoder, digest->data, digest->size);
}

static void put_rpv(struct encoder *encoder, const struct attest_digest *rpv)
{
	put_map(encoder, 2);
	put_key(encoder, 0);
	encoder_put_text(encoder, "cca.rpv");
	put_key(encoder, 1);
	put_map(encoder, 1);
	put_key(encoder, RPV_LABEL);
	put_tag(encoder, 560);
	encoder_put_bytes(encoder, rpv->data, rpv->size);
}

/* [{0: {1: "AWS", 2: "Nitro"}}, [PCR0, PCR1, ...]] */
static void put_nitro(struct encoder *encoder, const struct attest_values *values, bool text)
{
	size_t count = 0;
	char name[16];

	for (size_t i = 0; i < ATTEST_PCRS; i++)
		count += values->pcr[i].size > 0;
	put_array(encoder, 2);
	put_map(encoder, 1);
	put_key(encoder, 0);
	put_map(encoder, 2);
	put_key(encoder, 1);
	encoder_put_text(encoder, "AWS");
	put_key(encoder, 2);
	encoder_put_text(encoder, "Nitro");
	put_array(encoder, count);
	for (unsigned i = 0; i < ATTEST_PCRS; i++) {
		snprintf(name, sizeof(name), "PCR%u", i);
		if (values->pcr[i].size > 0)
			put_digest(encoder, name, &values->pcr[i], text);
	}
}

/* [{0: {0: 560(RIM)}}, [rim, rem0 ..., rpv]] */
static void put_realm(struct encoder *encoder, const struct attest_values *values, bool text)
{
	size_t count = 1 + (values->rpv.size > 0);
	char name[16];

	for (size_t i = 0; i < ATTEST_REMS; i++)
		count += values->rem[i].size > 0;
	put_array(encoder, 2);
	put_map(encoder, 1);
	put_key(encoder, 0);
	put_map(encoder, 1);
	put_key(encoder, 0);
	put_tag(encoder, 560);
	encoder_put_bytes(encoder, values->rim.data, values->rim.size);
	put_array(encoder, count);
	put_digest(encoder, "cca.rim", &values->rim, text);
	for (unsigned i = 0; i < ATTEST_REMS; i++) {
		snprintf(name, sizeof(name), "cca.rem%u", i);
		if (values->rem[i].size > 0)
			put_digest(encoder, name, &values->rem[i], text);
	}
	if (values->rpv.size > 0)
		put_rpv(encoder, &values->rpv);
}

static void put_comid(struct encoder *encoder, const struct corim_plan *plan,
		      const unsigned char *tag_id)
{
	put_map(encoder, 2);
	put_key(encoder, 1);
	put_map(encoder, 1);
	put_key(encoder, 0);
	encoder_put_bytes(encoder, tag_id, TAG_ID);
	put_key(encoder, 4);
	put_map(encoder, 1);
	put_key(encoder, 0);
	put_array(encoder, plan->count);
	for (size_t i = 0; i < plan->count; i++) {
		if (plan->values[i].platform == ATTEST_NITRO)
			put_nitro(encoder, &plan->values[i], plan->text_algorithms);
		else
			put_realm(encoder, &plan->values[i], plan->text_algorithms);
	}
}

static void put_profile(struct encoder *encoder, const struct corim_plan *plan)
{
	char profile[256] = CORIM_REALM_PROFILE;

	if (plan->values[0].platform == ATTEST_NITRO)
		snprintf(profile, sizeof(profile), "%s%s%s", CORIM_NITRO_PROFILE_HEAD,
			 plan->authority, CORIM_NITRO_PROFILE_TAIL);
	put_tag(encoder, 32);
	encoder_put_text(encoder, profile);
}

/* The first half of the digest of what the CoMID says. */
static int make_tag_id(const struct encoder *comid, unsigned char *tag_id, struct err *err)
{
	cleanup_hash struct hash *hash = hash_new(HASH_SHA256, err);
	unsigned char digest[HASH_MAX_SIZE];

	if (!hash || hash_update(hash, comid->data, comid->used, err) < 0 ||
	    hash_final(hash, digest, err) < 0)
		return -1;
	memcpy(tag_id, digest, TAG_ID);
	return 0;
}

static int check_plan(const struct corim_plan *plan, struct err *err)
{
	cleanup_with(attest_references_clear) struct attest_references list =
		ATTEST_REFERENCES_INIT;
	bool same = plan->count > 0;

	for (size_t i = 0; i < plan->count; i++) {
		same = same && plan->values[i].platform == plan->values[0].platform;
		if (references_push(&list, &plan->values[i], err) < 0)
			return -1;
	}
	if (same && (plan->values[0].platform == ATTEST_CCA || strlen(plan->authority) < 128))
		return 0;
	return err_set(
		err, EXIT_MALFORMED, "ATTEST-REFERENCE",
		"images of one platform and an authority of at most 127 bytes expected, found "
		"others");
}

unsigned char *corim_write(const struct corim_plan *plan, size_t *size, struct err *err)
{
	size_t room = ROOM_FIXED + plan->count * ROOM_EACH;
	struct encoder comid = {malloc(room), room, 0};
	cleanup_free unsigned char *comid_data = comid.data;
	cleanup_free unsigned char *data = malloc(2 * room);
	struct encoder encoder = {data, 2 * room, 0};
	unsigned char tag_id[TAG_ID] = {0};

	if (!comid.data || !data) {
		no_memory(err);
		return NULL;
	}
	if (check_plan(plan, err) < 0)
		return NULL;
	if (plan->tag_id)
		memcpy(tag_id, plan->tag_id, TAG_ID);
	put_comid(&comid, plan, tag_id);
	if (!plan->tag_id) {
		if (make_tag_id(&comid, tag_id, err) < 0)
			return NULL;
		comid.used = 0;
		put_comid(&comid, plan, tag_id);
	}
	put_tag(&encoder, 501);
	put_map(&encoder, 3);
	put_key(&encoder, 0);
	encoder_put_text(&encoder, plan->id);
	put_key(&encoder, 1);
	put_array(&encoder, 1);
	put_tag(&encoder, 506);
	encoder_put_bytes(&encoder, comid.data, comid.used);
	put_key(&encoder, 3);
	put_profile(&encoder, plan);
	if (encoder.used > encoder.size) {
		err_set(err, EXIT_USAGE, "ATTEST-REFERENCE",
			"an id that fits expected, found a longer one");
		return NULL;
	}
	if (encoder.used > ATTEST_MAX_REFERENCE - ROOM_SIGNATURE) {
		err_set(err, EXIT_MALFORMED, "ATTEST-REFERENCE",
			"a CoRIM of at most %d bytes expected, found %zu",
			ATTEST_MAX_REFERENCE - ROOM_SIGNATURE, encoder.used);
		return NULL;
	}
	*size = encoder.used;
	return steal_ptr(data);
}

/* {1: algorithm, 3: "application/rim+cbor", 8: bytes of {0: {0: name}}} */
static void put_protected(struct encoder *header, int64_t algorithm, const char *name)
{
	unsigned char inner[300];
	struct encoder meta = {inner, sizeof(inner), 0};

	put_map(&meta, 1);
	put_key(&meta, 0);
	put_map(&meta, 1);
	put_key(&meta, 0);
	encoder_put_text(&meta, name);
	put_map(header, 3);
	put_key(header, 1);
	encoder_put(header, ITEM_NEGATIVE, (uint64_t)(-1 - algorithm));
	put_key(header, 3);
	encoder_put_text(header, "application/rim+cbor");
	put_key(header, 8);
	encoder_put_bytes(header, inner, meta.used <= sizeof(inner) ? meta.used : 0);
}

unsigned char *corim_sign(struct slice corim, const struct signing *signing, size_t *size,
			  struct err *err)
{
	int64_t algorithm = cose_algorithm_of(signer_key(signing->key));
	unsigned char protected[512];
	struct encoder header = {protected, sizeof(protected), 0};
	unsigned char signature[COSE_MAX_SIGNATURE];
	struct encoder encoder = {NULL, corim.size + ROOM_SIGNATURE, 0};
	size_t signature_size = 0;

	if (strlen(signing->name) > 256 || algorithm == 0) {
		err_set(err, EXIT_USAGE, "ATTEST-KEY",
			"%s: a name of at most 256 bytes and a key on P-256, P-384, P-521 or "
			"Ed25519 "
			"expected, found another",
			signer_where(signing->key));
		return NULL;
	}
	put_protected(&header, algorithm, signing->name);
	if (cose_sign((struct slice){protected, header.used}, corim, signing->key,
		      signing->random_nonce, signature, &signature_size, err) < 0)
		return NULL;
	encoder.data = malloc(encoder.size);
	if (!encoder.data) {
		no_memory(err);
		return NULL;
	}
	put_tag(&encoder, COSE_SIGN1_TAG);
	put_array(&encoder, 4);
	encoder_put_bytes(&encoder, protected, header.used);
	put_map(&encoder, 0);
	encoder_put_bytes(&encoder, corim.data, corim.size);
	encoder_put_bytes(&encoder, signature, signature_size);
	*size = encoder.used;
	return encoder.data;
}
