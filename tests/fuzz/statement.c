/* DSSE envelopes under a key that signed none of them: all are refused, by name. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#include "../../attest/publish.h"

static const char key_pem[] = "-----BEGIN PUBLIC KEY-----\n"
			      "MCowBQYDK2VwAyEAA6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=\n"
			      "-----END PUBLIC KEY-----\n";

static const char *const names[] = {"ATTEST-", NULL};

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
	return 0;
}

const struct target fuzz_statement = {"statement", run, NULL};
