/*
 * Proofs that need no log at hand: that an entry is in it, and that it continues an older
 * checkpoint. Never believes a checkpoint in a proof before its signatures were found good.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "log.h"
#include "text.h"

enum { CONSISTENCY_MAX = 63 }; /* hashes, by C2SP tlog-witness */

int older_read(const void *data, size_t size, const struct note_key *key, const char *origin,
	       struct checkpoint *older, struct err *err)
{
	int64_t at;
	int known;

	if (checkpoint_read(data, size, older, err) < 0)
		return err_wrap(err, "older");
	known = checkpoint_signed(older, key, &at, err);
	if (known < 0)
		return err_wrap(err, "older");
	if (known > 0 && strcmp(older->origin, origin) == 0)
		return 0;
	return err_set(err, EXIT_VERIFY, "ATTEST-LOG-SIGNATURE",
		       "older checkpoint: one of the same log expected, found another");
}

/* A log whose beginning is another than the older checkpoint's. */
static int other_entries(const struct checkpoint *older, struct err *err)
{
	return err_set(err, EXIT_VERIFY, "ATTEST-LOG-FORK",
		       "the %" PRIu64
		       " entries of the older checkpoint as the first ones expected, found "
		       "others",
		       older->size);
}

/* A fork that two checkpoints show by themselves. */
static int check_fork(const struct checkpoint *older, const struct checkpoint *newer,
		      struct err *err)
{
	if (older->size > newer->size)
		return err_set(err, EXIT_VERIFY, "ATTEST-LOG-FORK",
			       "at least the %" PRIu64
			       " entries of the older checkpoint expected, found "
			       "%" PRIu64,
			       older->size, newer->size);
	if (older->size < newer->size || memcmp(older->root, newer->root, SHA256_SIZE) == 0)
		return 0;
	return other_entries(older, err);
}

int attest_log_continues(struct attest_log *log, const void *older, size_t size, struct err *err)
{
	struct checkpoint checkpoint;
	struct node root;

	if (older_read(older, size, &log->key, log->checkpoint.origin, &checkpoint, err) < 0 ||
	    check_fork(&checkpoint, &log->checkpoint, err) < 0 ||
	    tree_range(&log->tree, 0, checkpoint.size, &root, err) < 0)
		return -1;
	if (memcmp(root.hash, checkpoint.root, SHA256_SIZE) == 0)
		return 0;
	return other_entries(&checkpoint, err);
}

/* A first line or lines, the hashes, an empty line and the log's checkpoint; the caller's. */
static char *proof_text(const struct attest_log *log, const char *first, const struct node *proof,
			size_t count, struct err *err)
{
	cleanup_free char *text = strdup(first);

	for (size_t i = 0; text && i <= count; i++) {
		cleanup_free char *hash =
			i < count ? base64_encode(proof[i].hash, SHA256_SIZE) : strdup("");
		char *longer = NULL;

		if (!hash ||
		    asprintf(&longer, "%s%s\n%s", text, hash, i < count ? "" : log->note) < 0) {
			no_memory(err);
			return NULL;
		}
		free(text);
		text = longer;
	}
	if (!text)
		no_memory(err);
	return steal_ptr(text);
}

char *attest_log_prove(struct attest_log *log, uint64_t index, struct err *err)
{
	struct node proof[PROOF_MAX];
	cleanup_free char *entry = NULL;
	cleanup_free char *extra = NULL;
	cleanup_free char *first = NULL;
	size_t count;
	size_t size = 0;

	if (tree_prove(&log->tree, index, proof, &count, err) < 0)
		return NULL;
	entry = entry_text(json_array_get(log->entries, (size_t)index), &size, err);
	extra = entry ? base64_encode(entry, size) : NULL;
	if (!extra || asprintf(&first, "c2sp.org/tlog-proof@v1\nextra %s\nindex %" PRIu64 "\n",
			       extra, index) < 0) {
		first = NULL;
		no_memory(err);
		return NULL;
	}
	return proof_text(log, first, proof, count, err);
}

