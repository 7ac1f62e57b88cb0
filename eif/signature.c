/*
 * The signature section: which certificate an image claims to be signed with. Takes it apart item
 * by item, so that no length in it is ever allocated. Never checks the signature.
 *
 * Shape (aws-nitro-enclaves-image-format, src/utils/eif_signer.rs): an array of maps
 * {"signing_certificate": PEM, "signature": COSE_Sign1}, both as arrays of small integers.
 */
#include "room.h"

#include <errno.h>
#include <string.h>

#include <cbor.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "measure.h"

enum kind { KIND_OTHER, KIND_NUMBER, KIND_TEXT, KIND_ARRAY, KIND_MAP };

struct item {
	enum kind kind;
	uint64_t value;	  /* a number, or how many bytes, elements or pairs follow */
	const char *text; /* of a text string: value bytes, not terminated */
};

struct cursor {
	const unsigned char *start;
	const unsigned char *at;
	size_t left;
};

static void on_u8(void *context, uint8_t value)
{
	*(struct item *)context = (struct item){.kind = KIND_NUMBER, .value = value};
}

static void on_u16(void *context, uint16_t value)
{
	*(struct item *)context = (struct item){.kind = KIND_NUMBER, .value = value};
}

static void on_u32(void *context, uint32_t value)
{
	*(struct item *)context = (struct item){.kind = KIND_NUMBER, .value = value};
}

static void on_u64(void *context, uint64_t value)
{
	*(struct item *)context = (struct item){.kind = KIND_NUMBER, .value = value};
}

static void on_text(void *context, cbor_data text, size_t size)
{
	*(struct item *)context =
		(struct item){.kind = KIND_TEXT, .value = size, .text = (const char *)text};
}

static void on_array(void *context, size_t count)
{
	*(struct item *)context = (struct item){.kind = KIND_ARRAY, .value = count};
}

static void on_map(void *context, size_t count)
{
	*(struct item *)context = (struct item){.kind = KIND_MAP, .value = count};
}

static int bad_signature(const struct cursor *cursor, const char *expected, struct err *err)
{
	return err_set(err, EXIT_MALFORMED, "EIF-SIGNATURE",
		       "signature: byte %td: %s expected, found something else",
		       cursor->at - cursor->start, expected);
}

/* The next item's head, if it is of the kind. */
static int next(struct cursor *cursor, enum kind kind, const char *expected, struct item *item,
		struct err *err)
{
	struct cbor_callbacks callbacks = cbor_empty_callbacks;
	struct cbor_decoder_result result;

	callbacks.uint8 = on_u8;
	callbacks.uint16 = on_u16;
	callbacks.uint32 = on_u32;
	callbacks.uint64 = on_u64;
	callbacks.string = on_text;
	callbacks.array_start = on_array;
	callbacks.map_start = on_map;
	*item = (struct item){.kind = KIND_OTHER};
	result = cbor_stream_decode(cursor->at, cursor->left, &callbacks, item);
	if (result.status != CBOR_DECODER_FINISHED || item->kind != kind)
		return bad_signature(cursor, expected, err);
	cursor->at += result.read;
	cursor->left -= result.read;
	return 0;
}

/* An array of integers below 256 becomes the bytes they stand for. */
static int next_bytes(struct cursor *cursor, unsigned char **bytes, size_t *size, struct err *err)
{
	cleanup_free unsigned char *data = NULL;
	struct item item;
	size_t count;

	if (next(cursor, KIND_ARRAY, "an array of bytes", &item, err) < 0)
		return -1;
	if (item.value > cursor->left)
		return bad_signature(cursor, "no more elements than there are bytes", err);
	count = (size_t)item.value;
	data = malloc(count + 1);
	if (!data)
		return err_errno(err, "MEMORY", "signature");
	for (size_t i = 0; i < count; i++) {
		if (next(cursor, KIND_NUMBER, "an integer", &item, err) < 0)
			return -1;
		if (item.value > 255)
			return bad_signature(cursor, "an integer below 256", err);
		data[i] = (unsigned char)item.value;
	}
	free(*bytes);
	*bytes = steal_ptr(data);
	*size = count;
	return 0;
}

