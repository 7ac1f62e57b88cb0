/*
 * The signature section alone, which lies behind all the rest: taken apart and verified as that of
 * the image whose signature is among the seeds. What is found good must be bad for another PCR0.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#include "../../eif/room.h"
#include "items.h"

/* PCR0 of tests/eif/golden/aws-eif/08-signed-p384.eif. */
static const unsigned char pcr0[SHA384_SIZE] = {
	0x8d, 0xab, 0xef, 0x41, 0x90, 0x4a, 0xdb, 0x12, 0xac, 0x55, 0x45, 0x31,
	0xae, 0xa4, 0x98, 0x40, 0x56, 0x6b, 0x83, 0x31, 0x9e, 0x58, 0x1f, 0x93,
	0x95, 0x5c, 0x59, 0xd8, 0xc4, 0xc4, 0xf4, 0x0d, 0xcb, 0xc5, 0x74, 0x83,
	0xbe, 0xf1, 0xc7, 0xe6, 0x47, 0xc7, 0x2e, 0x27, 0x08, 0x0a, 0xbb, 0xac,
};

static const char *const names[] = {"EIF-SIGNATURE", "EIF-COSE", "EIF-CERTIFICATE", NULL};

static int verify(struct eif_image *image)
{
	static const struct eif_signature_check any = {.at = NULL};
	struct eif_signer signer;
	struct err err = {0};

	if (eif_signature_verify(image, &any, &signer, &err) == 0)
		return 0;
	/* What is well-formed and not good ends otherwise than what is malformed. */
	if (err.status == EXIT_VERIFY)
		err.status = EXIT_MALFORMED;
	fuzz_refused(&err, names);
	return -1;
}

static int run(const uint8_t *data, size_t size)
{
	struct eif_image image = EIF_IMAGE_INIT;
	struct err err = {0};

	memcpy(image.measurements.pcr[0], pcr0, sizeof(pcr0));
	if (eif_signature_parse(data, size, &image.signature, &err) < 0 ||
	    eif_certificate_pcr8(image.signature.certificate, image.signature.certificate_size,
				 image.measurements.pcr8, &err) < 0) {
		fuzz_refused(&err, names);
	} else if (verify(&image) == 0) {
		image.measurements.pcr[0][0] ^= 1;
		if (verify(&image) == 0)
			fuzz_fail("a signature of one PCR0 is accepted for another");
	}
	eif_image_clear(&image);
	return 0;
}

/* Changes certificate or COSE_Sign1 as bytes, which stand in the section as arrays of integers. */
static size_t mutate(uint8_t *data, size_t size, size_t max, struct dice *dice)
{
	cleanup_with(eif_signature_clear) struct eif_signature signature = EIF_SIGNATURE_INIT;
	cleanup_free uint8_t *room = malloc(max);
	struct encoder encoder = {data, max, 0};
	bool which = dice_throw(dice, 4) == 0;
	struct err err = {0};
	size_t used;

	if (!room || dice_throw(dice, 8) == 0 ||
	    eif_signature_parse(data, size, &signature, &err) < 0 ||
	    signature.certificate_size > max || signature.cose_size > max)
		return dice->bytes(data, size, max);
	used = which ? signature.certificate_size : signature.cose_size;
	memcpy(room, which ? signature.certificate : signature.cose, used);
	used = dice->bytes(room, used, max);
	encoder_put(&encoder, ITEM_ARRAY, 1);
	encoder_put(&encoder, ITEM_MAP, 2);
	encoder_put_text(&encoder, "signing_certificate");
	encoder_put_integers(&encoder, which ? room : signature.certificate,
			     which ? used : signature.certificate_size);
	encoder_put_text(&encoder, "signature");
	encoder_put_integers(&encoder, which ? signature.cose : room,
			     which ? signature.cose_size : used);
	return encoder.used <= max ? encoder.used : dice->bytes(data, max, max);
}

const struct target fuzz_signature = {"signature", run, mutate};
