/*
 * Reads a tar into the tree, entry by entry, by the rules that the caller gives. Contents go to the
 * spool. Never decides whether the tar is the one that was meant: callers compare its digests.
 */
#include "layer.h"

#include <string.h>

#include "place.h"
#include "rootfs.h"
#include "spool.h"
#include "tar_header.h"

#define WHITEOUT_PREFIX ".wh."
#define OPAQUE		".wh..wh..opq"

static ssize_t give_data(void *from, void *data, size_t size, struct err *err)
{
	return tar_read(from, data, size, err);
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

static bool is_marked(const char *name)
{
	return strncmp(name, WHITEOUT_PREFIX, strlen(WHITEOUT_PREFIX)) == 0;
}

static int check_whiteout_name(const char *name, struct err *err)
{
	const char *rest = name + strlen(WHITEOUT_PREFIX);

	if (strcmp(name, OPAQUE) == 0 ||
	    (*rest && strcmp(rest, ".") != 0 && strcmp(rest, "..") != 0 && !is_marked(rest)))
		return 0;
	return err_set(err, EXIT_MALFORMED, "LAYER-WHITEOUT-NAME",
		       ".wh.NAME or %s expected, found %s", OPAQUE, name);
}

static int check_whiteout_type(const struct tar_entry *entry, struct err *err)
{
	if (entry->type == '0' && entry->size == 0)
		return 0;
	return err_set(err, EXIT_MALFORMED, "LAYER-WHITEOUT-TYPE",
		       "a whiteout as an empty file expected, found type %c with %llu bytes",
		       entry->type, (unsigned long long)entry->size);
}

static int read_whiteout(struct rootfs *rootfs, const struct tar_entry *entry, char *path,
			 char *name, struct err *err)
{
	bool opaque = strcmp(name, OPAQUE) == 0;

	if (check_whiteout_name(name, err) < 0 || check_whiteout_type(entry, err) < 0)
		return -1;
	if (opaque)
		name[name == path ? 0 : -1] = '\0';
	else
		memmove(name, name + strlen(WHITEOUT_PREFIX),
			strlen(name + strlen(WHITEOUT_PREFIX)) + 1);
	return place_whiteout(rootfs, path, opaque, err);
}

/* The first component of the path that is named like a whiteout, or NULL. */
static char *find_mark(char *path)
{
	for (char *name = path;; name++) {
		if (is_marked(name))
			return name;
		name = strchr(name, '/');
		if (!name)
			return NULL;
	}
}

/* Devices that every container has, and virtual consoles: none reaches memory or a disk. */
static bool is_common_device(char type, uint64_t major, uint64_t minor)
{
	static const unsigned char common[][2] = {{1, 3}, {1, 5}, {1, 7}, {1, 8},
						  {1, 9}, {5, 0}, {5, 1}, {5, 2}};

	if (type != '3')
		return false;
	for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++)
		if (major == common[i][0] && minor == common[i][1])
			return true;
	return major == 4 && minor < 64;
}

static int check_device(const struct rootfs *rootfs, const struct tar_entry *entry,
			const struct layer_rules *rules, struct err *err)
{
	if ((entry->type != '3' && entry->type != '4') || rules->any_device || rootfs->any_device ||
	    is_common_device(entry->type, entry->major, entry->minor))
		return 0;
	return err_set(
		err, EXIT_MALFORMED, "ROOTFS-DEVICE",
		"a device that every container has expected, or --devices, found %s %llu:%llu",
		entry->type == '3' ? "char" : "block", (unsigned long long)entry->major,
		(unsigned long long)entry->minor);
}

static int read_entry(struct rootfs *rootfs, const struct tar_entry *entry,
		      const struct layer_rules *rules, struct tar *tar, struct err *err)
{
	cleanup_inode struct inode *inode = NULL;
	cleanup_free char *copy = strdup(entry->path);
	struct spool *spool = spool_of(rootfs, err);
	char *path;
	char *mark;

	if (!spool || limit_entry(&rootfs->usage, err) < 0)
		return -1;
	if (!copy)
		return err_errno(err, "ROOTFS-MEMORY", "tar");
	path = place_path(copy, err);
	if (!path || check_device(rootfs, entry, rules, err) < 0)
		return -1;
	mark = rules->whiteouts ? find_mark(path) : NULL;
	if (mark && strchr(mark, '/'))
		return err_set(err, EXIT_MALFORMED, "LAYER-WHITEOUT-TYPE",
			       "a whiteout as an empty file expected, found a directory");
	if (mark)
		return read_whiteout(rootfs, entry, path, mark, err);
	if (entry->type == '1' && *path)
		return place_hardlink(rootfs, path, entry->link, rules->once, err);
	inode = make_inode(rootfs, entry, err);
	if (!inode || fill_inode(inode, entry, spool, tar, err) < 0)
		return -1;
	return place_entry(rootfs, path, inode, rules->once, err);
}

static void note_attributes(struct refusals *refusals, const struct tar_entry *entry)
{
	const char *p = entry->attributes;

	for (; p && p < entry->attributes + entry->attributes_size; p += strlen(p) + 1)
		if (!attribute_of_host(p))
			refuse_attribute(refusals, entry->path, p);
}

static int read_entries(struct rootfs *rootfs, struct stream *stream,
			const struct layer_rules *rules, struct refusals *refusals, struct err *err)
{
	cleanup_with(tar_entry_clear) struct tar_entry entry = {0};
	struct tar tar = {.stream = stream};
	int found;

	while ((found = tar_next(&tar, &entry, err)) > 0) {
		note_attributes(refusals, &entry);
		if (read_entry(rootfs, &entry, rules, &tar, err) < 0)
			return err_wrap(err, "entry %.200s", entry.path);
	}
	return found < 0 ? -1 : stream_settle(stream, err);
}

int layer_read(struct rootfs *rootfs, struct stream *stream, const struct layer_rules *rules,
	       struct err *err)
{
	struct refusals refusals = {0};

	rootfs->layer++;
	stream_limit(stream, &rootfs->usage.limits);
	if (read_entries(rootfs, stream, rules, &refusals, err) < 0)
		return rules->name ? err_wrap(err, "%s", rules->name) : -1;
	return refusals_check(&refusals, rules->name ? rules->name : "tar", err);
}
