/*
 * Appending to a log. Tiles come first, under names that no reader of the old checkpoint asks for;
 * the checkpoint is renamed last. Never signs a tree whose beginning is not the one signed before.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "folder.h"
#include "log.h"
#include "outfile.h"

/* The last tile of each level, which is not full, and the bundle of entries beside it. */
struct tails {
	const char *folder;
	uint64_t count[TILE_LEVELS]; /* of hashes on the level */
	struct node nodes[TILE_LEVELS][TILE_WIDTH];
	unsigned char *bundle;
	size_t bundle_size;
	bool changed[TILE_LEVELS];
};

enum { SWEPT = 64 };

static void tails_clear(struct tails *tails)
{
	free(tails->bundle);
}

/* One that is made is on the disk as the files in it are. */
static int make_folder(const char *path, struct err *err)
{
	if (mkdir(path, 0755) == 0)
		return sync_name(path, err);
	return errno == EEXIST ? 0 : err_errno(err, "FILE-CREATE", "%s", path);
}

/* A file below folders that are made on the way. */
static int write_tile(const char *path, const void *data, size_t size, struct err *err)
{
	cleanup_free char *folder = strdup(path);

	if (!folder)
		return no_memory(err);
	for (char *slash = strchr(folder + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (make_folder(folder, err) < 0)
			return -1;
		*slash = '/';
	}
	return file_write_durable(path, data, size, err);
}

static int write_level(const struct tails *tails, int level, uint64_t number, unsigned width,
		       struct err *err)
{
	cleanup_free char *path = tile_path(tails->folder, level, number, width, err);

	if (!path)
		return -1;
	if (level < 0)
		return write_tile(path, tails->bundle, tails->bundle_size, err);
	return write_tile(path, tails->nodes[level], width * sizeof(struct node), err);
}

static int push_node(struct tails *tails, unsigned level, const struct node *node, struct err *err);

/* A full tile is written, and its root belongs to the level above. */
static int close_tile(struct tails *tails, unsigned level, struct err *err)
{
	struct node *nodes = tails->nodes[level];
	uint64_t number = tails->count[level] / TILE_WIDTH - 1;

	if (write_level(tails, (int)level, number, TILE_WIDTH, err) < 0)
		return -1;
	if (level == 0) {
		if (write_level(tails, -1, number, TILE_WIDTH, err) < 0)
			return -1;
		tails->bundle_size = 0;
	}
	for (unsigned count = TILE_WIDTH; count > 1; count /= 2)
		for (unsigned i = 0; i < count / 2; i++)
			if (tree_node(&nodes[2 * i], &nodes[2 * i + 1], &nodes[i], err) < 0)
				return -1;
	return level + 1 < TILE_LEVELS ? push_node(tails, level + 1, &nodes[0], err) : 0;
}

static int push_node(struct tails *tails, unsigned level, const struct node *node, struct err *err)
{
	tails->nodes[level][tails->count[level] % TILE_WIDTH] = *node;
	tails->count[level]++;
	tails->changed[level] = true;
	return tails->count[level] % TILE_WIDTH == 0 ? close_tile(tails, level, err) : 0;
}

static int push_entry(struct tails *tails, const char *text, size_t size, struct err *err)
{
	unsigned char *at = realloc(tails->bundle, tails->bundle_size + size + 2);
	struct node leaf;

	if (!at)
		return no_memory(err);
	tails->bundle = at;
	at += tails->bundle_size;
	at[0] = (unsigned char)(size >> 8);
	at[1] = (unsigned char)size;
	memcpy(at + 2, text, size);
	tails->bundle_size += size + 2;
	if (tree_leaf(text, size, &leaf, err) < 0)
		return -1;
	return push_node(tails, 0, &leaf, err);
}

/*
 * The entries of the tile that grows, which are written anew: what the tile does not vouch for must
 * not get a signature.
 */
static int load_bundle(struct tails *tails, struct tree *tree, struct err *err)
{
	unsigned width;

	if (tree->size % TILE_WIDTH == 0)
		return 0;
	tails->bundle =
		tree_bundle(tree, tree->size / TILE_WIDTH, &width, &tails->bundle_size, err);
	return tails->bundle ? 0 : -1;
}

/* What was signed before is looked at again, as far as the new tree is built on it. */
static int load(struct tails *tails, struct tree *tree, const struct checkpoint *before,
		struct err *err)
{
	const struct node *nodes;
	struct node root;
	unsigned width;

	if (tree_range(tree, 0, tree->size, &root, err) < 0)
		return -1;
	if (tree->size > 0 && memcmp(root.hash, before->root, SHA256_SIZE) != 0)
		return err_set(err, EXIT_VERIFY, "ATTEST-LOG-ROOT",
			       "%s: tiles of the checkpoint's root expected, found others",
			       tails->folder);
	for (unsigned level = 0; level < TILE_LEVELS; level++) {
		tails->count[level] = tree->size >> (8 * level);
		if (tails->count[level] % TILE_WIDTH == 0)
			continue;
		if (tree_tile(tree, level, tails->count[level] / TILE_WIDTH, &nodes, &width, err) <
		    0)
			return -1;
		memcpy(tails->nodes[level], nodes, width * sizeof(*nodes));
	}
	return load_bundle(tails, tree, err);
}

static int append_all(struct tails *tails, const json_t *entries, struct err *err)
{
	const json_t *entry;
	size_t i;

	json_array_foreach(entries, i, entry)
	{
		size_t size = 0;
		cleanup_free char *text = entry_text(entry, &size, err);
		cleanup_json json_t *parsed =
			text ? entry_parse(text, size, tails->count[0], err) : NULL;

		if (!parsed || push_entry(tails, text, size, err) < 0)
			return -1;
	}
	for (unsigned level = 0; level < TILE_LEVELS; level++) {
		unsigned width = (unsigned)(tails->count[level] % TILE_WIDTH);
		uint64_t number = tails->count[level] / TILE_WIDTH;

		if (width == 0 || !tails->changed[level])
			continue;
		if (write_level(tails, (int)level, number, width, err) < 0 ||
		    (level == 0 && write_level(tails, -1, number, width, err) < 0))
			return -1;
	}
	return 0;
}

static int write_checkpoint(const char *folder, const struct signer *signer,
			    const struct attest_log_keeper *keeper, const char *text,
			    struct err *err)
{
	cleanup_free char *path = folder_path(folder, NULL, "checkpoint", err);
	cleanup_free char *line =
		note_line(text, strlen(text), signer, keeper->origin, NOTE_ED25519, 0, err);
	cleanup_free char *timed = NULL;
	cleanup_free char *note = NULL;

	if (!path || !line)
		return -1;
	timed = note_line(text, strlen(text), signer, keeper->origin, NOTE_COSIGNATURE, keeper->now,
			  err);
	if (!timed)
		return -1;
	if (asprintf(&note, "%s\n%s%s", text, line, timed) < 0)
		return no_memory(err);
	return file_write_durable(path, note, strlen(note), err);
}

/* Partial tiles that no checkpoint of the last two asks for, and what an interruption left. */
static void sweep_folder(const char *path, unsigned keep, unsigned keep_too)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;
	unsigned width;
	char *end;

	while (dir && (entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		width = (unsigned)strtoul(entry->d_name, &end, 10);
		if (entry->d_name[0] != '.' && (*end || width == keep || width == keep_too))
			continue;
		unlinkat(dirfd(dir), entry->d_name, 0);
	}
	if (dir)
		closedir(dir);
}

/* What an interruption left of a file that was being written. */
static void sweep_unfinished(const char *path, const char *start)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (strncmp(entry->d_name, start, strlen(start)) == 0 &&
		    strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
}

static void sweep(const char *folder, uint64_t before, uint64_t after)
{
	struct err ignored = {0};

	sweep_unfinished(folder, ".checkpoint.");
	for (int level = -1; level < TILE_LEVELS; level++) {
		uint64_t old = before >> (level > 0 ? 8 * level : 0);
		uint64_t now = after >> (level > 0 ? 8 * level : 0);
		cleanup_free char *path = NULL;

		uint64_t first = old / TILE_WIDTH;

		/* The tile that is growing, and those that a few calls before this one made grow.
		 */
		for (uint64_t number = first > SWEPT ? first - SWEPT : 0;
		     number <= now / TILE_WIDTH; number++) {
			free(path);
			path = tile_path(folder, level, number, 1, &ignored);
			if (!path)
				return;
			*strrchr(path, '/') = '\0';
			sweep_folder(path, number == first ? (unsigned)(old % TILE_WIDTH) : 0,
				     number == now / TILE_WIDTH ? (unsigned)(now % TILE_WIDTH) : 0);
			rmdir(path); /* fails unless it is empty */
			*strrchr(path, '/') = '\0';
			sweep_unfinished(path, ".");
		}
	}
}

static int open_before(const char *folder, const struct signer *signer,
		       const struct attest_log_keeper *keeper, struct checkpoint *before,
		       char **text, struct err *err)
{
	cleanup_free char *path = folder_path(folder, NULL, "checkpoint", err);
	struct note_key key;
	int64_t at;
	int known;

	*before = (struct checkpoint){.size = 0};
	if (!path || note_key_of(signer, keeper->origin, NOTE_ED25519, &key, err) < 0)
		return -1;
	if (access(path, F_OK) != 0 && errno == ENOENT)
		return 0;
	*text = log_checkpoint(folder, before, err);
	if (!*text)
		return -1;
	known = checkpoint_signed(before, &key, &at, err);
	if (known < 0)
		return -1;
	if (known > 0 && strcmp(before->origin, keeper->origin) == 0)
		return 0;
	return err_set(err, EXIT_VERIFY, "ATTEST-LOG-SIGNATURE",
		       "%s: the checkpoint of %s under this key expected, found another", folder,
		       keeper->origin);
}

static int append_locked(const char *folder, const struct signer *signer,
			 const struct attest_log_keeper *keeper, const json_t *entries,
			 struct err *err)
{
	cleanup_with(tails_clear) struct tails tails = {.folder = folder};
	cleanup_free struct tree *tree = calloc(1, sizeof(*tree));
	cleanup_free char *before_text = NULL;
	cleanup_free char *text = NULL;
	struct checkpoint before;
	uint64_t size_before;
	struct node root;

	if (!tree)
		return no_memory(err);
	if (open_before(folder, signer, keeper, &before, &before_text, err) < 0)
		return -1;
	tree->folder = folder;
	tree->size = size_before = before.size;
	if (load(&tails, tree, &before, err) < 0 || append_all(&tails, entries, err) < 0)
		return -1;
	tree->size = tails.count[0];
	if (tree_range(tree, 0, tree->size, &root, err) < 0)
		return -1;
	text = checkpoint_text(keeper->origin, tree->size, root.hash, err);
	if (!text || write_checkpoint(folder, signer, keeper, text, err) < 0)
		return -1;
	sweep(folder, size_before, tree->size);
	return 0;
}

static void cleanup_signer_at(struct signer **signer)
{
	signer_close(*signer);
}

/* Who changes a checkpoint is alone with the log as long as the descriptor is open. */
static int lock_log(const char *folder, struct err *err)
{
	cleanup_close int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_errno(err, "FILE-OPEN", "%s", folder);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return err_set(err, EXIT_ENVIRONMENT, "ATTEST-LOG-BUSY",
			       "%s: a log that nobody else appends to expected, found one in use",
			       folder);
	return steal_fd(&fd);
}

int attest_log_append(const char *folder, const struct attest_log_keeper *keeper,
		      const json_t *entries, struct err *err)
{
	cleanup_with(cleanup_signer_at) struct signer *signer =
		signer_open(keeper->key, keeper->passphrase, "ATTEST", err);
	cleanup_close int lock = -1;

	if (!signer || make_folder(folder, err) < 0)
		return -1;
	lock = lock_log(folder, err);
	return lock < 0 ? -1 : append_locked(folder, signer, keeper, entries, err);
}

char *attest_log_key(const struct attest_log_keeper *keeper, bool witness, struct err *err)
{
	cleanup_with(cleanup_signer_at) struct signer *signer =
		signer_open(keeper->key, keeper->passphrase, "ATTEST", err);

	if (!signer)
		return NULL;
	return note_key_text(signer, keeper->origin, witness ? NOTE_COSIGNATURE : NOTE_ED25519,
			     err);
}

/* The checkpoint's text with a line more, in place of an older line of the same witness. */
static char *with_line(const char *note, size_t head, const char *name, const char *line)
{
	cleanup_free char *start = NULL;
	char *out = malloc(strlen(note) + strlen(line) + 1);
	size_t used = head;

	if (!out || asprintf(&start, "\xe2\x80\x94 %s ", name) < 0) {
		free(out);
		return NULL;
	}
	memcpy(out, note, head);
	for (const char *at = note + head; *at;) {
		size_t length = strcspn(at, "\n") + 1;

		if (strncmp(at, start, strlen(start)) != 0) {
			memcpy(out + used, at, length);
			used += length;
		}
		at += length;
	}
	strcpy(out + used, line);
	return out;
}

static void cleanup_log_at(struct attest_log **log)
{
	attest_log_close(*log);
}

/* The log, once it is sound and continues what the witness saw before, if it saw any. */
static struct attest_log *open_seen(const char *folder, const char *log_key, const char *state,
				    struct err *err)
{
	const struct attest_log_trust trust = {.key = log_key, .max_age = -1};
	cleanup_with(cleanup_log_at) struct attest_log *log = attest_log_open(folder, &trust, err);
	cleanup_free char *older = NULL;
	size_t size = 0;

	if (!log || access(state, F_OK) != 0)
		return steal_ptr(log);
	older = read_small_file(state, NOTE_MAX, &size, err);
	return older && attest_log_continues(log, older, size, err) == 0 ? steal_ptr(log) : NULL;
}

static void cleanup_seen_at(struct attest_log_seen **seen)
{
	attest_log_seen_close(*seen);
}

int attest_log_witness(const char *folder, const char *log_key, const char *state,
		       const struct attest_log_keeper *witness, struct err *err)
{
	cleanup_with(cleanup_signer_at) struct signer *signer =
		signer_open(witness->key, witness->passphrase, "ATTEST", err);
	/* Before the state is read, until it is written: else two forks were signed at a time. */
	cleanup_with(cleanup_seen_at) struct attest_log_seen *seen =
		signer ? attest_log_seen_open(state, err) : NULL;
	cleanup_close int lock = -1;
	cleanup_with(cleanup_log_at) struct attest_log *log = NULL;
	cleanup_free char *path = NULL;
	cleanup_free char *line = NULL;
	cleanup_free char *signed_note = NULL;
	size_t head;

	if (!seen || (!log_seen_locks(seen, folder) && (lock = lock_log(folder, err)) < 0))
		return -1;
	log = open_seen(folder, log_key, state, err);
	path = log ? folder_path(folder, NULL, "checkpoint", err) : NULL;
	if (!path)
		return -1;
	/* What was checked; the file may be another by now. */
	if (strcmp(log->checkpoint.origin, witness->origin) == 0)
		return err_set(err, EXIT_USAGE, "ATTEST-LOG-KEY",
			       "a witness of another name than the log %s expected",
			       log->checkpoint.origin);
	head = log->checkpoint.text.size;
	line = note_line(log->note, head, signer, witness->origin, NOTE_COSIGNATURE, witness->now,
			 err);
	if (!line)
		return -1;
	signed_note = with_line(log->note, head + 1, witness->origin, line);
	if (!signed_note)
		return no_memory(err);
	if (file_write_durable(state, signed_note, strlen(signed_note), err) < 0)
		return -1;
	return file_write_durable(path, signed_note, strlen(signed_note), err);
}
