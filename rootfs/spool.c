/*
 * The spool file: written once from front to back while layers are read, read at random when the
 * archive is written. It never has a name that anyone else could open.
 */
#include "spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "rootfs.h"

enum { BUFFER = 256 * 1024 };

struct spool {
	struct contents contents;
	struct rootfs_usage *usage; /* of the tree */
	int fd;
	off_t end;
	unsigned char *buffer;
};

static int spool_read(struct contents *contents, const struct inode *inode, const char *path,
		      struct sink *sink, struct err *err)
{
	const struct spool *spool = (const struct spool *)contents;
	uint64_t done = 0;
	char buffer[65536];

	while (done < inode->size) {
		uint64_t left = inode->size - done;
		size_t want = left < sizeof(buffer) ? (size_t)left : sizeof(buffer);
		ssize_t n = pread(spool->fd, buffer, want, inode->offset + (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_errno(err, "ROOTFS-SPOOL", "%s", path);
		if (sink->take(sink, buffer, (size_t)n, err) < 0)
			return -1;
		done += (uint64_t)n;
	}
	return 0;
}

static int descriptor(const struct contents *contents)
{
	return ((const struct spool *)contents)->fd;
}

static void spool_close(struct contents *contents)
{
	struct spool *spool = (struct spool *)contents;

	if (spool->fd >= 0)
		close(spool->fd);
	free(spool->buffer);
	free(spool);
}

/* /var/tmp rather than /tmp, which may be memory. */
int spool_file(struct err *err)
{
	const char *folder = getenv("TMPDIR");
	cleanup_free char *name = NULL;
	int fd;

	if (!folder || !*folder)
		folder = "/var/tmp";
	fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0)
		return fd;
	name = malloc(strlen(folder) + sizeof("/rootfs.XXXXXX"));
	if (!name)
		return err_errno(err, "ROOTFS-MEMORY", "spool");
	stpcpy(stpcpy(name, folder), "/rootfs.XXXXXX");
	fd = mkostemp(name, O_CLOEXEC);
	if (fd < 0)
		return err_errno(err, "ROOTFS-SPOOL", "%s", name);
	unlink(name);
	return fd;
}

struct spool *spool_of(struct rootfs *rootfs, struct err *err)
{
	struct spool *spool = rootfs->spool;

	if (spool)
		return spool;
	spool = calloc(1, sizeof(*spool));
	if (!spool) {
		err_errno(err, "ROOTFS-MEMORY", "spool");
		return NULL;
	}
	spool->contents = (struct contents){.next = rootfs->contents,
					    .read = spool_read,
					    .close = spool_close,
					    .file = descriptor};
	rootfs->contents = &spool->contents;
	spool->usage = &rootfs->usage;
	spool->fd = spool_file(err);
	spool->buffer = malloc(BUFFER);
	if (spool->fd >= 0 && !spool->buffer)
		err_errno(err, "ROOTFS-MEMORY", "spool");
	if (spool->fd < 0 || !spool->buffer)
		return NULL;
	rootfs->spool = spool;
	return spool;
}

int spool_write(int fd, const void *from, size_t size, struct err *err)
{
	const char *data = from;

	while (size > 0) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, "ROOTFS-SPOOL", "spool file");
		data += n;
		size -= (size_t)n;
	}
	return 0;
}

static int append(struct spool *spool, size_t size, struct err *err)
{
	const unsigned char *data = spool->buffer;

	while (size > 0) {
		ssize_t n = pwrite(spool->fd, data, size, spool->end);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, "ROOTFS-SPOOL", "spool file");
		data += n;
		size -= (size_t)n;
		spool->end += n;
	}
	return 0;
}

int spool_fill(struct spool *spool, struct inode *inode, spool_source *source, void *from,
	       struct err *err)
{
	cleanup_hash struct hash *hash = hash_new(HASH_SHA256, err);
	ssize_t n;

	if (!hash || limit_bytes(spool->usage, inode->size, err) < 0)
		return -1;
	inode->contents = &spool->contents;
	inode->offset = spool->end;
	while ((n = source(from, spool->buffer, BUFFER, err)) > 0)
		if (hash_update(hash, spool->buffer, (size_t)n, err) < 0 ||
		    append(spool, (size_t)n, err) < 0)
			return -1;
	if (n < 0 || hash_final(hash, inode->sha256, err) < 0)
		return -1;
	inode->hashed = true;
	return 0;
}
