/* Signatures from one form to the other, through OpenSSL. Never decides whether one is good. */
#include "ecdsa.h"

#include <openssl/ec.h>

#include "own_errors.h"

enum { LONGEST = 2 * 66 }; /* r and s of P-521 */

static void cleanup_signature_at(ECDSA_SIG **signature)
{
	ECDSA_SIG_free(*signature);
}

int ecdsa_to_der(const unsigned char *raw, size_t size, unsigned char **der)
{
	OWN_ERRORS;
	cleanup_with(cleanup_signature_at) ECDSA_SIG *parts = ECDSA_SIG_new();
	int half = size <= LONGEST ? (int)size / 2 : 0;
	BIGNUM *r = BN_bin2bn(raw, half, NULL);
	BIGNUM *s = BN_bin2bn(raw + half, half, NULL);

	if (!parts || !r || !s || !ECDSA_SIG_set0(parts, r, s)) {
		BN_free(r);
		BN_free(s);
		return -1;
	}
	return i2d_ECDSA_SIG(parts, der);
}

bool ecdsa_from_der(const unsigned char *der, size_t der_size, unsigned char *raw, size_t size)
{
	OWN_ERRORS;
	cleanup_with(cleanup_signature_at) ECDSA_SIG *parts = NULL;
	const unsigned char *end = der;
	int half = size <= LONGEST ? (int)size / 2 : 0;

	/* Each number may have a sign's byte more, and the heads of three items. */
	if (der_size <= LONGEST + 16)
		parts = d2i_ECDSA_SIG(NULL, &end, (long)der_size);
	return parts && end == der + der_size &&
	       BN_bn2binpad(ECDSA_SIG_get0_r(parts), raw, half) == half &&
	       BN_bn2binpad(ECDSA_SIG_get0_s(parts), raw + half, half) == half;
}
