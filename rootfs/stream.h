/*
 * The bytes of a file, decompressed if it is gzip, xz, zstd or bzip2. Internal to the rootfs room.
 */
#ifndef MINTMARK_ROOTFS_STREAM_H
#define MINTMARK_ROOTFS_STREAM_H

#include <stddef.h>
#include <sys/types.h>

#include "cleanup.h"
#include "err.h"

struct stream;

/* Owned by the caller; NULL with ROOTFS-READ or TAR-COMPRESSION. path outlives the stream. */
struct stream *stream_open(const char *path, struct err *err);

/* Reads size bytes, fewer only at the end; -1 with TAR-COMPRESSION or ROOTFS-READ. */
ssize_t stream_read(struct stream *stream, void *data, size_t size, struct err *err);

/*
 * After the end: ROOTFS-CHANGED when the file is not as it was when it was opened, TAR-COMPRESSION
 * when there is more in it than was decompressed.
 */
int stream_settle(const struct stream *stream, struct err *err);

/* Accepts NULL. */
void stream_close(struct stream *stream);

#endif
