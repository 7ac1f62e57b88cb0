/*
 * gzip through zlib, because libarchive does not compare a member's CRC: a damaged root would be
 * packed, and measured, without a word. Members may follow each other; nothing else may.
 */
#include "gunzip.h"

#include <errno.h>
#include <stdlib.h>

#include <zlib.h>

enum { GZIP_WINDOW = 15 + 16 }; /* the largest window, and gzip's header and trailer, see zlib.h */

struct gunzip {
	z_stream z;
	struct input *input;
	bool in_member;
	unsigned char buffer[65536];
};

bool gunzip_recognises(const struct input *input)
{
	unsigned char magic[2];

	return input_peek(input, magic, sizeof(magic)) == sizeof(magic) && magic[0] == 0x1f &&
	       magic[1] == 0x8b;
}

struct gunzip *gunzip_new(struct input *input, struct err *err)
{
	struct gunzip *gunzip = calloc(1, sizeof(*gunzip));

	if (!gunzip || inflateInit2(&gunzip->z, GZIP_WINDOW) != Z_OK) {
		free(gunzip);
		errno = ENOMEM;
		err_errno(err, "ROOTFS-MEMORY", "%s", input->name);
		return NULL;
	}
	gunzip->input = input;
	return gunzip;
}

/* More input: 1, or 0 at the end of the file, or -1. */
static int refill(struct gunzip *gunzip, struct err *err)
{
	ssize_t n = input_read(gunzip->input, gunzip->buffer, sizeof(gunzip->buffer), err);

	if (n < 0)
		return -1;
	gunzip->z.next_in = gunzip->buffer;
	gunzip->z.avail_in = (unsigned)n;
	return n > 0;
}

static int damaged(const struct gunzip *gunzip, const char *found, struct err *err)
{
	return err_set(err, EXIT_MALFORMED, "TAR-COMPRESSION",
		       "%s: whole gzip members expected, found: %s", gunzip->input->name, found);
}

ssize_t gunzip_read(struct gunzip *gunzip, void *data, size_t size, struct err *err)
{
	z_stream *z = &gunzip->z;
	unsigned wanted = size > 1 << 30 ? 1 << 30 : (unsigned)size;

	z->next_out = data;
	z->avail_out = wanted;
	while (z->avail_out > 0) {
		int more = z->avail_in > 0 ? 1 : refill(gunzip, err);
		int result;

		if (more < 0)
			return -1;
		if (more == 0 && gunzip->in_member)
			return damaged(gunzip, "the end of the file within one", err);
		if (more == 0)
			break;
		gunzip->in_member = true;
		result = inflate(z, Z_NO_FLUSH);
		if (result == Z_STREAM_END) {
			gunzip->in_member = false;
			inflateReset(z);
		} else if (result != Z_OK && result != Z_BUF_ERROR) {
			return damaged(gunzip, z->msg ? z->msg : "an error of zlib", err);
		}
	}
	return (ssize_t)(wanted - z->avail_out);
}

void gunzip_free(struct gunzip *gunzip)
{
	if (gunzip)
		inflateEnd(&gunzip->z);
	free(gunzip);
}
