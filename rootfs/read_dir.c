/*
 * Reads a folder of the host into the tree: names and metadata now, contents when they are asked
 * for. Never follows a symbolic link, and refuses a folder that changes in between.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "place.h"
#include "rootfs.h"

/* An inode that has several names on disk. */
struct shared {
	dev_t dev;
	ino_t ino;
	struct inode *inode;
};

struct dir {
	struct contents contents;
	int fd;
	struct node *top; /* its own tree, in which nothing is laid over it */
	bool owner_root;
	struct rootfs_usage *usage; /* of the whole tree */
	void *shared; /* for tsearch(); emptied when reading is done */
	struct refusals refusals;
};

static int changed(const char *path, struct err *err)
{
	return err_set(err, EXIT_ENVIRONMENT, "ROOTFS-CHANGED",
		       "%s: the file as it was when its folder was read expected, found it changed",
		       path);
}

static int cannot_read(const char *path, struct err *err)
{
	return err_errno(err, "ROOTFS-READ", "%s", path);
}

static struct stamp stamp_of(const struct stat *st)
{
	return (struct stamp){st->st_dev, st->st_ino, st->st_size, st->st_mtim, st->st_ctim};
}

static bool same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool same_stamp(const struct stamp *a, const struct stamp *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	       same_time(a->mtime, b->mtime) && same_time(a->ctime, b->ctime);
}

static int compare_shared(const void *a, const void *b)
{
	const struct shared *x = a;
	const struct shared *y = b;

	if (x->dev != y->dev)
		return x->dev < y->dev ? -1 : 1;
	if (x->ino != y->ino)
		return x->ino < y->ino ? -1 : 1;
	return 0;
}

static int read_value(struct xattr **list, const char *proc, const char *name, const char *path,
		      struct err *err)
{
	cleanup_free char *value = malloc(XATTR_SIZE_MAX);
	ssize_t size = value ? lgetxattr(proc, name, value, XATTR_SIZE_MAX) : -1;

	if (size < 0)
		return cannot_read(path, err);
	return xattrs_add(list, name, value, (size_t)size, err);
}

static void free_xattrs(struct xattr **list)
{
	xattrs_free(*list);
}

/* The attributes of one name; through /proc because no call takes a folder and a name. */
static int read_attributes(struct dir *dir, struct inode *inode, int fd, const char *name,
			   const char *path, struct err *err)
{
	cleanup_with(free_xattrs) struct xattr *list = NULL;
	char proc[PATH_MAX];
	char names[XATTR_LIST_MAX];
	ssize_t size;

	snprintf(proc, sizeof(proc), "/proc/self/fd/%d/%s", fd, name);
	size = llistxattr(proc, names, sizeof(names));
	if (size < 0 && errno == ENOTSUP)
		return 0;
	if (size < 0)
		return cannot_read(path, err);
	for (const char *p = names; p < names + size; p += strlen(p) + 1)
		if (!attribute_of_host(p) && read_value(&list, proc, p, path, err) < 0)
			return -1;
	return inode_take_xattrs(inode, list, path, &dir->refusals, err);
}

static int read_target(struct inode *inode, int fd, const char *name, const char *path,
		       struct err *err)
{
	char target[PATH_MAX + 1];
	ssize_t size = readlinkat(fd, name, target, PATH_MAX);

	if (size < 0)
		return cannot_read(path, err);
	target[size] = '\0';
	if (inode->stamp->size != size)
		return changed(path, err);
	return inode_set_target(inode, target, err) < 0 ? err_wrap(err, "%s", path) : 0;
}

static int fill_inode(struct dir *dir, struct inode *inode, const struct stat *st, int fd,
		      const struct node *home, const char *path, struct err *err)
{
	*inode->stamp = stamp_of(st);
	switch (st->st_mode & S_IFMT) {
	case S_IFREG:
		inode->contents = &dir->contents;
		inode->home = home;
		return inode_set_size(inode, (uint64_t)st->st_size, path, err);
	case S_IFLNK:
		return read_target(inode, fd, home->name, path, err);
	case S_IFCHR:
	case S_IFBLK:
		return inode_set_device(inode, major(st->st_rdev), minor(st->st_rdev), path, err);
	case S_IFDIR:
	case S_IFIFO:
		return 0;
	}
	return err_set(err, EXIT_MALFORMED, "ROOTFS-SOCKET",
		       "%s: a type that an archive can hold expected, found a socket", path);
}

