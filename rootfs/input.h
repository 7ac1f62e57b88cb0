/*
 * The stored bytes of a stream: read once, in order, and hashed on the way. Internal to the rootfs
 * room, between stream.c and the decompressors.
 */
#ifndef MINTMARK_ROOTFS_INPUT_H
#define MINTMARK_ROOTFS_INPUT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"
#include "hash.h"

struct input {
	int fd;
	bool seekable;	 /* read from offset on, up to left bytes; otherwise until the end */
	off_t offset;	 /* of what comes next */
	uint64_t left;	 /* of a seekable input */
	const char *name;
	struct hash *hash; /* of what was read; NULL when nobody asks */
};

/* Reads at most size bytes: how many, 0 at the end, -1 with ROOTFS-READ. */
ssize_t input_read(struct input *input, void *data, size_t size, struct err *err);

/* Copies the first size bytes, fewer when there are fewer, without moving on. */
ssize_t input_peek(const struct input *input, void *data, size_t size);

#endif
