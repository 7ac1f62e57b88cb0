/*
 * What Linux does with an initramfs: a model of init/initramfs.c as of Linux 6.12 that unpacks into
 * a tree in memory. It begins with an empty root; what the kernel has built in is not considered.
 * Never more lenient than the kernel, and stricter only with checksums of compressed data: what the
 * kernel passes over in silence becomes a remark.
 */
#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "decoder.h"
#include "rootfs.h"
#include "spool.h"
#include "tree.h"

enum {
	HEADER = 110,
	KERNEL_PATH_MAX = 4096, /* counts the NUL */
};

/* Fields of a newc header, in their order; the kernel reads all as hexadecimal numbers. */
enum field { INO, MODE, UID, GID, NLINK, MTIME, BODY, MAJOR, MINOR, RMAJOR, RMINOR, NAME, CHECK };

/* The first name that an inode number had since the last trailer. */
struct link {
	uint32_t major, minor, ino, type;
	char name[];
};

/* Plain bytes: the file itself, or what one compressed piece of it gave. */
struct segment {
	struct contents contents;
	int fd;
	bool shared;	/* another segment closes it */
	uint64_t start; /* in the file */
	uint64_t size;
	char *path; /* for messages */
	bool compressed;
};

struct unpacking {
	struct rootfs *rootfs;
	struct segment *segment; /* at hand */
	bool begun;		 /* there was an entry */
	uint64_t pieces;	 /* that are compressed */
	uint64_t end;		 /* of the compressed piece read last, in the file */
	uint64_t stored;	 /* bytes of all pieces */
	uint64_t plain;		 /* bytes that they gave */
	int spool;		 /* in which these lie behind each other; -1 before the first */
	uint64_t header;	 /* offset of the current entry */
	uint64_t body;		 /* offset of its data */
	uint64_t next;		 /* offset after its padding */
	uint32_t field[CHECK + 1];
	bool checked; /* the header has a checksum of the data */
	char name[KERNEL_PATH_MAX + 4];
	void *links; /* for tsearch() */
};

/* Reads what there is, up to size bytes. */
static ssize_t read_segment(const struct segment *segment, void *data, size_t size, uint64_t offset,
			    struct err *err)
{
	uint64_t there = offset < segment->size ? segment->size - offset : 0;
	uint64_t from = segment->start + offset;
	char *p = data;
	size_t used = 0;

	if (size > there)
		size = (size_t)there;
	while (used < size) {
		ssize_t n = pread(segment->fd, p + used, size - used, (off_t)(from + used));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, "FILE-READ", "%s", segment->path);
		if (n == 0)
			break;
		used += (size_t)n;
	}
	return (ssize_t)used;
}

static ssize_t read_at(const struct unpacking *u, void *data, size_t size, uint64_t offset,
		       struct err *err)
{
	return read_segment(u->segment, data, size, offset, err);
}

static ssize_t zero_fill(char *buffer, size_t size)
{
	memset(buffer, 0, size);
	return (ssize_t)size;
}

static int cpio_read(struct contents *contents, const struct inode *inode, const char *path,
		     struct sink *sink, struct err *err)
{
	const struct segment *segment = (const struct segment *)contents;
	uint64_t done = 0;
	char buffer[65536];

	(void)path;
	while (done < inode->size) {
		uint64_t left = inode->size - done;
		size_t want = left < sizeof(buffer) ? (size_t)left : sizeof(buffer);
		ssize_t n =
			read_segment(segment, buffer, want, (uint64_t)inode->offset + done, err);

		if (n < 0)
			return -1;
		/* The kernel gives a file its size first: what is cut off remains zeros. */
		if (n == 0)
			n = zero_fill(buffer, want);
		if (sink->take(sink, buffer, (size_t)n, err) < 0)
			return -1;
		done += (uint64_t)n;
	}
	return 0;
}

static void forget_links(struct unpacking *u)
{
	tdestroy(u->links, free);
	u->links = NULL;
}

