/*
 * What a log gives out: proofs with their checkpoints, and entries. Refused by name; an entry that
 * is accepted is written again as the same bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#include "../../attest/log.h"

static const char *const names[] = {"ATTEST-", NULL};

static void refused(struct err *err)
{
	if (err->status == EXIT_VERIFY || err->status == EXIT_USAGE)
		err->status = EXIT_MALFORMED;
	fuzz_refused(err, names);
}

static void check_entry(const uint8_t *data, size_t size)
{
	cleanup_json json_t *entry = NULL;
	cleanup_free char *text = NULL;
	struct err err = {0};
	size_t again = 0;

	entry = entry_parse(data, size, 1000, &err);
	if (!entry) {
		refused(&err);
		return;
	}
	text = entry_text(entry, &again, &err);
	if (!text || again != size || memcmp(text, data, size) != 0)
		fuzz_fail("the same entry expected, found another");
}

static int run(const uint8_t *data, size_t size)
{
	/* The key of C2SP's worked example. */
	const struct attest_log_trust trust = {
		.key = "example.org/log+98af023b+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
		.max_age = -1};
	cleanup_free char *text = malloc(size + 1);
	cleanup_json json_t *entry = NULL;
	struct checkpoint checkpoint;
	struct err err = {0};
	struct note_key key;

	if (!text)
		fuzz_fail("no memory");
	memcpy(text, data, size);
	text[size] = '\0';
	if (checkpoint_read(data, size, &checkpoint, &err) < 0)
		refused(&err);
	err = (struct err){0};
	if (note_key_parse(text, &key, &err) < 0)
		refused(&err);
	err = (struct err){0};
	entry = attest_log_prove_check(data, size, &trust, &err);
	if (!entry)
		refused(&err);
	check_entry(data, size);
	return 0;
}

const struct target fuzz_proof = {"proof", run, NULL};
