/* The file systems that an application finds mounted. */
#ifndef MINTMARK_MOUNTS_H
#define MINTMARK_MOUNTS_H

#include "refusal.h"

/* Mounts proc on the initial root, so that the command line can be read; makes /proc. */
int mounts_early_proc(struct refusal *why);

/* Takes it away again. */
int mounts_drop_early_proc(struct refusal *why);

/*
 * Mounts everything in the table, making the mount points that the image lacks, and the links in
 * /dev.
 */
int mounts_all(struct refusal *why);

#endif
