/*
 * Files and parts of files as streams of plain bytes. Never looks into those bytes.
 */
#include "stream.h"

#include "decoder.h"
#include "pipeline.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct stream {
	struct input input;
	struct rootfs_limits limits;
	struct decoder *decoder;
	struct pipeline *pipeline;
	struct hash *plain; /* of what was given out; NULL when nobody asks */
	int fd;		    /* of a whole file, which is ours; else -1 */
	struct stat seen;
};

static int start(struct stream *stream, struct err *err)
{
	stream->decoder = decoder_new(&stream->input, &stream->limits, false, err);
	if (!stream->decoder)
		return -1;
	stream->pipeline = pipeline_new(stream->decoder, stream->plain, &stream->limits, err);
	return stream->pipeline ? 0 : -1;
}

static struct stream *new_stream(const char *name, struct err *err)
{
	struct stream *stream = calloc(1, sizeof(*stream));

	if (!stream) {
		err_errno(err, "ROOTFS-MEMORY", "%s", name);
		return NULL;
	}
	stream->fd = -1;
	stream->input.name = name;
	stream->limits = rootfs_default_limits;
	return stream;
}

static int open_whole(struct stream *stream, const char *path, struct err *err)
{
	stream->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (stream->fd < 0 || fstat(stream->fd, &stream->seen) < 0)
		return err_errno(err, "ROOTFS-READ", "%s", path);
	stream->input.fd = stream->fd;
	if (S_ISREG(stream->seen.st_mode)) {
		stream->input.seekable = true;
		stream->input.left = (uint64_t)stream->seen.st_size;
	}
	return start(stream, err);
}

struct stream *stream_open(const char *path, struct err *err)
{
	cleanup_stream struct stream *stream = new_stream(path, err);

	return stream && open_whole(stream, path, err) == 0 ? steal_ptr(stream) : NULL;
}

struct stream *stream_open_part(const struct stream_part *part, struct err *err)
{
	cleanup_stream struct stream *stream = new_stream(part->name, err);

	if (!stream)
		return NULL;
	stream->input.fd = part->fd;
	stream->input.seekable = true;
	stream->input.offset = part->offset;
	stream->input.left = part->size;
	stream->input.hash = hash_new(HASH_SHA256, err);
	stream->plain = stream->input.hash ? hash_new(HASH_SHA256, err) : NULL;
	return stream->plain && start(stream, err) == 0 ? steal_ptr(stream) : NULL;
}

void stream_limit(struct stream *stream, const struct rootfs_limits *limits)
{
	stream->limits = *limits;
}

ssize_t stream_read(struct stream *stream, void *data, size_t size, struct err *err)
{
	return pipeline_read(stream->pipeline, data, size, err);
}

/* A part belongs to a caller who looks whether its file held still. */
static int check_unchanged(const struct stream *stream, struct err *err)
{
	struct stat st;

	/* A pipe's times change when it is read. */
	if (stream->fd < 0 || !stream->input.seekable)
		return 0;
	if (fstat(stream->fd, &st) < 0)
		return err_errno(err, "ROOTFS-READ", "%s", stream->input.name);
	if (st.st_size == stream->seen.st_size &&
	    memcmp(&st.st_mtim, &stream->seen.st_mtim, sizeof(st.st_mtim)) == 0 &&
	    memcmp(&st.st_ctim, &stream->seen.st_ctim, sizeof(st.st_ctim)) == 0)
		return 0;
	return err_set(err, EXIT_ENVIRONMENT, "ROOTFS-CHANGED",
		       "%s: an unchanged file expected, found it changed", stream->input.name);
}

/* The reader may have had enough before the decoder saw that there is nothing more. */
int stream_settle(const struct stream *stream, struct err *err)
{
	char byte;
	ssize_t n = pipeline_read(stream->pipeline, &byte, 1, err);

	if (n < 0 || check_unchanged(stream, err) < 0)
		return -1;
	if (n > 0)
		return err_set(err, EXIT_MALFORMED, "TAR-END",
			       "%s: the end of the data expected, found more", stream->input.name);
	return 0;
}

int stream_digests(struct stream *stream, struct stream_digests *digests, struct err *err)
{
	if (pipeline_finish(stream->pipeline, err) < 0 ||
	    hash_final(stream->input.hash, digests->stored, err) < 0)
		return -1;
	return hash_final(stream->plain, digests->plain, err);
}

void stream_close(struct stream *stream)
{
	if (!stream)
		return;
	pipeline_free(stream->pipeline);
	decoder_free(stream->decoder);
	hash_free(stream->input.hash);
	hash_free(stream->plain);
	if (stream->fd >= 0)
		close(stream->fd);
	free(stream);
}
