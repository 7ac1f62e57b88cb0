/*
 * Blocks of bytes in a ring, and several parties, here called strands, that each take all of them
 * in order, on as many cores as there are. For the room's own files; knows nothing about images.
 */
#ifndef MINTMARK_EIF_RING_H
#define MINTMARK_EIF_RING_H

#include <stddef.h>

#include "err.h"

enum {
	RING_BLOCK = 256 * 1024, /* bytes of a block */
	RING_BLOCKS = 16,
	RING_MAX_STRANDS = 5
};

struct block {
	unsigned char *data; /* RING_BLOCK bytes */
	size_t size;	     /* used of them; this and the rest are for those who use the ring */
	unsigned kind;
	unsigned section;
	unsigned ramdisk;
	unsigned type;
};

struct strand {
	/* Takes the next block; never called by two threads at a time. */
	int (*take)(void *context, const struct block *block, struct err *err);
	void *context;
};

struct ring;

/*
 * A ring for up to RING_MAX_STRANDS strands, which are copied. Threads begin when the ring is full
 * for the first time; where there can be none, the caller's does everything, with the same results.
 * NULL with MEMORY.
 */
struct ring *ring_new(const struct strand *strands, unsigned count, struct err *err);

/* The next block, to be filled; NULL with the error of a strand, wherever that was. */
struct block *ring_room(struct ring *ring, struct err *err);

/* Hands the block of ring_room() to the strands. */
void ring_put(struct ring *ring);

/* Waits until all strands have taken all blocks; -1 with the error of one. Then no thread is left.
 */
int ring_finish(struct ring *ring, struct err *err);

/* Ends the threads wherever they are. Accepts NULL. */
void ring_free(struct ring *ring);

#endif
