/*
 * Reads a root tarball into the tree, entry by entry as they would be extracted, but resolving
 * everything inside the tree. Contents go to one unlinked spool file, because the archive that is
 * written later has another order. Never creates anything with a name on disk.
 */
#include <stdlib.h>
#include <string.h>

#include "rootfs.h"
#include "spool.h"
#include "stream.h"
#include "tar_header.h"
#include "tree.h"

static ssize_t give_data(void *from, void *data, size_t size, struct err *err)
{
	return tar_read(from, data, size, err);
}

/*
 * The path without leading "./" and trailing "/"; "" is the root itself. Absolute paths and other
 * odd components are refused, not repaired. Changes path in place.
 */
static char *plain_path(char *path, struct err *err)
{
	const char *original = path;
	size_t length;

	if (*path == '/') {
		err_set(err, EXIT_MALFORMED, "ROOTFS-PATH",
			"%s: a relative path expected, found an absolute one", path);
		return NULL;
	}
	if (*path == '\0') {
		err_set(err, EXIT_MALFORMED, "ROOTFS-PATH", "a path expected, found an empty one");
		return NULL;
	}
	while (path[0] == '.' && (path[1] == '/' || path[1] == '\0'))
		path += path[1] ? 2 : 1;
	length = strlen(path);
	if (length > 0 && path[length - 1] == '/')
		path[--length] = '\0';
	if (length > ROOTFS_PATH_MAX) {
		err_set(err, EXIT_MALFORMED, "ROOTFS-PATH-LENGTH",
			"path of at most %d bytes expected, found %zu: %.60s...", ROOTFS_PATH_MAX,
			strlen(original), original);
		return NULL;
	}
	return path;
}

static int check_components(const char *path, struct err *err)
{
	char name[ROOTFS_NAME_MAX + 1];

	for (;;) {
		size_t size = strcspn(path, "/");

		if (size > ROOTFS_NAME_MAX)
			return err_set(err, EXIT_MALFORMED, "ROOTFS-NAME-LENGTH",
				       "component of at most %d bytes expected, found %zu",
				       ROOTFS_NAME_MAX, size);
		memcpy(name, path, size);
		name[size] = '\0';
		if (check_component(name, path, err) < 0)
			return -1;
		if (!path[size])
			return 0;
		path += size + 1;
	}
}

static struct node *make_parent(struct node *dir, const char *name, struct err *err)
{
	cleanup_inode struct inode *inode = inode_new(S_IFDIR | 0755, 0, 0, err);

	return inode ? node_add(dir, name, inode, err) : NULL;
}

static struct node *refuse_parent(const char *path, const char *found, struct err *err)
{
	err_set(err, EXIT_MALFORMED, "ROOTFS-PARENT",
		"%s: a parent that is a directory inside the root expected, found %s", path, found);
	return NULL;
}

static struct node *follow_parent(struct walk *walk, struct node *link, const char *path,
				  struct err *err)
{
	/* As a path of one component: the link itself counts among those that may be followed. */
	struct node *dir = walk_path(walk, link->parent, link->name, strlen(link->name));

	if (walk->escaped)
		return refuse_parent(path, "a link that leads out of it", err);
	if (dir)
		return dir;
	switch (walk->failure) {
	case WALK_LOOP:
		return refuse_parent(path, "a loop of links, or more than 40", err);
	case WALK_MISSING:
		return refuse_parent(path, "a dangling link", err);
	case WALK_NOT_DIRECTORY:
	case WALK_NAME_LENGTH:
		break;
	}
	return refuse_parent(path, "a link to something else", err);
}

/*
 * The directory that path lies in; *last becomes its last component. Missing parents are made,
 * parents that are links are followed inside the root.
 */
static struct node *find_parent(struct node *base, char *path, char **last, struct err *err)
{
	struct walk walk = WALK_INIT(base);
	struct node *dir = base;
	char *name = path;
	char *slash;

	for (; (slash = strchr(name, '/')); name = slash + 1) {
		struct node *node;

		*slash = '\0';
		node = node_child(dir, name);
		if (!node)
			node = make_parent(dir, name, err);
		*slash = '/';
		if (!node)
			return NULL;
		if (S_ISLNK(node->inode->mode))
			node = follow_parent(&walk, node, path, err);
		else if (!S_ISDIR(node->inode->mode))
			node = refuse_parent(path, "another type", err);
		if (!node)
			return NULL;
		dir = node;
	}
	*last = name;
	return dir;
}

static int refuse_hardlink(const char *target, const char *found, struct err *err)
{
	return err_set(err, EXIT_MALFORMED, "ROOTFS-HARDLINK",
		       "target %s: an earlier entry that is no directory expected, found %s",
		       target, found);
}

/* The node that a hard link names: exactly that path, through no symbolic link. */
static struct node *find_hardlink(struct node *base, char *target, struct err *err)
{
	struct node *node = base;
	const char *rest = plain_path(target, err);
	char name[ROOTFS_NAME_MAX + 1];

	if (!rest || (*rest && check_components(rest, err) < 0)) {
		snprintf(err->name, sizeof(err->name), "ROOTFS-HARDLINK");
		err_wrap(err, "target");
		return NULL;
	}
	while (node && *rest) {
		size_t size = strcspn(rest, "/");

		if (S_ISLNK(node->inode->mode)) {
			refuse_hardlink(target, "a symbolic link on the way", err);
			return NULL;
		}
		memcpy(name, rest, size);
		name[size] = '\0';
		node = node_child(node, name);
		rest += size + (rest[size] == '/');
	}
	if (!node || S_ISDIR(node->inode->mode)) {
		refuse_hardlink(target, node ? "a directory" : "nothing", err);
		return NULL;
	}
	return node;
}

