/*
 * What a log gives out: proofs with their checkpoints, and entries. Refused by name; an entry that
 * is accepted is written again as the same bytes, and a consistency proof leads from one root
 * alone.
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

/* C2SP's worked example. */
static const char older_note[] =
	"example.org/log\n3\npkvybgkSj2/i/m+LLYyAHhZrV8BHp82bK4Ceepai8cs=\n\n"
	"\xe2\x80\x94 example.org/log "
	"mK8CO7M/+pGQsZ/PeDFg1yhvV8zjZHD3gN1CrXMLYRJHmNB7hJBi6dVWThRktb1vhxSiJnglL0apohaYt/"
	"9H5gmO2gM=\n";

/* From the signed checkpoint, and, by whomever it is signed, from a root that the input names. */
static void check_consistency(const uint8_t *data, size_t size,
			      const struct attest_log_trust *trust)
{
	const struct attest_file older = {.data = older_note, .size = sizeof(older_note) - 1};
	struct checkpoint from = {.size = 0};
	struct consistency proof;
	struct err err = {0};
	cleanup_json json_t *said = attest_log_prove_from_check(data, size, &older, trust, &err);

	if (!said)
		refused(&err);
	err = (struct err){0};
	if (consistency_read(data, size, &proof, &err) < 0) {
		refused(&err);
		return;
	}
	from.size = proof.from;
	memcpy(from.root, proof.count > 0 ? proof.nodes[0].hash : proof.newer.root, SHA256_SIZE);
	if (consistency_holds(&proof, &from, &err) < 0) {
		refused(&err);
		return;
	}
	from.root[0] ^= 1;
	if (consistency_holds(&proof, &from, &err) == 0)
		fuzz_fail("one older root expected, found two");
	refused(&err);
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
	check_consistency(data, size, &trust);
	check_entry(data, size);
	return 0;
}

const struct target fuzz_proof = {"proof", run, NULL};
