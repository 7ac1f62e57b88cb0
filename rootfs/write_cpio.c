/*
 * Writes the canonical newc archive: what GNU cpio 2.15 makes of the sorted names with
 * "--null --reproducible -o -H newc" when all times are 0. Never looks at the clock, the host or
 * the order in which the tree was read. All sizes are known before the first byte is written, so
 * that two threads can each write a half; what names the tree's digest is written when they are
 * done.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compress.h"
#include "outsink.h"
#include "rootfs.h"
#include "spool.h"
#include "tree.h"

enum {
	BLOCK = 512,
	HEADER = 110,
	PARTS = 2,
	PART_LEAST = 4 * 1024 * 1024, /* bytes of an archive that are worth a thread */
};

/* A stretch of the archive, on its way. */
struct cpio {
	struct sink sink; /* what contents are read into */
	struct sink *out;
	struct outsink *file; /* the same as out, when that is a file; else NULL */
	uint64_t written;     /* offset in the archive */
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

static struct header header_of(const struct item *entry)
{
	const struct inode *inode = entry->node->inode;

	return (struct header){
		.ino = entry->first->number,
		.mode = inode->mode,
		.uid = inode->uid,
		.gid = inode->gid,
		.links = links_of(inode),
		.size = inode->size,
		.major = inode->major,
		.minor = inode->minor,
	};
}

/* From file to file, through a single buffer, for the last time. */
static int copy_body(struct cpio *cpio, struct inode *inode, struct err *err)
{
	cleanup_hash struct hash *hash = hash_new(HASH_SHA256, err);
	struct contents *contents = inode->contents;
	uint32_t check = 0;

	cpio->written += inode->size;
	if (!hash || outsink_copy(cpio->file, contents->file(contents), inode->offset, inode->size,
				  hash, &check, err) < 0)
		return -1;
	if (spool_check(inode, check, err) < 0)
		return -1;
	contents->release(contents, inode);
	return hash_final(hash, inode->sha256, err);
}

static int put_body(struct cpio *cpio, const struct item *entry, const char *from, struct err *err)
{
	struct inode *inode = entry->node->inode;
	int failed = 0;

	if (S_ISREG(inode->mode) && cpio->file && inode->contents->file)
		failed = copy_body(cpio, inode, err);
	else if (S_ISREG(inode->mode))
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
	struct header header = header_of(entry);

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

static int put_entry(const struct rootfs *rootfs, struct cpio *cpio, const struct item *entry,
		     struct err *err)
{
	const struct inode *inode = entry->node->inode;
	struct header header;

	if (S_ISREG(inode->mode))
		return put_file(cpio, entry, source_path(rootfs, entry), err);
	header = header_of(entry);
	if (put_header(cpio, &header, entry->path, err) < 0)
		return -1;
	return put_body(cpio, entry, NULL, err);
}

static uint64_t aligned(uint64_t size)
{
	return (size + 3) & ~3ULL;
}

static uint64_t header_size(const char *name)
{
	return aligned(HEADER + strlen(name) + 1);
}

/* What put_entry() writes. */
static uint64_t entry_size(const struct item *entry)
{
	const struct inode *inode = entry->node->inode;
	uint64_t size = header_size(entry->path);

	if (S_ISREG(inode->mode) && entry != inode->latest)
		return 0;
	if (S_ISREG(inode->mode))
		for (const struct item *e = entry->previous; e; e = e->previous)
			size += header_size(e->path);
	if (S_ISREG(inode->mode) || S_ISLNK(inode->mode))
		size += aligned(inode->size);
	return size;
}

static uint64_t archive_size(const struct list *list)
{
	uint64_t size = header_size("TRAILER!!!");

	for (size_t i = 0; i < list->count; i++)
		size += entry_size(&list->entries[i]);
	return (size + BLOCK - 1) / BLOCK * BLOCK;
}

/* Entries from one to before another; a difference that a sink finds is put down to the entry. */
static int put_entries(const struct rootfs *rootfs, struct cpio *cpio, const struct item *from,
		       const struct item *to, struct err *err)
{
	for (; from < to; from++)
		if (put_entry(rootfs, cpio, from, err) < 0)
			return err->status == EXIT_VERIFY ? err_wrap(err, "%s", from->path) : -1;
	return 0;
}

static int put_trailer(struct cpio *cpio, struct err *err)
{
	static const struct header trailer = {.links = 1};

	if (put_header(cpio, &trailer, "TRAILER!!!", err) < 0)
		return -1;
	return pad(cpio, BLOCK, err);
}

/* The entry that names the tree's digest, and so has to wait for the tree; or the list's end. */
static const struct item *naming_entry(const struct rootfs *rootfs, const struct list *list)
{
	const struct item *end = list->entries + list->count;
	const struct item *entry = rootfs->named_digest ? list->entries : end;

	while (entry < end && entry->node != rootfs->naming)
		entry++;
	return entry;
}

/* All of the tree was written, and so was hashed. */
static int name_digest(const struct rootfs *rootfs, const struct list *list, struct err *err)
{
	const struct item *from = list->entries;
	const struct item *end = naming_entry(rootfs, list);
	unsigned char digest[SHA256_SIZE];
	const struct item *to;

	if (!rootfs->named_digest)
		return 0;
	/* Nothing else has anything below it. */
	while (from < end && from->node->parent == rootfs->top)
		from++;
	for (to = from; to < end && to->node->parent != rootfs->top; to++)
		;
	if (digest_items(from, to, strlen(rootfs->prefix) + 1, digest, err) < 0)
		return -1;
	hash_hex(digest, sizeof(digest), rootfs->named_digest);
	return 0;
}

/* Writes the archive from front to back to any sink. */
static int put_archive(const struct rootfs *rootfs, const struct list *list, struct sink *out,
		       struct err *err)
{
	struct cpio cpio = {.sink = {put_to_sink}, .out = out};
	const struct item *naming = naming_entry(rootfs, list);

	if (put_entries(rootfs, &cpio, list->entries, naming, err) < 0 ||
	    name_digest(rootfs, list, err) < 0 ||
	    put_entries(rootfs, &cpio, naming, list->entries + list->count, err) < 0)
		return -1;
	return put_trailer(&cpio, err);
}

/* What one thread writes. */
struct part {
	const struct rootfs *rootfs;
	struct outfile *out;
	const struct item *from, *to;
	uint64_t offset; /* in the archive */
	uint64_t end;	 /* of its entries, where the next part or the trailer begins */
	bool last;
	bool runs; /* in a thread of its own */
	pthread_t thread;
	int failed;
	struct err err;
};

/* Whoever writes the next part reckoned with that. */
static int check_end(const struct part *part, uint64_t end, struct err *err)
{
	if (end == part->end)
		return 0;
	return err_set(err, EXIT_ENVIRONMENT, "ROOTFS-CHANGED",
		       "archive: entries up to offset %llu expected, found them up to %llu",
		       (unsigned long long)part->end, (unsigned long long)end);
}

static int put_part(const struct part *part, struct err *err)
{
	cleanup_with(outsink_close) struct outsink file = {0};
	struct cpio cpio = {{put_to_sink}, &file.sink, &file, part->offset};

	if (outsink_open(&file, part->out, (off_t)part->offset, err) < 0 ||
	    put_entries(part->rootfs, &cpio, part->from, part->to, err) < 0 ||
	    check_end(part, cpio.written, err) < 0 || (part->last && put_trailer(&cpio, err) < 0))
		return -1;
	return outsink_flush(&file, err);
}

static void *run_part(void *data)
{
	struct part *part = data;

	part->failed = put_part(part, &part->err);
	return NULL;
}

/* Cuts the list, up to the entry that has to wait, into parts of about the same size: how many. */
static size_t make_parts(struct part *parts, const struct rootfs *rootfs, const struct list *list,
			 uint64_t size, struct outfile *out)
{
	const struct item *naming = naming_entry(rootfs, list);
	uint64_t share = size < PART_LEAST ? size : size / PARTS;
	uint64_t offset = 0;
	size_t count = 0;

	parts[0] = (struct part){.rootfs = rootfs, .out = out, .from = list->entries};
	for (const struct item *entry = list->entries; entry < naming; entry++) {
		if (count + 1 < PARTS && offset > share * (count + 1)) {
			parts[count].to = entry;
			parts[count].end = offset;
			parts[++count] = (struct part){
				.rootfs = rootfs, .out = out, .from = entry, .offset = offset};
		}
		offset += entry_size(entry);
	}
	parts[count].to = naming;
	parts[count].end = offset;
	return count + 1;
}

/* What stands behind the parts, when these are written. */
static int put_rest(const struct part *before, const struct list *list, struct err *err)
{
	struct part rest = {.rootfs = before->rootfs,
			    .out = before->out,
			    .from = before->to,
			    .to = list->entries + list->count,
			    .offset = before->end,
			    .end = before->end,
			    .last = true};

	for (const struct item *entry = rest.from; entry < rest.to; entry++)
		rest.end += entry_size(entry);
	if (name_digest(rest.rootfs, list, err) < 0)
		return -1;
	return put_part(&rest, err);
}

/* Where there can be no more threads this one does it all. The first part's error counts. */
static int put_parts(const struct rootfs *rootfs, const struct list *list, uint64_t size,
		     struct outfile *out, struct err *err)
{
	struct part parts[PARTS];
	size_t count = make_parts(parts, rootfs, list, size, out);

	if (rootfs->spool && spool_take(rootfs->spool, list, err) < 0)
		return -1;
	for (size_t i = 1; i < count; i++)
		parts[i].runs = pthread_create(&parts[i].thread, NULL, run_part, &parts[i]) == 0;
	for (size_t i = 0; i < count; i++)
		if (!parts[i].runs)
			run_part(&parts[i]);
	for (size_t i = 1; i < count; i++)
		if (parts[i].runs)
			pthread_join(parts[i].thread, NULL);
	for (size_t i = 0; i < count; i++) {
		if (parts[i].failed == 0)
			continue;
		*err = parts[i].err;
		return -1;
	}
	return put_rest(&parts[count - 1], list, err);
}

static int put_compressed(const struct rootfs *rootfs, const struct list *list, uint64_t size,
			  struct outfile *out, struct err *err)
{
	cleanup_compressor struct sink *sink = compressor_new(rootfs->compression, size, out, err);

	if (!sink || put_archive(rootfs, list, sink, err) < 0)
		return -1;
	return compressor_finish(sink, err);
}

int rootfs_write_cpio(struct rootfs *rootfs, struct outfile *out, struct err *err)
{
	cleanup_with(list_free) struct list list = LIST_INIT;
	uint64_t size;

	if (rootfs_check_xattrs(rootfs, err) < 0 || list_make(&list, rootfs->top, true, err) < 0)
		return -1;
	size = archive_size(&list);
	if ((rootfs->compression == ROOTFS_PLAIN
		     ? put_parts(rootfs, &list, size, out, err)
		     : put_compressed(rootfs, &list, size, out, err)) < 0)
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

		if (found == EOF && ferror(c->file))
			return err_errno(err, "FILE-READ", "archive");
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
	cleanup_close int fd = fcntl(rootfs->unpacked_fd, F_DUPFD_CLOEXEC, 0);
	cleanup_fclose FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	struct comparing_sink c = {{compare_with_file}, file, 0};
	cleanup_with(list_free) struct list list = LIST_INIT;

	if (!file)
		return err_errno(err, "FILE-OPEN", "%s", rootfs->unpacked);
	steal_fd(&fd);
	rewind(file);
	if (list_make(&list, rootfs->top, true, err) < 0)
		return -1;
	if (put_archive(rootfs, &list, &c.sink, err) < 0)
		return -1;
	if (getc_unlocked(file) != EOF)
		return err_set(err, EXIT_VERIFY, "ROOTFS-DIFFERENCE",
			       "%s: the end expected at offset %llu, found more", rootfs->unpacked,
			       (unsigned long long)c.offset);
	return ferror(file) ? err_errno(err, "FILE-READ", "%s", rootfs->unpacked) : 0;
}
