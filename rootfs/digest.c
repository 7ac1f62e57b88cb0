/*
 * The tree digest: what the tree is, independent of the archive that brought it or holds it.
 * docs/rootfs.md defines the records. Never includes the root itself, the prefix or added files.
 */
#include <stdio.h>
#include <string.h>

#include "rootfs.h"
#include "tree.h"

/* Every field ends with NUL, which occurs in none of them. */
static int put(struct hash *hash, const char *field, struct err *err)
{
	return hash_update(hash, field, strlen(field) + 1, err);
}

static const char *kind_of(const struct item *item)
{
	if (item != item->first)
		return "hardlink";
	return inode_type_name(item->node->inode);
}

static const char *content_of(const struct item *item, size_t above, char *hex)
{
	const struct inode *inode = item->node->inode;

	if (item != item->first)
		return item->first->path + above;
	if (S_ISLNK(inode->mode))
		return inode->target;
	if (!S_ISREG(inode->mode))
		return "-";
	hash_hex(inode->sha256, SHA256_SIZE, hex);
	return hex;
}

/* NAME=HEX for each, with commas between; "-" for none. */
static int put_xattrs(struct hash *hash, const struct xattr *list, struct err *err)
{
	for (const struct xattr *x = list; x; x = x->next) {
		cleanup_free char *hex = xattr_hex(x, err);

		if (!hex || (x != list && hash_update(hash, ",", 1, err) < 0) ||
		    hash_update(hash, x->name, strlen(x->name), err) < 0 ||
		    hash_update(hash, "=", 1, err) < 0 ||
		    hash_update(hash, hex, strlen(hex), err) < 0)
			return -1;
	}
	return put(hash, list ? "" : "-", err);
}

static int put_record(struct hash *hash, const struct item *item, size_t above, struct err *err)
{
	const struct inode *inode = item->node->inode;
	bool device = S_ISCHR(inode->mode) || S_ISBLK(inode->mode);
	char hex[2 * SHA256_SIZE + 1];
	char number[64];

	if (put(hash, kind_of(item), err) < 0)
		return -1;
	snprintf(number, sizeof(number), "%04o", inode->mode & 07777);
	if (put(hash, number, err) < 0)
		return -1;
	snprintf(number, sizeof(number), "%u", inode->uid);
	if (put(hash, number, err) < 0)
		return -1;
	snprintf(number, sizeof(number), "%u", inode->gid);
	if (put(hash, number, err) < 0)
		return -1;
	snprintf(number, sizeof(number), "%u", inode->size);
	if (put(hash, number, err) < 0)
		return -1;
	snprintf(number, sizeof(number), "%u:%u", inode->major, inode->minor);
	if (put(hash, device ? number : "-", err) < 0 ||
	    put(hash, content_of(item, above, hex), err) < 0)
		return -1;
	if (put_xattrs(hash, inode->xattrs, err) < 0)
		return -1;
	return put(hash, item->path + above, err);
}

int digest_items(const struct item *from, const struct item *to, size_t above,
		 unsigned char digest[SHA256_SIZE], struct err *err)
{
	cleanup_hash struct hash *hash = hash_new(HASH_SHA256, err);

	if (!hash)
		return -1;
	for (; from < to; from++)
		if (put_record(hash, from, above, err) < 0)
			return -1;
	return hash_final(hash, digest, err);
}

int rootfs_digest(struct rootfs *rootfs, unsigned char digest[SHA256_SIZE], struct err *err)
{
	cleanup_with(list_free) struct list list = LIST_INIT;

	if (list_make(&list, rootfs->base, false, err) < 0)
		return -1;
	return digest_items(list.entries, list.entries + list.count, 0, digest, err);
}
