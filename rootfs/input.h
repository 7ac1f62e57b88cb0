/*
 * The stored bytes of a stream: read once, in order, and hashed on the way. Internal to the rootfs
 * room, between stream.c and the decoders.
 */
#ifndef MINTMARK_ROOTFS_INPUT_H
#define MINTMARK_ROOTFS_INPUT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"
#include "hash.h"

enum { INPUT_HEAD = 8 }; /* bytes that can be looked at beforehand */

struct input {
	int fd;
	bool seekable;	/* read from offset on, up to left bytes; otherwise until the end */
	off_t offset;	/* of what comes next */
	uint64_t left;	/* of a seekable input */
	const char *name;
	struct hash *hash;		/* of what was read; NULL when nobody asks */
	unsigned char head[INPUT_HEAD]; /* what was looked at and not read yet */
	size_t head_size;
};

/* Reads at most size bytes: how many, 0 at the end, -1 with ROOTFS-READ. */
ssize_t input_read(struct input *input, void *data, size_t size, struct err *err);

/* Copies up to size bytes, at most INPUT_HEAD, fewer when there are fewer; only before any read. */
ssize_t input_peek(struct input *input, void *data, size_t size, struct err *err);

#endif
