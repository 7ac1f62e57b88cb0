/*
 * Reading a log as a stranger does: everything is computed anew from the entries and compared with
 * what was signed. Never gives out an entry before the whole log was found good.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "folder.h"
#include "log.h"
#include "outfile.h"
#include "text.h"

void attest_log_close(struct attest_log *log)
{
	if (!log)
		return;
	free(log->folder);
	free(log->note);
	json_decref(log->entries);
	free(log);
}

static void cleanup_log_at(struct attest_log **log)
{
	attest_log_close(*log);
}

char *log_checkpoint(const char *folder, struct checkpoint *checkpoint, struct err *err)
{
	cleanup_free char *path = folder_path(folder, NULL, "checkpoint", err);
	cleanup_free char *text = NULL;
	size_t size = 0;

	text = path ? read_small_file(path, NOTE_MAX, &size, err) : NULL;
	if (!text)
		return NULL;
	if (checkpoint_read(text, size, checkpoint, err) < 0) {
		err_wrap(err, "%s", path);
		return NULL;
	}
	return steal_ptr(text);
}

static int check_age(const char *who, int64_t at, const struct attest_log_trust *trust,
		     struct err *err)
{
	char limit[32];
	char text[32];

	if (trust->max_age < 0 ||
	    (at <= trust->now + trust->max_age && trust->now - at <= trust->max_age))
		return 0;
	time_text(trust->now - trust->max_age, limit);
	time_text(at, text);
	return err_set(err, EXIT_VERIFY, "ATTEST-LOG-STALE",
		       "checkpoint: a signature by %s since %s expected, found one of %s", who,
		       limit, text);
}

/* The log's own time stands under its own key. */
static int check_own(const struct checkpoint *checkpoint, const struct attest_log_trust *trust,
		     struct err *err)
{
	struct note_key key;
	int64_t at = 0;
	int known;

	if (note_key_parse(trust->key, &key, err) < 0)
		return -1;
	known = checkpoint_signed(checkpoint, &key, &at, err);
	if (known < 0)
		return -1;
	if (known == 0 || key.type != NOTE_ED25519 || strcmp(key.name, checkpoint->origin) != 0)
		return err_set(err, EXIT_VERIFY, "ATTEST-LOG-SIGNATURE",
			       "checkpoint: a signature by the log %s expected, found none",
			       key.name);
	if (trust->max_age < 0)
		return 0;
	key.type = NOTE_COSIGNATURE;
	known = checkpoint_signed(checkpoint, &key, &at, err);
	if (known < 0)
		return -1;
	if (known == 0)
		return err_set(err, EXIT_VERIFY, "ATTEST-LOG-STALE",
			       "checkpoint: a time under the log's key expected, found none");
	return check_age(key.name, at, trust, err);
}

int log_check_signatures(const struct checkpoint *checkpoint, const struct attest_log_trust *trust,
			 struct err *err)
{
	size_t good = 0;

	if (check_own(checkpoint, trust, err) < 0)
		return -1;
	for (size_t i = 0; i < trust->witness_count; i++) {
		struct note_key key;
		int64_t at = 0;
		int known;

		if (note_key_parse(trust->witnesses[i], &key, err) < 0)
			return -1;
		/* The same key twice is one witness. */
		for (size_t k = 0; k < i; k++)
			if (strcmp(trust->witnesses[k], trust->witnesses[i]) == 0)
				return err_set(err, EXIT_USAGE, "ATTEST-LOG-KEY",
					       "each witness once expected, found %s twice",
					       key.name);
		known = checkpoint_signed(checkpoint, &key, &at, err);
		if (known < 0)
			return -1;
		if (known > 0 && key.type == NOTE_COSIGNATURE) {
			if (check_age(key.name, at, trust, err) < 0)
				return -1;
			good++;
		}
	}
	if (good >= trust->witnesses_needed)
		return 0;
	return err_set(err, EXIT_VERIFY, "ATTEST-LOG-WITNESS",
		       "checkpoint: signatures by %zu witnesses expected, found %zu",
		       trust->witnesses_needed, good);
}

