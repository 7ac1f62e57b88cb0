/*
 * Signatures: AWS's own are good, each change of them is refused by name, nonces are those of RFC
 * 6979. Reads golden/ below the folder tests, which is the current one; writes to /tmp only.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "../../eif/cose.h"
#include "items.h"
#include "../../eif/key.h"
#include "outfile.h"

#define GOLDEN "eif/golden/aws-eif/"

enum { YEAR_2019 = 1546300800, YEAR_2026 = 1767225600 };
static const int64_t year_2019 = YEAR_2019;
static const int64_t year_2026 = YEAR_2026;
static const int64_t year_2121 = INT64_C(4765132800);

static struct eif_image load(const char *path)
{
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct eif_image image;
	struct err err = {0};

	assert_true(fd >= 0);
	assert_int_equal(eif_read(fd, path, NULL, &image, &err), 0);
	return image;
}

static void expect_good(const struct eif_image *image, const struct eif_signature_check *check,
			const char *algorithm)
{
	struct eif_signer signer;
	struct err err = {0};

	if (eif_signature_verify(image, check, &signer, &err) < 0)
		fail_msg("%s: %s", err.name, err.text);
	assert_string_equal(signer.algorithm, algorithm);
}

static void expect_bad(const struct eif_image *image, const struct eif_signature_check *check,
		       const char *name, int status)
{
	struct eif_signer signer;
	struct err err = {0};

	assert_int_equal(eif_signature_verify(image, check, &signer, &err), -1);
	if (strcmp(err.name, name) != 0)
		fail_msg("%s expected, found %s: %s", name, err.name, err.text);
	assert_int_equal(err.status, status);
}

static struct eif_signature_check expecting(const char *path, const int64_t *at)
{
	struct eif_signature_check check = {.at = at};
	struct err err = {0};

	check.certificate = read_small_file(path, EIF_MAX_SIGNATURE, &check.certificate_size, &err);
	assert_non_null(check.certificate);
	return check;
}

static void drop(struct eif_signature_check *check)
{
	free((void *)(uintptr_t)check->certificate);
}
#define cleanup_check  cleanup_with(drop) struct eif_signature_check
#define cleanup_loaded cleanup_with(eif_image_clear) struct eif_image

static void test_aws_signatures(void **state)
{
	static const char *const files[][3] = {
		{GOLDEN "08-signed-p384.eif", GOLDEN "test-p384.cert.pem", "ES384"},
		{GOLDEN "10-signed-p256.eif", GOLDEN "test-p256.cert.pem", "ES256"},
		{GOLDEN "26-sign-after-build.eif", GOLDEN "test-p384.cert.pem", "ES384"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		cleanup_loaded image = load(files[i][0]);
		cleanup_check check = expecting(files[i][1], &year_2026);
		cleanup_check other = expecting(GOLDEN "test-p384-b.cert.pem", NULL);

		expect_good(&image, &check, files[i][2]);
		expect_bad(&image, &other, "EIF-CERTIFICATE-OTHER", EXIT_VERIFY);
		check.at = &year_2019;
		expect_bad(&image, &check, "EIF-CERTIFICATE-EARLY", EXIT_VERIFY);
		check.at = &year_2121;
		expect_bad(&image, &check, "EIF-CERTIFICATE-EXPIRED", EXIT_VERIFY);
		check.at = NULL;
		expect_good(&image, &check, files[i][2]);
		image.measurements.pcr[0][47] ^= 1;
		expect_bad(&image, &check, "EIF-SIGNATURE-PCR", EXIT_VERIFY);
		image.measurements.pcr[0][47] ^= 1;
		image.signature.count = 2;
		expect_bad(&image, &check, "EIF-SIGNATURE-COUNT", EXIT_VERIFY);
	}
}

static void test_unsigned(void **state)
{
	static const struct eif_signature_check any = {.at = NULL};
	cleanup_loaded image = load(GOLDEN "02-two-ramdisks.eif");

	(void)state;
	expect_bad(&image, &any, "EIF-UNSIGNED", EXIT_VERIFY);
}

static void test_every_bit_counts(void **state)
{
	static const struct eif_signature_check any = {.at = NULL};
	cleanup_loaded image = load(GOLDEN "10-signed-p256.eif");
	struct eif_signer signer;

	(void)state;
	for (size_t bit = 0; bit < 8 * image.signature.cose_size; bit++) {
		unsigned char mask = (unsigned char)(1u << bit % 8);
		struct err err = {0};

		image.signature.cose[bit / 8] ^= mask;
		assert_int_equal(eif_signature_verify(&image, &any, &signer, &err), -1);
		image.signature.cose[bit / 8] ^= mask;
	}
	for (size_t size = image.signature.cose_size; size-- > 0;) {
		image.signature.cose_size = size;
		expect_bad(&image, &any, "EIF-COSE", EXIT_MALFORMED);
	}
}

/* Another COSE_Sign1 around the same certificate. */
static void expect_cose(const unsigned char *cose, size_t size, const char *name, int status)
{
	static const struct eif_signature_check any = {.at = NULL};
	cleanup_loaded image = load(GOLDEN "08-signed-p384.eif");

	free(image.signature.cose);
	image.signature.cose = malloc(size + 1);
	assert_non_null(image.signature.cose);
	memcpy(image.signature.cose, cose, size);
	image.signature.cose_size = size;
	expect_bad(&image, &any, name, status);
}

