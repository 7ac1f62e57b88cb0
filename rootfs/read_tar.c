/*
 * Reads a root tarball: one layer in which every name is what it says, whiteouts included. Never
 * creates anything with a name on disk.
 */
#include "blobs.h"
#include "layer.h"
#include "rootfs.h"
#include "tree.h"

static const struct layer_rules tarball = {.any_device = true};

/* Bytes that come only once: nothing tells what they were but the tree. */
static int read_pipe(struct rootfs *rootfs, const char *location, struct err *err)
{
	cleanup_stream struct stream *stream = stream_open(location, err);

	return stream ? layer_read(rootfs, stream, &tarball, err) : -1;
}

static int read_file(struct rootfs *rootfs, const struct blob *blob, struct err *err)
{
	cleanup_stream struct stream *stream = stream_open_part(&blob->part, err);
	struct stream_digests digests;

	if (!stream || layer_read(rootfs, stream, &tarball, err) < 0 ||
	    blob_settle(blob, err) < 0 || stream_digests(stream, &digests, err) < 0)
		return -1;
	return source_fact(rootfs, "Digest", digest_json(digests.stored), err) < 0
		       ? -1
		       : source_fact(rootfs, "DiffID", digest_json(digests.plain), err);
}

int read_tar(struct rootfs *rootfs, const char *location, struct err *err)
{
	cleanup_blob struct blob blob = BLOB_INIT;
	struct stat st;

	if (stat(location, &st) == 0 && !S_ISREG(st.st_mode))
		return read_pipe(rootfs, location, err);
	if (blob_open(&blob, location, err) < 0)
		return -1;
	return read_file(rootfs, &blob, err);
}
