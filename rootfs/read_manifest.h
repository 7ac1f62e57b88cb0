/*
 * Reads a manifest from its first byte to its last. Internal to the rootfs room.
 */
#ifndef MINTMARK_ROOTFS_READ_MANIFEST_H
#define MINTMARK_ROOTFS_READ_MANIFEST_H

#include <jansson.h>

#include "err.h"

enum {
	/* Bytes of one value. Path and hardlink with every byte escaped are 50 000. */
	MANIFEST_VALUE_MAX = 64 << 10,
};

enum manifest_part {
	MANIFEST_DIGEST, /* TreeDigest: a string */
	MANIFEST_PREFIX, /* a string */
	MANIFEST_ADDED,	 /* each name: a string */
	MANIFEST_ENTRY,	 /* each, of any type; they come last */
	MANIFEST_PARTS,
};

struct manifest_visitor {
	int (*take)(struct manifest_visitor *visitor, enum manifest_part part, json_t *value,
		    struct err *err);
};

/*
 * Gives the visitor each value as soon as it is read, and keeps none. MANIFEST-JSON when the file
 * is not JSON, to its end, has a key twice or a value above the limit; MANIFEST-KEYS when it has
 * other keys or types; then the first error of the visitor, who is not asked again after it.
 * FILE-OPEN, FILE-READ.
 */
int read_manifest(const char *path, struct manifest_visitor *visitor, struct err *err);

#endif
