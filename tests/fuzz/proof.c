/*
 * What a log gives out: proofs with their checkpoints, and entries, to a reader who remembers a
 * checkpoint. Refused by name; an entry that is accepted is written again as the same bytes, a
 * consistency proof leads from one root alone, and remembered is what was accepted. Makes a folder,
 * in memory, and removes it at the end of each run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "outfile.h"

#include "../../attest/folder.h"
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

/* A proof of an entry, whatever it is, of the log to which the seed "consistency" leads. */
static const char newer_proof[] =
	"c2sp.org/tlog-proof@v1\nextra eA==\nindex 0\n\n"
	"example.org/log\n7\nkTlgHMHKirKnoMLBNMBIRfKxulSag9bIRc/NpDnMWF0=\n\n"
	"\xe2\x80\x94 example.org/log "
	"mK8CO1RJOl9bYlBKb1GX+N0J8MoNzfYPjSdmi/C4+Ej84ZehL6UZ43B8/"
	"iw/sBIobA523/6uGfYRrrwb4dKCL5WC4Ag=\n";

static bool ends_with(struct slice bytes, const char *end, size_t size)
{
	return bytes.size >= size && memcmp(bytes.data + bytes.size - size, end, size) == 0;
}

/* What was remembered, and what proofs make of it. */
static void check_remembered(struct slice kept, struct slice proof, struct slice consistency,
			     const struct attest_log_trust *trust)
{
	const struct attest_file files[] = {{.data = proof.data, .size = proof.size},
					    {.data = consistency.data, .size = consistency.size}};
	struct attest_log_seen *seen = NULL;
	cleanup_free char *note = NULL;
	struct err err = {0};
	char folder[60];
	char path[80];
	size_t size = 0;

	snprintf(folder, sizeof(folder), "/dev/shm/fuzz-proof.%d", (int)getpid());
	snprintf(path, sizeof(path), "%s/seen", folder);
	if (mkdir(folder, 0700) < 0)
		fuzz_fail("a folder expected");
	fuzz_expect(file_write(path, kept.data, kept.size, &err), &err, "a file");
	seen = attest_log_seen_open(path, &err);
	if (seen && attest_log_seen_check_proof(seen, &files[0], &files[1], trust, &err) == 0)
		fuzz_expect(attest_log_seen_keep(seen, &err), &err, "a note");
	else
		refused(&err);
	attest_log_seen_close(seen);
	err = (struct err){0};
	note = read_small_file(path, NOTE_MAX + 1, &size, &err);
	if (!note)
		fuzz_fail("a file that can be read expected");
	if (!ends_with(kept, note, size) && !ends_with(proof, note, size))
		fuzz_fail("what was kept, or the proof's checkpoint, expected");
	if (unlink(path) < 0 || rmdir(folder) < 0)
		fuzz_fail("an empty folder expected");
}

static int run(const uint8_t *data, size_t size)
{
	/* The key of C2SP's worked example. */
	const struct attest_log_trust trust = {
		.key = "example.org/log+98af023b+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
		.max_age = -1};
	const struct slice older = {(const unsigned char *)older_note, sizeof(older_note) - 1};
	const struct slice newer = {(const unsigned char *)newer_proof, sizeof(newer_proof) - 1};
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
	check_remembered(older, newer, (struct slice){data, size}, &trust);
	check_remembered(older, (struct slice){data, size}, (struct slice){data, size}, &trust);
	if (size <= NOTE_MAX)
		check_remembered((struct slice){data, size}, newer, newer, &trust);
	check_entry(data, size);
	return 0;
}

const struct target fuzz_proof = {"proof", run, NULL};
