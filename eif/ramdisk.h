/*
 * What a ramdisk holds, as the kernel would find it: archives, plain or compressed, one after the
 * other with zeros between. For the room's own files.
 */
#ifndef MINTMARK_EIF_RAMDISK_H
#define MINTMARK_EIF_RAMDISK_H

#include "newc.h"
#include "unpack.h"

struct ramdisk {
	/* Called for each entry; packed tells that its offsets are those inside a compressed part.
	 */
	int (*entry)(void *context, const struct newc_entry *entry, bool packed, struct err *err);
	void *context;
	bool digests;
	uint64_t *unpack_left; /* as unpack_new() takes it */

	/* scratch, and what is left to say at the end */
	enum { RAMDISK_BETWEEN, RAMDISK_PLAIN, RAMDISK_PACKED, RAMDISK_REST } state;
	uint64_t offset;      /* in the ramdisk */
	uint64_t archive;     /* offset of the archive that comes by */
	unsigned archives;    /* that began so far */
	uint64_t rest_at;     /* where listing ended */
	const char *rest_why; /* why; NULL when all was listed */
	struct unpack *unpack;
	struct newc newc;
	unsigned char head[8]; /* bytes that tell what comes */
	size_t have;
};

int ramdisk_feed(struct ramdisk *ramdisk, const unsigned char *data, size_t size, struct err *err);

/* After the last byte: completes rest_why. */
void ramdisk_end(struct ramdisk *ramdisk);

/* Makes it ready for another ramdisk; also the way to let go of it. */
void ramdisk_reset(struct ramdisk *ramdisk);

#endif
