/*
 * Decompression: gzip in gunzip.c, the rest through libarchive with the decompressors that are
 * linked into it. Never runs a program, and never lets libarchive interpret what comes out.
 */
#include "stream.h"

#include "gunzip.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

struct stream {
	struct gunzip *gunzip;	 /* for a gzip file; otherwise */
	struct archive *archive; /* whatever else libarchive knows */
	struct input input;
	struct hash *plain; /* of what was given out; NULL when nobody asks */
	struct err trouble; /* of the input, while libarchive reads it */
	int fd;		    /* of a whole file, which is ours; else -1 */
	struct stat seen;
	bool empty; /* libarchive gives no data for a file without bytes, but an error */
	unsigned char buffer[65536];
};

static int damaged(const struct stream *stream, struct err *err)
{
	const char *reason = archive_error_string(stream->archive);

	if (stream->trouble.status) {
		*err = stream->trouble;
		return -1;
	}
	return err_set(err, EXIT_MALFORMED, "TAR-COMPRESSION", "%s: %s", stream->input.name,
		       reason ? reason : "cannot be decompressed");
}

/* Anything but ARCHIVE_OK means that libarchive would execute a program instead. */
static int choose_filters(struct archive *archive, struct err *err)
{
	if (archive_read_support_filter_xz(archive) != ARCHIVE_OK ||
	    archive_read_support_filter_zstd(archive) != ARCHIVE_OK ||
	    archive_read_support_filter_bzip2(archive) != ARCHIVE_OK ||
	    archive_read_support_format_raw(archive) != ARCHIVE_OK ||
	    archive_read_support_format_empty(archive) != ARCHIVE_OK)
		return err_set(err, EXIT_ENVIRONMENT, "TAR-COMPRESSION",
			       "libarchive with xz, zstd and bzip2 expected, found one without");
	return 0;
}

static la_ssize_t give_input(struct archive *archive, void *data, const void **bytes)
{
	struct stream *stream = data;
	ssize_t n = input_read(&stream->input, stream->buffer, sizeof(stream->buffer),
			       &stream->trouble);

	if (n < 0)
		archive_set_error(archive, EIO, "cannot be read");
	*bytes = stream->buffer;
	return n < 0 ? ARCHIVE_FATAL : n;
}

static int start_archive(struct stream *stream, struct err *err)
{
	struct archive_entry *entry;
	int result;

	stream->archive = archive_read_new();
	if (!stream->archive)
		return err_errno(err, "ROOTFS-MEMORY", "%s", stream->input.name);
	if (choose_filters(stream->archive, err) < 0)
		return -1;
	if (archive_read_open(stream->archive, stream, NULL, give_input, NULL) != ARCHIVE_OK)
		return damaged(stream, err);
	/* The format reader counts as one filter. */
	if (archive_filter_count(stream->archive) > 2)
		return err_set(err, EXIT_MALFORMED, "TAR-COMPRESSION",
			       "%s: one compression expected, found several", stream->input.name);
	result = archive_read_next_header(stream->archive, &entry);
	stream->empty = result == ARCHIVE_EOF;
	return result == ARCHIVE_OK || stream->empty ? 0 : damaged(stream, err);
}

static int start(struct stream *stream, struct err *err)
{
	if (!gunzip_recognises(&stream->input))
		return start_archive(stream, err);
	stream->gunzip = gunzip_new(&stream->input, err);
	return stream->gunzip ? 0 : -1;
}

static struct stream *new_stream(const char *name, struct err *err)
{
	struct stream *stream = calloc(1, sizeof(*stream));

	if (!stream) {
		err_errno(err, "ROOTFS-MEMORY", "%s", name);
		return NULL;
	}
	stream->fd = -1;
	stream->input.name = name;
	return stream;
}