static struct inode *new_inode(struct dir *dir, const struct stat *st, struct err *err)
{
	uint32_t mode = st->st_mode & (S_IFMT | 07777);

	return inode_new_stamped(mode, dir->owner_root ? 0 : st->st_uid,
				 dir->owner_root ? 0 : st->st_gid, err);
}

/* Remembers an inode with several names; gives the earlier one if its other name came before. */
static struct inode *find_shared(struct dir *dir, const struct stat *st, struct inode *inode,
				 struct err *err)
{
	struct shared *shared = malloc(sizeof(*shared));
	struct shared **found;

	if (!shared) {
		err_errno(err, "ROOTFS-MEMORY", "hard links");
		return NULL;
	}
	*shared = (struct shared){st->st_dev, st->st_ino, inode};
	found = tsearch(shared, &dir->shared, compare_shared);
	if (!found) {
		err_errno(err, "ROOTFS-MEMORY", "hard links");
		free(shared);
		return NULL;
	}
	if (*found != shared)
		free(shared);
	return (*found)->inode;
}

static int read_folder(struct dir *dir, struct node *node, int fd, struct err *err);

static int open_folder(int fd, const char *name, const struct stamp *expected, const char *path,
		       struct err *err)
{
	cleanup_close int child = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stamp stamp;
	struct stat st;

	if (child < 0 || fstat(child, &st) < 0)
		return cannot_read(path, err);
	stamp = stamp_of(&st);
	if (!same_stamp(&stamp, expected))
		return changed(path, err);
	return steal_fd(&child);
}

static int read_name(struct dir *dir, struct node *parent, int fd, const char *name,
		     struct err *err)
{
	cleanup_inode struct inode *inode = NULL;
	cleanup_free char *path = NULL;
	cleanup_close int child = -1;
	struct inode *shared;
	struct node *node;
	struct stat st;

	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return cannot_read(name, err);
	inode = new_inode(dir, &st, err);
	if (!inode)
		return err_wrap(err, "%s", name);
	shared = inode;
	if (!S_ISDIR(st.st_mode) && st.st_nlink > 1)
		shared = find_shared(dir, &st, inode, err);
	if (!shared || limit_entry(dir->usage, err) < 0)
		return -1;
	node = node_add(parent, name, shared, err);
	if (!node)
		return -1;
	if (shared != inode)
		return 0;
	path = node_path(node, dir->top, err);
	if (!path || fill_inode(dir, inode, &st, fd, node, path, err) < 0 ||
	    read_attributes(dir, inode, fd, name, path, err) < 0)
		return -1;
	if (!S_ISDIR(st.st_mode))
		return 0;
	child = open_folder(fd, name, inode->stamp, path, err);
	return child < 0 ? -1 : read_folder(dir, node, child, err);
}

static void close_folder(DIR **folder)
{
	if (*folder)
		closedir(*folder);
}