/* One bundle's entries, once their hashes were found good. */
static int read_bundle(struct attest_log *log, uint64_t number, struct err *err)
{
	size_t size = 0;
	unsigned width = 0;
	cleanup_free unsigned char *data = tree_bundle(&log->tree, number, &width, &size, err);
	const unsigned char *at = data;

	for (unsigned i = 0; data && i < width; i++) {
		size_t length = (size_t)at[0] << 8 | at[1];
		json_t *entry = entry_parse(at + 2, length, number * TILE_WIDTH + i, err);

		if (!entry || json_array_append_new(log->entries, entry) < 0)
			return err->status ? -1 : no_memory(err);
		at += 2 + length;
	}
	return data ? 0 : -1;
}

/* A tile of an upper level against the tiles below it. */
static int check_tile(struct tree *tree, unsigned level, uint64_t number, struct err *err)
{
	struct node copy[TILE_WIDTH];
	const struct node *nodes;
	unsigned width;

	if (tree_tile(tree, level, number, &nodes, &width, err) < 0)
		return -1;
	memcpy(copy, nodes, width * sizeof(*copy));
	for (unsigned i = 0; i < width; i++) {
		const struct node *below;
		struct node row[TILE_WIDTH];
		unsigned below_width;

		if (tree_tile(tree, level - 1, number * TILE_WIDTH + i, &below, &below_width, err) <
		    0)
			return -1;
		memcpy(row, below, sizeof(row));
		for (unsigned count = TILE_WIDTH; count > 1; count /= 2)
			for (unsigned k = 0; k < count / 2; k++)
				if (tree_node(&row[2 * k], &row[2 * k + 1], &row[k], err) < 0)
					return -1;
		if (memcmp(&row[0], &copy[i], sizeof(*copy)) != 0)
			return err_set(err, EXIT_VERIFY, "ATTEST-LOG-TILE",
				       "tile/%u: hash %u of tile %" PRIu64
				       ": that of the tile below expected, "
				       "found another",
				       level, i, number);
	}
	return 0;
}

static int check_tree(struct attest_log *log, struct err *err)
{
	uint64_t size = log->tree.size;
	struct node root;

	for (uint64_t number = 0; number * TILE_WIDTH < size; number++)
		if (read_bundle(log, number, err) < 0)
			return -1;
	for (unsigned level = 1; level < TILE_LEVELS && size >> (8 * level) > 0; level++)
		for (uint64_t number = 0; number * TILE_WIDTH < size >> (8 * level); number++)
			if (check_tile(&log->tree, level, number, err) < 0)
				return -1;
	if (tree_range(&log->tree, 0, size, &root, err) < 0)
		return -1;
	if (memcmp(root.hash, log->checkpoint.root, SHA256_SIZE) == 0)
		return 0;
	return err_set(err, EXIT_VERIFY, "ATTEST-LOG-ROOT",
		       "%s: entries of the root in the checkpoint expected, found others",
		       log->folder);
}

struct attest_log *attest_log_open(const char *folder, const struct attest_log_trust *trust,
				   struct err *err)
{
	cleanup_with(cleanup_log_at) struct attest_log *log = calloc(1, sizeof(*log));

	if (!log || !(log->folder = strdup(folder)) || !(log->entries = json_array())) {
		no_memory(err);
		return NULL;
	}
	log->note = log_checkpoint(folder, &log->checkpoint, err);
	if (!log->note || log_check_signatures(&log->checkpoint, trust, err) < 0 ||
	    note_key_parse(trust->key, &log->key, err) < 0)
		return NULL;
	if (log->checkpoint.size > LOG_MAX) {
		err_set(err, EXIT_VERIFY, "ATTEST-LOG-CHECKPOINT",
			"%s: a log of at most %d entries expected, found more", folder, LOG_MAX);
		return NULL;
	}
	log->tree.folder = log->folder;
	log->tree.size = log->checkpoint.size;
	return check_tree(log, err) == 0 ? steal_ptr(log) : NULL;
}

uint64_t attest_log_size(const struct attest_log *log)
{
	return log->tree.size;
}

