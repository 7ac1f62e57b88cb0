/*
 * Documents of the Nitro security module: what AWS's attestation_process.md says of their form, the
 * chain of certificates, the signature, and what they measure. Never says a thing about a document
 * before all of it was found good.
 */
#include <string.h>

#include "certificates.h"
#include "cose.h"
#include "evidence.h"
#include "own_errors.h"
#include "text.h"

enum {
	PAYLOAD_MAX = 16384,
	MODULE_ID_MAX = 256,
	FIELD_MAX = 1024,	 /* of user_data, nonce and public_key */
	EMULATOR_ALGORITHM = -1, /* a number that stands for no signature */
	EMULATOR_SIZE = 64	 /* zeros where signature and certificates belong */
};

struct nitro {
	struct cose cose;
	struct cbor module_id;
	uint64_t timestamp; /* milliseconds since 1970 */
	struct attest_values values;
	struct slice certificate;
	struct cbor cabundle;
	struct cbor public_key; /* of these three, kind ITEM_NULL when there is none */
	struct cbor user_data;
	struct cbor nonce;
	bool unsigned_emulator;
};

static int bad_field(const char *field, const char *expected, const struct cbor *found,
		     struct err *err)
{
	bool sized = cbor_is(found, ITEM_BYTES) || cbor_is(found, ITEM_TEXT);

	if (sized)
		return err_set(err, EXIT_MALFORMED, "ATTEST-FIELD",
			       "document: %s: %s expected, found %s of %llu bytes", field, expected,
			       cbor_kind_name(found), (unsigned long long)found->head.value);
	return err_set(err, EXIT_MALFORMED, "ATTEST-FIELD", "document: %s: %s expected, found %s",
		       field, expected, cbor_kind_name(found));
}

/* A field that must be there. */
static int need(const struct cbor *payload, const char *field, struct cbor *value, struct err *err)
{
	if (cbor_member_text(payload, field, value))
		return 0;
	return err_set(err, EXIT_MALFORMED, "ATTEST-FIELD",
		       "document: %s: the field expected, found none", field);
}

static bool is_bytes_of(const struct cbor *value, size_t least, size_t most)
{
	return cbor_is(value, ITEM_BYTES) && value->head.value >= least &&
	       value->head.value <= most;
}

/* What AWS calls optional is there as null. */
static int read_optional(const struct cbor *payload, const char *field, size_t least,
			 struct cbor *value, struct err *err)
{
	*value = (struct cbor){.head = {.kind = ITEM_NULL}};
	if (!cbor_member_text(payload, field, value) || cbor_is(value, ITEM_NULL) ||
	    is_bytes_of(value, least, FIELD_MAX))
		return 0;
	return bad_field(field, "null or bytes, at most 1024,", value, err);
}

static int read_pcr(struct nitro *nitro, const struct cbor *index, const struct cbor *value,
		    struct err *err)
{
	if (!cbor_is(index, ITEM_NUMBER) || index->head.value >= ATTEST_PCRS)
		return bad_field("pcrs", "numbers below 32 as keys", index, err);
	if (!is_bytes_of(value, SHA384_SIZE, SHA384_SIZE))
		return bad_field("pcrs", "48 bytes for each", value, err);
	memcpy(nitro->values.pcr[index->head.value].data, value->head.data, SHA384_SIZE);
	nitro->values.pcr[index->head.value].size = SHA384_SIZE;
	return 0;
}

static int read_pcrs(struct nitro *nitro, const struct cbor *payload, struct err *err)
{
	struct cbor value;
	struct cbor pcrs;
	struct cbor key;

	if (need(payload, "pcrs", &pcrs, err) < 0)
		return -1;
	if (!cbor_is(&pcrs, ITEM_MAP) || pcrs.head.value < 1 || pcrs.head.value > ATTEST_PCRS)
		return bad_field("pcrs", "a map of 1 to 32", &pcrs, err);
	for (size_t i = 0; cbor_pair(&pcrs, i, &key, &value); i++)
		if (read_pcr(nitro, &key, &value, err) < 0)
			return -1;
	return 0;
}

