/*
 * What is in an image beyond its sections: a sink for eif_read() that looks into kernel and
 * ramdisks while they come by. For the room's own files.
 */
#ifndef MINTMARK_EIF_INVENTORY_H
#define MINTMARK_EIF_INVENTORY_H

#include "room.h"
#include "kernel.h"
#include "ramdisk.h"

struct inventory_entry {
	struct newc_entry facts; /* facts.path is owned */
	bool packed;		 /* its offsets are those inside a compressed part */
};

struct inventory_ramdisk {
	struct inventory_entry *entries; /* in the order of the archive */
	size_t count;			 /* of them; at most the inventory's limit */
	size_t total;			 /* entries that came by */
	bool has_init;			 /* one of them is init */
	const char *init_unknown;	 /* why one of them might be, by another name; or NULL */
	uint64_t rest_at;		 /* what comes from there on could not be listed */
	const char *rest_why;		 /* why; or NULL */
};

enum { INVENTORY_LINKS = 1 << 20 };

struct inventory {
	size_t limit; /* entries to keep of each ramdisk */
	struct kernel kernel;
	struct inventory_ramdisk ramdisks[EIF_MAX_SECTIONS];
	unsigned ramdisk_count;

	/* scratch */
	enum eif_type type;
	struct ramdisk ramdisk;
	uint64_t unpack_left;			  /* bytes that may still be unpacked */
	size_t kept_left;			  /* bytes of memory that may still be kept */
	unsigned char links[INVENTORY_LINKS / 8]; /* bits of the paths of symbolic links */
};

/* A sink that fills the inventory, which must stay where it is. */
struct eif_sink inventory_sink(struct inventory *inventory, size_t limit, bool digests);

/* After eif_read(): completes the last section. */
void inventory_finish(struct inventory *inventory);

/* The path as the kernel takes it, without the slashes and dots in front: "init" for "./init". */
const char *inventory_path(const char *path);

/* Fits cleanup_with(). */
void inventory_clear(struct inventory *inventory);

#endif
