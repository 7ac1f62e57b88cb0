/*
 * Placing entries: paths, parents, hard links, whiteouts, and which layer a name came from. Never
 * touches the disk, and never follows a path out of the tree.
 */
#include "place.h"

#include <string.h>

#include "rootfs.h"

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

int place_layer(struct rootfs *rootfs, const char *name, struct err *err)
{
	char **more = reallocarray(rootfs->layer_names, rootfs->layer + 1, sizeof(*more));

	if (more)
		rootfs->layer_names = more;
	if (!more || !(more[rootfs->layer] = strdup(name ? name : "another source")))
		return err_errno(err, "ROOTFS-MEMORY", "layers");
	rootfs->layer++;
	return 0;
}

char *place_path(char *path, struct err *err)
{
	path = plain_path(path, err);
	return path && (*path == '\0' || check_components(path, err) == 0) ? path : NULL;
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
	case WALK_STEPS:
		return refuse_parent(path, "links with more than 4096 components", err);
	case WALK_MISSING:
		return refuse_parent(path, "a dangling link", err);
	case WALK_NOT_DIRECTORY:
	case WALK_NAME_LENGTH:
		break;
	}
	return refuse_parent(path, "a link to something else", err);
}

/* The directory and all above it hold something of the layer at hand. */
static void touch(const struct rootfs *rootfs, struct node *dir)
{
	for (; dir && dir->touched != rootfs->layer; dir = dir->parent)
		dir->touched = rootfs->layer;
}

/*
 * The directory that path lies in; *last becomes its last component. Missing parents are made,
 * parents that are links are followed inside the root.
 */
static struct node *find_parent(struct rootfs *rootfs, char *path, char **last, struct err *err)
{
	struct walk walk = WALK_INIT(rootfs->base);
	struct node *dir = rootfs->base;
	char *name = path;
	char *slash;