static int read_certificates(struct nitro *nitro, const struct cbor *payload, struct err *err)
{
	struct cbor value;

	if (need(payload, "certificate", &value, err) < 0 ||
	    need(payload, "cabundle", &nitro->cabundle, err) < 0)
		return -1;
	if (!is_bytes_of(&value, 1, CERTIFICATE_MAX_SIZE))
		return bad_field("certificate", "1 to 1024 bytes", &value, err);
	nitro->certificate = (struct slice){value.head.data, (size_t)value.head.value};
	if (!cbor_is(&nitro->cabundle, ITEM_ARRAY) || nitro->cabundle.head.value < 1 ||
	    nitro->cabundle.head.value > CERTIFICATES_MAX)
		return bad_field("cabundle", "an array of 1 to 8", &nitro->cabundle, err);
	for (size_t i = 0; cbor_element(&nitro->cabundle, i, &value); i++)
		if (!is_bytes_of(&value, 1, CERTIFICATE_MAX_SIZE))
			return bad_field("cabundle", "1 to 1024 bytes for each", &value, err);
	return 0;
}

static bool is_plain(const struct cbor *text)
{
	for (uint64_t i = 0; i < text->head.value; i++)
		if (text->head.data[i] <= 0x20 || text->head.data[i] >= 0x7f)
			return false;
	return true;
}

static int read_fixed(struct nitro *nitro, const struct cbor *payload, struct err *err)
{
	struct cbor value;

	if (need(payload, "module_id", &nitro->module_id, err) < 0)
		return -1;
	if (!cbor_is(&nitro->module_id, ITEM_TEXT) || nitro->module_id.head.value < 1 ||
	    nitro->module_id.head.value > MODULE_ID_MAX || !is_plain(&nitro->module_id))
		return bad_field("module_id", "a word of ASCII, at most 256,", &nitro->module_id,
				 err);
	if (need(payload, "digest", &value, err) < 0)
		return -1;
	if (!cbor_is_text(&value, "SHA384"))
		return bad_field("digest", "\"SHA384\"", &value, err);
	if (need(payload, "timestamp", &value, err) < 0)
		return -1;
	if (!cbor_is(&value, ITEM_NUMBER) || value.head.value < 1 ||
	    value.head.value > (uint64_t)INT64_MAX)
		return bad_field("timestamp", "a number above 0", &value, err);
	nitro->timestamp = value.head.value;
	return 0;
}

/* A field that is not known might change what the others mean. */
static int refuse_others(const struct cbor *payload, struct err *err)
{
	static const char *const fields[] = {"module_id",  "digest",	  "timestamp",
					     "pcrs",	   "certificate", "cabundle",
					     "public_key", "user_data",	  "nonce"};
	struct cbor value;
	struct cbor key;

	for (size_t i = 0; cbor_pair(payload, i, &key, &value); i++) {
		bool known = false;

		for (size_t k = 0; k < sizeof(fields) / sizeof(fields[0]); k++)
			known = known || cbor_is_text(&key, fields[k]);
		if (!known)
			return err_set(
				err, EXIT_MALFORMED, "ATTEST-FIELD",
				"document: the nine fields of an attestation document expected, "
				"found another, the %zu. of them",
				i + 1);
	}
	return 0;
}

static int read_payload(struct nitro *nitro, struct err *err)
{
	struct slice bytes = nitro->cose.payload;
	struct cbor payload;

	if (bytes.size < 1 || bytes.size > PAYLOAD_MAX)
		return err_set(err, EXIT_MALFORMED, "ATTEST-FIELD",
			       "document: a payload of 1 to %d bytes expected, found %zu",
			       PAYLOAD_MAX, bytes.size);
	if (cbor_open(bytes.data, bytes.size, "document: payload", &payload, err) < 0)
		return -1;
	if (!cbor_is(&payload, ITEM_MAP))
		return bad_field("payload", "a map", &payload, err);
	if (refuse_others(&payload, err) < 0 || read_fixed(nitro, &payload, err) < 0 ||
	    read_pcrs(nitro, &payload, err) < 0 || read_certificates(nitro, &payload, err) < 0 ||
	    read_optional(&payload, "public_key", 1, &nitro->public_key, err) < 0 ||
	    read_optional(&payload, "user_data", 0, &nitro->user_data, err) < 0)
		return -1;
	return read_optional(&payload, "nonce", 0, &nitro->nonce, err);
}

