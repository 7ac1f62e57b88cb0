/*
 * bzip2 through libarchive and the decompressor that is linked into it. Never lets libarchive
 * interpret what comes out.
 */
#include "decoder.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>

struct bunzip {
	struct decoder decoder;
	struct archive *archive;
	struct err trouble; /* of the input, while libarchive reads it */
	bool ended;
};

static int failed(const struct bunzip *bunzip, struct err *err)
{
	const char *found = archive_error_string(bunzip->archive);

	if (bunzip->trouble.status) {
		*err = bunzip->trouble;
		return -1;
	}
	return decoder_damaged(&bunzip->decoder, "whole bzip2 streams", found ? found : "others",
			       err);
}

static la_ssize_t give_input(struct archive *archive, void *data, const void **bytes)
{
	struct bunzip *bunzip = data;
	struct decoder *decoder = &bunzip->decoder;
	ssize_t n =
		decoder_input(decoder, decoder->buffer, sizeof(decoder->buffer), &bunzip->trouble);

	if (n < 0)
		archive_set_error(archive, EIO, "cannot be read");
	*bytes = decoder->buffer;
	return n < 0 ? ARCHIVE_FATAL : n;
}

/* Anything but ARCHIVE_OK means that libarchive would execute a program instead. */
static int start(struct bunzip *bunzip, struct err *err)
{
	struct archive_entry *entry;
	int result;

	bunzip->archive = archive_read_new();
	if (!bunzip->archive)
		return err_errno(err, "ROOTFS-MEMORY", "%s", bunzip->decoder.input->name);
	if (archive_read_support_filter_bzip2(bunzip->archive) != ARCHIVE_OK ||
	    archive_read_support_format_raw(bunzip->archive) != ARCHIVE_OK ||
	    archive_read_support_format_empty(bunzip->archive) != ARCHIVE_OK)
		return err_set(err, EXIT_ENVIRONMENT, "TAR-COMPRESSION",
			       "libarchive with bzip2 expected, found one without");
	if (archive_read_open(bunzip->archive, bunzip, NULL, give_input, NULL) != ARCHIVE_OK)
		return failed(bunzip, err);
	/* The format reader counts as one filter. */
	if (archive_filter_count(bunzip->archive) > 2)
		return decoder_damaged(&bunzip->decoder, "one compression", "several", err);
	result = archive_read_next_header(bunzip->archive, &entry);
	bunzip->ended = result == ARCHIVE_EOF;
	return result == ARCHIVE_OK || bunzip->ended ? 0 : failed(bunzip, err);
}

/* libarchive stops at the end of what it knows, whatever lies behind it. */
static int check_consumed(struct bunzip *bunzip, struct err *err)
{
	struct decoder *decoder = &bunzip->decoder;
	int64_t used = archive_filter_bytes(bunzip->archive, -1);

	if ((uint64_t)used == decoder->given && decoder_refill(decoder, err) == 0)
		return 0;
	return decoder_damaged(decoder, "the end", "something else behind it", err);
}

static ssize_t bunzip_read(struct decoder *decoder, void *data, size_t size, struct err *err)
{
	struct bunzip *bunzip = (struct bunzip *)decoder;
	char *p = data;
	size_t used = 0;

	if (!bunzip->archive && start(bunzip, err) < 0)
		return -1;
	while (used < size && !bunzip->ended) {
		la_ssize_t n = archive_read_data(bunzip->archive, p + used, size - used);

		if (n < 0)
			return failed(bunzip, err);
		bunzip->ended = n == 0;
		used += (size_t)n;
	}
	if (bunzip->ended && used < size && check_consumed(bunzip, err) < 0)
		return -1;
	return (ssize_t)used;
}

static void bunzip_close(struct decoder *decoder)
{
	struct bunzip *bunzip = (struct bunzip *)decoder;

	archive_read_free(bunzip->archive);
	free(bunzip);
}

struct decoder *bunzip_new(const char *name, struct err *err)
{
	struct bunzip *bunzip = calloc(1, sizeof(*bunzip));

	if (!bunzip) {
		err_errno(err, "ROOTFS-MEMORY", "%s", name);
		return NULL;
	}
	bunzip->decoder.read = bunzip_read;
	bunzip->decoder.close = bunzip_close;
	return &bunzip->decoder;
}
