/*
 * DSSE envelopes under a key that signed none of them: all are refused, by name. And the same bytes
 * as what a known key signed: they count for a release only when they name it and say that it
 * passed.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#include "../../attest/publish.h"

static const char key_pem[] = "-----BEGIN PUBLIC KEY-----\n"
			      "MCowBQYDK2VwAyEAA6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=\n"
			      "-----END PUBLIC KEY-----\n";

static const char *const names[] = {"ATTEST-", NULL};

/* The private one to the other below, of nobody. */
static const char private_pem[] =
	"-----BEGIN PRIVATE KEY-----\n"
	"MC4CAQAwBQYDK2VwBCIEIPn3GZWHNBq022ocW8fHfQxUCkqXiR8gmIx1tn8gAyuf\n"
	"-----END PRIVATE KEY-----\n";
static const char signer_pem[] = "-----BEGIN PUBLIC KEY-----\n"
				 "MCowBQYDK2VwAyEA2R+wxnkTFT2vhxWV3WnyxWjTRtKcWrmko4js7VpExgQ=\n"
				 "-----END PUBLIC KEY-----\n";

/* What the seeds are about, and its SHA-256. */
static const char sums[] = "SHA256SUMS\n";
static const char sums_hex[] = "483073bd2aadbfc7dde7f6f920b96c70cdcfaf89fb8d98defe9510bd42023cce";

static char *sign(const uint8_t *data, size_t size)
{
	struct memory_file file = memory_file_new(private_pem, sizeof(private_pem) - 1);
	struct err err = {0};
	struct signer *signer = signer_open(file.path, NULL, "ATTEST", &err);
	const struct signing signing = {.key = signer, .name = "fuzz"};
	char *envelope;

	if (!signer)
		fuzz_fail("a key expected, found %s", err.text);
	envelope = dsse_sign((struct slice){data, size}, &signing, &err);
	if (!envelope)
		fuzz_fail("a signature expected, found %s", err.text);
	signer_close(signer);
	memory_file_close(&file);
	return envelope;
}

static void check_signed(const uint8_t *data, size_t size)
{
	cleanup_free char *envelope = sign(data, size);
	struct memory_file file = memory_file_new(sums, sizeof(sums) - 1);
	const struct attest_file key = {"key", signer_pem, sizeof(signer_pem) - 1};
	const struct attest_file statement = {"statement", envelope, strlen(envelope)};
	struct err err = {0};
	struct attest_quorum *quorum = attest_quorum_open(file.path, &key, 1, &err);
	size_t found = 0;

	if (!quorum)
		fuzz_fail("a key expected, found %s", err.text);
	if (attest_quorum_add(quorum, &statement, &err) == 0 &&
	    attest_quorum_reached(quorum, 1, &found, &err) == 0) {
		if (found != 1 || !memmem(data, size, sums_hex, sizeof(sums_hex) - 1))
			fuzz_fail("a statement that names the release expected, found %zu others",
				  found);
	} else {
		if (err.status == EXIT_VERIFY)
			err.status = EXIT_MALFORMED;
		fuzz_refused(&err, names);
	}
	attest_quorum_close(quorum);
	memory_file_close(&file);
}

static int run(const uint8_t *data, size_t size)
{
	struct err err = {0};
	EVP_PKEY *key = public_key_read(key_pem, sizeof(key_pem) - 1, "key", &err);
	unsigned char *payload;
	size_t payload_size;

	if (!key)
		fuzz_fail("a key expected, found %s", err.text);
	payload = dsse_open(data, size, "fuzz", key, &payload_size, &err);
	if (payload)
		fuzz_fail("no signature by the key expected, found one");
	if (err.status == EXIT_VERIFY)
		err.status = EXIT_MALFORMED;
	fuzz_refused(&err, names);
	EVP_PKEY_free(key);
	check_signed(data, size);
	return 0;
}

const struct target fuzz_statement = {"statement", run, NULL};
