/* Checks that hold for every tree, wherever it came from. */
#ifndef MINTMARK_FUZZ_TREE_H
#define MINTMARK_FUZZ_TREE_H

#include "rootfs.h"

/*
 * Writes the tree as an archive with a manifest, unpacks that archive and verifies it: aborts
 * unless what comes out is what went in, to the last byte, and the kernel would pass nothing over.
 */
void check_round_trip(struct rootfs *rootfs);

/*
 * Adds a run specification, with which files' capabilities travel, unless the tree knows too little
 * for one: then it has to be refused by name.
 */
void add_run(struct rootfs *rootfs);

/* Lists it both ways and throws the text away. */
void check_listing(struct rootfs *rootfs);

#endif