/*
 * The golden COSE_Sign1 begins with 84 (array of 4), 44 (4 bytes), a1013822 ({1: -35}), a0 ({}),
 * 587e (126 bytes of payload); 5860 and 96 bytes of signature end it. Replaces size bytes at
 * offset.
 */
static void expect_replaced(size_t offset, size_t size, const char *with, size_t with_size,
			    const char *name, int status)
{
	cleanup_loaded image = load(GOLDEN "08-signed-p384.eif");
	const struct eif_signature *signature = &image.signature;
	unsigned char cose[1024];

	assert_int_equal(signature->cose_size, 233);
	memcpy(cose, signature->cose, offset);
	memcpy(cose + offset, with, with_size);
	memcpy(cose + offset + with_size, signature->cose + offset + size,
	       signature->cose_size - offset - size);
	expect_cose(cose, signature->cose_size - size + with_size, name, status);
}

#define REPLACED(offset, size, with, name, status)                                                 \
	expect_replaced(offset, size, with, sizeof(with) - 1, name, status)

static void test_other_forms(void **state)
{
	(void)state;
	REPLACED(0, 0, "\xd2", "EIF-COSE", EXIT_MALFORMED);	    /* the tag of COSE_Sign1 */
	REPLACED(0, 1, "\x9f", "EIF-COSE", EXIT_MALFORMED);	    /* indefinite length */
	REPLACED(0, 1, "\x98\x04", "EIF-COSE", EXIT_MALFORMED);	    /* 4 in two bytes */
	REPLACED(0, 1, "\x83", "EIF-COSE", EXIT_MALFORMED);	    /* three elements */
	REPLACED(0, 1, "\x85", "EIF-COSE", EXIT_MALFORMED);	    /* five */
	REPLACED(1, 5, "\x40", "EIF-COSE", EXIT_MALFORMED);	    /* no protected header */
	REPLACED(1, 5, "\x41\xa0", "EIF-COSE", EXIT_MALFORMED);	    /* an empty one */
	REPLACED(1, 5, "\x44\x64text", "EIF-COSE", EXIT_MALFORMED); /* text */
	REPLACED(1, 5, "\x44\xa1\x02\x38\x22", "EIF-COSE", EXIT_MALFORMED); /* crit, no alg */
	REPLACED(1, 5, "\x46\xa2\x01\x38\x22\x02\x80", "EIF-COSE", EXIT_MALFORMED);
	REPLACED(1, 5, "\x45\xa1\x01\x38\x22\x00", "EIF-COSE", EXIT_MALFORMED);	    /* trailing */
	REPLACED(1, 5, "\x45\xa1\x18\x01\x38\x22", "EIF-COSE", EXIT_MALFORMED);	    /* 1, longer */
	REPLACED(1, 5, "\x43\xa1\x01\x05", "EIF-COSE", EXIT_MALFORMED);		    /* HMAC */
	REPLACED(1, 5, "\x43\xa1\x01\x27", "EIF-SIGNATURE-ALGORITHM", EXIT_VERIFY); /* EdDSA */
	REPLACED(1, 5, "\x44\xa1\x01\x38\x24", "EIF-SIGNATURE-ALGORITHM", EXIT_VERIFY); /* PS256 */
	REPLACED(1, 5, "\x43\xa1\x01\x26", "EIF-COSE", EXIT_MALFORMED); /* ES256: 96 bytes */
	REPLACED(6, 1, "\xa1\x04\x40", "EIF-COSE", EXIT_MALFORMED);	/* a key id */
	REPLACED(6, 1, "\x80", "EIF-COSE", EXIT_MALFORMED);		/* array, no map */
	REPLACED(7, 128, "\xf6", "EIF-COSE", EXIT_MALFORMED);		/* detached payload */
	REPLACED(7, 128, "\x40", "EIF-COSE", EXIT_MALFORMED);		/* empty payload */
	REPLACED(7, 128, "\x41\xa0", "EIF-COSE", EXIT_MALFORMED);	/* an empty map */
	REPLACED(25, 1, "\x01", "EIF-COSE", EXIT_MALFORMED);		/* PCR1 */
	REPLACED(135, 98, "\x40", "EIF-COSE", EXIT_MALFORMED);		/* no signature */
	REPLACED(233, 0, "\x00", "EIF-COSE", EXIT_MALFORMED);		/* trailing byte */
	REPLACED(232, 1, "\x00", "EIF-SIGNATURE-BAD", EXIT_VERIFY);
	expect_cose((const unsigned char *)"", 0, "EIF-COSE", EXIT_MALFORMED);
}

