/*
 * A sink that writes a stretch of an output file, of which others may write other stretches at the
 * same time. Internal to the rootfs room.
 */
#ifndef MINTMARK_ROOTFS_OUTSINK_H
#define MINTMARK_ROOTFS_OUTSINK_H

#include <stdint.h>

#include "hash.h"
#include "outfile.h"
#include "tree.h"

enum { OUTSINK_BUFFER = 256 * 1024 };

struct outsink {
	struct sink sink;
	struct outfile *out;
	off_t offset;	       /* in the file, of the buffer */
	size_t used;	       /* bytes in the buffer */
	unsigned char *buffer; /* OUTSINK_BUFFER bytes, owned */
};

/* Begins at offset. ROOTFS-MEMORY. */
int outsink_open(struct outsink *sink, struct outfile *out, off_t offset, struct err *err);

/*
 * Takes size bytes of the file fd from offset on, for the hash and the CRC-32 check too.
 * FILE-WRITE, ROOTFS-SPOOL.
 */
int outsink_copy(struct outsink *sink, int fd, off_t offset, uint64_t size, struct hash *hash,
		 uint32_t *check, struct err *err);

/* Writes what is still in the buffer. */
int outsink_flush(struct outsink *sink, struct err *err);

/* Forgets what is still in the buffer. */
void outsink_close(struct outsink *sink);

#endif
