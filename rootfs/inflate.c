/*
 * One gzip member through zlib, for archives: ISA-L takes sets of codes that zlib and Linux find
 * incomplete. Never reads a second member.
 */
#include "decoder.h"

#include <stdlib.h>

#include <zlib.h>

enum { GZIP_WINDOW = 15 + 16 }; /* the largest window, and gzip's header and trailer, see zlib.h */

struct one_member {
	struct decoder decoder;
	bool ended;
	z_stream z;
};

static int damaged(const struct one_member *one, const char *found, struct err *err)
{
	return decoder_damaged(&one->decoder, "a whole gzip member", found, err);
}

static int advance(struct one_member *one, struct err *err)
{
	struct decoder *decoder = &one->decoder;
	int more = decoder_refill(decoder, err);
	int result;

	if (more < 0)
		return -1;
	if (more == 0)
		return damaged(one, "the end of the file within it", err);
	/* zlib's interface lacks const; it only reads. */
	one->z.next_in = (unsigned char *)(uintptr_t)decoder->next;
	one->z.avail_in = (unsigned int)decoder->left;
	result = inflate(&one->z, Z_NO_FLUSH);
	decoder->next = one->z.next_in;
	decoder->left = one->z.avail_in;
	one->ended = result == Z_STREAM_END;
	if (result == Z_MEM_ERROR)
		return err_errno(err, "ROOTFS-MEMORY", "%s", decoder->input->name);
	if (result != Z_OK && result != Z_STREAM_END)
		return damaged(one, one->z.msg ? one->z.msg : "something else", err);
	return 0;
}

static ssize_t inflate_read(struct decoder *decoder, void *data, size_t size, struct err *err)
{
	struct one_member *one = (struct one_member *)decoder;
	unsigned int wanted = size > 1 << 30 ? 1 << 30 : (unsigned int)size;

	one->z.next_out = data;
	one->z.avail_out = wanted;
	while (one->z.avail_out > 0 && !one->ended)
		if (advance(one, err) < 0)
			return -1;
	return (ssize_t)(wanted - one->z.avail_out);
}

static void inflate_close(struct decoder *decoder)
{
	struct one_member *one = (struct one_member *)decoder;

	inflateEnd(&one->z);
	free(one);
}

struct decoder *inflate_new(const char *name, struct err *err)
{
	struct one_member *one = calloc(1, sizeof(*one));

	if (!one || inflateInit2(&one->z, GZIP_WINDOW) != Z_OK) {
		free(one);
		err_errno(err, "ROOTFS-MEMORY", "%s", name);
		return NULL;
	}
	one->decoder.read = inflate_read;
	one->decoder.close = inflate_close;
	return &one->decoder;
}
