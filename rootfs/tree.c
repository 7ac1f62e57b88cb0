/*
 * Nodes, inodes, path walks and sorted lists. Never touches the disk, and never follows a path out
 * of the tree it was given.
 */
#include "tree.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int no_memory(struct err *err)
{
	return err_errno(err, "ROOTFS-MEMORY", "tree");
}

static struct inode *new_inode(size_t size, uint32_t mode, uint32_t uid, uint32_t gid,
			       struct err *err)
{
	struct inode *inode;

	if (uid == UINT32_MAX || gid == UINT32_MAX) {
		/* chown() takes this value for "leave it alone". */
		err_set(err, EXIT_MALFORMED, "ROOTFS-OWNER",
			"uid and gid at most 4294967294 expected, found %u:%u", uid, gid);
		return NULL;
	}
	inode = calloc(1, size);
	if (!inode) {
		no_memory(err);
		return NULL;
	}
	inode->mode = mode;
	inode->uid = uid;
	inode->gid = gid;
	inode->names = 1;
	return inode;
}

struct inode *inode_new(uint32_t mode, uint32_t uid, uint32_t gid, struct err *err)
{
	return new_inode(sizeof(struct inode), mode, uid, gid, err);
}

struct inode *inode_new_stamped(uint32_t mode, uint32_t uid, uint32_t gid, struct err *err)
{
	return new_inode(sizeof(struct inode) + sizeof(struct stamp), mode, uid, gid, err);
}

struct inode *inode_ref(struct inode *inode)
{
	inode->names++;
	return inode;
}

void inode_unref(struct inode *inode)
{
	if (!inode || --inode->names > 0)
		return;
	free(inode->target);
	xattrs_free(inode->xattrs);
	free(inode);
}

int inode_set_target(struct inode *inode, const char *target, struct err *err)
{
	size_t length = strlen(target);
	char *copy;

	if (length == 0 || length > ROOTFS_PATH_MAX)
		return err_set(err, EXIT_MALFORMED, "ROOTFS-SYMLINK",
			       "target of 1 to %d bytes expected, found %zu", ROOTFS_PATH_MAX,
			       length);
	copy = strdup(target);
	if (!copy)
		return no_memory(err);
	free(inode->target);
	inode->target = copy;
	inode->size = (uint32_t)length;
	return 0;
}

int inode_set_size(struct inode *inode, uint64_t size, const char *path, struct err *err)
{
	if (size > UINT32_MAX)
		return err_set(err, EXIT_MALFORMED, "ROOTFS-FILE-SIZE",
			       "%s: newc holds files below 4294967296 bytes, found %llu", path,
			       (unsigned long long)size);
	inode->size = (uint32_t)size;
	return 0;
}

int inode_set_device(struct inode *inode, uint64_t major, uint64_t minor, const char *path,
		     struct err *err)
{
	if (major > ROOTFS_MAJOR_MAX || minor > ROOTFS_MINOR_MAX)
		return err_set(err, EXIT_MALFORMED, "ROOTFS-DEVICE",
			       "%s: device number at most %d:%d expected, found %llu:%llu", path,
			       ROOTFS_MAJOR_MAX, ROOTFS_MINOR_MAX, (unsigned long long)major,
			       (unsigned long long)minor);
	if (S_ISCHR(inode->mode) && major == 0 && minor == 0)
		return err_set(err, EXIT_MALFORMED, "ROOTFS-DEVICE",
			       "%s: a device expected, found 0:0, an overlay's whiteout", path);
	inode->major = major & ROOTFS_MAJOR_MAX;
	inode->minor = minor & ROOTFS_MINOR_MAX;
	return 0;
}

const char *inode_type_name(const struct inode *inode)
{
	switch (inode->mode & S_IFMT) {
	case S_IFREG:
		return "file";
	case S_IFDIR:
		return "directory";
	case S_IFLNK:
		return "symlink";
	case S_IFCHR:
		return "char";
	case S_IFBLK:
		return "block";
	case S_IFIFO:
		return "fifo";
	case S_IFSOCK:
		return "socket";
	}
	return NULL;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct node *)a)->name, ((const struct node *)b)->name);
}

