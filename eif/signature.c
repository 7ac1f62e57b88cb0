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

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "chain.h"
#include "items.h"
#include "measure.h"

/* An array of integers below 256 becomes the bytes they stand for. */
static int next_bytes(struct items *items, unsigned char **bytes, size_t *size, struct err *err)
{
	cleanup_free unsigned char *data = NULL;
	struct item item;
	size_t count;

	if (items_next(items, ITEM_ARRAY, "an array of bytes", &item, err) < 0)
		return -1;
	if (item.value > items->left)
		return items_unexpected(items, "no more elements than there are bytes", err);
	count = (size_t)item.value;
	data = malloc(count + 1);
	if (!data)
		return err_errno(err, "MEMORY", "signature");
	for (size_t i = 0; i < count; i++) {
		if (items_next(items, ITEM_NUMBER, "an integer", &item, err) < 0)
			return -1;
		if (item.value > 255)
			return items_unexpected(items, "an integer below 256", err);
		data[i] = (unsigned char)item.value;
	}
	free(*bytes);
	*bytes = steal_ptr(data);
	*size = count;
	return 0;
}

static int next_signature(struct items *items, struct eif_signature *signature, struct err *err)
{
	struct item item;

	if (items_next(items, ITEM_MAP, "a map", &item, err) < 0)
		return -1;
	if (item.value != 2)
		return items_unexpected(items, "a map of two members", err);
	for (int i = 0; i < 2; i++) {
		if (items_next(items, ITEM_TEXT, "a member's name", &item, err) < 0)
			return -1;
		if (item_is_text(&item, "signing_certificate") && !signature->certificate) {
			if (next_bytes(items, &signature->certificate, &signature->certificate_size,
				       err) < 0)
				return -1;
		} else if (item_is_text(&item, "signature") && !signature->cose) {
			if (next_bytes(items, &signature->cose, &signature->cose_size, err) < 0)
				return -1;
		} else {
			return items_unexpected(
				items, "signing_certificate and signature, once each", err);
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

size_t signature_encode(const struct eif_signature *signature, unsigned char *out, size_t room)
{
	struct encoder encoder = {out, room, 0};

	encoder_put(&encoder, ITEM_ARRAY, 1);
	encoder_put(&encoder, ITEM_MAP, 2);
	encoder_put_text(&encoder, "signing_certificate");
	encoder_put_integers(&encoder, signature->certificate, signature->certificate_size);
	encoder_put_text(&encoder, "signature");
	encoder_put_integers(&encoder, signature->cose, signature->cose_size);
	return encoder.used;
}

/* Reading takes members in any order and items of any length; what they mean has one usual form. */
static int note_form(struct eif_signature *signature, const void *data, size_t size,
		     struct err *err)
{
	cleanup_free unsigned char *again = malloc(size);

	if (!again)
		return err_errno(err, "MEMORY", "signature");
	signature->usual =
		signature_encode(signature, again, size) == size && memcmp(again, data, size) == 0;
	return 0;
}

/* Later elements are checked for their shape; like AWS's reader we take the first one only. */
int eif_signature_parse(const void *data, size_t size, struct eif_signature *signature,
			struct err *err)
{
	cleanup_with(eif_signature_clear) struct eif_signature first = EIF_SIGNATURE_INIT;
	struct items items = {"EIF-SIGNATURE", "signature", data, data, size};
	struct item item;

	if (items_next(&items, ITEM_ARRAY, "an array", &item, err) < 0)
		return -1;
	if (item.value < 1)
		return items_unexpected(&items, "at least one signature", err);
	for (uint64_t i = 0; i < item.value; i++) {
		cleanup_with(eif_signature_clear) struct eif_signature other = EIF_SIGNATURE_INIT;

		if (next_signature(&items, i == 0 ? &first : &other, err) < 0)
			return -1;
	}
	if (items.left > 0)
		return items_unexpected(&items, "the end of the section", err);
	if (note_form(&first, data, size, err) < 0)
		return -1;
	first.count = (size_t)item.value;
	*signature = first;
	first = EIF_SIGNATURE_INIT;
	return 0;
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
	OWN_ERRORS;
	cleanup_with(cleanup_bio_at) BIO *bio = NULL;
	cleanup_with(cleanup_x509_at) X509 *x509 = NULL;
	cleanup_with(cleanup_der_at) unsigned char *der = NULL;
	int der_size = -1;

	if (size <= EIF_MAX_SIGNATURE)
		bio = BIO_new_mem_buf(pem, (int)size);
	if (bio)
		x509 = certificate_read(bio);
	if (x509)
		der_size = i2d_X509(x509, &der);
	if (der_size < 0)
		return err_set(err, EXIT_MALFORMED, "EIF-SIGNATURE",
			       "signature: signing_certificate: a certificate in PEM expected, "
			       "found none");
	return measure_bytes(der, (size_t)der_size, pcr8, err);
}