static bool is_zero(struct slice bytes)
{
	for (size_t i = 0; i < bytes.size; i++)
		if (bytes.data[i])
			return false;
	return true;
}

static bool is_blank(struct slice bytes)
{
	return bytes.size == EMULATOR_SIZE && is_zero(bytes);
}

/* What QEMU writes where a signature belongs, and nothing that merely resembles it. */
static int check_emulator(const struct nitro *nitro, const struct attest_expectation *expectation,
			  struct err *err)
{
	struct cbor only = {.head = {.kind = ITEM_OTHER}};
	struct slice authority = {NULL, 0};

	if (!expectation->accept_unsigned_emulator_documents)
		return err_set(
			err, EXIT_VERIFY, "ATTEST-UNSIGNED",
			"document: algorithm -35 (ES384) expected, found -1: an emulator's, which "
			"nobody signed");
	if (cbor_element(&nitro->cabundle, 0, &only))
		authority = (struct slice){only.head.data, (size_t)only.head.value};
	if (nitro->cabundle.head.value == 1 && is_blank(authority) &&
	    is_blank(nitro->certificate) && is_blank(nitro->cose.signature))
		return 0;
	return err_set(
		err, EXIT_MALFORMED, "ATTEST-UNSIGNED",
		"document: 64 zeros for signature and certificates with algorithm -1 expected, "
		"found others");
}

static int check_chain(const struct nitro *nitro, const struct attest_expectation *expectation,
		       int64_t at, struct err *err)
{
	cleanup_with(certificates_clear) struct certificates chain = CERTIFICATES_INIT;
	struct slice root = {expectation->root, expectation->root_size};
	struct cbor value;
	EVP_PKEY *key;

	if (certificates_add(&chain, nitro->certificate, err) < 0)
		return -1;
	for (size_t i = (size_t)nitro->cabundle.head.value; i-- > 0;) {
		cbor_element(&nitro->cabundle, i, &value);
		if (certificates_add(&chain,
				     (struct slice){value.head.data, (size_t)value.head.value},
				     err) < 0)
			return -1;
	}
	if (certificates_expect_root(&chain, root, err) < 0 ||
	    certificates_check(&chain, at, err) < 0)
		return -1;
	key = X509_get0_pubkey(chain.list[0]);
	return cose_check(&nitro->cose, key, "document", err);
}

static int check_signer(struct nitro *nitro, const struct attest_expectation *expectation,
			int64_t at, struct err *err)
{
	nitro->unsigned_emulator = nitro->cose.algorithm == EMULATOR_ALGORITHM;
	if (nitro->unsigned_emulator)
		return check_emulator(nitro, expectation, err);
	if (nitro->cose.algorithm != COSE_ES384)
		return err_set(err, EXIT_VERIFY, "ATTEST-ALGORITHM",
			       "document: COSE_Sign1: algorithm -35 (ES384) expected, found %lld",
			       (long long)nitro->cose.algorithm);
	return check_chain(nitro, expectation, at, err);
}

static int check_age(const struct nitro *nitro, const struct attest_expectation *expectation,
		     struct err *err)
{
	int64_t then = (int64_t)(nitro->timestamp / 1000);
	int64_t now = expectation->now;
	char now_text[32];
	char text[32];

	if (expectation->at_document_time ||
	    (then <= now ? now - then : then - now) <= expectation->max_age)
		return 0;
	time_text(then, text);
	time_text(now, now_text);
	return err_set(err, EXIT_VERIFY, "ATTEST-TIME",
		       "document: a timestamp within %lld seconds of %s expected, found %s",
		       (long long)expectation->max_age, now_text, text);
}

