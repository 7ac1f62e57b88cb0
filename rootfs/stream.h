/*
 * The bytes of a file or of a part of one, decompressed if they are gzip, xz, zstd or bzip2, and
 * the digests of both forms; threads of the stream's own read ahead. Internal to the rootfs room.
 */
#ifndef MINTMARK_ROOTFS_STREAM_H
#define MINTMARK_ROOTFS_STREAM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "cleanup.h"
#include "err.h"
#include "hash.h"
#include "limit.h"

struct stream;

/* Bytes that lie in an open file which the caller keeps open, and unchanged, until the end. */
struct stream_part {
	int fd;
	off_t offset;
	uint64_t size;
	const char *name; /* for messages; outlives the stream */
};

struct stream_digests {
	unsigned char stored[SHA256_SIZE]; /* of the bytes as they lie in the file */
	unsigned char plain[SHA256_SIZE];  /* of what stream_read() gave */
};

/* Owned by the caller; NULL with ROOTFS-READ or TAR-COMPRESSION. path outlives the stream. */
struct stream *stream_open(const char *path, struct err *err);

/* As stream_open(); computes digests, which stream_digests() gives. */
struct stream *stream_open_part(const struct stream_part *part, struct err *err);

/* Before the first read: other limits than the defaults. */
void stream_limit(struct stream *stream, const struct rootfs_limits *limits);

/* Reads size bytes, fewer only at the end; -1 with TAR-COMPRESSION, ROOTFS-READ, ROOTFS-LIMIT. */
ssize_t stream_read(struct stream *stream, void *data, size_t size, struct err *err);

/*
 * After the end: ROOTFS-CHANGED when the file is not as it was when it was opened; what
 * stream_read() returns when something behind the data is wrong.
 */
int stream_settle(const struct stream *stream, struct err *err);

/* After stream_settle(): the digests of a part. */
int stream_digests(struct stream *stream, struct stream_digests *digests, struct err *err);

/* Accepts NULL. */
void stream_close(struct stream *stream);

static inline void cleanup_stream_at(struct stream **stream)
{
	stream_close(*stream);
}
#define cleanup_stream cleanup_with(cleanup_stream_at)

#endif