/* Whoever can change the section can put another certificate in: PCR8 tells, and so do we. */
static void test_other_certificates(void **state)
{
	static const struct {
		const char *path;
		const char *name;
		int status;
	} cases[] = {
		{"test-p384-b.cert.pem", "EIF-SIGNATURE-BAD", EXIT_VERIFY},
		{"test-p384-expired.cert.pem", "EIF-SIGNATURE-BAD", EXIT_VERIFY},
		{"test-p256.cert.pem", "EIF-SIGNATURE-ALGORITHM", EXIT_VERIFY},
		{"test-p521.cert.pem", "EIF-SIGNATURE-ALGORITHM", EXIT_VERIFY},
		{"test-rsa2048.cert.pem", "EIF-SIGNATURE-ALGORITHM", EXIT_VERIFY},
		{"cases.json", "EIF-CERTIFICATE", EXIT_MALFORMED},
	};
	static const struct eif_signature_check any = {.at = NULL};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cleanup_loaded image = load(GOLDEN "08-signed-p384.eif");
		struct err err = {0};
		char path[128];

		snprintf(path, sizeof(path), GOLDEN "%s", cases[i].path);
		free(image.signature.certificate);
		image.signature.certificate =
			read_small_file(path, 1 << 20, &image.signature.certificate_size, &err);
		assert_non_null(image.signature.certificate);
		expect_bad(&image, &any, cases[i].name, cases[i].status);
	}
}

/* The golden certificate's DER, with something behind it or in longer lengths, in PEM again. */
static size_t pem_of(const unsigned char *der, size_t size, unsigned char **pem)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long used;

	assert_true(PEM_write_bio(bio, "CERTIFICATE", "", der, (long)size) > 0);
	used = BIO_get_mem_data(bio, &text);
	*pem = malloc((size_t)used);
	assert_non_null(*pem);
	memcpy(*pem, text, (size_t)used);
	BIO_free(bio);
	return (size_t)used;
}

static void expect_der(const unsigned char *der, size_t size, bool good)
{
	static const struct eif_signature_check any = {.at = NULL};
	cleanup_loaded image = load(GOLDEN "08-signed-p384.eif");
	struct eif_signature *signature = &image.signature;
	unsigned char pcr8[SHA384_SIZE];
	struct err err = {0};

	free(signature->certificate);
	signature->certificate_size = pem_of(der, size, &signature->certificate);
	assert_int_equal(eif_certificate_pcr8(signature->certificate, signature->certificate_size,
					      pcr8, &err),
			 good ? 0 : -1);
	if (good) {
		assert_memory_equal(pcr8, image.measurements.pcr8, SHA384_SIZE);
		expect_good(&image, &any, "ES384");
	} else {
		assert_string_equal(err.name, "EIF-SIGNATURE");
		expect_bad(&image, &any, "EIF-CERTIFICATE", EXIT_MALFORMED);
	}
}

/* PCR8 is of the bytes in the PEM, so they must be what OpenSSL read. */
static void test_certificate_bytes(void **state)
{
	cleanup_loaded image = load(GOLDEN "08-signed-p384.eif");
	BIO *bio =
		BIO_new_mem_buf(image.signature.certificate, (int)image.signature.certificate_size);
	X509 *x509 = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	unsigned char der[4096];
	unsigned char *end = der;
	size_t size = (size_t)i2d_X509(x509, &end);

	(void)state;
	assert_true(size > 256 && size + 1 < sizeof(der));
	expect_der(der, size, true);
	der[size] = 0;
	expect_der(der, size + 1, false);
	assert_int_equal(der[1], 0x82);
	memmove(der + 3, der + 2, size - 2);
	der[1] = 0x83;
	der[2] = 0;
	expect_der(der, size + 1, false);
	X509_free(x509);
	BIO_free(bio);
}