char *attest_log_prove_from(struct attest_log *log, const void *older, size_t size, struct err *err)
{
	struct checkpoint checkpoint;
	struct node proof[PROOF_MAX];
	char first[32];
	size_t count;

	if (attest_log_continues(log, older, size, err) < 0 ||
	    checkpoint_read(older, size, &checkpoint, err) < 0 ||
	    tree_prove_older(&log->tree, checkpoint.size, proof, &count, err) < 0)
		return NULL;
	snprintf(first, sizeof(first), "old %" PRIu64 "\n", checkpoint.size);
	return proof_text(log, first, proof, count, err);
}

static int bad_proof(const char *expected, struct err *err)
{
	return err_set(err, EXIT_MALFORMED, "ATTEST-LOG-PROOF", "proof: %s expected, found another",
		       expected);
}

static int bad_consistency(const char *expected, struct err *err)
{
	return err_set(err, EXIT_MALFORMED, "ATTEST-LOG-CONSISTENCY",
		       "consistency proof: %s expected, found another", expected);
}

struct parsed_proof {
	unsigned char *entry;
	size_t entry_size;
	uint64_t index;
	struct node nodes[PROOF_MAX];
	size_t count;
	const char *note;
	size_t note_size;
};

static bool take_word(const char **at, const char *end, const char *word)
{
	size_t size = strlen(word);

	if ((size_t)(end - *at) < size || memcmp(*at, word, size) != 0)
		return false;
	*at += size;
	return true;
}

static const char *take_line(const char **at, const char *end, size_t *size)
{
	const char *line = *at;
	const char *newline = memchr(line, '\n', (size_t)(end - line));

	if (!newline)
		return NULL;
	*size = (size_t)(newline - line);
	*at = newline + 1;
	return line;
}

static bool parse_number(const char *line, size_t size, uint64_t *number)
{
	*number = 0;
	if (size == 0 || size > 18 || (line[0] == '0' && size > 1))
		return false;
	for (size_t i = 0; i < size; i++) {
		if (line[i] < '0' || line[i] > '9')
			return false;
		*number = 10 * *number + (uint64_t)(line[i] - '0');
	}
	return true;
}

/* Hashes up to an empty line, behind which *at is then; false for another or more than most. */
static bool take_hashes(const char **at, const char *end, struct node *nodes, size_t *count,
			size_t most)
{
	const char *line;
	size_t length = 0;

	*count = 0;
	while ((line = take_line(at, end, &length)) && length > 0) {
		cleanup_free unsigned char *hash = NULL;
		size_t hash_bytes = 0;

		hash = base64_decode(line, length, &hash_bytes);
		if (!hash || hash_bytes != SHA256_SIZE || *count == most)
			return false;
		memcpy(nodes[(*count)++].hash, hash, SHA256_SIZE);
	}
	return line != NULL;
}

static int parse_proof(const char *at, size_t size, struct parsed_proof *proof, struct err *err)
{
	const char *end = at + size;
	const char *line;
	size_t length = 0;

	if (!take_word(&at, end, "c2sp.org/tlog-proof@v1\nextra ") ||
	    !(line = take_line(&at, end, &length)))
		return bad_proof("c2sp.org/tlog-proof@v1 with the entry as extra", err);
	proof->entry = base64_decode(line, length, &proof->entry_size);
	if (!proof->entry)
		return bad_proof("the entry in base64", err);
	if (!take_word(&at, end, "index ") || !(line = take_line(&at, end, &length)) ||
	    !parse_number(line, length, &proof->index))
		return bad_proof("an index", err);
	if (!take_hashes(&at, end, proof->nodes, &proof->count, PROOF_MAX))
		return bad_proof("at most 64 hashes in base64, an empty line and a checkpoint",
				 err);
	proof->note = at;
	proof->note_size = (size_t)(end - at);
	return 0;
}

static void proof_clear(struct parsed_proof *proof)
{
	free(proof->entry);
}

