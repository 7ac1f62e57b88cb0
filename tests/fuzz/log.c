/*
 * A log whose end is the input: the number of its entries, then their bundle. The tile beside it
 * has the hashes of whatever entries there are, or others, and the checkpoint is signed. Refused by
 * name; what its keeper extends, a reader who accepted it before, and remembers that, accepts
 * after. Makes folders, in memory, and removes them at the end of each run.
 */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"

#include "../../attest/folder.h"
#include "../../attest/log.h"

/* The key of C2SP's worked example. */
static const char private_pem[] =
	"-----BEGIN PRIVATE KEY-----\n"
	"MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n"
	"-----END PRIVATE KEY-----\n";
static const char public_key[] =
	"example.org/log+98af023b+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4";
static const char origin[] = "example.org/log";

static const char *const names[] = {"ATTEST-", NULL};

static void refused(struct err *err)
{
	if (err->status == EXIT_VERIFY)
		err->status = EXIT_MALFORMED;
	fuzz_refused(err, names);
}

/* Hashes of the entries, as far as the bundle has them. */
static void hash_entries(const uint8_t *data, size_t size, unsigned width, struct node *nodes)
{
	struct err err = {0};

	for (unsigned i = 0; i < width && size >= 2; i++) {
		size_t length = (size_t)data[0] << 8 | data[1];

		if (length > size - 2)
			return;
		fuzz_expect(tree_leaf(data + 2, length, &nodes[i], &err), &err, "a hash");
		data += 2 + length;
		size -= 2 + length;
	}
}

static void put(const char *folder, int level, unsigned width, const void *data, size_t size)
{
	struct err err = {0};
	cleanup_free char *path = tile_path(folder, level, 0, width, &err);

	for (char *slash = path ? strchr(path + strlen(folder) + 1, '/') : NULL; slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		fuzz_expect(folder_make(path, &err), &err, "a folder");
		*slash = '/';
	}
	fuzz_expect(path ? file_write(path, data, size, &err) : -1, &err, "a tile");
}

static void put_checkpoint(const char *folder, const char *key, unsigned width)
{
	struct err err = {0};
	struct tree tree = {.folder = folder, .size = width};
	struct signer *signer = signer_open(key, NULL, "ATTEST", &err);
	cleanup_free char *path = folder_path(folder, NULL, "checkpoint", &err);
	cleanup_free char *text = NULL;
	cleanup_free char *line = NULL;
	cleanup_free char *note = NULL;
	struct node root;

	fuzz_expect(tree_range(&tree, 0, width, &root, &err), &err, "a root");
	text = checkpoint_text(origin, width, root.hash, &err);
	line = signer && text ? note_line(text, strlen(text), signer, origin, NOTE_ED25519, 0, &err)
			      : NULL;
	if (!line || asprintf(&note, "%s\n%s", text, line) < 0)
		fuzz_fail("a checkpoint expected, found %s", err.text);
	fuzz_expect(file_write(path, note, strlen(note), &err), &err, "a checkpoint");
	signer_close(signer);
}

/* Whether a reader takes the log who remembers in it what he took before. */
static bool opens(const char *folder)
{
	const struct attest_log_trust trust = {.key = public_key, .max_age = -1};
	struct err err = {0};
	struct attest_log *log = attest_log_open(folder, &trust, &err);
	cleanup_free char *path = log ? folder_path(folder, NULL, "seen", &err) : NULL;
	struct attest_log_seen *seen = path ? attest_log_seen_open(path, &err) : NULL;
	bool taken = seen && attest_log_seen_check(seen, log, &err) == 0 &&
		     attest_log_seen_keep(seen, &err) == 0;

	if (!taken)
		refused(&err);
	attest_log_seen_close(seen);
	attest_log_close(log);
	return taken;
}

static bool extended(const char *folder, const char *key)
{
	const struct attest_log_keeper keeper = {.key = key, .origin = origin};
	cleanup_json json_t *list =
		json_pack("[{s:s, s:i, s:s}]", "type", "withdrawal", "entry", 0, "reason", "fuzz");
	struct err err = {0};

	if (attest_log_append(folder, &keeper, list, &err) == 0)
		return true;
	refused(&err);
	return false;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

/* The first byte is the number of entries, the lowest bit of the second tells whose hashes. */
static int run(const uint8_t *data, size_t size)
{
	struct node nodes[TILE_WIDTH] = {0};
	struct memory_file key;
	char folder[60];
	unsigned width;
	bool opened;
	bool extends;

	if (size < 2 || data[0] == 0)
		return -1;
	width = data[0];
	if ((data[1] & 1) == 0)
		hash_entries(data + 2, size - 2, width, nodes);
	snprintf(folder, sizeof(folder), "/dev/shm/fuzz-log.%d", (int)getpid());
	if (mkdir(folder, 0700) < 0)
		fuzz_fail("a folder expected");
	key = memory_file_new(private_pem, sizeof(private_pem) - 1);
	put(folder, 0, width, nodes, width * sizeof(*nodes));
	put(folder, -1, width, data + 2, size - 2);
	put_checkpoint(folder, key.path, width);
	opened = opens(folder);
	extends = extended(folder, key.path);
	if (opened && (!extends || !opens(folder)))
		fuzz_fail("a log that can be extended and is good then expected");
	memory_file_close(&key);
	if (nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0)
		fuzz_fail("a folder that can be removed expected");
	return 0;
}

const struct target fuzz_log = {"log", run, NULL};
