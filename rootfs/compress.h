/*
 * Compressed archives: the same bytes for the same archive, on every machine, with any number of
 * processors, as long as zlib and libzstd are the pinned ones. Internal to the rootfs room.
 */
#ifndef MINTMARK_ROOTFS_COMPRESS_H
#define MINTMARK_ROOTFS_COMPRESS_H

#include <stdint.h>

#include "cleanup.h"
#include "err.h"
#include "outfile.h"
#include "rootfs.h"
#include "tree.h"

/*
 * A sink that compresses size bytes, at least one, into out; gzip or zstd. Owned by the caller, out
 * outlives it. NULL with ROOTFS-COMPRESS or ROOTFS-MEMORY.
 */
struct sink *compressor_new(enum rootfs_compression compression, uint64_t size, struct outfile *out,
			    struct err *err);

/* After the last byte: ends the data and pads the file with zeros to a multiple of 4. */
int compressor_finish(struct sink *sink, struct err *err);

/* Accepts NULL. */
void compressor_free(struct sink *sink);

static inline void cleanup_compressor_at(struct sink **sink)
{
	compressor_free(*sink);
}
#define cleanup_compressor cleanup_with(cleanup_compressor_at)

#endif