static int check_nonce(const struct nitro *nitro, const struct attest_expectation *expectation,
		       struct err *err)
{
	struct slice expected = {expectation->nonce, expectation->nonce_size};
	struct slice found = {nitro->nonce.head.data, (size_t)nitro->nonce.head.value};

	if (!expectation->nonce)
		return 0;
	if (cbor_is(&nitro->nonce, ITEM_BYTES) && slice_same(expected, found))
		return 0;
	return err_set(err, EXIT_VERIFY, "ATTEST-NONCE",
		       "document: nonce: the %zu bytes that were sent expected, found %s",
		       expected.size, cbor_is(&nitro->nonce, ITEM_BYTES) ? "others" : "none");
}

/* In debug mode the hypervisor signs zeros for what it would have measured. */
static int check_debug(const struct nitro *nitro, struct err *err)
{
	for (int i = 0; i < 3; i++) {
		const struct attest_digest *pcr = &nitro->values.pcr[i];

		if (pcr->size == 0)
			return err_set(
				err, EXIT_MALFORMED, "ATTEST-FIELD",
				"document: pcrs: PCR0, PCR1 and PCR2 expected, found no PCR%d", i);
		if (is_zero((struct slice){pcr->data, pcr->size}))
			return err_set(
				err, EXIT_VERIFY, "ATTEST-DEBUG",
				"document: PCR%d: a measurement expected, found zeros: the enclave "
				"was started in debug mode",
				i);
	}
	return 0;
}

static json_t *pcrs_json(const struct attest_values *values)
{
	json_t *pcrs = json_object();
	char name[16];

	for (unsigned i = 0; pcrs && i < ATTEST_PCRS; i++) {
		struct slice value = {values->pcr[i].data, values->pcr[i].size};

		snprintf(name, sizeof(name), "PCR%u", i);
		/* PCRs that nobody used are zero; they tell nothing. */
		if (value.size > 0 && !is_zero(value))
			json_object_set_new(pcrs, name, hex_json(value));
	}
	return pcrs;
}

static const char *freshness(const struct attest_expectation *expectation)
{
	if (expectation->nonce)
		return "nonce";
	return expectation->at_document_time ? "none" : "timestamp";
}

static json_t *report(const struct nitro *nitro, const struct attest_expectation *expectation,
		      struct err *err)
{
	json_t *json;
	char time[32];

	time_text((int64_t)(nitro->timestamp / 1000), time);
	json = json_pack("{s:b, s:s, s:s, s:s, s:s%, s:s, s:o, s:o, s:o, s:o}", "Verified", 1,
			 "Platform", "aws-nitro", "Signer",
			 nitro->unsigned_emulator ? "nobody"
			 : expectation->root	  ? "given root"
						  : "AWS",
			 "Freshness", freshness(expectation), "ModuleId",
			 (const char *)nitro->module_id.head.data,
			 (size_t)nitro->module_id.head.value, "Timestamp", time, "Measurements",
			 pcrs_json(&nitro->values), "UserData", evidence_bytes(&nitro->user_data),
			 "Nonce", evidence_bytes(&nitro->nonce), "PublicKey",
			 evidence_bytes(&nitro->public_key));
	if (!json)
		no_memory(err);
	return json;
}

json_t *nitro_verify(const struct cbor *document, const struct attest_expectation *expectation,
		     struct err *err)
{
	struct nitro nitro = {.values.platform = ATTEST_NITRO};
	int64_t at = expectation->now;

	if (cose_read(document, "document", &nitro.cose, err) < 0 ||
	    cose_expect_bare(&nitro.cose, "document", err) < 0 || read_payload(&nitro, err) < 0)
		return NULL;
	if (expectation->at_document_time)
		at = (int64_t)(nitro.timestamp / 1000);
	if (check_signer(&nitro, expectation, at, err) < 0 ||
	    check_age(&nitro, expectation, err) < 0 || check_nonce(&nitro, expectation, err) < 0 ||
	    check_debug(&nitro, err) < 0 ||
	    evidence_match(&nitro.values, expectation->references, at, err) < 0)
		return NULL;
	return report(&nitro, expectation, err);
}
