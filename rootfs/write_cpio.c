/*
 * Writes the canonical newc archive: what GNU cpio 2.15 makes of the sorted names with
 * "--null --reproducible -o -H newc" when all times are 0. Never looks at the clock, the host or
 * the order in which the tree was read.
 */
#include <stdio.h>
#include <string.h>

#include "rootfs.h"
#include "tree.h"

enum { BLOCK = 512, HEADER = 110 };

struct cpio {
	struct sink sink; /* what contents are read into */
	struct sink *out;
	uint64_t written;
	uint32_t inodes; /* numbers given so far */
};

static int put(struct cpio *cpio, const void *data, size_t size, struct err *err)
{
	cpio->written += size;
	return cpio->out->take(cpio->out, data, size, err);
}

static int put_to_sink(struct sink *sink, const void *data, size_t size, struct err *err)
{
	return put((struct cpio *)sink, data, size, err);
}

static int pad(struct cpio *cpio, unsigned int alignment, struct err *err)
{
	static const char zeros[BLOCK];
	size_t rest = (size_t)(cpio->written % alignment);

	return rest ? put(cpio, zeros, alignment - rest, err) : 0;
}

struct header {
	uint32_t ino, mode, uid, gid, links, size, major, minor;
};

static int put_header(struct cpio *cpio, const struct header *h, const char *name, struct err *err)
{
	char text[HEADER + 1];
	size_t length = strlen(name) + 1;

	/*
	 * magic, ino, mode, uid, gid, nlink, mtime, size, dev, rdev, name size, check; GNU cpio
	 * and the kernel's gen_init_cpio both write upper-case digits.
	 */
	snprintf(text, sizeof(text), "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X",
		 h->ino, h->mode, h->uid, h->gid, h->links, 0U, h->size, 0U, 0U, h->major, h->minor,
		 (unsigned int)length, 0U);
	if (put(cpio, text, HEADER, err) < 0 || put(cpio, name, length, err) < 0)
		return -1;
	return pad(cpio, 4, err);
}

static uint32_t links_of(const struct inode *inode)
{
	switch (inode->mode & S_IFMT) {
	case S_IFDIR:
		return 2;
	case S_IFLNK:
		return 1;
	}
	return (uint32_t)inode->listed;
}

static struct header header_of(const struct inode *inode)
{
	return (struct header){
		.ino = inode->number,
		.mode = inode->mode,
		.uid = inode->uid,
		.gid = inode->gid,
		.links = links_of(inode),
		.size = inode->size,
		.major = inode->major,
		.minor = inode->minor,
	};
}

static int put_body(struct cpio *cpio, const struct item *entry, const char *from, struct err *err)
{
	struct inode *inode = entry->node->inode;
	int failed = 0;

	if (S_ISREG(inode->mode))
		failed = read_contents(inode, from, &cpio->sink, err);
	else if (S_ISLNK(inode->mode))
		failed = put(cpio, inode->target, inode->size, err);
	return failed < 0 ? -1 : pad(cpio, 4, err);
}

/*
 * All names of a regular file are written where the last of them sorts: the earlier ones backwards
 * and without data, then the last one with it.
 */
static int put_file(struct cpio *cpio, const struct item *entry, const char *from, struct err *err)
{
	struct header header = header_of(entry->node->inode);

	if (entry != entry->node->inode->latest)
		return 0;
	header.size = 0;
	for (const struct item *e = entry->previous; e; e = e->previous)
		if (put_header(cpio, &header, e->path, err) < 0)
			return -1;
	header.size = entry->node->inode->size;
	if (put_header(cpio, &header, entry->path, err) < 0)
		return -1;
	return put_body(cpio, entry, from, err);
}

static int put_entry(struct rootfs *rootfs, struct cpio *cpio, struct item *entry, struct err *err)
{
	struct inode *inode = entry->node->inode;
	struct header header;

	/* entry->first, not inode->first: each symbolic link counts as an inode of its own. */
	if (entry == entry->first)
		inode->number = cpio->inodes++;
	if (S_ISREG(inode->mode))
		return put_file(cpio, entry, source_path(rootfs, entry), err);
	header = header_of(inode);
	if (put_header(cpio, &header, entry->path, err) < 0)
		return -1;
	return put_body(cpio, entry, NULL, err);
}

/* Writes the archive to any sink; a difference that the sink finds is put down to the entry. */
static int put_archive(struct rootfs *rootfs, struct sink *out, struct err *err)
{
	static const struct header trailer = {.links = 1};
	cleanup_with(list_free) struct list list = LIST_INIT;
	struct cpio cpio = {.sink = {put_to_sink}, .out = out};

	if (list_make(&list, rootfs->top, true, err) < 0)
		return -1;
	for (size_t i = 0; i < list.count; i++)
		if (put_entry(rootfs, &cpio, &list.entries[i], err) < 0)
			return err->status == EXIT_VERIFY
				       ? err_wrap(err, "%s", list.entries[i].path)
				       : -1;
	if (put_header(&cpio, &trailer, "TRAILER!!!", err) < 0)
		return -1;
	return pad(&cpio, BLOCK, err);
}

struct file_sink {
	struct sink sink;
	struct outfile *out;
};

static int write_to_file(struct sink *sink, const void *data, size_t size, struct err *err)
{
	return outfile_write(((struct file_sink *)sink)->out, data, size, err);
}

int rootfs_write_cpio(struct rootfs *rootfs, struct outfile *out, struct err *err)
{
	struct file_sink file = {{write_to_file}, out};

	if (rootfs_check_xattrs(rootfs, err) < 0 || put_archive(rootfs, &file.sink, err) < 0)
		return -1;
	return rootfs_settle(rootfs, err);
}

struct comparing_sink {
	struct sink sink;
	FILE *file;
	uint64_t offset;
};

static int compare_with_file(struct sink *sink, const void *data, size_t size, struct err *err)
{
	struct comparing_sink *c = (struct comparing_sink *)sink;
	const unsigned char *expected = data;

	for (size_t i = 0; i < size; i++, c->offset++) {
		int found = getc_unlocked(c->file);

		if (found != expected[i])
			return err_set(err, EXIT_VERIFY, "ROOTFS-DIFFERENCE",
				       "offset %llu: byte %02x of the canonical archive expected, "
				       "found %02x",
				       (unsigned long long)c->offset, expected[i],
				       (unsigned int)found & 0xff);
	}
	return 0;
}

int rootfs_compare_cpio(struct rootfs *rootfs, struct err *err)
{
	cleanup_fclose FILE *file = fopen(rootfs->unpacked, "re");
	struct comparing_sink c = {{compare_with_file}, file, 0};

	if (!file)
		return err_errno(err, "FILE-OPEN", "%s", rootfs->unpacked);
	if (put_archive(rootfs, &c.sink, err) < 0)
		return -1;
	if (getc_unlocked(file) != EOF)
		return err_set(err, EXIT_VERIFY, "ROOTFS-DIFFERENCE",
			       "%s: the end expected at offset %llu, found more", rootfs->unpacked,
			       (unsigned long long)c.offset);
	return 0;
}
