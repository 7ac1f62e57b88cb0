/*
 * What somebody who may change an image's file could change without changing a PCR. For the room's
 * own files.
 */
#ifndef MINTMARK_EIF_UNPINNED_H
#define MINTMARK_EIF_UNPINNED_H

#include "inventory.h"

enum { UNPINNED_ENTRIES = 64 }; /* how many entries of a ramdisk are worth keeping for this */

/* An array as eif_verify() documents it; the reference is the caller's. */
json_t *unpinned_json(const struct eif_image *image, const struct inventory *inventory,
		      struct err *err);

#endif
