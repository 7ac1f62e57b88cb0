/*
 * File contents on their way from layers, which come in their own order, to the archive, which is
 * sorted: one unlinked file for a whole tree. Internal to the rootfs room.
 */
#ifndef MINTMARK_ROOTFS_SPOOL_H
#define MINTMARK_ROOTFS_SPOOL_H

#include "tree.h"

struct spool;

/* An unlinked file, open for reading and writing, in $TMPDIR or /var/tmp; -1 with ROOTFS-SPOOL. */
int spool_file(struct err *err);

/* Writes all size bytes at the end of what was written to such a file. ROOTFS-SPOOL. */
int spool_write(int fd, const void *from, size_t size, struct err *err);

/* Gives at most size bytes, fewer only at the end; -1 with err filled in. */
typedef ssize_t spool_source(void *from, void *data, size_t size, struct err *err);

/*
 * The spool of the tree, made when there is none yet in $TMPDIR or /var/tmp; it belongs to the
 * tree. NULL with ROOTFS-SPOOL.
 */
struct spool *spool_of(struct rootfs *rootfs, struct err *err);

/*
 * Takes the contents of a regular file, inode->size bytes of them, from source; afterwards they are
 * where the inode says, and inode->sha256 is their digest. ROOTFS-SPOOL when the disk is full.
 */
int spool_fill(struct spool *spool, struct inode *inode, spool_source *source, void *from,
	       struct err *err);

#endif