static bool is_dot(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Reads everything in the open folder fd, which stays the caller's. */
static int read_folder(struct dir *dir, struct node *node, int fd, struct err *err)
{
	cleanup_with(close_folder) DIR *folder = NULL;
	cleanup_close int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct dirent *found;

	if (copy >= 0)
		folder = fdopendir(copy);
	if (!folder)
		return cannot_read(node->name, err);
	steal_fd(&copy);
	for (;;) {
		errno = 0;
		found = readdir(folder);
		if (!found)
			break;
		if (!is_dot(found->d_name) && read_name(dir, node, fd, found->d_name, err) < 0)
			return -1;
	}
	return errno ? cannot_read(node->name, err) : 0;
}

/* Opens path below the root one component at a time, none of them a symbolic link. */
static int open_below(const struct dir *dir, const char *path, struct err *err)
{
	cleanup_close int fd = fcntl(dir->fd, F_DUPFD_CLOEXEC, 0);
	char name[ROOTFS_NAME_MAX + 1];
	const char *rest = path;

	while (fd >= 0) {
		size_t size = strcspn(rest, "/");
		int flags = rest[size] ? O_DIRECTORY : O_NONBLOCK;
		int next;

		memcpy(name, rest, size);
		name[size] = '\0';
		next = openat(fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | flags);
		close(fd);
		fd = next;
		if (!rest[size])
			break;
		rest += size + 1;
	}
	if (fd < 0)
		return cannot_read(path, err);
	return steal_fd(&fd);
}

static int check_stamp(int fd, const struct inode *inode, const char *path, struct err *err)
{
	struct stamp stamp;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return cannot_read(path, err);
	stamp = stamp_of(&st);
	return same_stamp(&stamp, inode->stamp) ? 0 : changed(path, err);
}

static int copy_out(int fd, uint64_t left, const char *path, struct sink *sink, struct err *err)
{
	char buffer[65536];

	while (left > 0) {
		size_t want = left < sizeof(buffer) ? (size_t)left : sizeof(buffer);
		ssize_t n = read(fd, buffer, want);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return cannot_read(path, err);
		if (n == 0)
			return changed(path, err);
		if (sink->take(sink, buffer, (size_t)n, err) < 0)
			return -1;
		left -= (uint64_t)n;
	}
	return 0;
}

/* Name and inode are the archive's, which another source may have made: home is our own. */
static int dir_read(struct contents *contents, const struct inode *inode, const char *name,
		    struct sink *sink, struct err *err)
{
	const struct dir *dir = (const struct dir *)contents;
	cleanup_free char *path = node_path(inode->home, dir->top, err);
	cleanup_close int fd = path ? open_below(dir, path, err) : -1;

	(void)name;
	if (fd < 0 || check_stamp(fd, inode->home->inode, path, err) < 0 ||
	    copy_out(fd, inode->size, path, sink, err) < 0)
		return -1;
	return check_stamp(fd, inode->home->inode, path, err);
}

/* Compares what lies under the open folder fd with the tree, without reading contents. */
static int settle_folder(const struct dir *dir, const struct node *folder, int fd, struct err *err)
{
	if (check_stamp(fd, folder->inode, folder->name, err) < 0)
		return -1;
	for (const struct node *node = folder->child; node; node = node->next) {
		cleanup_close int child = -1;
		struct stamp stamp;
		struct stat st;

		if (fstatat(fd, node->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return cannot_read(node->name, err);
		stamp = stamp_of(&st);
		if (!same_stamp(&stamp, node->inode->stamp))
			return changed(node->name, err);
		if (!S_ISDIR(st.st_mode))
			continue;
		child = open_folder(fd, node->name, &stamp, node->name, err);
		if (child < 0 || settle_folder(dir, node, child, err) < 0)
			return -1;
	}
	return 0;
}

static int dir_settle(struct contents *contents, struct err *err)
{
	const struct dir *dir = (const struct dir *)contents;

	return settle_folder(dir, dir->top, dir->fd, err);
}

static void dir_close(struct contents *contents)
{
	struct dir *dir = (struct dir *)contents;

	if (dir->fd >= 0)
		close(dir->fd);
	node_remove(dir->top);
	free(dir);
}

static int read_root(struct dir *dir, struct err *err)
{
	struct inode *inode;
	struct stat st;

	if (fstat(dir->fd, &st) < 0)
		return cannot_read(".", err);
	inode = new_inode(dir, &st, err);
	if (!inode)
		return -1;
	*inode->stamp = stamp_of(&st);
	node_set_inode(dir->top, inode);
	inode_unref(inode);
	if (read_attributes(dir, dir->top->inode, dir->fd, ".", ".", err) < 0)
		return -1;
	return read_folder(dir, dir->top, dir->fd, err);
}

int read_dir(struct rootfs *rootfs, const char *location, struct err *err)
{
	struct dir *dir = calloc(1, sizeof(*dir));
	int failed;

	if (!dir)
		return err_errno(err, "ROOTFS-MEMORY", "dir");
	dir->contents = (struct contents){.next = rootfs->contents,
					   .read = dir_read,
					   .settle = dir_settle,
					   .close = dir_close};
	dir->owner_root = rootfs->owner_root;
	dir->usage = &rootfs->usage;
	dir->fd = -1;
	rootfs->contents = &dir->contents;
	dir->top = node_new_top(err);
	if (!dir->top)
		return -1;
	dir->fd = open(location, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir->fd < 0)
		return cannot_read(location, err);
	failed = read_root(dir, err);
	tdestroy(dir->shared, free);
	dir->shared = NULL;
	if (failed < 0 || refusals_check(&dir->refusals, location, err) < 0)
		return -1;
	if (place_layer(rootfs, location, err) < 0)
		return -1;
	return place_tree(rootfs, dir->top, err);
}
