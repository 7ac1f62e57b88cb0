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
	int fd;
	struct stat seen;
	const char *path;
	bool empty; /* libarchive gives no data for a file without bytes, but an error */
};

static int damaged(const struct stream *stream, struct err *err)
{
	const char *reason = archive_error_string(stream->archive);

	return err_set(err, EXIT_MALFORMED, "TAR-COMPRESSION", "%s: %s", stream->path,
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

static int start(struct stream *stream, const char *path, struct err *err)
{
	struct archive_entry *entry;
	int result;

	stream->path = path;
	stream->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (stream->fd < 0 || fstat(stream->fd, &stream->seen) < 0)
		return err_errno(err, "ROOTFS-READ", "%s", path);
	if (gunzip_recognises(stream->fd)) {
		stream->gunzip = gunzip_new(stream->fd, path, err);
		return stream->gunzip ? 0 : -1;
	}
	stream->archive = archive_read_new();
	if (!stream->archive)
		return err_errno(err, "ROOTFS-MEMORY", "%s", path);
	if (choose_filters(stream->archive, err) < 0)
		return -1;
	if (archive_read_open_fd(stream->archive, stream->fd, 65536) != ARCHIVE_OK) {
		errno = archive_errno(stream->archive);
		if (errno == EISDIR || errno == EIO)
			return err_errno(err, "ROOTFS-READ", "%s", path);
		return damaged(stream, err);
	}
	/* The format reader counts as one filter. */
	if (archive_filter_count(stream->archive) > 2)
		return err_set(err, EXIT_MALFORMED, "TAR-COMPRESSION",
			       "%s: one compression expected, found several", path);
	result = archive_read_next_header(stream->archive, &entry);
	stream->empty = result == ARCHIVE_EOF;
	return result == ARCHIVE_OK || stream->empty ? 0 : damaged(stream, err);
}

struct stream *stream_open(const char *path, struct err *err)
{
	struct stream *stream = calloc(1, sizeof(*stream));

	if (!stream) {
		err_errno(err, "ROOTFS-MEMORY", "%s", path);
		return NULL;
	}
	if (start(stream, path, err) < 0) {
		stream_close(stream);
		return NULL;
	}
	return stream;
}

ssize_t stream_read(struct stream *stream, void *data, size_t size, struct err *err)
{
	char *p = data;
	size_t used = 0;

	if (stream->gunzip)
		return gunzip_read(stream->gunzip, data, size, err);
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

/* Decompressors stop at the end of what they know, whatever lies behind it. */
static int check_consumed(const struct stream *stream, struct err *err)
{
	int64_t used;

	if (stream->gunzip || !S_ISREG(stream->seen.st_mode))
		return 0;
	used = archive_filter_bytes(stream->archive, -1);
	if (used == stream->seen.st_size)
		return 0;
	return err_set(err, EXIT_MALFORMED, "TAR-COMPRESSION",
		       "%s: the end expected after %lld compressed bytes, found %lld", stream->path,
		       (long long)used, (long long)stream->seen.st_size);
}

int stream_settle(const struct stream *stream, struct err *err)
{
	struct stat st;

	if (fstat(stream->fd, &st) < 0)
		return err_errno(err, "ROOTFS-READ", "%s", stream->path);
	if (st.st_size != stream->seen.st_size ||
	    memcmp(&st.st_mtim, &stream->seen.st_mtim, sizeof(st.st_mtim)) != 0 ||
	    memcmp(&st.st_ctim, &stream->seen.st_ctim, sizeof(st.st_ctim)) != 0)
		return err_set(err, EXIT_ENVIRONMENT, "ROOTFS-CHANGED",
			       "%s: an unchanged file expected, found it changed", stream->path);
	return check_consumed(stream, err);
}

void stream_close(struct stream *stream)
{
	if (!stream)
		return;
	gunzip_free(stream->gunzip);
	archive_read_free(stream->archive);
	if (stream->fd >= 0)
		close(stream->fd);
	free(stream);
}