static void segment_close(struct contents *contents)
{
	struct segment *segment = (struct segment *)contents;

	if (segment->fd >= 0 && !segment->shared)
		close(segment->fd);
	free(segment->path);
	free(segment);
}

/* Belongs to the tree; takes path, which may be NULL. Whoever asks fills in the rest. */
static struct segment *segment_new(struct rootfs *rootfs, char *path, struct err *err)
{
	struct segment *segment = path ? calloc(1, sizeof(*segment)) : NULL;

	if (!segment) {
		err_errno(err, "ROOTFS-MEMORY", "archive");
		free(path);
		return NULL;
	}
	segment->contents = (struct contents){
		.next = rootfs->contents, .read = cpio_read, .close = segment_close};
	rootfs->contents = &segment->contents;
	segment->fd = -1;
	segment->path = path;
	return segment;
}

static int remark(struct unpacking *u, const char *text, struct err *err)
{
	struct rootfs *rootfs = u->rootfs;
	struct remark *more =
		realloc(rootfs->remarks, (rootfs->remark_count + 1) * sizeof(*rootfs->remarks));

	if (!more)
		return err_errno(err, "ROOTFS-MEMORY", "remarks");
	rootfs->remarks = more;
	more += rootfs->remark_count;
	*more = (struct remark){strdup(u->name), u->header, text};
	if (!more->path)
		return err_errno(err, "ROOTFS-MEMORY", "remarks");
	rootfs->remark_count++;
	return 0;
}

static int stopped(const struct unpacking *u, const char *name, uint64_t offset,
		   const char *expected, const char *found, struct err *err)
{
	return err_set(err, EXIT_MALFORMED, name, "%s: offset %llu: %s expected, found %s",
		       u->segment->path, (unsigned long long)offset, expected, found);
}

/* Says in which entry something failed. */
static int wrap_entry(const struct unpacking *u, struct err *err)
{
	return err_wrap(err, "%s: offset %llu", u->segment->path, (unsigned long long)u->header);
}

/* Where a path leads. */
struct place {
	struct node *dir;  /* in which its last component lies; NULL when there is no such folder */
	struct node *node; /* what is there now, or NULL */
	char last[ROOTFS_NAME_MAX + 1]; /* "" when the path ends in ".", ".." or is "/" */
	bool slash;			/* it ends with a slash, so that only a directory will do */
};

