/*
 * Single files beside the tree, such as init or the run specification. Each is opened once, at the
 * start, and must not change until it was written; or its bytes
 * are in memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "rootfs.h"
#include "tree.h"

struct file {
	struct contents contents;
	int fd;
	struct stat seen;
	char *path; /* of the host, for messages */
};

static int file_settle(struct contents *contents, struct err *err)
{
	const struct file *file = (const struct file *)contents;
	const struct stat *seen = &file->seen;
	struct stat st;

	if (fstat(file->fd, &st) < 0)
		return err_errno(err, "ROOTFS-READ", "%s", file->path);
	if (st.st_size != seen->st_size || st.st_mtim.tv_sec != seen->st_mtim.tv_sec ||
	    st.st_mtim.tv_nsec != seen->st_mtim.tv_nsec ||
	    st.st_ctim.tv_sec != seen->st_ctim.tv_sec ||
	    st.st_ctim.tv_nsec != seen->st_ctim.tv_nsec)
		return err_set(err, EXIT_ENVIRONMENT, "ROOTFS-CHANGED",
			       "%s: an unchanged file expected, found it changed", file->path);
	return 0;
}

static int file_read(struct contents *contents, const struct inode *inode, const char *path,
		     struct sink *sink, struct err *err)
{
	const struct file *file = (const struct file *)contents;
	off_t offset = 0;
	char buffer[65536];

	(void)path;
	while (offset < (off_t)inode->size) {
		size_t left = inode->size - (size_t)offset;
		ssize_t n = pread(file->fd, buffer, left < sizeof(buffer) ? left : sizeof(buffer),
				  offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, "ROOTFS-READ", "%s", file->path);
		if (n == 0)
			return err_set(err, EXIT_ENVIRONMENT, "ROOTFS-CHANGED",
				       "%s: %u bytes expected, found the end at %lld", file->path,
				       inode->size, (long long)offset);
		if (sink->take(sink, buffer, (size_t)n, err) < 0)
			return -1;
		offset += n;
	}
	return file_settle(contents, err);
}

static void file_close(struct contents *contents)
{
	struct file *file = (struct file *)contents;

	if (file->fd >= 0)
		close(file->fd);
	free(file->path);
	free(file);
}

static int open_file(struct rootfs *rootfs, const char *path, struct file **opened, struct err *err)
{
	struct file *file = calloc(1, sizeof(*file));

	if (!file)
		return err_errno(err, "ROOTFS-MEMORY", "%s", path);
	file->contents = (struct contents){.next = rootfs->contents,
					   .read = file_read,
					   .settle = file_settle,
					   .close = file_close};
	rootfs->contents = &file->contents;
	/* O_NONBLOCK: a fifo must not make us wait before it is refused. */
	file->fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	file->path = strdup(path);
	if (file->fd < 0 || fstat(file->fd, &file->seen) < 0)
		return err_errno(err, "ROOTFS-READ", "%s", path);
	if (!file->path)
		return err_errno(err, "ROOTFS-MEMORY", "%s", path);
	if (!S_ISREG(file->seen.st_mode))
		return err_set(err, EXIT_MALFORMED, "ROOTFS-ADD",
			       "%s: a regular file expected, found another type", path);
	*opened = file;
	return 0;
}

static int check_name(const struct rootfs *rootfs, const char *name, struct err *err)
{
	if (check_component(name, name, err) < 0) {
		err->status = EXIT_USAGE;
		return -1;
	}
	if (strcmp(name, "TRAILER!!!") == 0)
		return err_set(err, EXIT_USAGE, "ROOTFS-TRAILER-NAME",
			       "a file TRAILER!!! cannot be added: the name ends an archive");
	if (node_child(rootfs->top, name))
		return err_set(err, EXIT_USAGE, "ROOTFS-COLLISION",
			       "%s: a free name expected, found an entry", name);
	return 0;
}

static int add_inode(struct rootfs *rootfs, const char *name, struct inode *inode,
		     struct contents *contents, struct err *err)
{
	struct node *node = node_add(rootfs->top, name, inode, err);

	if (!node)
		return -1;
	inode->contents = contents;
	node->added = true;
	return 0;
}

int rootfs_add(struct rootfs *rootfs, const char *name, const char *file, uint32_t mode,
	       struct err *err)
{
	cleanup_inode struct inode *inode = NULL;
	struct file *opened = NULL;

	if (check_name(rootfs, name, err) < 0)
		return -1;
	inode = inode_new(S_IFREG | (mode & 07777), 0, 0, err);
	if (!inode || open_file(rootfs, file, &opened, err) < 0 ||
	    inode_set_size(inode, (uint64_t)opened->seen.st_size, name, err) < 0)
		return -1;
	return add_inode(rootfs, name, inode, &opened->contents, err);
}

/* A file that lies in memory and never was on disk. */
struct bytes {
	struct contents contents;
	char *data;
};

static int bytes_read(struct contents *contents, const struct inode *inode, const char *path,
		      struct sink *sink, struct err *err)
{
	(void)path;
	return sink->take(sink, ((struct bytes *)contents)->data, inode->size, err);
}

static void bytes_close(struct contents *contents)
{
	free(((struct bytes *)contents)->data);
	free(contents);
}

int add_buffer(struct rootfs *rootfs, const char *name, char *data, size_t size, struct err *err)
{
	cleanup_inode struct inode *inode = NULL;
	struct bytes *bytes = malloc(sizeof(*bytes));

	if (!bytes) {
		free(data);
		return err_errno(err, "ROOTFS-MEMORY", "%s", name);
	}
	bytes->contents = (struct contents){
		.next = rootfs->contents, .read = bytes_read, .close = bytes_close};
	bytes->data = data;
	rootfs->contents = &bytes->contents;
	if (check_name(rootfs, name, err) < 0)
		return -1;
	inode = inode_new(S_IFREG | 0644, 0, 0, err);
	if (!inode || inode_set_size(inode, size, name, err) < 0)
		return -1;
	return add_inode(rootfs, name, inode, &bytes->contents, err);
}
