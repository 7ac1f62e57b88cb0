/*
 * Chains of certificates, each behind its length in two bytes, the leaf first: refused by name, or
 * each is OpenSSL's word the issuer of the one before it, at a time in its own validity. The root
 * is whatever stands at the end, since AWS's has signed nothing that is not among the seeds.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "fuzz.h"

#include "../../attest/certificates.h"

static const char *const names[] = {"ATTEST-", NULL};

/* When AWS's document among the seeds was made, in seconds since 1970. */
enum { AT = 1726588800 };

static void refused(struct err *err)
{
	if (err->status == EXIT_VERIFY)
		err->status = EXIT_MALFORMED;
	fuzz_refused(err, names);
}

/* The last one as PEM, for which there is room. */
static size_t root_pem(const struct certificates *chain, char *pem, size_t room)
{
	BIO *bio = BIO_new(BIO_s_mem());
	int size = 0;

	if (bio && PEM_write_bio_X509(bio, chain->list[chain->count - 1]) == 1)
		size = BIO_read(bio, pem, (int)room);
	BIO_free(bio);
	return size > 0 ? (size_t)size : 0;
}

static void check_issuers(const struct certificates *chain)
{
	for (size_t i = 0; i + 1 < chain->count; i++) {
		if (X509_verify(chain->list[i], X509_get0_pubkey(chain->list[i + 1])) != 1)
			fuzz_fail("certificate %zu: a signature of the next one expected", i);
		if (X509_NAME_cmp(X509_get_issuer_name(chain->list[i]),
				  X509_get_subject_name(chain->list[i + 1])) != 0)
			fuzz_fail("certificate %zu: the next one's name expected", i);
	}
	for (size_t i = 0; i < chain->count; i++) {
		time_t at = AT;

		if (X509_cmp_time(X509_get0_notBefore(chain->list[i]), &at) > 0 ||
		    X509_cmp_time(X509_get0_notAfter(chain->list[i]), &at) < 0)
			fuzz_fail("certificate %zu: one that is valid expected", i);
	}
}

static int take(struct certificates *chain, const uint8_t *data, size_t size, struct err *err)
{
	while (size >= 2 && chain->count <= CERTIFICATES_MAX) {
		size_t length = (size_t)data[0] << 8 | data[1];

		data += 2;
		size -= 2;
		if (length > size)
			length = size;
		if (certificates_add(chain, (struct slice){data, length}, err) < 0)
			return -1;
		data += length;
		size -= length;
	}
	return 0;
}

static int run(const uint8_t *data, size_t size)
{
	cleanup_with(certificates_clear) struct certificates chain = CERTIFICATES_INIT;
	char pem[4096];
	struct err err = {0};
	size_t pem_size;

	if (take(&chain, data, size, &err) < 0) {
		refused(&err);
		return 0;
	}
	if (chain.count == 0)
		return 0;
	if (certificates_expect_root(&chain, (struct slice){NULL, 0}, &err) < 0)
		refused(&err);
	err = (struct err){0};
	pem_size = root_pem(&chain, pem, sizeof(pem));
	if (pem_size > 0 &&
	    certificates_expect_root(&chain, (struct slice){(unsigned char *)pem, pem_size}, &err) <
		    0)
		refused(&err);
	err = (struct err){0};
	if (certificates_check(&chain, AT, &err) < 0)
		refused(&err);
	else
		check_issuers(&chain);
	return 0;
}

const struct target fuzz_certificates = {"certificates", run, NULL};
