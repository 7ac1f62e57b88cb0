/*
 * COSE_Sign1 around PCR0. Whatever is read is written again and compared, so that r and s have one
 * form; that r and n - s are as good is ECDSA's nature. Never accepts what AWS's signer does not
 * write.
 *
 * The payload is a map {"register_index": 0, "register_value": [48 integers]}
 * (aws-nitro-enclaves-image-format, src/defs/mod.rs, PcrInfo).
 */
#include "cose.h"

#include <string.h>

#include "items.h"

static const struct algorithm algorithms[] = {
	{"ES256", -7, "prime256v1", "SHA256", 64},
	{"ES384", -35, "secp384r1", "SHA384", 96},
	{"ES512", -36, "secp521r1", "SHA512", 132},
};

enum { ALGORITHMS = sizeof(algorithms) / sizeof(algorithms[0]), HEADER_ALGORITHM = 1 };

const struct algorithm *algorithm_of_curve(const char *curve)
{
	for (size_t i = 0; i < ALGORITHMS; i++)
		if (strcmp(algorithms[i].curve, curve) == 0)
			return &algorithms[i];
	return NULL;
}

size_t cose_payload(const unsigned char pcr0[SHA384_SIZE], unsigned char *out)
{
	struct encoder encoder = {out, COSE_MAX_PAYLOAD, 0};

	encoder_put(&encoder, ITEM_MAP, 2);
	encoder_put_text(&encoder, "register_index");
	encoder_put(&encoder, ITEM_NUMBER, 0);
	encoder_put_text(&encoder, "register_value");
	encoder_put_integers(&encoder, pcr0, SHA384_SIZE);
	return encoder.used;
}

static void put_protected(struct encoder *encoder, const struct algorithm *algorithm)
{
	unsigned char header[8];
	struct encoder inner = {header, sizeof(header), 0};

	encoder_put(&inner, ITEM_MAP, 1);
	encoder_put(&inner, ITEM_NUMBER, HEADER_ALGORITHM);
	encoder_put(&inner, ITEM_NEGATIVE, (uint64_t)(-1 - algorithm->number));
	encoder_put_bytes(encoder, header, inner.used);
}

/* Sig_structure (RFC 9052, section 4.4), without external data. */
size_t cose_tbs(const struct cose *cose, unsigned char *out)
{
	struct encoder encoder = {out, COSE_MAX_TBS, 0};

	encoder_put(&encoder, ITEM_ARRAY, 4);
	encoder_put_text(&encoder, "Signature1");
	put_protected(&encoder, cose->algorithm);
	encoder_put_bytes(&encoder, NULL, 0);
	encoder_put_bytes(&encoder, cose->payload, cose->payload_size);
	return encoder.used;
}

size_t cose_encode(const struct cose *cose, unsigned char *out)
{
	struct encoder encoder = {out, COSE_MAX_SIZE, 0};

	encoder_put(&encoder, ITEM_ARRAY, 4);
	put_protected(&encoder, cose->algorithm);
	encoder_put(&encoder, ITEM_MAP, 0);
	encoder_put_bytes(&encoder, cose->payload, cose->payload_size);
	encoder_put_bytes(&encoder, cose->signature, cose->signature_size);
	return encoder.used;
}

static struct items open_items(const char *what, const unsigned char *data, size_t size)
{
	return (struct items){"EIF-COSE", what, data, data, size};
}

static int decode_protected(const struct item *header, const struct algorithm **algorithm,
			    struct err *err)
{
	struct items items = open_items("signature: COSE_Sign1: protected header", header->data,
					(size_t)header->value);
	struct item item;

	if (items_next(&items, ITEM_MAP, "a map", &item, err) < 0)
		return -1;
	if (item.value != 1)
		return items_unexpected(&items, "one member, the algorithm,", err);
	if (items_next(&items, ITEM_NUMBER, "1, the algorithm,", &item, err) < 0)
		return -1;
	if (item.value != HEADER_ALGORITHM)
		return items_unexpected(&items, "1, the algorithm,", err);
	if (items_next(&items, ITEM_NEGATIVE, "a negative number below 256", &item, err) < 0)
		return -1;
	if (item.value > UINT8_MAX)
		return items_unexpected(&items, "a negative number below 256", err);
	if (items.left > 0)
		return items_unexpected(&items, "the end", err);
	for (size_t i = 0; i < ALGORITHMS; i++)
		if (item.value == (uint64_t)(-1 - algorithms[i].number))
			*algorithm = &algorithms[i];
	if (*algorithm)
		return 0;
	return err_set(err, EXIT_VERIFY, "EIF-SIGNATURE-ALGORITHM",
		       "signature: COSE_Sign1: algorithm -7, -35 or -36 (ECDSA) expected, found "
		       "%d",
		       -1 - (int)item.value);
}