static uint32_t type_bits(char type)
{
	static const uint32_t bits[] = {['0' - '0'] = S_IFREG, ['1' - '0'] = 0,
					['2' - '0'] = S_IFLNK, ['3' - '0'] = S_IFCHR,
					['4' - '0'] = S_IFBLK, ['5' - '0'] = S_IFDIR,
					['6' - '0'] = S_IFIFO};

	return bits[type - '0'];
}

static struct inode *make_inode(const struct rootfs *rootfs, const struct tar_entry *entry,
				struct err *err)
{
	/* Linux ignores a symbolic link's mode and always shows this one. */
	uint32_t mode = entry->type == '2' ? 0777 : entry->mode;

	return inode_new(type_bits(entry->type) | mode, rootfs->owner_root ? 0 : entry->uid,
			 rootfs->owner_root ? 0 : entry->gid, err);
}

static int fill_inode(struct inode *inode, const struct tar_entry *entry, struct spool *spool,
		      struct tar *tar, struct err *err)
{
	switch (entry->type) {
	case '0':
		if (inode_set_size(inode, entry->size, entry->path, err) < 0)
			return -1;
		return spool_fill(spool, inode, give_data, tar, err);
	case '2':
		return inode_set_target(inode, entry->link, err);
	case '3':
	case '4':
		return inode_set_device(inode, entry->major, entry->minor, entry->path, err);
	default:
		return 0;
	}
}

/* Puts inode at the name, replacing what an earlier entry left there: the last one wins. */
static int place(struct node *dir, const char *name, struct inode *inode, struct err *err)
{
	struct node *node = node_child(dir, name);

	if (node && S_ISDIR(node->inode->mode) && S_ISDIR(inode->mode)) {
		node_set_inode(node, inode);
		return 0;
	}
	node_remove(node);
	return node_add(dir, name, inode, err) ? 0 : -1;
}

static int place_hardlink(struct rootfs *rootfs, const struct tar_entry *entry, char *path,
			  struct err *err)
{
	const struct node *target = find_hardlink(rootfs->base, entry->link, err);
	cleanup_inode struct inode *inode = target ? inode_ref(target->inode) : NULL;
	struct node *dir;
	char *name;

	if (!target)
		return -1;
	dir = find_parent(rootfs->base, path, &name, err);
	if (!dir)
		return -1;
	if (node_child(dir, name) == target)
		return refuse_hardlink(entry->link, "the link itself", err);
	return place(dir, name, inode, err);
}

static int place_entry(struct rootfs *rootfs, const struct tar_entry *entry, char *path,
		       struct inode *inode, struct err *err)
{
	struct node *dir;
	char *name;

	if (*path) {
		dir = find_parent(rootfs->base, path, &name, err);
		return dir ? place(dir, name, inode, err) : -1;
	}
	if (!S_ISDIR(inode->mode))
		return err_set(err, EXIT_MALFORMED, "ROOTFS-PATH",
			       "the root as a directory expected, found type %c", entry->type);
	node_set_inode(rootfs->base, inode);
	return 0;
}

static int read_entry(struct rootfs *rootfs, const struct tar_entry *entry, struct spool *spool,
		      struct tar *tar, struct err *err)
{
	cleanup_inode struct inode *inode = NULL;
	cleanup_free char *copy = strdup(entry->path);
	char *path;

	if (!copy)
		return err_errno(err, "ROOTFS-MEMORY", "tar");
	path = plain_path(copy, err);
	if (!path || (*path && check_components(path, err) < 0))
		return -1;
	if (entry->type == '1' && *path)
		return place_hardlink(rootfs, entry, path, err);
	inode = make_inode(rootfs, entry, err);
	if (!inode || fill_inode(inode, entry, spool, tar, err) < 0)
		return -1;
	return place_entry(rootfs, entry, path, inode, err);
}

static void note_attributes(struct refusals *refusals, const struct tar_entry *entry)
{
	const char *p = entry->attributes;

	for (; p && p < entry->attributes + entry->attributes_size; p += strlen(p) + 1)
		if (!attribute_of_host(p))
			refuse_attribute(refusals, entry->path, p);
}

static void close_tar(struct tar *tar)
{
	stream_close(tar->stream);
}

int read_tar(struct rootfs *rootfs, const char *location, struct err *err)
{
	cleanup_with(close_tar) struct tar tar = {.stream = stream_open(location, err)};
	cleanup_with(tar_entry_clear) struct tar_entry entry = {0};
	struct refusals refusals = {0};
	struct spool *spool;
	int found;

	if (!tar.stream)
		return -1;
	spool = spool_of(rootfs, err);
	if (!spool)
		return -1;
	while ((found = tar_next(&tar, &entry, err)) > 0) {
		note_attributes(&refusals, &entry);
		if (read_entry(rootfs, &entry, spool, &tar, err) < 0)
			return err_wrap(err, "entry %.200s", entry.path);
	}
	if (found < 0 || stream_settle(tar.stream, err) < 0)
		return -1;
	return refusals_check(&refusals, location, err);
}
