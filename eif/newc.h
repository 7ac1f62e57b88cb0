/*
 * The entries of one newc archive that comes by in pieces of any size. For the room's own files;
 * memory is bounded by the longest path.
 */
#ifndef MINTMARK_EIF_NEWC_H
#define MINTMARK_EIF_NEWC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"
#include "hash.h"

enum { NEWC_HEADER = 110, NEWC_PATH_MAX = 4096 /* with NUL, the kernel's */ };

struct newc_entry {
	uint64_t offset;  /* of its header, from the archive's begin */
	unsigned archive; /* of its ramdisk, in the order they come; not set here */
	uint64_t end;	  /* behind its data and their padding */
	const char *path;
	uint32_t mode, uid, gid, nlink, mtime, size, major, minor;
	uint32_t ino, dev_major, dev_minor; /* with type and nlink >= 2: the same file */
	unsigned char sha256[SHA256_SIZE];  /* of the data; zeros unless asked for */
};

struct newc {
	int (*entry)(void *context, const struct newc_entry *entry, struct err *err);
	void *context;
	bool digests; /* compute those of the contents */

	/* scratch */
	enum {
		NEWC_IN_HEADER,
		NEWC_IN_NAME,
		NEWC_IN_DATA,
		NEWC_IN_TRAILER,
		NEWC_ENDED,
		NEWC_BROKEN
	} state;
	unsigned char header[NEWC_HEADER];
	char path[NEWC_PATH_MAX + 4];
	struct newc_entry current;
	struct hash *hash;
	uint64_t offset;     /* in the archive */
	size_t have;	     /* bytes of header or name so far */
	size_t name_size;    /* with padding */
	uint64_t left;	     /* of the data */
	uint64_t left_total; /* of the data and their padding */
	const char *why;     /* when broken: what was expected */
};

/*
 * Takes bytes until the archive ends with its trailer, or is broken, which are states and no
 * errors. Returns how many, or -1 when a function that it calls failed.
 */
ssize_t newc_feed(struct newc *newc, const unsigned char *data, size_t size, struct err *err);

void newc_close(struct newc *newc);

#endif
