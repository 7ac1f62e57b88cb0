/*
 * Files that exist whole or not at all: written under a temporary name in the same folder, renamed
 * when finished, removed when given up.
 */
#ifndef MINTMARK_OUTFILE_H
#define MINTMARK_OUTFILE_H

#include <stddef.h>
#include <sys/types.h>

#include "err.h"

struct outfile {
	int fd;	    /* open for reading and writing; -1 when there is none */
	char *path; /* the final name */
	char *temp; /* the name until outfile_commit() */
};

#define OUTFILE_INIT ((struct outfile){.fd = -1})

/*
 * Opens a temporary file beside path. FILE-CREATE when that is impossible, or when path is
 * something other than a regular file, a symbolic link included.
 */
int outfile_open(struct outfile *out, const char *path, struct err *err);

/* Writes all size bytes. FILE-WRITE names the final path. */
int outfile_write(struct outfile *out, const void *data, size_t size, struct err *err);

/* Reads the size bytes that were written last, however they came into the file. FILE-WRITE. */
int outfile_read_back(struct outfile *out, void *data, size_t size, struct err *err);

/* Overwrites size bytes at offset. */
int outfile_write_at(struct outfile *out, const void *data, size_t size, off_t offset,
		     struct err *err);

/* Gives the file mode 0644 less the umask and its final name, replacing what had it; closes it. */
int outfile_commit(struct outfile *out, struct err *err);

/*
 * The same, and on the disk before it returns: after a power cut, too, the name has the old file
 * or the new one, and the new one once this is 0.
 */
int outfile_commit_durable(struct outfile *out, struct err *err);

/* That a name is there, a file's or a folder's, is on the disk when this returns 0. FILE-WRITE. */
int sync_name(const char *path, struct err *err);

/* Removes what was not committed; a no-op after outfile_commit(). Fits cleanup_with(). */
void outfile_close(struct outfile *out);

/* Reads exactly size bytes from fd; FILE-READ on an error, FILE-SHORT at an early end. */
int read_exactly(int fd, void *data, size_t size, const char *path, struct err *err);

/*
 * Reads a whole small file into memory that the caller frees; a NUL that *size does not count
 * follows it. FILE-SIZE when it has more than limit bytes, or more than when it was opened; what
 * was read until a failure is wiped out, since it may be a secret.
 */
void *read_small_file(const char *path, size_t limit, size_t *size, struct err *err);

#endif