static struct node *node_new(const char *name, struct inode *inode, struct err *err)
{
	size_t size = strlen(name) + 1;
	struct node *node = calloc(1, offsetof(struct node, name) + size);

	if (!node) {
		no_memory(err);
		return NULL;
	}
	memcpy(node->name, name, size);
	node->inode = inode_ref(inode);
	return node;
}

struct node *node_new_top(struct err *err)
{
	struct inode *inode = inode_new(S_IFDIR | 0755, 0, 0, err);
	struct node *node = NULL;

	if (inode)
		node = node_new("", inode, err);
	inode_unref(inode);
	return node;
}

struct node *node_child(const struct node *dir, const char *name)
{
	struct node **found;
	size_t size = strlen(name) + 1;
	_Alignas(struct node) char small[sizeof(struct node) + ROOTFS_NAME_MAX + 1];

	/* No node has a longer name. */
	if (size > ROOTFS_NAME_MAX + 1)
		return NULL;
	memcpy(((struct node *)small)->name, name, size);
	found = tfind(small, &dir->index, compare_names);
	return found ? *found : NULL;
}

struct node *node_add(struct node *dir, const char *name, struct inode *inode, struct err *err)
{
	size_t length = strlen(name);
	size_t path_length = dir->path_length + (size_t)(dir->path_length > 0) + length;
	struct node *node;

	if (length > ROOTFS_NAME_MAX) {
		err_set(err, EXIT_MALFORMED, "ROOTFS-NAME-LENGTH",
			"component of at most %d bytes expected, found %zu in %.60s...",
			ROOTFS_NAME_MAX, length, name);
		return NULL;
	}
	if (path_length > ROOTFS_PATH_MAX) {
		err_set(err, EXIT_MALFORMED, "ROOTFS-PATH-LENGTH",
			"path of at most %d bytes expected, found %zu, ending in %s",
			ROOTFS_PATH_MAX, path_length, name);
		return NULL;
	}
	node = node_new(name, inode, err);
	if (!node)
		return NULL;
	if (!tsearch(node, &dir->index, compare_names)) {
		no_memory(err);
		inode_unref(node->inode);
		free(node);
		return NULL;
	}
	node->parent = dir;
	node->path_length = (uint16_t)path_length;
	node->next = dir->child;
	if (dir->child)
		dir->child->prev = node;
	dir->child = node;
	return node;
}

void node_set_inode(struct node *node, struct inode *inode)
{
	inode_ref(inode);
	inode_unref(node->inode);
	node->inode = inode;
}

static void node_detach(struct node *node)
{
	struct node *dir = node->parent;

	if (!dir)
		return;
	tdelete(node, &dir->index, compare_names);
	if (node->prev)
		node->prev->next = node->next;
	else
		dir->child = node->next;
	if (node->next)
		node->next->prev = node->prev;
}

/* The depth of this recursion is bounded by ROOTFS_PATH_MAX. */
void node_remove(struct node *node)
{
	if (!node)
		return;
	while (node->child)
		node_remove(node->child);
	node_detach(node);
	inode_unref(node->inode);
	free(node);
}

/* The bytes of its path, without NUL. */
static size_t length_of_path(const struct node *node, const struct node *base)
{
	if (node == base)
		return 0;
	return node->path_length - base->path_length - (size_t)(base->path_length > 0);
}

static void put_path(const struct node *node, const struct node *base, char *path)
{
	size_t end = length_of_path(node, base);

	path[end] = '\0';
	for (; node != base; node = node->parent) {
		size_t length = strlen(node->name);

		end -= length;
		memcpy(path + end, node->name, length);
		if (end > 0)
			path[--end] = '/';
	}
}

char *node_path(const struct node *node, const struct node *base, struct err *err)
{
	char *path = malloc(length_of_path(node, base) + 1);

	if (path)
		put_path(node, base, path);
	else
		no_memory(err);
	return path;
}

int check_component(const char *name, const char *path, struct err *err)
{
	if (*name == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strchr(name, '/'))
		return err_set(err, EXIT_MALFORMED, "ROOTFS-PATH",
			       "%s: plain path components expected, found \"%s\"", path, name);
	return 0;
}