int proof_note(const void *data, size_t size, struct slice *note, struct err *err)
{
	cleanup_with(proof_clear) struct parsed_proof proof = {.entry = NULL};

	if (parse_proof(data, size, &proof, err) < 0)
		return -1;
	*note = (struct slice){(const unsigned char *)proof.note, proof.note_size};
	return 0;
}

json_t *attest_log_prove_check(const void *data, size_t size, const struct attest_log_trust *trust,
			       struct err *err)
{
	cleanup_with(proof_clear) struct parsed_proof proof = {.entry = NULL};
	struct checkpoint checkpoint;
	struct node leaf;
	struct node root;
	int holds;

	if (parse_proof(data, size, &proof, err) < 0 ||
	    checkpoint_read(proof.note, proof.note_size, &checkpoint, err) < 0 ||
	    log_check_signatures(&checkpoint, trust, err) < 0 ||
	    tree_leaf(proof.entry, proof.entry_size, &leaf, err) < 0)
		return NULL;
	memcpy(root.hash, checkpoint.root, SHA256_SIZE);
	holds = proof_holds(&leaf, proof.index, checkpoint.size, proof.nodes, proof.count, &root,
			    err);
	if (holds < 0)
		return NULL;
	if (holds == 0) {
		err_set(err, EXIT_VERIFY, "ATTEST-LOG-PROOF",
			"proof: hashes from entry %" PRIu64
			" to the checkpoint's root expected, found others",
			proof.index);
		return NULL;
	}
	return entry_parse(proof.entry, proof.entry_size, proof.index, err);
}

int consistency_read(const void *data, size_t size, struct consistency *proof, struct err *err)
{
	const char *at = data;
	const char *end = at + size;
	const char *line;
	size_t length = 0;

	if (!take_word(&at, end, "old ") || !(line = take_line(&at, end, &length)) ||
	    !parse_number(line, length, &proof->from))
		return bad_consistency("old and a number of entries", err);
	if (!take_hashes(&at, end, proof->nodes, &proof->count, CONSISTENCY_MAX))
		return bad_consistency(
			"at most 63 hashes in base64, an empty line and a checkpoint", err);
	return checkpoint_read(at, (size_t)(end - at), &proof->newer, err);
}

int consistency_holds(const struct consistency *proof, const struct checkpoint *older,
		      struct err *err)
{
	struct node from;
	struct node to;
	int holds;

	if (check_fork(older, &proof->newer, err) < 0)
		return -1;
	if (proof->from != older->size)
		return err_set(err, EXIT_VERIFY, "ATTEST-LOG-CONSISTENCY",
			       "consistency proof: one from the %" PRIu64
			       " entries of the older checkpoint on expected, found from %" PRIu64,
			       older->size, proof->from);
	memcpy(from.hash, older->root, SHA256_SIZE);
	memcpy(to.hash, proof->newer.root, SHA256_SIZE);
	holds = proof_older_holds(older->size, &from, proof->newer.size, &to, proof->nodes,
				  proof->count, err);
	if (holds != 0)
		return holds < 0 ? -1 : 0;
	return err_set(err, EXIT_VERIFY, "ATTEST-LOG-CONSISTENCY",
		       "consistency proof: hashes from the root of %" PRIu64
		       " entries to that of %" PRIu64 " expected, found others",
		       older->size, proof->newer.size);
}

json_t *attest_log_prove_from_check(const void *data, size_t size, const struct attest_file *older,
				    const struct attest_log_trust *trust, struct err *err)
{
	struct consistency proof;
	struct checkpoint from;
	struct note_key key;
	json_t *json;

	if (consistency_read(data, size, &proof, err) < 0 ||
	    log_check_signatures(&proof.newer, trust, err) < 0 ||
	    note_key_parse(trust->key, &key, err) < 0 ||
	    older_read(older->data, older->size, &key, proof.newer.origin, &from, err) < 0 ||
	    consistency_holds(&proof, &from, err) < 0)
		return NULL;
	json = json_pack("{s:I, s:s, s:I}", "From", (json_int_t)from.size, "Origin", from.origin,
			 "Size", (json_int_t)proof.newer.size);
	if (!json)
		no_memory(err);
	return json;
}