static bool is_text(const struct item *item, const char *text)
{
	return item->value == strlen(text) && memcmp(item->text, text, strlen(text)) == 0;
}

static int next_signature(struct cursor *cursor, struct eif_signature *signature, struct err *err)
{
	struct item item;

	if (next(cursor, KIND_MAP, "a map", &item, err) < 0)
		return -1;
	if (item.value != 2)
		return bad_signature(cursor, "a map of two members", err);
	for (int i = 0; i < 2; i++) {
		if (next(cursor, KIND_TEXT, "a member's name", &item, err) < 0)
			return -1;
		if (is_text(&item, "signing_certificate") && !signature->certificate) {
			if (next_bytes(cursor, &signature->certificate,
				       &signature->certificate_size, err) < 0)
				return -1;
		} else if (is_text(&item, "signature") && !signature->cose) {
			if (next_bytes(cursor, &signature->cose, &signature->cose_size, err) < 0)
				return -1;
		} else {
			return bad_signature(cursor, "signing_certificate and signature, once each",
					     err);
		}
	}
	return 0;
}

void eif_signature_clear(struct eif_signature *signature)
{
	free(signature->certificate);
	free(signature->cose);
	*signature = EIF_SIGNATURE_INIT;
}

/* Later elements are checked for their shape; like AWS's reader we take the first one only. */
int eif_signature_parse(const void *data, size_t size, struct eif_signature *signature,
			struct err *err)
{
	cleanup_with(eif_signature_clear) struct eif_signature first = EIF_SIGNATURE_INIT;
	struct cursor cursor = {.start = data, .at = data, .left = size};
	struct item item;

	if (next(&cursor, KIND_ARRAY, "an array", &item, err) < 0)
		return -1;
	if (item.value < 1)
		return bad_signature(&cursor, "at least one signature", err);
	for (uint64_t i = 0; i < item.value; i++) {
		cleanup_with(eif_signature_clear) struct eif_signature other = EIF_SIGNATURE_INIT;

		if (next_signature(&cursor, i == 0 ? &first : &other, err) < 0)
			return -1;
	}
	if (cursor.left > 0)
		return bad_signature(&cursor, "the end of the section", err);
	*signature = first;
	first = EIF_SIGNATURE_INIT;
	return 0;
}

/* Encrypted PEM would make OpenSSL ask for a passphrase on the terminal. */
static int no_passphrase(char *text, int size, int writing, void *context)
{
	(void)text;
	(void)size;
	(void)writing;
	(void)context;
	return -1;
}

static void cleanup_bio_at(BIO **bio)
{
	BIO_free(*bio);
}

static void cleanup_x509_at(X509 **x509)
{
	X509_free(*x509);
}

static void cleanup_der_at(unsigned char **der)
{
	OPENSSL_free(*der);
}

int eif_certificate_pcr8(const void *pem, size_t size, unsigned char pcr8[SHA384_SIZE],
			 struct err *err)
{
	cleanup_with(cleanup_bio_at) BIO *bio = NULL;
	cleanup_with(cleanup_x509_at) X509 *x509 = NULL;
	cleanup_with(cleanup_der_at) unsigned char *der = NULL;
	int der_size = -1;

	if (size <= EIF_MAX_SIGNATURE)
		bio = BIO_new_mem_buf(pem, (int)size);
	if (bio)
		x509 = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL);
	if (x509)
		der_size = i2d_X509(x509, &der);
	if (der_size < 0)
		return err_set(err, EXIT_MALFORMED, "EIF-SIGNATURE",
			       "signature: signing_certificate: a certificate in PEM expected, "
			       "found none");
	return measure_bytes(der, (size_t)der_size, pcr8, err);
}
