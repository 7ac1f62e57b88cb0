/* Two images side by side. For the room's own files. */
#ifndef MINTMARK_EIF_DIFF_H
#define MINTMARK_EIF_DIFF_H

#include "inventory.h"

struct side {
	struct eif_image image;
	struct inventory inventory;
};

/*
 * Files of all ramdisks that differ: an array of {"ramdisk", "removed", "added", "changed",
 * "unlisted"}, one for each ramdisk that is not the same on both sides. NULL when memory is gone.
 */
json_t *diff_files(const struct side *a, const struct side *b);

/* The n-th section of a type, or NULL. */
const struct eif_section *diff_section(const struct side *side, enum eif_type type, unsigned n);

bool diff_same(const struct eif_section *a, const struct eif_section *b);

#endif