/* RFC 6979, appendix A.2.5 to A.2.7: keys and signatures of "sample", with the curve's own hash. */
static const struct {
	const char *curve;
	const char *key; /* ECPrivateKey (RFC 5915) */
	const char *signature;
} known[] = {
	{"prime256v1",
	 "30310201010420"
	 "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721"
	 "a00a06082a8648ce3d030107",
	 "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
	 "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"},
	{"secp384r1",
	 "303e0201010430"
	 "6b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba"
	 "9aa47740787137d896d5724e4c70a825f872c9ea60d2edf5"
	 "a00706052b81040022",
	 "94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa7"
	 "3d64c4ea95ad133c81a648152e44acf96e36dd1e80fabe46"
	 "99ef4aeb15f178cea1fe40db2603138f130e740a19624526"
	 "203b6351d0a3a94fa329c145786e679e7b82c71a38628ac8"},
	{"secp521r1",
	 "30500201010442"
	 "00fad06daa62ba3b25d2fb40133da757205de67f5bb0018fee8c86e1b68c7e75ca"
	 "a896eb32f1f47c70855836a6d16fcc1466f6d8fbec67db89ec0c08b0e996b83538"
	 "a00706052b81040023",
	 "00c328fafcbd79dd77850370c46325d987cb525569fb63c5d3bc53950e6d4c5f17"
	 "4e25a1ee9017b5d450606add152b534931d7d4e8455cc91f9b15bf05ec36e377fa"
	 "00617cce7cf5064806c467f678d3b4080d6f1cc50af26ca209417308281b68af28"
	 "2623eaa63e5b5c0723d8b8c37ff0777b1a20f8ccb1dccc43997f1ee0e44da4a67a"},
};

static size_t unhex(const char *hex, unsigned char *out)
{
	size_t size = strlen(hex) / 2;

	for (size_t i = 0; i < size; i++) {
		unsigned byte;

		assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
		out[i] = (unsigned char)byte;
	}
	return size;
}

static struct eif_key *open_known(size_t i)
{
	unsigned char der[128];
	unsigned char base64[256];
	char path[] = "/tmp/test_signature.XXXXXX";
	int fd = mkstemp(path);
	struct err err = {0};
	struct eif_key *key;

	assert_true(fd >= 0);
	EVP_EncodeBlock(base64, der, (int)unhex(known[i].key, der));
	dprintf(fd, "-----BEGIN EC PRIVATE KEY-----\n%.64s\n%s\n-----END EC PRIVATE KEY-----\n",
		(char *)base64, (char *)base64 + 64);
	close(fd);
	key = eif_key_open(path, NULL, &err);
	unlink(path);
	if (!key)
		fail_msg("%s: %s", err.name, err.text);
	return key;
}

static void test_nonces(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		const struct algorithm *algorithm = algorithm_of_curve(known[i].curve);
		struct eif_key *key = open_known(i);
		unsigned char signature[COSE_MAX_SIGNATURE];
		unsigned char expected[COSE_MAX_SIGNATURE];
		struct err err = {0};

		assert_non_null(algorithm);
		assert_int_equal(unhex(known[i].signature, expected), algorithm->size);
		assert_int_equal(key_sign(key, algorithm, false, "sample", 6, signature, &err), 0);
		assert_memory_equal(signature, expected, algorithm->size);
		assert_int_equal(key_sign(key, algorithm, true, "sample", 6, signature, &err), 0);
		assert_memory_not_equal(signature, expected, algorithm->size);
		eif_key_close(key);
	}
}

/* Sig_structure as RFC 9052 has it, written out. */
static void test_bytes_to_sign(void **state)
{
	cleanup_loaded image = load(GOLDEN "08-signed-p384.eif");
	cleanup_check check = expecting(GOLDEN "test-p384.cert.pem", &year_2026);
	struct eif_signing signing = {.certificate = check.certificate,
				      .certificate_size = check.certificate_size,
				      .certificate_path = "certificate",
				      .at = check.at};
	static const char head[] = "\x84\x6aSignature1\x44\xa1\x01\x38\x22\x40\x58\x7e";
	cleanup_close int fd = open(GOLDEN "02-two-ramdisks.eif", O_RDONLY | O_CLOEXEC);
	struct eif_signer signer;
	struct err err = {0};
	size_t size = 0;
	cleanup_free unsigned char *bytes =
		eif_sign_bytes(fd, "image", &signing, &size, &signer, &err);

	(void)state;
	assert_non_null(bytes);
	assert_int_equal(size, sizeof(head) - 1 + 126);
	assert_memory_equal(bytes, head, sizeof(head) - 1);
	assert_memory_equal(bytes + sizeof(head) - 1, image.signature.cose + 9, 126);
	assert_string_equal(signer.subject, "CN=eif golden p384,O=Golden Test,C=US");
	assert_int_equal(signer.certificates, 1);
	assert_int_equal(signer.not_before, INT64_C(1577836800));
	assert_int_equal(signer.not_after, INT64_C(4733510400));
}

