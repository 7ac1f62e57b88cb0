/*
 * Evidence of any kind: refused by name, or the report of a document that nobody signed or of the
 * one token whose platform key is known here. AWS's root has signed nothing else that is among the
 * seeds.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#include "../../attest/room.h"

/* Of tests/attest/golden/cca_platform.pub, a test key of TF-RMM. */
static const char platform_key[] =
	"-----BEGIN PUBLIC KEY-----\n"
	"MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEIShnxS4rlQiwpCCpBWDzlNLfqiG911FP\n"
	"8akBr+fh94uxHU5m+Kijivp2r2oxxN6MhM4tr8mWQli1P61xh3T0ViDREbF26DGO\n"
	"EYfbAjWjGNN7pZf+6A4OTHYqEryz6m7U\n"
	"-----END PUBLIC KEY-----\n";

static const char *const names[] = {"ATTEST-", NULL};

static void check(const uint8_t *data, size_t size, bool emulators)
{
	struct attest_values values = {.platform = ATTEST_CCA, .rim.size = 32};
	const struct attest_references references = {&values, 1};
	const struct attest_expectation expectation = {
		.references = &references,
		.platform_key = platform_key,
		.platform_key_size = sizeof(platform_key) - 1,
		.at_document_time = true,
		.accept_debug_platform = true,
		.accept_unsigned_emulator_documents = emulators,
	};
	cleanup_json json_t *report = NULL;
	cleanup_free char *text = NULL;
	struct err err = {0};

	report = attest_verify(data, size, &expectation, &err);
	if (!report) {
		if (err.status == EXIT_VERIFY)
			err.status = EXIT_MALFORMED;
		fuzz_refused(&err, names);
		return;
	}
	text = json_dumps(report, 0);
	if (!text)
		fuzz_fail("a report that is JSON expected");
	if (strstr(text, "aws-nitro"))
		fuzz_fail("no reference for a Nitro enclave expected, found one accepted");
}

static int run(const uint8_t *data, size_t size)
{
	check(data, size, false);
	check(data, size, true);
	return 0;
}

const struct target fuzz_evidence = {"evidence", run, NULL};
