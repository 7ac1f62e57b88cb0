/*
 * One compression each: what is stored on one side, plain bytes on the other, every check of the
 * format in between. Internal to the rootfs room.
 */
#ifndef MINTMARK_ROOTFS_DECODER_H
#define MINTMARK_ROOTFS_DECODER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "cleanup.h"
#include "err.h"
#include "input.h"
#include "limit.h"

/* Decoders extend it; its first members are theirs to fill. */
struct decoder {
	/*
	 * Up to size bytes, fewer only at the end, 0 after it. TAR-COMPRESSION when a checksum or
	 * a length is wrong, when the input ends too early, or when something else lies behind.
	 */
	ssize_t (*read)(struct decoder *decoder, void *data, size_t size, struct err *err);
	void (*close)(struct decoder *decoder);
	struct input *input;
	struct decoder *reader; /* of the input, for */
	struct pipeline *ahead; /* which reads it in a thread; both owned; NULL: no thread */
	uint64_t given;		/* stored bytes that came in */
	const struct rootfs_limits *limits;
	bool single;		   /* ends after one member, frame or stream, whatever follows */
	const unsigned char *next; /* stored bytes that were read and not used yet */
	size_t left;
	unsigned char buffer[131072];
};

/* Whether data that begin so, with INPUT_HEAD bytes or all there are, are compressed. */
bool decoder_knows(const unsigned char *head, ssize_t size);

/*
 * Recognises what the input is; bytes that are nothing known are plain. Owned by the caller; input
 * and limits outlive it. NULL with ROOTFS-READ or ROOTFS-MEMORY.
 */
struct decoder *decoder_new(struct input *input, const struct rootfs_limits *limits, bool single,
			    struct err *err);

/* Accepts NULL. */
void decoder_free(struct decoder *decoder);

/* Stored bytes used so far. */
uint64_t decoder_used(const struct decoder *decoder);

/* For decoders: up to size stored bytes, 0 at the end, -1. */
ssize_t decoder_input(struct decoder *decoder, void *data, size_t size, struct err *err);

/* For decoders: reads more input when none is left. 1, 0 at its end, -1. */
int decoder_refill(struct decoder *decoder, struct err *err);

/* For decoders: fails with TAR-COMPRESSION. */
int decoder_damaged(const struct decoder *decoder, const char *expected, const char *found,
		    struct err *err);

/* Allocate and fill in their own members; NULL with err filled in. */
struct decoder *gunzip_new(const char *name, struct err *err);	/* all members */
struct decoder *inflate_new(const char *name, struct err *err); /* a single one */
struct decoder *unzstd_new(const char *name, struct err *err);
struct decoder *unxz_new(const char *name, struct err *err);
struct decoder *bunzip_new(const char *name, struct err *err);

static inline void cleanup_decoder_at(struct decoder **decoder)
{
	decoder_free(*decoder);
}
#define cleanup_decoder cleanup_with(cleanup_decoder_at)

#endif
