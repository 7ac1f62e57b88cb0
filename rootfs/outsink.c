/*
 * Collects small pieces, so that the file is written in large ones, and copies between files
 * without holding more than a buffer. Never writes outside its stretch.
 */
#include "outsink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <isa-l/crc.h>

int outsink_flush(struct outsink *sink, struct err *err)
{
	if (outfile_write_at(sink->out, sink->buffer, sink->used, sink->offset, err) < 0)
		return -1;
	sink->offset += (off_t)sink->used;
	sink->used = 0;
	return 0;
}

static int take(struct sink *sink, const void *data, size_t size, struct err *err)
{
	struct outsink *s = (struct outsink *)sink;
	const unsigned char *p = data;

	while (size > 0) {
		size_t room = OUTSINK_BUFFER - s->used;
		size_t n = size < room ? size : room;

		memcpy(s->buffer + s->used, p, n);
		s->used += n;
		p += n;
		size -= n;
		if (s->used == OUTSINK_BUFFER && outsink_flush(s, err) < 0)
			return -1;
	}
	return 0;
}

int outsink_open(struct outsink *sink, struct outfile *out, off_t offset, struct err *err)
{
	*sink = (struct outsink){.sink = {take}, .out = out, .offset = offset};
	sink->buffer = malloc(OUTSINK_BUFFER);
	return sink->buffer ? 0 : err_errno(err, "ROOTFS-MEMORY", "%s", out->path);
}

/* Fills the buffer from the file: how many bytes. */
static ssize_t fill(struct outsink *sink, int fd, off_t offset, uint64_t size, struct hash *hash,
		    uint32_t *check, struct err *err)
{
	size_t room = OUTSINK_BUFFER - sink->used;
	ssize_t n;

	do
		n = pread(fd, sink->buffer + sink->used, size < room ? (size_t)size : room, offset);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_errno(err, "ROOTFS-SPOOL", "spool file");
	if (n == 0)
		return err_set(err, EXIT_ENVIRONMENT, "ROOTFS-SPOOL",
			       "spool file: %llu more bytes expected, found the end",
			       (unsigned long long)size);
	*check = crc32_gzip_refl(*check, sink->buffer + sink->used, (uint64_t)n);
	if (hash_update(hash, sink->buffer + sink->used, (size_t)n, err) < 0)
		return -1;
	sink->used += (size_t)n;
	if (sink->used == OUTSINK_BUFFER && outsink_flush(sink, err) < 0)
		return -1;
	return n;
}

int outsink_copy(struct outsink *sink, int fd, off_t offset, uint64_t size, struct hash *hash,
		 uint32_t *check, struct err *err)
{
	while (size > 0) {
		ssize_t n = fill(sink, fd, offset, size, hash, check, err);

		if (n < 0)
			return -1;
		offset += n;
		size -= (uint64_t)n;
	}
	return 0;
}

void outsink_close(struct outsink *sink)
{
	free(sink->buffer);
	*sink = (struct outsink){0};
}
