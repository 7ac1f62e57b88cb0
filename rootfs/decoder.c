/*
 * What decoders have in common, and the choice between them by the first bytes. Never runs a
 * program, and never guesses from a name.
 */
#include "decoder.h"

#include <stdlib.h>
#include <string.h>

#include "pipeline.h"

static ssize_t read_plain(struct decoder *decoder, void *data, size_t size, struct err *err)
{
	char *p = data;
	size_t used = 0;

	while (used < size) {
		ssize_t n = decoder_input(decoder, p + used, size - used, err);

		if (n < 0)
			return -1;
		if (n == 0)
			break;
		used += (size_t)n;
	}
	return (ssize_t)used;
}

static void close_plain(struct decoder *decoder)
{
	free(decoder);
}

static struct decoder *plain_new(const char *name, struct err *err)
{
	struct decoder *decoder = calloc(1, sizeof(*decoder));

	if (!decoder) {
		err_errno(err, "ROOTFS-MEMORY", "%s", name);
		return NULL;
	}
	decoder->read = read_plain;
	decoder->close = close_plain;
	return decoder;
}

/* What is stored is read, and hashed, in a thread of its own while this one decodes. */
static int read_ahead(struct decoder *decoder, struct err *err)
{
	decoder->reader = plain_new(decoder->input->name, err);
	if (!decoder->reader)
		return -1;
	decoder->reader->input = decoder->input;
	decoder->ahead = pipeline_new(decoder->reader, NULL, NULL, err);
	return decoder->ahead ? 0 : -1;
}

static bool begins(const unsigned char *head, ssize_t size, const char *magic, ssize_t length)
{
	return size >= length && memcmp(head, magic, (size_t)length) == 0;
}

/* RFC 8878: a frame, or a skippable one of sixteen kinds before it. */
static bool is_zstd(const unsigned char *head, ssize_t size)
{
	return begins(head, size, "\x28\xb5\x2f\xfd", 4) ||
	       (size >= 4 && (head[0] & 0xf0) == 0x50 && memcmp(head + 1, "\x2a\x4d\x18", 3) == 0);
}

enum form { PLAIN, GZIP, ZSTD, XZ, BZIP2 };

static enum form form_of(const unsigned char *head, ssize_t size)
{
	if (begins(head, size, "\x1f\x8b", 2))
		return GZIP;
	if (is_zstd(head, size))
		return ZSTD;
	if (begins(head, size,
		   "\xfd"
		   "7zXZ",
		   6))
		return XZ;
	/* The digit is the block size; what follows is one of two magic numbers. */
	if (begins(head, size, "BZh", 3) && size > 4 && head[3] >= '1' && head[3] <= '9' &&
	    (head[4] == 0x31 || head[4] == 0x17))
		return BZIP2;
	return PLAIN;
}

bool decoder_knows(const unsigned char *head, ssize_t size)
{
	return form_of(head, size) != PLAIN;
}

static struct decoder *choose(struct input *input, enum form form, bool single, struct err *err)
{
	switch (form) {
	case GZIP:
		return single ? inflate_new(input->name, err) : gunzip_new(input->name, err);
	case ZSTD:
		return unzstd_new(input->name, err);
	case XZ:
		return unxz_new(input->name, err);
	case BZIP2:
		return bunzip_new(input->name, err);
	case PLAIN:
		break;
	}
	return plain_new(input->name, err);
}

struct decoder *decoder_new(struct input *input, const struct rootfs_limits *limits, bool single,
			    struct err *err)
{
	unsigned char head[INPUT_HEAD];
	ssize_t size = input_peek(input, head, sizeof(head), err);
	enum form form = form_of(head, size);
	cleanup_decoder struct decoder *decoder = NULL;

	if (size < 0)
		return NULL;
	decoder = choose(input, form, single, err);
	if (!decoder)
		return NULL;
	decoder->input = input;
	decoder->limits = limits;
	decoder->single = single;
	/*
	 * Nobody may read beyond a single member, plain bytes are no work, and what is wrong with
	 * the first bytes of a pipe must not wait for the next ones.
	 */
	if (!single && form != PLAIN && input->seekable && read_ahead(decoder, err) < 0)
		return NULL;
	return steal_ptr(decoder);
}

void decoder_free(struct decoder *decoder)
{
	if (!decoder)
		return;
	pipeline_free(decoder->ahead);
	decoder_free(decoder->reader);
	decoder->close(decoder);
}

uint64_t decoder_used(const struct decoder *decoder)
{
	return decoder->given - decoder->left;
}

ssize_t decoder_input(struct decoder *decoder, void *data, size_t size, struct err *err)
{
	ssize_t n = decoder->ahead ? pipeline_read(decoder->ahead, data, size, err)
				   : input_read(decoder->input, data, size, err);

	decoder->given += n > 0 ? (uint64_t)n : 0;
	return n;
}

int decoder_refill(struct decoder *decoder, struct err *err)
{
	ssize_t n;

	if (decoder->left > 0)
		return 1;
	n = decoder_input(decoder, decoder->buffer, sizeof(decoder->buffer), err);
	if (n <= 0)
		return (int)n;
	decoder->next = decoder->buffer;
	decoder->left = (size_t)n;
	return 1;
}

int decoder_damaged(const struct decoder *decoder, const char *expected, const char *found,
		    struct err *err)
{
	return err_set(err, EXIT_MALFORMED, "TAR-COMPRESSION", "%s: %s expected, found %s",
		       decoder->input->name, expected, found);
}
