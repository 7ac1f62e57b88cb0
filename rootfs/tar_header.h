/*
 * Tar entries: ustar, pax and GNU headers with long names. Internal to the rootfs room.
 * Format: POSIX.1-2017, pax utility, "ustar Interchange Format" and "pax Interchange Format"; the
 * GNU tar manual, "Basic Tar Format".
 */
#ifndef MINTMARK_ROOTFS_TAR_HEADER_H
#define MINTMARK_ROOTFS_TAR_HEADER_H

#include <stdint.h>

#include "stream.h"

enum { TAR_BLOCK = 512 };

struct tar_entry {
	char *path;	  /* as written, not empty; a trailing '/' is kept */
	char *link;	  /* target of '1' and '2', else NULL */
	char *attributes; /* names of extended attributes, each ends with NUL, then an empty one */
	size_t attributes_size;
	char type;     /* '0' to '6' */
	uint32_t mode; /* permission bits */
	uint32_t uid;
	uint32_t gid;
	uint64_t size; /* of the data that follows */
	uint64_t major;
	uint64_t minor;
};

struct tar {
	struct stream *stream;		/* either, */
	const struct stream_part *part; /* or plain bytes, in which data can be skipped unread */
	uint64_t offset;		/* in the decompressed bytes */
	uint64_t header;		/* offset of the header being read, for messages */
	uint64_t data_left;
	uint64_t padding;
};

/*
 * Reads the next entry: 1, or 0 after a correct end of archive (two zero blocks, then nothing but
 * zeros), or -1 with TAR-*. What the entry held before is freed; what was not read of its data is
 * skipped.
 */
int tar_next(struct tar *tar, struct tar_entry *entry, struct err *err);

/* Reads size bytes of the entry's data, fewer at its end. */
ssize_t tar_read(struct tar *tar, void *data, size_t size, struct err *err);

/* Frees what the entry holds. */
void tar_entry_clear(struct tar_entry *entry);

#endif