/* The golden certificate and COSE_Sign1 in a section of another form. */
static void expect_section(const unsigned char *section, size_t size, bool good)
{
	static const struct eif_signature_check any = {.at = NULL};
	cleanup_loaded image = load(GOLDEN "08-signed-p384.eif");
	struct err err = {0};

	eif_signature_clear(&image.signature);
	assert_int_equal(eif_signature_parse(section, size, &image.signature, &err), 0);
	if (good)
		expect_good(&image, &any, "ES384");
	else
		expect_bad(&image, &any, "EIF-SIGNATURE", EXIT_MALFORMED);
}

static void test_sections(void **state)
{
	cleanup_loaded image = load(GOLDEN "08-signed-p384.eif");
	const struct eif_signature *signature = &image.signature;
	unsigned char bytes[8192];
	struct encoder swapped = {bytes, sizeof(bytes), 0};
	size_t size = signature_encode(signature, bytes, sizeof(bytes));
	unsigned char longer[8192];

	(void)state;
	assert_true(size < sizeof(bytes));
	expect_section(bytes, size, true);
	longer[0] = 0x98; /* an array of 1, which 0x81 says in one byte */
	memcpy(longer + 1, bytes, size);
	longer[1] = 1;
	expect_section(longer, size + 1, false);
	encoder_put(&swapped, ITEM_ARRAY, 1);
	encoder_put(&swapped, ITEM_MAP, 2);
	encoder_put_text(&swapped, "signature");
	encoder_put_integers(&swapped, signature->cose, signature->cose_size);
	encoder_put_text(&swapped, "signing_certificate");
	encoder_put_integers(&swapped, signature->certificate, signature->certificate_size);
	expect_section(bytes, swapped.used, false);
}

/* OpenSSL's errors of our making are gone, the one that the caller had is not. */
static void test_error_queue(void **state)
{
	static const struct eif_signature_check any = {.at = NULL};
	static const struct eif_signature_check garbage = {.certificate = "x",
							   .certificate_size = 1};
	cleanup_loaded image = load(GOLDEN "08-signed-p384.eif");
	struct eif_key *key = open_known(0);
	unsigned char signature[COSE_MAX_SIGNATURE];
	unsigned char pcr8[SHA384_SIZE];
	struct eif_signer signer;
	unsigned long error;
	struct err err = {0};

	(void)state;
	ERR_clear_error();
	for (int full = 0; full < 2; full++) {
		if (full)
			ERR_raise(ERR_LIB_USER, 1);
		error = ERR_peek_error();
		expect_good(&image, &any, "ES384");
		assert_null(eif_key_open(GOLDEN "test-p384.cert.pem", NULL, &err));
		assert_int_equal(eif_certificate_pcr8("x", 1, pcr8, &err), -1);
		assert_int_equal(eif_signature_verify(&image, &garbage, &signer, &err), -1);
		assert_int_equal(key_sign(key, algorithm_of_curve("prime256v1"), false, "x", 1,
					  signature, &err),
				 0);
		image.measurements.pcr[0][0] ^= 1;
		expect_bad(&image, &any, "EIF-SIGNATURE-PCR", EXIT_VERIFY);
		image.measurements.pcr[0][0] ^= 1;
		image.signature.cose[232] ^= 1;
		expect_bad(&image, &any, "EIF-SIGNATURE-BAD", EXIT_VERIFY);
		image.signature.cose[232] ^= 1;
		assert_int_equal(ERR_peek_error(), error);
		assert_int_equal(ERR_peek_last_error(), error);
	}
	ERR_clear_error();
	eif_key_close(key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_aws_signatures),	   cmocka_unit_test(test_unsigned),
		cmocka_unit_test(test_every_bit_counts),   cmocka_unit_test(test_other_forms),
		cmocka_unit_test(test_other_certificates), cmocka_unit_test(test_nonces),
		cmocka_unit_test(test_bytes_to_sign),	   cmocka_unit_test(test_certificate_bytes),
		cmocka_unit_test(test_error_queue),	   cmocka_unit_test(test_sections),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