static int decode_parts(struct items *items, struct cose *cose, struct err *err)
{
	struct item item;

	if (items_next(items, ITEM_ARRAY, "an array without a tag", &item, err) < 0)
		return -1;
	if (item.value != 4)
		return items_unexpected(items, "four elements", err);
	if (items_next(items, ITEM_BYTES, "the protected header as bytes", &item, err) < 0 ||
	    decode_protected(&item, &cose->algorithm, err) < 0 ||
	    items_next(items, ITEM_MAP, "the other header, a map", &item, err) < 0)
		return -1;
	if (item.value != 0)
		return items_unexpected(items, "an empty map", err);
	if (items_next(items, ITEM_BYTES, "the payload as bytes", &item, err) < 0)
		return -1;
	cose->payload = item.data;
	cose->payload_size = (size_t)item.value;
	if (items_next(items, ITEM_BYTES, "the signature as bytes", &item, err) < 0)
		return -1;
	cose->signature = item.data;
	cose->signature_size = (size_t)item.value;
	return items->left > 0 ? items_unexpected(items, "the end", err) : 0;
}

int cose_decode(const unsigned char *data, size_t size, struct cose *cose, struct err *err)
{
	struct items items = open_items("signature: COSE_Sign1", data, size);
	unsigned char again[COSE_MAX_SIZE];

	*cose = (struct cose){.algorithm = NULL};
	if (decode_parts(&items, cose, err) < 0)
		return -1;
	if (cose->signature_size != cose->algorithm->size)
		return err_set(err, EXIT_MALFORMED, "EIF-COSE",
			       "signature: COSE_Sign1: a signature of %zu bytes for %s expected, "
			       "found %zu",
			       cose->algorithm->size, cose->algorithm->name, cose->signature_size);
	if (size > COSE_MAX_SIZE || cose_encode(cose, again) != size ||
	    memcmp(again, data, size) != 0)
		return err_set(
			err, EXIT_MALFORMED, "EIF-COSE",
			"signature: COSE_Sign1: every item in its shortest form and a payload "
			"about PCR0 expected, found %zu bytes of another form",
			size);
	return 0;
}

static int decode_payload(struct items *items, unsigned char value[SHA384_SIZE], struct err *err)
{
	struct item item;

	if (items_next(items, ITEM_MAP, "a map", &item, err) < 0)
		return -1;
	if (item.value != 2)
		return items_unexpected(items, "two members", err);
	if (items_next(items, ITEM_TEXT, "register_index", &item, err) < 0)
		return -1;
	if (!item_is_text(&item, "register_index"))
		return items_unexpected(items, "register_index", err);
	if (items_next(items, ITEM_NUMBER, "register 0", &item, err) < 0)
		return -1;
	if (item.value != 0)
		return items_unexpected(items, "register 0", err);
	if (items_next(items, ITEM_TEXT, "register_value", &item, err) < 0)
		return -1;
	if (!item_is_text(&item, "register_value"))
		return items_unexpected(items, "register_value", err);
	if (items_next(items, ITEM_ARRAY, "an array", &item, err) < 0)
		return -1;
	if (item.value != SHA384_SIZE)
		return items_unexpected(items, "48 integers", err);
	for (size_t i = 0; i < SHA384_SIZE; i++) {
		if (items_next(items, ITEM_NUMBER, "an integer", &item, err) < 0)
			return -1;
		if (item.value > 255)
			return items_unexpected(items, "an integer below 256", err);
		value[i] = (unsigned char)item.value;
	}
	return items->left > 0 ? items_unexpected(items, "the end", err) : 0;
}

/* The comparison decides; what differs is found out for the message alone. */
int cose_check_payload(const struct cose *cose, const unsigned char pcr0[SHA384_SIZE],
		       struct err *err)
{
	struct items items = open_items("signature: payload", cose->payload, cose->payload_size);
	unsigned char expected[COSE_MAX_PAYLOAD];
	unsigned char value[SHA384_SIZE];
	size_t size = cose_payload(pcr0, expected);
	char found_hex[HASH_MAX_HEX];
	char hex[HASH_MAX_HEX];

	if (size == cose->payload_size && memcmp(expected, cose->payload, size) == 0)
		return 0;
	if (decode_payload(&items, value, err) < 0)
		return -1;
	hash_hex(pcr0, SHA384_SIZE, hex);
	hash_hex(value, SHA384_SIZE, found_hex);
	if (memcmp(value, pcr0, SHA384_SIZE) == 0)
		return err_set(
			err, EXIT_MALFORMED, "EIF-COSE",
			"signature: payload: every item in its shortest form expected, found "
			"another");
	return err_set(err, EXIT_VERIFY, "EIF-SIGNATURE-PCR",
		       "signature: payload: PCR0 %s of this image expected, found %s", hex,
		       found_hex);
}
