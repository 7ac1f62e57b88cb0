/*
 * What an input may make us spend: entries, bytes, memory. The defaults are far above real images;
 * docs/rootfs.md lists them. Lengths of names and of paths are the kernel's and cannot be raised.
 *
 * Whoever reads a source calls limit_entry() for each entry that it gives, and for each parent that
 * it makes because none was there; limit_layers() once, when the number of layers is known. Bytes,
 * expansion and windows are counted below, in streams and in the spool.
 */
#ifndef MINTMARK_ROOTFS_LIMIT_H
#define MINTMARK_ROOTFS_LIMIT_H

#include <stdint.h>

#include "err.h"

struct rootfs_limits {
	uint64_t entries;     /* entries read and parents made, in all sources together */
	uint64_t bytes;	      /* of contents that are spooled, in all sources together; and of what
				 one layer decompresses to, or all pieces of an archive */
	uint64_t ratio;	      /* decompressed bytes for each stored byte of one layer or archive */
	uint64_t layers;      /* of one image */
	uint64_t zstd_window; /* bytes; the power of two below counts */
	uint64_t xz_memory;   /* bytes */
};

/* What was counted so far. */
struct rootfs_usage {
	struct rootfs_limits limits;
	uint64_t entries;
	uint64_t bytes;
};

extern const struct rootfs_limits rootfs_default_limits;

/*
 * Sets one limit from "NAME=VALUE": a decimal number above 0, perhaps with k, M or G (powers of
 * 1024). USAGE when there is no such limit or no such number.
 */
int limits_set(struct rootfs_limits *limits, const char *setting, struct err *err);

/* Counts one entry more: ROOTFS-LIMIT when it is one too many. */
int limit_entry(struct rootfs_usage *usage, struct err *err);

/* Counts bytes more. */
int limit_bytes(struct rootfs_usage *usage, uint64_t bytes, struct err *err);

/* Whether an image may have that many layers. */
int limit_layers(const struct rootfs_usage *usage, uint64_t layers, struct err *err);

/* Whether stored bytes may have become that many; small layers may expand as they like. */
int limit_ratio(const struct rootfs_limits *limits, uint64_t stored, uint64_t plain,
		struct err *err);

/* Fails: ROOTFS-LIMIT for the limit called name, with what was found instead. */
int limit_exceeded(const struct rootfs_limits *limits, const char *name, const char *found,
		   struct err *err);

#endif
