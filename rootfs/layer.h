/*
 * One tar, laid over what is in the tree. Internal to the rootfs room.
 */
#ifndef MINTMARK_ROOTFS_LAYER_H
#define MINTMARK_ROOTFS_LAYER_H

#include "stream.h"
#include "tree.h"

struct layer_rules {
	const char *name; /* for messages: "layer 3 (sha256:...)", "package x.deb"; or NULL */
	bool whiteouts;	  /* OCI: names that begin with .wh. are deletions */
	/*
	 * Debian packages: LAYER-CONFLICT for a path other than a directory that an earlier package
	 * brought. A directory that is there already stays as it is, and so does a symbolic link
	 * to a directory where a directory should go.
	 */
	bool once;
	bool any_device; /* not only those that every container has */
};

/*
 * Reads one tar to the end of the stream, settles the stream, and lays the entries over the tree in
 * their order. Afterwards stream_digests() tells what was read.
 */
int layer_read(struct rootfs *rootfs, struct stream *stream, const struct layer_rules *rules,
	       struct err *err);

#endif