static struct node *walk_failed(struct walk *walk, enum walk_failure failure)
{
	walk->failure = failure;
	return NULL;
}

static struct node *walk_component(struct walk *walk, struct node *dir, const char *name)
{
	struct node *node;

	if (strcmp(name, ".") == 0)
		return dir;
	if (strcmp(name, "..") == 0) {
		if (dir == walk->root)
			walk->escaped = true;
		return dir == walk->root ? dir : dir->parent;
	}
	node = node_child(dir, name);
	if (!node)
		return walk_failed(walk, WALK_MISSING);
	if (S_ISLNK(node->inode->mode)) {
		const char *target = node->inode->target;

		if (walk->links_left == 0)
			return walk_failed(walk, WALK_LOOP);
		walk->links_left--;
		return walk_path(walk, dir, target, strlen(target));
	}
	if (!S_ISDIR(node->inode->mode))
		return walk_failed(walk, WALK_NOT_DIRECTORY);
	return node;
}

struct node *walk_path(struct walk *walk, struct node *dir, const char *path, size_t length)
{
	const char *end = path + length;
	char name[ROOTFS_NAME_MAX + 1];

	if (length > 0 && *path == '/')
		dir = walk->root;
	while (dir && path < end) {
		const char *slash = memchr(path, '/', (size_t)(end - path));
		size_t size = (size_t)((slash ? slash : end) - path);

		if (size > ROOTFS_NAME_MAX)
			return walk_failed(walk, WALK_NAME_LENGTH);
		if (size > 0) {
			if (walk->steps_left == 0)
				return walk_failed(walk, WALK_STEPS);
			walk->steps_left--;
			memcpy(name, path, size);
			name[size] = '\0';
			dir = walk_component(walk, dir, name);
		}
		path += size + 1;
	}
	return dir;
}

static int compare_paths(const void *a, const void *b)
{
	return strcmp(((const struct item *)a)->path, ((const struct item *)b)->path);
}

/* Adds up how many entries there are below dir, and the bytes of their paths. */
static void count_below(const struct node *dir, const struct node *base, size_t *count,
			size_t *bytes)
{
	for (const struct node *node = dir->child; node; node = node->next) {
		*count += 1;
		*bytes += length_of_path(node, base) + 1;
		count_below(node, base, count, bytes);
	}
}

/* Fills the list; free is where the next path goes. Returns where the one after it does. */
static char *collect(struct list *list, const struct node *dir, const struct node *base,
		     bool with_added, char *free)
{
	for (struct node *node = dir->child; node; node = node->next) {
		if (node->added && !with_added)
			continue;
		put_path(node, base, free);
		list->entries[list->count++] = (struct item){.node = node, .path = free};
		free = collect(list, node, base, with_added, free + length_of_path(node, base) + 1);
	}
	return free;
}

/* Each symbolic link is the first of its inode, and so gets a number of its own. */
static void find_links(struct list *list)
{
	uint32_t number = 0;

	for (size_t i = 0; i < list->count; i++) {
		struct inode *inode = list->entries[i].node->inode;

		inode->latest = NULL;
		inode->listed = 0;
	}
	for (size_t i = 0; i < list->count; i++) {
		struct item *entry = &list->entries[i];
		struct inode *inode = entry->node->inode;

		entry->first = entry;
		if (inode->latest && !S_ISLNK(inode->mode))
			entry->first = inode->latest->first;
		if (entry == entry->first)
			entry->number = number++;
		entry->previous = inode->latest;
		inode->latest = entry;
		inode->listed++;
	}
}

int list_make(struct list *list, const struct node *base, bool with_added, struct err *err)
{
	size_t room = 0, bytes = 0;

	*list = LIST_INIT;
	count_below(base, base, &room, &bytes);
	list->entries = calloc(room + 1, sizeof(*list->entries));
	list->paths = malloc(bytes + 1);
	if (!list->entries || !list->paths)
		return no_memory(err);
	collect(list, base, base, with_added, list->paths);
	qsort(list->entries, list->count, sizeof(*list->entries), compare_paths);
	find_links(list);
	return 0;
}

void list_free(struct list *list)
{
	free(list->entries);
	free(list->paths);
	*list = LIST_INIT;
}
