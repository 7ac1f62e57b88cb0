/* Evidence of any kind: finds out which it is. Never tries a second kind when one was refused. */
#include <ctype.h>
#include <string.h>

#include "cose.h"
#include "evidence.h"
#include "text.h"

json_t *evidence_bytes(const struct cbor *value)
{
	if (!cbor_is(value, ITEM_BYTES))
		return json_null();
	return hex_json((struct slice){value->head.data, (size_t)value->head.value});
}

/* Evidence often travels as base64, whose letters no document or token begins with. */
static unsigned char *decode_text(const char *text, size_t size, size_t *decoded_size,
				  struct err *err)
{
	cleanup_free char *packed = malloc(size + 1);
	unsigned char *data;
	size_t used = 0;

	if (!packed) {
		no_memory(err);
		return NULL;
	}
	for (size_t i = 0; i < size; i++)
		if (!isspace((unsigned char)text[i]))
			packed[used++] = text[i];
	data = base64_decode(packed, used, decoded_size);
	if (!data)
		err_set(err, EXIT_MALFORMED, "ATTEST-EVIDENCE",
			"evidence: a Nitro attestation document or a CCA token, as bytes or in "
			"base64, "
			"expected, found neither");
	return data;
}

static json_t *verify_bytes(const void *data, size_t size,
			    const struct attest_expectation *expectation, struct err *err)
{
	struct cbor root;

	if (cbor_open(data, size, "evidence", &root, err) < 0)
		return NULL;
	if (cbor_is(&root, ITEM_TAG) && root.head.value != COSE_SIGN1_TAG)
		return cca_verify(&root, expectation, err);
	return nitro_verify(&root, expectation, err);
}

json_t *attest_verify(const void *evidence, size_t size,
		      const struct attest_expectation *expectation, struct err *err)
{
	const unsigned char *bytes = evidence;
	cleanup_free unsigned char *decoded = NULL;
	size_t decoded_size = 0;

	if (size == 0 || size > ATTEST_MAX_EVIDENCE) {
		err_set(err, EXIT_MALFORMED, "ATTEST-EVIDENCE",
			"evidence: 1 to %d bytes expected, found %zu", ATTEST_MAX_EVIDENCE, size);
		return NULL;
	}
	if (bytes[0] >= 0x80)
		return verify_bytes(evidence, size, expectation, err);
	decoded = decode_text(evidence, size, &decoded_size, err);
	return decoded ? verify_bytes(decoded, decoded_size, expectation, err) : NULL;
}
