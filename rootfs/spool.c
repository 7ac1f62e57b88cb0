/*
 * The spool file: written once from front to back while layers are read, read at random when the
 * archive is written, and given back to the system region by region then. It never has a name that
 * anyone else could open.
 */
#include "spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <isa-l/crc.h>

#include "rootfs.h"

enum {
	BUFFER = 256 * 1024,
	REGION = 16 * 1024 * 1024, /* what is given back at once */
};

struct spool {
	struct contents contents;
	struct rootfs_usage *usage; /* of the tree */
	int fd;
	off_t end;
	unsigned char *buffer;
	/* Bytes in each region that are still to be taken; NULL until taking begins. */
	_Atomic uint64_t *regions;
};

/* Holes read as zeros: nobody may come too late. */
static int taken(struct err *err)
{
	return err_set(err, EXIT_ENVIRONMENT, "ROOTFS-SPOOL",
		       "spool file: contents expected, found them taken by an archive before");
}

int spool_check(const struct inode *inode, uint32_t found, struct err *err)
{
	if (found == inode->check)
		return 0;
	return err_set(err, EXIT_ENVIRONMENT, "ROOTFS-SPOOL",
		       "spool file: CRC-32 %08x at offset %lld expected as it was written, found "
		       "%08x",
		       inode->check, (long long)inode->offset, found);
}

static int spool_read(struct contents *contents, const struct inode *inode, const char *path,
		      struct sink *sink, struct err *err)
{
	const struct spool *spool = (const struct spool *)contents;
	uint64_t done = 0;
	uint32_t check = 0;
	unsigned char buffer[65536];

	if (spool->regions)
		return taken(err);
	while (done < inode->size) {
		uint64_t left = inode->size - done;
		size_t want = left < sizeof(buffer) ? (size_t)left : sizeof(buffer);
		ssize_t n = pread(spool->fd, buffer, want, inode->offset + (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_errno(err, "ROOTFS-SPOOL", "%s", path);
		check = crc32_gzip_refl(check, buffer, (uint64_t)n);
		if (sink->take(sink, buffer, (size_t)n, err) < 0)
			return -1;
		done += (uint64_t)n;
	}
	return spool_check(inode, check, err);
}

static int descriptor(const struct contents *contents)
{
	return ((const struct spool *)contents)->fd;
}

/* The part of a file's stretch from begin on that lies in one region. */
static uint64_t within_region(off_t begin, off_t end)
{
	off_t next = (begin / REGION + 1) * REGION;

	return (uint64_t)((next < end ? next : end) - begin);
}

/*
 * A file system that knows no holes keeps the region until the end, and nothing else changes: the
 * result is of no interest.
 */
static void give_back(const struct spool *spool, off_t region)
{
	fallocate(spool->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, region * REGION, REGION);
}

static void spool_release(struct contents *contents, const struct inode *inode)
{
	struct spool *spool = (struct spool *)contents;
	off_t end = inode->offset + inode->size;

	for (off_t at = inode->offset; at < end; at = (at / REGION + 1) * REGION) {
		uint64_t size = within_region(at, end);

		if (atomic_fetch_sub(&spool->regions[at / REGION], size) == size)
			give_back(spool, at / REGION);
	}
}

static void spool_close(struct contents *contents)
{
	struct spool *spool = (struct spool *)contents;

	if (spool->fd >= 0)
		close(spool->fd);
	free(spool->buffer);
	free(spool->regions);
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
					    .file = descriptor,
					    .release = spool_release};
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
	ssize_t n;

	if (limit_bytes(spool->usage, inode->size, err) < 0)
		return -1;
	inode->contents = &spool->contents;
	inode->offset = spool->end;
	inode->check = 0;
	while ((n = source(from, spool->buffer, BUFFER, err)) > 0) {
		inode->check = crc32_gzip_refl(inode->check, spool->buffer, (uint64_t)n);
		if (append(spool, (size_t)n, err) < 0)
			return -1;
	}
	if (n < 0)
		return -1;
	if (spool->end - inode->offset != (off_t)inode->size)
		return err_set(err, EXIT_ENVIRONMENT, "ROOTFS-SPOOL",
			       "spool file: %u bytes of a file expected, found %lld", inode->size,
			       (long long)(spool->end - inode->offset));
	return 0;
}

int spool_take(struct spool *spool, const struct list *list, struct err *err)
{
	size_t count = (size_t)(spool->end / REGION) + 1;

	if (spool->regions)
		return taken(err);
	spool->regions = calloc(count, sizeof(*spool->regions));
	if (!spool->regions)
		return err_errno(err, "ROOTFS-MEMORY", "spool");
	for (size_t i = 0; i < list->count; i++) {
		const struct inode *inode = list->entries[i].node->inode;
		off_t end = inode->offset + inode->size;

		if (!S_ISREG(inode->mode) || inode->contents != &spool->contents ||
		    &list->entries[i] != inode->latest)
			continue;
		for (off_t at = inode->offset; at < end; at = (at / REGION + 1) * REGION)
			spool->regions[at / REGION] += within_region(at, end);
	}
	/* Of what later layers replaced. */
	for (size_t i = 0; i < count; i++)
		if (spool->regions[i] == 0)
			give_back(spool, (off_t)i);
	return 0;
}