json_t *attest_log_entries(const struct attest_log *log, struct err *err)
{
	json_t *list = json_array();
	const json_t *entry;
	size_t i;

	json_array_foreach(log->entries, i, entry)
	{
		json_t *copy = json_copy((json_t *)(uintptr_t)entry);

		json_object_set_new(copy, "Index", json_integer((json_int_t)i));
		if (json_array_append_new(list, copy) < 0) {
			json_decref(list);
			no_memory(err);
			return NULL;
		}
	}
	return list;
}

static const char *member(const json_t *entry, const char *key)
{
	const char *text = json_string_value(json_object_get(entry, key));

	return text ? text : "";
}

/* The reason for which an entry was withdrawn, or NULL. */
static const char *withdrawn(const struct attest_log *log, size_t index)
{
	const json_t *entry;
	size_t i;

	json_array_foreach(log->entries, i,
			   entry) if (strcmp(member(entry, "type"), "withdrawal") == 0 &&
				      (size_t)json_integer_value(json_object_get(entry, "entry")) ==
					      index) return member(entry, "reason");
	return NULL;
}

static int check_security(const struct attest_log *log, size_t index, struct err *err)
{
	const json_t *release = json_array_get(log->entries, index);
	json_int_t security = json_integer_value(json_object_get(release, "security"));
	const json_t *entry;
	size_t i;

	json_array_foreach(log->entries, i, entry)
	{
		json_int_t other = json_integer_value(json_object_get(entry, "security"));

		/* A release that was withdrawn does not outdate the others. */
		if (strcmp(member(entry, "type"), "release") == 0 && other > security &&
		    strcmp(member(entry, "name"), member(release, "name")) == 0 &&
		    !withdrawn(log, i))
			return err_set(err, EXIT_VERIFY, "ATTEST-LOG-SECURITY",
				       "entry %zu, %.100s %.100s: security version %lld, as entry "
				       "%zu has it, "
				       "expected, found %lld",
				       index, member(release, "name"), member(release, "version"),
				       (long long)other, i, (long long)security);
	}
	return 0;
}

json_t *attest_log_find(const struct attest_log *log, const json_t *measurements, struct err *err)
{
	size_t found = json_array_size(log->entries);
	struct attest_values values;
	const json_t *entry;
	const char *reason = NULL;
	json_t *copy;
	size_t i;

	if (values_parse(measurements, "evidence", &values, err) < 0)
		return NULL;
	/* What was said last of these measurements counts, by whatever entry. */
	json_array_foreach(log->entries, i, entry)
	{
		bool release = strcmp(member(entry, "type"), "release") == 0;
		size_t about =
			release ? i : (size_t)json_integer_value(json_object_get(entry, "entry"));
		const json_t *subject = json_array_get(log->entries, about);

		if (strcmp(member(subject, "type"), "release") != 0 || !entry_has(subject, &values))
			continue;
		found = about;
		reason = release ? NULL : member(entry, "reason");
	}
	entry = json_array_get(log->entries, found);
	if (!entry)
		err_set(err, EXIT_VERIFY, "ATTEST-LOG-MISSING",
			"a release with these measurements expected in the log, found none");
	else if (reason)
		err_set(err, EXIT_VERIFY, "ATTEST-LOG-WITHDRAWN",
			"entry %zu, %.100s %.100s: a release that is in use expected, found it "
			"withdrawn: %s",
			found, member(entry, "name"), member(entry, "version"), reason);
	if (!entry || reason || check_security(log, found, err) < 0)
		return NULL;
	copy = json_copy((json_t *)(uintptr_t)entry);
	json_object_set_new(copy, "Index", json_integer((json_int_t)found));
	return copy;
}

int attest_log_matches(const json_t *entry, const json_t *measurements, struct err *err)
{
	struct attest_values values;

	if (values_parse(measurements, "evidence", &values, err) < 0)
		return -1;
	if (strcmp(member(entry, "type"), "release") == 0 && entry_has(entry, &values))
		return 0;
	return err_set(err, EXIT_VERIFY, "ATTEST-LOG-MISSING",
		       "a release with these measurements expected in the log, found another");
}
