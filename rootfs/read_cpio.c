/*
 * Reads an initramfs as a source: what is inside a finished image can be described, listed by its
 * packages and looked over. Never takes an archive that the kernel would understand in two ways.
 */
#include <string.h>

#include "rootfs.h"
#include "tree.h"

/* Ramdisk 1 of an image: the root below rootfs/, the run specification beside it, nothing else. */
static int place_ramdisk(struct rootfs *rootfs, struct err *err)
{
	struct node *base = node_child(rootfs->top, "rootfs");
	struct node *run = node_child(rootfs->top, "run");

	for (const struct node *node = rootfs->top->child; node; node = node->next)
		if (node != base && node != run)
			return 0;
	if (!base || !S_ISDIR(base->inode->mode) || !run || !S_ISREG(run->inode->mode))
		return 0;
	rootfs->prefix = strdup(base->name);
	if (!rootfs->prefix)
		return err_errno(err, "ROOTFS-MEMORY", "prefix");
	rootfs->base = base;
	run->added = true;
	return rootfs_unpack_run(rootfs, err);
}

int read_cpio(struct rootfs *rootfs, const char *location, struct err *err)
{
	if (rootfs->prefix || rootfs->top->child)
		return err_set(err, EXIT_USAGE, "ROOTFS-SOURCE",
			       "an archive by itself and without --prefix expected");
	if (rootfs_unpack(rootfs, location, err) < 0)
		return -1;
	if (rootfs->remark_count > 0)
		return err_set(err, EXIT_MALFORMED, "CPIO-REMARK",
			       "%s: an entry that is unpacked once expected, found: %s",
			       rootfs->remarks[0].path, rootfs->remarks[0].text);
	return place_ramdisk(rootfs, err);
}