static bool is_dot(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* As lstat() finds it. */
static struct place find_place(const struct unpacking *u, const char *path)
{
	struct place place = {0};
	struct node *top = u->rootfs->top;
	struct walk walk = WALK_INIT(top);
	size_t end = strlen(path);
	size_t start;

	if (end == 0)
		return place;
	place.slash = path[end - 1] == '/';
	while (end > 0 && path[end - 1] == '/')
		end--;
	for (start = end; start > 0 && path[start - 1] != '/'; start--)
		;
	if (end - start > ROOTFS_NAME_MAX)
		return place;
	memcpy(place.last, path + start, end - start);
	if (is_dot(place.last) || end == start) {
		place.last[0] = '\0';
		place.dir = walk_path(&walk, top, path, strlen(path));
		place.node = place.dir;
		return place;
	}
	place.dir = walk_path(&walk, top, path, start);
	if (place.dir)
		place.node = node_child(place.dir, place.last);
	return place;
}

/* What stat() finds behind a symbolic link or a trailing slash: NULL or something else. */
static struct node *follow(const struct unpacking *u, const struct place *place)
{
	struct walk walk = WALK_INIT(u->rootfs->top);

	if (!place->node || S_ISDIR(place->node->inode->mode))
		return place->node;
	if (S_ISLNK(place->node->inode->mode))
		return walk_path(&walk, place->dir, place->last, strlen(place->last));
	return place->slash ? NULL : place->node;
}

/* Removes what has another type; a directory only when it is empty. */
static int clean_path(struct unpacking *u, uint32_t mode, struct err *err)
{
	struct place place = find_place(u, u->name);
	const struct node *node = place.slash ? follow(u, &place) : place.node;

	if (!node || ((node->inode->mode ^ mode) & S_IFMT) == 0)
		return 0;
	/* Neither rmdir() nor unlink() works on ".", on "..", or through a link and a slash. */
	if (!place.last[0] || node != place.node || node->child ||
	    (place.slash && !S_ISDIR(node->inode->mode)))
		return 0;
	node_remove(place.node);
	return remark(u, "replaces an entry of another type", err);
}

static int compare_links(const void *a, const void *b)
{
	return memcmp(a, b, offsetof(struct link, name));
}

/* The name that the same inode number had before, or NULL with *failed telling why. */
static const char *find_link(struct unpacking *u, bool *failed, struct err *err)
{
	size_t size = strlen(u->name) + 1;
	struct link *link = calloc(1, sizeof(*link) + size);
	struct link **found;

	if (!link)
		goto no_memory;
	link->major = u->field[MAJOR];
	link->minor = u->field[MINOR];
	link->ino = u->field[INO];
	link->type = u->field[MODE] & S_IFMT;
	memcpy(link->name, u->name, size);
	found = tsearch(link, &u->links, compare_links);
	if (!found)
		goto no_memory;
	if (*found == link)
		return NULL;
	free(link);
	return (*found)->name;
no_memory:
	free(link);
	*failed = true;
	err_errno(err, "ROOTFS-MEMORY", "links");
	return NULL;
}

static int add_node(struct unpacking *u, const struct place *place, struct inode *inode,
		    struct err *err)
{
	return node_add(place->dir, place->last, inode, err) ? 0 : wrap_entry(u, err);
}

/* Whether open(), mknod(), symlink() or link() can make something there. */
static bool can_make(const struct place *place)
{
	return place->dir && !place->node && !place->slash && place->last[0];
}

enum linked { NOT_LINKED, LINKED, LINK_FAILED, LINK_ERROR };

static enum linked maybe_link(struct unpacking *u, struct err *err)
{
	const char *old;
	const struct node *target;
	struct place place;
	bool failed = false;

	if (u->field[NLINK] < 2)
		return NOT_LINKED;
	old = find_link(u, &failed, err);
	if (failed)
		return LINK_ERROR;
	if (!old)
		return NOT_LINKED;
	if (clean_path(u, 0, err) < 0)
		return LINK_ERROR;
	place = find_place(u, old);
	target = place.slash ? follow(u, &place) : place.node;
	place = find_place(u, u->name);
	if (!target || S_ISDIR(target->inode->mode) || !can_make(&place))
		return remark(u, "skipped: cannot be linked to the earlier name", err) < 0
			       ? LINK_ERROR
			       : LINK_FAILED;
	return add_node(u, &place, target->inode, err) < 0 ? LINK_ERROR : LINKED;
}

/* -1 leaves an owner as it is. */
static void set_owner(struct inode *inode, const struct unpacking *u)
{
	if (u->field[UID] != UINT32_MAX)
		inode->uid = u->field[UID];
	if (u->field[GID] != UINT32_MAX)
		inode->gid = u->field[GID];
}

static void set_metadata(struct inode *inode, const struct unpacking *u)
{
	set_owner(inode, u);
	inode->mode = (inode->mode & S_IFMT) | (u->field[MODE] & 07777);
}

/* The kernel's dev_t has 12 bits of major and 20 of minor number, and makes it by shifting. */
static void set_device(struct inode *inode, const struct unpacking *u)
{
	uint32_t dev = u->field[RMAJOR] << 20 | u->field[RMINOR];

	if (!S_ISCHR(inode->mode) && !S_ISBLK(inode->mode))
		return;
	inode->major = dev >> 20;
	inode->minor = dev & ROOTFS_MINOR_MAX;
}

static struct inode *new_inode(const struct unpacking *u, struct err *err)
{
	struct inode *inode = inode_new(u->field[MODE] & (S_IFMT | 07777), 0, 0, err);

	if (inode) {
		set_owner(inode, u);
		set_device(inode, u);
	}
	return inode;
}

struct summing {
	struct sink sink;
	uint32_t sum;
};

static int add_bytes(struct sink *sink, const void *data, size_t size, struct err *err)
{
	struct summing *summing = (struct summing *)sink;
	const unsigned char *p = data;

	(void)err;
	while (size-- > 0)
		summing->sum += *p++;
	return 0;
}

/* Gives the file the entry's data; a further name of a file may come without any. */
static int copy_body(struct unpacking *u, struct inode *inode, bool keep, struct err *err)
{
	struct summing summing = {{add_bytes}, 0};

	if (u->field[BODY] > 0 || !keep) {
		inode->contents = &u->segment->contents;
		inode->offset = (off_t)u->body;
		inode->size = u->field[BODY];
		if (read_contents(inode, u->name, u->checked ? &summing.sink : NULL, err) < 0)
			return -1;
	}
	if (u->body + u->field[BODY] > u->segment->size)
		return stopped(u, "CPIO-TRUNCATED", u->header, "all of the data", "the end", err);
	if (u->checked && summing.sum != u->field[CHECK])
		return stopped(u, "CPIO-CHECKSUM", u->header, "data that fits its checksum",
			       "other data", err);
	return 0;
}

static int make_file(struct unpacking *u, struct err *err)
{
	cleanup_inode struct inode *made = NULL;
	enum linked linked = maybe_link(u, err);
	struct place place;

	if (linked == LINK_ERROR)
		return -1;
	if (linked == LINK_FAILED)
		return 0;
	place = find_place(u, u->name);
	if (place.node && S_ISREG(place.node->inode->mode) && !place.slash) {
		if (linked == NOT_LINKED && remark(u, "overwrites a file", err) < 0)
			return -1;
	} else if (can_make(&place)) {
		made = new_inode(u, err);
		if (!made || add_node(u, &place, made, err) < 0)
			return -1;
		place.node = node_child(place.dir, place.last);
	} else {
		return remark(u, "skipped: its folder is missing, or it cannot be a file", err);
	}
	set_metadata(place.node->inode, u);
	return copy_body(u, place.node->inode, linked == LINKED, err);
}

static int make_directory(struct unpacking *u, struct err *err)
{
	cleanup_inode struct inode *made = NULL;
	struct place place = find_place(u, u->name);
	struct node *node;

	if (place.dir && !place.node) {
		made = new_inode(u, err);
		if (!made || add_node(u, &place, made, err) < 0)
			return -1;
	} else if (place.node && remark(u, "changes a directory that is there", err) < 0) {
		return -1;
	}
	place = find_place(u, u->name);
	node = follow(u, &place);
	if (!node)
		return remark(u, "skipped: its parent directory is missing", err);
	set_metadata(node->inode, u);
	return 0;
}

static int make_node(struct unpacking *u, struct err *err)
{
	cleanup_inode struct inode *made = NULL;
	enum linked linked = maybe_link(u, err);
	struct place place;
	struct node *node;

	if (linked == LINK_ERROR)
		return -1;
	if (linked != NOT_LINKED)
		return 0;
	place = find_place(u, u->name);
	if (can_make(&place)) {
		made = new_inode(u, err);
		return made ? add_node(u, &place, made, err) : -1;
	}
	node = follow(u, &place);
	if (!node)
		return remark(u, "skipped: its parent directory is missing", err);
	set_metadata(node->inode, u);
	return remark(u, "changes only mode and owner of what is there", err);
}

static int make_symlink(struct unpacking *u, struct err *err)
{
	cleanup_inode struct inode *made = NULL;
	char target[KERNEL_PATH_MAX + 1];
	struct place place;
	ssize_t n = read_at(u, target, u->field[BODY], u->body, err);

	if (n < 0)
		return -1;
	target[n] = '\0';
	if ((uint32_t)n < u->field[BODY])
		return stopped(u, "CPIO-TRUNCATED", u->header, "all of the target", "the end", err);
	if (clean_path(u, 0, err) < 0)
		return -1;
	place = find_place(u, u->name);
	if (!can_make(&place) || target[0] == '\0' || strlen(target) > ROOTFS_PATH_MAX) {
		if (place.node && !place.slash)
			set_owner(place.node->inode, u);
		return remark(u, "skipped: a symbolic link cannot be made there", err);
	}
	u->field[MODE] = S_IFLNK | 0777;
	made = new_inode(u, err);
	if (!made || inode_set_target(made, target, err) < 0)
		return -1;
	return add_node(u, &place, made, err);
}

static int make_entry(struct unpacking *u, struct err *err)
{
	if (S_ISLNK(u->field[MODE]))
		return make_symlink(u, err);
	if (strcmp(u->name, "TRAILER!!!") == 0) {
		forget_links(u);
		return 0;
	}
	if (clean_path(u, u->field[MODE], err) < 0)
		return -1;
	switch (u->field[MODE] & S_IFMT) {
	case S_IFREG:
		return make_file(u, err);
	case S_IFDIR:
		return make_directory(u, err);
	case S_IFBLK:
	case S_IFCHR:
	case S_IFIFO:
	case S_IFSOCK:
		return make_node(u, err);
	}
	return remark(u, "skipped: not a type of file", err);
}

/* simple_strtoul() on eight characters: "0x" may come first, the first other character ends it. */
static uint32_t parse_hex(const char *text)
{
	uint32_t value = 0;
	size_t i = text[0] == '0' && (text[1] == 'x' || text[1] == 'X') ? 2 : 0;

	for (; i < 8; i++) {
		static const char digits[] = "0123456789abcdef0123456789ABCDEF";
		const char *digit = text[i] ? strchr(digits, text[i]) : NULL;

		if (!digit)
			break;
		value = value << 4 | ((uint32_t)(digit - digits) & 15);
	}
	return value;
}

static int read_header(struct unpacking *u, struct err *err)
{
	char text[HEADER];
	ssize_t n = read_at(u, text, HEADER, u->header, err);

	if (n < 0)
		return -1;
	if (n < HEADER)
		return stopped(u, "CPIO-TRUNCATED", u->header, "a whole header", "the end", err);
	if (memcmp(text, "070701", 6) != 0 && memcmp(text, "070702", 6) != 0)
		return stopped(u, "CPIO-MAGIC", u->header, "070701 or 070702", "another magic",
			       err);
	u->checked = text[5] == '2';
	for (int i = INO; i <= CHECK; i++)
		u->field[i] = parse_hex(text + 6 + 8 * i);
	u->field[MODE] &= 0xffff;
	/* Header and name end at a multiple of four, as the data does. */
	u->body = u->header + HEADER + (((uint64_t)u->field[NAME] + 1) & ~3ULL) + 2;
	u->next = (u->body + u->field[BODY] + 3) & ~3ULL;
	return 0;
}

static int read_name(struct unpacking *u, struct err *err)
{
	ssize_t n;

	u->name[0] = '\0';
	if (u->field[NAME] == 0 || u->field[NAME] > KERNEL_PATH_MAX)
		return remark(u, "skipped: its name is empty or too long", err) < 0 ? -1 : 0;
	n = read_at(u, u->name, u->field[NAME], u->header + HEADER, err);
	if (n < 0)
		return -1;
	if (u->body > u->segment->size)
		return stopped(u, "CPIO-TRUNCATED", u->header, "a whole name", "the end", err);
	u->name[n] = '\0';
	if (S_ISLNK(u->field[MODE]) && u->field[BODY] > KERNEL_PATH_MAX)
		return remark(u, "skipped: its target is too long", err);
	if (!S_ISLNK(u->field[MODE]) && !S_ISREG(u->field[MODE]) && u->field[BODY] > 0)
		return remark(u, "skipped: it has data but is no file", err);
	if (u->name[n - 1] != '\0')
		return stopped(u, "CPIO-NAME", u->header, "a name that ends with NUL", "none", err);
	return 1;
}

static int unpack_entry(struct unpacking *u, struct err *err)
{
	int named;

	if (read_header(u, err) < 0)
		return -1;
	/* Each takes time, and perhaps a remark, also when it makes nothing new. */
	if (limit_entry(&u->rootfs->usage, err) < 0)
		return wrap_entry(u, err);
	named = read_name(u, err);
	if (named < 0 || (named > 0 && make_entry(u, err) < 0))
		return -1;
	return 0;
}

/* The offset of the next byte that is not zero, or the size. */
static int skip_zeros(const struct unpacking *u, uint64_t *offset, unsigned char *found,
		      struct err *err)
{
	unsigned char buffer[4096];

	for (;;) {
		ssize_t n = read_at(u, buffer, sizeof(buffer), *offset, err);

		if (n <= 0)
			return (int)n;
		for (ssize_t i = 0; i < n; i++, (*offset)++)
			if (buffer[i]) {
				*found = buffer[i];
				return 1;
			}
	}
}

static int unpack_segment(struct unpacking *u, struct err *err);

static bool is_magic(const unsigned char *head, const char *magic, size_t size)
{
	return memcmp(head, magic, size) == 0;
}

/*
 * What the kernel's decompressors, as our kernels have them, take at that place; bytes beyond the
 * end are zero. CPIO-JUNK for anything else, CPIO-COMPRESSION for forms that only others read.
 */
static int check_compression(const struct unpacking *u, uint64_t offset, struct err *err)
{
	unsigned char head[8] = {0};

	if (read_at(u, head, sizeof(head), offset, err) < 0)
		return -1;
	if (!u->segment->compressed && is_magic(head, "\x1f\x8b", 2)) {
		/* Of the optional parts of a header lib/decompress_inflate.c knows the name. */
		if (head[3] & 0x16)
			return stopped(u, "CPIO-COMPRESSION", offset,
				       "a gzip header that Linux reads",
				       "one with extra bytes, a comment or a CRC", err);
		return 0;
	}
	if (!u->segment->compressed && is_magic(head,
						"\xfd"
						"7zXZ\0",
						6)) {
		if (head[7] > 1)
			return stopped(u, "CPIO-COMPRESSION", offset,
				       "xz with CRC32, as Linux reads it", "another checksum", err);
		return 0;
	}
	if (!u->segment->compressed && is_magic(head, "\x28\xb5\x2f\xfd", 4))
		return 0;
	return stopped(u, "CPIO-JUNK", offset,
		       u->segment->compressed ? "an entry at a multiple of 4"
					      : "an entry at a multiple of 4, or gzip, xz or zstd",
		       "other bytes", err);
}

/* Decompresses one piece into the segment; *used becomes its stored size. */
static int expand(struct unpacking *u, struct input *input, struct segment *segment, uint64_t *used,
		  struct err *err)
{
	struct rootfs_usage *usage = &u->rootfs->usage;
	cleanup_decoder struct decoder *decoder = decoder_new(input, &usage->limits, true, err);
	char buffer[65536];
	ssize_t n;

	if (!decoder)
		return -1;
	while ((n = decoder->read(decoder, buffer, sizeof(buffer), err)) > 0) {
		segment->size += (uint64_t)n;
		u->plain += (uint64_t)n;
		if (limit_bytes(usage, (uint64_t)n, err) < 0 ||
		    limit_ratio(&usage->limits, u->stored + decoder_used(decoder), u->plain, err) <
			    0 ||
		    spool_write(segment->fd, buffer, (size_t)n, err) < 0)
			return -1;
	}
	*used = decoder_used(decoder);
	u->stored += *used;
	if (n < 0 && strcmp(err->name, "TAR-COMPRESSION") == 0)
		snprintf(err->name, sizeof(err->name), "CPIO-COMPRESSION");
	return (int)n;
}

/* The kernel has unpacked what came before the damage when it finds it. */
static int unpack_damaged(struct unpacking *u, struct err *err)
{
	struct err ignored = {0};

	if (strcmp(err->name, "CPIO-COMPRESSION") == 0)
		unpack_segment(u, &ignored);
	return -1;
}

/* An empty segment behind what earlier pieces gave: one file, however many pieces there are. */
static struct segment *new_piece(struct unpacking *u, uint64_t offset, struct err *err)
{
	struct segment *segment;
	char *path = NULL;

	if (asprintf(&path, "%s: decompressed from offset %llu", u->segment->path,
		     (unsigned long long)offset) < 0)
		path = NULL;
	segment = segment_new(u->rootfs, path, err);
	if (!segment)
		return NULL;
	segment->compressed = true;
	segment->start = u->plain;
	segment->shared = u->spool >= 0;
	if (!segment->shared)
		u->spool = spool_file(err);
	segment->fd = u->spool;
	return segment->fd < 0 ? NULL : segment;
}

static int unpack_expanded(struct unpacking *u, struct input *input, uint64_t *used,
			   struct err *err)
{
	struct segment *segment = new_piece(u, (uint64_t)input->offset, err);
	int failed;

	if (!segment)
		return -1;
	failed = expand(u, input, segment, used, err);
	u->segment = segment;
	if (failed < 0)
		return unpack_damaged(u, err);
	if (unpack_segment(u, err) < 0)
		return -1;
	if (!u->begun)
		return stopped(u, "CPIO-JUNK", 0, "an entry", "no data at all", err);
	return 0;
}

/* One member, frame or stream, which is unpacked by itself, as the kernel does. */
static int unpack_piece(struct unpacking *u, uint64_t *offset, struct err *err)
{
	struct segment *outer = u->segment;
	struct input input = {.fd = outer->fd,
			      .seekable = true,
			      .offset = (off_t)*offset,
			      .left = outer->size - *offset,
			      .name = outer->path};
	uint64_t used = 0;

	if (check_compression(u, *offset, err) < 0 || unpack_expanded(u, &input, &used, err) < 0)
		return -1;
	*offset += used;
	if (u->pieces++ == 0 && *offset == used)
		u->rootfs->unpacked_fd = u->segment->fd;
	u->end = *offset;
	u->segment = outer;
	return 0;
}

static int unpack_segment(struct unpacking *u, struct err *err)
{
	uint64_t offset = 0;

	for (;;) {
		unsigned char first;
		int found = skip_zeros(u, &offset, &first, err);

		if (found <= 0)
			return found;
		/* The kernel takes anything else for a compressed archive. */
		if (first != '0' || offset % 4 != 0) {
			if (unpack_piece(u, &offset, err) < 0)
				return -1;
			continue;
		}
		u->begun = true;
		u->header = offset;
		if (unpack_entry(u, err) < 0)
			return -1;
		offset = u->next;
		if (u->body + u->field[BODY] > u->segment->size)
			return stopped(u, "CPIO-TRUNCATED", u->header, "the whole entry", "the end",
				       err);
	}
}

static struct segment *open_archive(struct rootfs *rootfs, const char *file, struct err *err)
{
	struct segment *segment = segment_new(rootfs, strdup(file), err);
	struct stat st;

	if (!segment)
		return NULL;
	segment->fd = open(file, O_RDONLY | O_CLOEXEC);
	if (segment->fd < 0 || fstat(segment->fd, &st) < 0) {
		err_errno(err, "FILE-OPEN", "%s", file);
		return NULL;
	}
	if (!S_ISREG(st.st_mode)) {
		err_set(err, EXIT_ENVIRONMENT, "FILE-OPEN", "%s: a regular file expected", file);
		return NULL;
	}
	segment->size = (uint64_t)st.st_size;
	return segment;
}

int rootfs_unpack(struct rootfs *rootfs, const char *file, struct err *err)
{
	struct segment *segment = open_archive(rootfs, file, err);
	struct unpacking u = {.rootfs = rootfs, .segment = segment, .spool = -1};
	int failed;

	if (!segment)
		return -1;
	rootfs->unpacked = file;
	rootfs->unpacked_fd = -1;
	failed = unpack_segment(&u, err);
	forget_links(&u);
	/* What we write is one archive, compressed or not, and at most three zeros. */
	if (u.pieces != 1 || segment->size - u.end != (-u.end & 3))
		rootfs->unpacked_fd = -1;
	if (rootfs->unpacked_fd < 0)
		rootfs->unpacked_fd = segment->fd;
	return failed;
}
