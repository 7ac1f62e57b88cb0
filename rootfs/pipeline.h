/*
 * A decoder in a thread of its own, the digest of what it gives in another, and a ring of buffers
 * between them and the reader. Internal to the rootfs room.
 */
#ifndef MINTMARK_ROOTFS_PIPELINE_H
#define MINTMARK_ROOTFS_PIPELINE_H

#include "decoder.h"
#include "hash.h"
#include "limit.h"

struct pipeline;

/*
 * decoder, plain and limits stay the caller's and must not be touched before pipeline_finish();
 * plain and limits may be NULL. Threads begin with the first read. NULL with ROOTFS-MEMORY.
 */
struct pipeline *pipeline_new(struct decoder *decoder, struct hash *plain,
			      const struct rootfs_limits *limits, struct err *err);

/*
 * Reads size bytes, fewer only at the end. -1 with the decoder's error or ROOTFS-LIMIT when fewer
 * were decoded before it.
 */
ssize_t pipeline_read(struct pipeline *pipeline, void *data, size_t size, struct err *err);

/*
 * Stops the threads, wherever they are; decoder and hash are the caller's alone again. -1 with what
 * failed behind the last read: the digest may be behind the reader.
 */
int pipeline_finish(struct pipeline *pipeline, struct err *err);

/* Finishes, too. Accepts NULL. */
void pipeline_free(struct pipeline *pipeline);

#endif
