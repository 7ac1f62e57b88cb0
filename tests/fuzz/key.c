/*
 * Keys, public and private: PEM as it is, or DER that gets its PEM here. Refused by name, or a
 * public key is the same again when it is written, and what a private key signs is good under the
 * public one of its own.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/pem.h>

#include "fuzz.h"

#include "../../attest/cose.h"
#include "../../attest/publish.h"

static const char *const names[] = {"ATTEST-", NULL};

/* What the first byte of an input says of the others; anything else: they are PEM. */
static const char *const kinds[] = {"PUBLIC KEY", "PRIVATE KEY", "EC PRIVATE KEY"};

static char *to_pem(const char *kind, const uint8_t *data, size_t size, size_t *pem_size)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *pem;
	long length;
	char *at;

	if (!bio || PEM_write_bio(bio, kind, "", data, (long)size) < 0)
		fuzz_fail("PEM expected");
	length = BIO_get_mem_data(bio, &at);
	pem = malloc((size_t)length + 1);
	if (!pem)
		fuzz_fail("no memory");
	memcpy(pem, at, (size_t)length);
	*pem_size = (size_t)length;
	BIO_free(bio);
	return pem;
}

static void check_public(const void *pem, size_t size)
{
	struct err err = {0};
	EVP_PKEY *key = public_key_read(pem, size, "fuzz", &err);
	BIO *bio = BIO_new(BIO_s_mem());
	EVP_PKEY *again;
	long length;
	char *at;

	if (!key) {
		fuzz_refused(&err, names);
		BIO_free(bio);
		return;
	}
	if (!bio || PEM_write_bio_PUBKEY(bio, key) != 1)
		fuzz_fail("a key that can be written expected");
	length = BIO_get_mem_data(bio, &at);
	again = public_key_read(at, (size_t)length, "again", &err);
	if (!again || EVP_PKEY_eq(key, again) != 1)
		fuzz_fail("the same key again expected, found %s", err.text);
	EVP_PKEY_free(again);
	EVP_PKEY_free(key);
	BIO_free(bio);
}

static void check_signing(const struct signer *signer)
{
	static const unsigned char payload[] = "{}";
	const struct signing signing = {.key = signer, .name = "fuzz", .random_nonce = true};
	struct err err = {0};
	cleanup_free char *envelope =
		dsse_sign((struct slice){payload, sizeof(payload) - 1}, &signing, &err);
	cleanup_free unsigned char *opened = NULL;
	size_t size = 0;

	if (!envelope)
		fuzz_fail("a signature expected, found %s", err.text);
	opened = dsse_open(envelope, strlen(envelope), "fuzz", signer_key(signer), &size, &err);
	if (!opened || size != sizeof(payload) - 1)
		fuzz_fail("a signature that is good expected, found %s", err.text);
}

/* Who signs has the key: what is wrong with it is no input of somebody else's. */
static void check_private(const void *pem, size_t size)
{
	struct memory_file file = memory_file_new(pem, size);
	struct err err = {0};
	struct signer *signer = signer_open(file.path, NULL, "ATTEST", &err);

	if (!signer) {
		if (err.status == EXIT_ENVIRONMENT)
			err.status = EXIT_MALFORMED;
		fuzz_refused(&err, (const char *const[]){"ATTEST-KEY", "FILE-SIZE", NULL});
	} else if (cose_algorithm_of(signer_key(signer)) != 0) {
		check_signing(signer);
	}
	signer_close(signer);
	memory_file_close(&file);
}

static int run(const uint8_t *data, size_t size)
{
	cleanup_free char *pem = NULL;

	if (size > 0 && data[0] < sizeof(kinds) / sizeof(kinds[0])) {
		pem = to_pem(kinds[data[0]], data + 1, size - 1, &size);
		data = (const uint8_t *)pem;
	}
	check_public(data, size);
	check_private(data, size);
	return 0;
}

const struct target fuzz_key = {"key", run, NULL};
