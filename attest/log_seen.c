/*
 * What a reader remembers of a log: the last checkpoint that it found good, in a file. Never
 * forgets it for one that does not continue it, nor for a reader that was not done yet.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "folder.h"
#include "log.h"
#include "outfile.h"

enum { LOCK_TRIES_PER_SECOND = 10, LOCK_SECONDS = 10 };

struct attest_log_seen {
	char *path;
	int lock; /* the file's folder: the file itself is replaced */
	char *older;
	size_t older_size;
	char *accepted;
};

void attest_log_seen_close(struct attest_log_seen *seen)
{
	if (!seen)
		return;
	if (seen->lock >= 0)
		close(seen->lock);
	free(seen->path);
	free(seen->older);
	free(seen->accepted);
	free(seen);
}

static void cleanup_seen_at(struct attest_log_seen **seen)
{
	attest_log_seen_close(*seen);
}

/* Whoever may open the folder can hold the lock, so that nobody waits for it for ever. */
static int lock(int fd, const char *folder, struct err *err)
{
	const struct timespec pause = {.tv_nsec = 1000000000 / LOCK_TRIES_PER_SECOND};

	for (int i = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; i++) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_errno(err, "FILE-OPEN", "%s", folder);
		if (i == LOCK_SECONDS * LOCK_TRIES_PER_SECOND)
			return err_set(err, EXIT_ENVIRONMENT, "ATTEST-LOG-BUSY",
				       "%s: a folder that is free within %d seconds expected, "
				       "found another's lock",
				       folder, LOCK_SECONDS);
		nanosleep(&pause, NULL);
	}
	return 0;
}

static int lock_folder(const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	cleanup_free char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	cleanup_close int fd = -1;

	if (!folder)
		return no_memory(err);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(err, "FILE-OPEN", "%s", folder);
	return lock(fd, folder, err) < 0 ? -1 : steal_fd(&fd);
}

struct attest_log_seen *attest_log_seen_open(const char *path, struct err *err)
{
	cleanup_with(cleanup_seen_at) struct attest_log_seen *seen = calloc(1, sizeof(*seen));

	if (seen)
		seen->lock = -1;
	if (!seen || !(seen->path = strdup(path))) {
		no_memory(err);
		return NULL;
	}
	seen->lock = lock_folder(path, err);
	if (seen->lock < 0)
		return NULL;
	if (access(path, F_OK) != 0 && errno == ENOENT)
		return steal_ptr(seen);
	seen->older = read_small_file(path, NOTE_MAX, &seen->older_size, err);
	return seen->older ? steal_ptr(seen) : NULL;
}

bool log_seen_locks(const struct attest_log_seen *seen, const char *folder)
{
	struct stat locked;
	struct stat other;

	return fstat(seen->lock, &locked) == 0 && stat(folder, &other) == 0 &&
	       locked.st_dev == other.st_dev && locked.st_ino == other.st_ino;
}

bool attest_log_seen_nothing(const struct attest_log_seen *seen)
{
	return !seen->older;
}

/* What was seen, which is not to be longer than what is shown now. */
static int read_older(const struct attest_log_seen *seen, const struct note_key *key,
		      const struct checkpoint *newer, struct checkpoint *older, struct err *err)
{
	if (older_read(seen->older, seen->older_size, key, newer->origin, older, err) < 0)
		return err_wrap(err, "%s", seen->path);
	if (older->size <= newer->size)
		return 0;
	return err_set(err, EXIT_VERIFY, "ATTEST-LOG-OLDER",
		       "%s: a log of at least the %" PRIu64
		       " entries that were seen expected, found %" PRIu64,
		       seen->path, older->size, newer->size);
}

static int accept(struct attest_log_seen *seen, const char *note, size_t size, struct err *err)
{
	free(seen->accepted);
	seen->accepted = strndup(note, size);
	return seen->accepted ? 0 : no_memory(err);
}

int attest_log_seen_check(struct attest_log_seen *seen, struct attest_log *log, struct err *err)
{
	struct checkpoint older;

	if (seen->older) {
		if (read_older(seen, &log->key, &log->checkpoint, &older, err) < 0)
			return -1;
		if (attest_log_continues(log, seen->older, seen->older_size, err) < 0)
			return err_wrap(err, "%s", seen->path);
	}
	return accept(seen, log->note, strlen(log->note), err);
}

/* That the log of a proof continues what was seen, by a consistency proof unless it is the same. */
static int check_growth(const struct checkpoint *older, const struct checkpoint *newer,
			const struct attest_file *consistency, struct err *err)
{
	struct consistency proof = {.from = older->size, .newer = *newer};

	if (older->size < newer->size && !consistency)
		return err_set(err, EXIT_VERIFY, "ATTEST-LOG-CONSISTENCY",
			       "a consistency proof from the %" PRIu64
			       " entries that were seen expected, found none",
			       older->size);
	if (older->size < newer->size &&
	    consistency_read(consistency->data, consistency->size, &proof, err) < 0)
		return -1;
	if (proof.newer.size != newer->size ||
	    memcmp(proof.newer.root, newer->root, SHA256_SIZE) != 0)
		return err_set(err, EXIT_VERIFY, "ATTEST-LOG-CONSISTENCY",
			       "consistency proof: one to the %" PRIu64
			       " entries of the proof's checkpoint expected, found another",
			       newer->size);
	return consistency_holds(&proof, older, err);
}

int attest_log_seen_check_proof(struct attest_log_seen *seen, const struct attest_file *proof,
				const struct attest_file *consistency,
				const struct attest_log_trust *trust, struct err *err)
{
	struct checkpoint newer;
	struct checkpoint older;
	struct note_key key;
	struct slice note;

	if (proof_note(proof->data, proof->size, &note, err) < 0 ||
	    checkpoint_read(note.data, note.size, &newer, err) < 0 ||
	    log_check_signatures(&newer, trust, err) < 0 ||
	    note_key_parse(trust->key, &key, err) < 0)
		return -1;
	if (seen->older) {
		if (read_older(seen, &key, &newer, &older, err) < 0)
			return -1;
		if (check_growth(&older, &newer, consistency, err) < 0)
			return err_wrap(err, "%s", seen->path);
	}
	return accept(seen, (const char *)note.data, note.size, err);
}

int attest_log_seen_keep(struct attest_log_seen *seen, struct err *err)
{
	return file_write_durable(seen->path, seen->accepted, strlen(seen->accepted), err);
}
