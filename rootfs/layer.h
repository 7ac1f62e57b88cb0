/*
 * One tar stream over what is in the tree: a root tarball, a container's layer or a package's
 * files. Internal to the rootfs room.
 */
#ifndef MINTMARK_ROOTFS_LAYER_H
#define MINTMARK_ROOTFS_LAYER_H

#include <stdbool.h>

#include "rootfs.h"
#include "stream.h"

struct layer_rules {
	const char *name; /* for messages, "package x.deb"; NULL: none */
	bool once; /* a path other than a directory that an earlier layer brought is refused with
		      LAYER-CONFLICT; a directory over a symbolic link to one keeps the link */
};

/* Reads to the end of stream; the caller settles it. Messages begin with the rules' name. */
int layer_read(struct rootfs *rootfs, struct stream *stream, const struct layer_rules *rules,
	       struct err *err);

#endif