static int open_whole(struct stream *stream, const char *path, struct err *err)
{
	stream->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (stream->fd < 0 || fstat(stream->fd, &stream->seen) < 0)
		return err_errno(err, "ROOTFS-READ", "%s", path);
	stream->input.fd = stream->fd;
	if (S_ISREG(stream->seen.st_mode)) {
		stream->input.seekable = true;
		stream->input.left = (uint64_t)stream->seen.st_size;
	}
	return start(stream, err);
}

struct stream *stream_open(const char *path, struct err *err)
{
	cleanup_stream struct stream *stream = new_stream(path, err);

	return stream && open_whole(stream, path, err) == 0 ? steal_ptr(stream) : NULL;
}

struct stream *stream_open_part(const struct stream_part *part, struct err *err)
{
	cleanup_stream struct stream *stream = new_stream(part->name, err);

	if (!stream)
		return NULL;
	stream->input.fd = part->fd;
	stream->input.seekable = true;
	stream->input.offset = part->offset;
	stream->input.left = part->size;
	stream->seen.st_size = (off_t)part->size;
	stream->input.hash = hash_new(HASH_SHA256, err);
	stream->plain = stream->input.hash ? hash_new(HASH_SHA256, err) : NULL;
	return stream->plain && start(stream, err) == 0 ? steal_ptr(stream) : NULL;
}

static ssize_t read_archive(struct stream *stream, void *data, size_t size, struct err *err)
{
	char *p = data;
	size_t used = 0;

	while (used < size && !stream->empty) {
		la_ssize_t n = archive_read_data(stream->archive, p + used, size - used);

		if (n < 0)
			return damaged(stream, err);
		if (n == 0)
			break;
		used += (size_t)n;
	}
	return (ssize_t)used;
}

ssize_t stream_read(struct stream *stream, void *data, size_t size, struct err *err)
{
	ssize_t n = stream->gunzip ? gunzip_read(stream->gunzip, data, size, err)
				   : read_archive(stream, data, size, err);

	if (n > 0 && stream->plain && hash_update(stream->plain, data, (size_t)n, err) < 0)
		return -1;
	return n;
}

/* Decompressors stop at the end of what they know, whatever lies behind it. */
static int check_consumed(const struct stream *stream, struct err *err)
{
	int64_t used;

	if (stream->gunzip || !stream->input.seekable)
		return 0;
	used = archive_filter_bytes(stream->archive, -1);
	if (used == stream->seen.st_size)
		return 0;
	return err_set(err, EXIT_MALFORMED, "TAR-COMPRESSION",
		       "%s: the end expected after %lld compressed bytes, found %lld",
		       stream->input.name, (long long)used, (long long)stream->seen.st_size);
}

/* A part belongs to a caller who looks whether its file held still. */
static int check_unchanged(const struct stream *stream, struct err *err)
{
	struct stat st;

	if (stream->fd < 0)
		return 0;
	if (fstat(stream->fd, &st) < 0)
		return err_errno(err, "ROOTFS-READ", "%s", stream->input.name);
	if (st.st_size == stream->seen.st_size &&
	    memcmp(&st.st_mtim, &stream->seen.st_mtim, sizeof(st.st_mtim)) == 0 &&
	    memcmp(&st.st_ctim, &stream->seen.st_ctim, sizeof(st.st_ctim)) == 0)
		return 0;
	return err_set(err, EXIT_ENVIRONMENT, "ROOTFS-CHANGED",
		       "%s: an unchanged file expected, found it changed", stream->input.name);
}

int stream_settle(const struct stream *stream, struct err *err)
{
	return check_unchanged(stream, err) < 0 ? -1 : check_consumed(stream, err);
}

int stream_digests(struct stream *stream, struct stream_digests *digests, struct err *err)
{
	if (hash_final(stream->input.hash, digests->stored, err) < 0)
		return -1;
	return hash_final(stream->plain, digests->plain, err);
}

void stream_close(struct stream *stream)
{
	if (!stream)
		return;
	gunzip_free(stream->gunzip);
	archive_read_free(stream->archive);
	hash_free(stream->input.hash);
	hash_free(stream->plain);
	if (stream->fd >= 0)
		close(stream->fd);
	free(stream);
}