	for (; (slash = strchr(name, '/')); name = slash + 1) {
		struct node *node;

		*slash = '\0';
		node = node_child(dir, name);
		if (!node && limit_entry(&rootfs->usage, err) == 0)
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
	touch(rootfs, dir);
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
	const char *rest = place_path(target, err);
	char name[ROOTFS_NAME_MAX + 1];

	if (!rest) {
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

/* Whether what stands at the node came from an earlier layer; a parent that was made did not. */
static bool is_earlier(const struct rootfs *rootfs, const struct node *node)
{
	return node->layer != 0 && node->layer != rootfs->layer;
}

bool place_is_lower(const struct rootfs *rootfs, const struct node *node)
{
	return node->layer != 0 && node->layer <= rootfs->lower;
}

/* Whether an earlier package brought it; what lies below the packages is replaced like anything. */
static bool is_packages(const struct rootfs *rootfs, const struct node *node)
{
	return is_earlier(rootfs, node) && !place_is_lower(rootfs, node);
}

/* A folder that no package has an entry for may hold what earlier ones brought. */
static bool holds_packages(const struct rootfs *rootfs, const struct node *dir)
{
	for (const struct node *node = dir->child; node; node = node->next)
		if (is_packages(rootfs, node) || holds_packages(rootfs, node))
			return true;
	return false;
}

/* dpkg's rule: 1 when what an earlier layer brought stays, 0 when nothing is in the way. */
static int check_once(const struct rootfs *rootfs, const struct node *node,
		      const struct inode *inode, struct err *err)
{
	struct walk walk = WALK_INIT(rootfs->base);

	if (!is_packages(rootfs, node))
		return 0;
	if (S_ISDIR(inode->mode) &&
	    (S_ISDIR(node->inode->mode) ||
	     (walk_path(&walk, node->parent, node->name, strlen(node->name)) && !walk.escaped)))
		return 1;
	return err_set(err, EXIT_MALFORMED, "LAYER-CONFLICT",
		       "a path that nothing earlier brought expected, found a %s of %s",
		       inode_type_name(node->inode), rootfs->layer_names[node->layer - 1]);
}

static void set_directory(const struct rootfs *rootfs, struct node *node, struct inode *inode)
{
	node_set_inode(node, inode);
	node->layer = rootfs->layer;
	node->touched = rootfs->layer;
}

/* Puts inode at the name, replacing what an earlier entry left there. */
static int place(const struct rootfs *rootfs, struct node *dir, const char *name,
		 struct inode *inode, bool once, struct err *err)
{
	struct node *node = node_child(dir, name);
	int kept = node && once ? check_once(rootfs, node, inode, err) : 0;

	if (kept != 0)
		return kept < 0 ? -1 : 0;
	if (node && S_ISDIR(node->inode->mode) && S_ISDIR(inode->mode)) {
		set_directory(rootfs, node, inode);
		return 0;
	}
	if (node && once && holds_packages(rootfs, node))
		return err_set(err, EXIT_MALFORMED, "LAYER-CONFLICT",
			       "a path that nothing earlier brought expected, found a folder with "
			       "another package's files");
	node_remove(node);
	node = node_add(dir, name, inode, err);
	if (!node)
		return -1;
	node->layer = rootfs->layer;
	node->touched = rootfs->layer;
	return 0;
}

int place_entry(struct rootfs *rootfs, char *path, struct inode *inode, bool once, struct err *err)
{
	struct node *dir;
	char *name;

	if (*path) {
		dir = find_parent(rootfs, path, &name, err);
		return dir ? place(rootfs, dir, name, inode, once, err) : -1;
	}
	if (!S_ISDIR(inode->mode))
		return err_set(err, EXIT_MALFORMED, "ROOTFS-PATH",
			       "the root as a directory expected, found a %s",
			       inode_type_name(inode));
	if (!once || !is_packages(rootfs, rootfs->base))
		set_directory(rootfs, rootfs->base, inode);
	return 0;
}

/* Whether the link's place is the target's, or a folder that would go with the target in it. */
static bool holds(const struct node *place, const struct node *target)
{
	for (; target; target = target->parent)
		if (target == place)
			return true;
	return false;
}

const struct inode *place_hardlink(struct rootfs *rootfs, char *path, char *target, bool once,
				   struct err *err)
{
	const struct node *found = find_hardlink(rootfs->base, target, err);
	cleanup_inode struct inode *inode = found ? inode_ref(found->inode) : NULL;
	struct node *dir;
	char *name;

	if (!found)
		return NULL;
	dir = find_parent(rootfs, path, &name, err);
	if (!dir)
		return NULL;
	if (holds(node_child(dir, name), found)) {
		refuse_hardlink(target, "the link itself, or something below it", err);
		return NULL;
	}
	return place(rootfs, dir, name, inode, once, err) < 0 ? NULL : inode;
}

static int remove_earlier(const struct rootfs *rootfs, struct node *node, struct err *err);

static int empty_earlier(const struct rootfs *rootfs, struct node *dir, struct err *err)
{
	struct node *next;

	/* Once is enough: what the layer at hand places is its own. */
	if (dir->emptied == rootfs->layer)
		return 0;
	dir->emptied = rootfs->layer;
	for (struct node *node = dir->child; node; node = next) {
		next = node->next;
		if (remove_earlier(rootfs, node, err) < 0)
			return -1;
	}
	return 0;
}

/*
 * Takes away what earlier layers left. A directory in which the layer at hand has something stays;
 * without an entry of its own it is a missing parent, as if the whiteout had come first.
 */
static int remove_earlier(const struct rootfs *rootfs, struct node *node, struct err *err)
{
	cleanup_inode struct inode *inode = NULL;

	if (node->touched != rootfs->layer) {
		node_remove(node);
		return 0;
	}
	if (!S_ISDIR(node->inode->mode))
		return 0;
	if (is_earlier(rootfs, node)) {
		inode = inode_new(S_IFDIR | 0755, 0, 0, err);
		if (!inode)
			return -1;
		node_set_inode(node, inode);
		node->layer = 0;
	}
	return empty_earlier(rootfs, node, err);
}

static int refuse_link(const struct node *link, struct err *err)
{
	return err_set(err, EXIT_MALFORMED, "LAYER-WHITEOUT-PARENT",
		       "a parent that is a directory expected, found the link %s", link->name);
}

/*
 * What path names, through no link; NULL in *found when there is nothing. A file on the way means
 * nothing, too: writers that replace a folder by a file go on to list what was in the folder.
 */
static int find_whiteout(const struct rootfs *rootfs, const char *path, struct node **found,
			 struct err *err)
{
	struct node *node = rootfs->base;
	const char *rest = path;
	char name[ROOTFS_NAME_MAX + 1];

	while (node && *rest) {
		size_t size = strcspn(rest, "/");

		if (S_ISLNK(node->inode->mode))
			return refuse_link(node, err);
		memcpy(name, rest, size);
		name[size] = '\0';
		node = node_child(node, name);
		rest += size + (rest[size] == '/');
	}
	*found = node;
	return 0;
}

int place_whiteout(struct rootfs *rootfs, char *path, bool opaque, struct err *err)
{
	struct node *node;

	if (find_whiteout(rootfs, path, &node, err) < 0)
		return -1;
	if (!node)
		return 0;
	if (!opaque)
		return remove_earlier(rootfs, node, err);
	if (S_ISLNK(node->inode->mode))
		return refuse_link(node, err);
	return empty_earlier(rootfs, node, err);
}

static int lay_over(const struct rootfs *rootfs, struct node *dir, const struct node *from,
		    struct err *err)
{
	set_directory(rootfs, dir, from->inode);
	for (const struct node *node = from->child; node; node = node->next) {
		if (place(rootfs, dir, node->name, node->inode, false, err) < 0)
			return -1;
		if (S_ISDIR(node->inode->mode) &&
		    lay_over(rootfs, node_child(dir, node->name), node, err) < 0)
			return -1;
	}
	return 0;
}

int place_tree(struct rootfs *rootfs, const struct node *from, struct err *err)
{
	touch(rootfs, rootfs->base);
	return lay_over(rootfs, rootfs->base, from, err);
}
