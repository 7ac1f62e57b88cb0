/*
 * Extended attributes: which ones init can apply, their one form in memory, and what is said of the
 * others. Never drops an attribute without a word, but for the host's own label.
 */
#include <stdlib.h>
#include <string.h>

#include "rootfs.h"
#include "tree.h"

/*
 * File capabilities, linux/capability.h: a word with revision and flags, two pairs of words with
 * the sets, in revision 3 the user namespace's root; all little-endian.
 */
enum { CAPABILITY_2 = 20, CAPABILITY_3 = 24 };
#define CAPABILITY "security.capability"

static int no_memory(struct err *err)
{
	return err_errno(err, "ROOTFS-MEMORY", "extended attribute");
}

int xattrs_add(struct xattr **list, const char *name, const void *value, size_t size,
	       struct err *err)
{
	struct xattr **at = list;
	struct xattr *xattr = malloc(sizeof(*xattr) + strlen(name) + 1);

	if (!xattr)
		return no_memory(err);
	*xattr = (struct xattr){.size = size, .value = malloc(size + 1)};
	if (!xattr->value) {
		free(xattr);
		return no_memory(err);
	}
	if (size > 0)
		memcpy(xattr->value, value, size);
	memcpy(xattr->name, name, strlen(name) + 1);
	while (*at && strcmp((*at)->name, name) < 0)
		at = &(*at)->next;
	xattr->next = *at;
	*at = xattr;
	return 0;
}

void xattrs_free(struct xattr *list)
{
	while (list) {
		struct xattr *next = list->next;

		free(list->value);
		free(list);
		list = next;
	}
}

const struct xattr *xattrs_find(const struct xattr *list, const char *name)
{
	while (list && strcmp(list->name, name) != 0)
		list = list->next;
	return list;
}

bool xattrs_equal(const struct xattr *a, const struct xattr *b)
{
	for (; a && b; a = a->next, b = b->next)
		if (strcmp(a->name, b->name) != 0 || a->size != b->size ||
		    memcmp(a->value, b->value, a->size) != 0)
			return false;
	return a == b;
}

char *xattr_hex(const struct xattr *xattr, struct err *err)
{
	char *hex = malloc(2 * xattr->size + 1);

	if (!hex) {
		no_memory(err);
		return NULL;
	}
	hash_hex(xattr->value, xattr->size, hex);
	return hex;
}

bool attribute_of_host(const char *attribute)
{
	return strcmp(attribute, "security.selinux") == 0;
}

/*
 * Brings capabilities to revision 2 in form, which is how the kernel shows a revision 3 whose root
 * is 0. False when they are something else, or have flags besides "effective".
 */
static bool plain_capability(const unsigned char *value, size_t size,
			     unsigned char form[CAPABILITY_2])
{
	static const unsigned char no_root[4];

	if ((value[0] & ~1U) != 0 || value[1] != 0 || value[2] != 0)
		return false;
	if (!(size == CAPABILITY_2 && value[3] == 2) &&
	    !(size == CAPABILITY_3 && value[3] == 3 &&
	      memcmp(value + CAPABILITY_2, no_root, sizeof(no_root)) == 0))
		return false;
	memcpy(form, value, CAPABILITY_2);
	form[3] = 2;
	return true;
}

static int take_one(struct xattr **list, uint32_t mode, const struct xattr *xattr, const char *path,
		    struct refusals *refusals, struct err *err)
{
	unsigned char form[CAPABILITY_2];

	if (attribute_of_host(xattr->name))
		return 0;
	if (strcmp(xattr->name, CAPABILITY) != 0)
		refuse_attribute(refusals, path, xattr->name);
	else if (!S_ISREG(mode))
		refuse_attribute(refusals, path, CAPABILITY " of something that is no file");
	else if (xattr->size < CAPABILITY_2 || !plain_capability(xattr->value, xattr->size, form))
		refuse_attribute(refusals, path,
				 CAPABILITY " of another form than 2, or 3 with root 0");
	else
		return xattrs_add(list, CAPABILITY, form, sizeof(form), err);
	return 0;
}

int inode_take_xattrs(struct inode *inode, const struct xattr *read, const char *path,
		      struct refusals *refusals, struct err *err)
{
	for (; read; read = read->next)
		if (take_one(&inode->xattrs, inode->mode, read, path, refusals, err) < 0)
			return -1;
	return 0;
}

int inode_check_xattrs(const struct inode *inode, const struct xattr *read, const char *path,
		       struct refusals *refusals, struct err *err)
{
	struct xattr *list = NULL;
	int failed = 0;

	for (const struct xattr *p = read; p && failed == 0; p = p->next)
		failed = take_one(&list, inode->mode, p, path, refusals, err);
	if (list && !xattrs_equal(list, inode->xattrs))
		refuse_attribute(refusals, path, "other attributes than the file's first name");
	xattrs_free(list);
	return failed;
}

void refuse_attribute(struct refusals *refusals, const char *path, const char *attribute)
{
	size_t room = sizeof(refusals->text) - refusals->used;
	int n;

	refusals->count++;
	if (refusals->used + 1 >= sizeof(refusals->text))
		return;
	n = snprintf(refusals->text + refusals->used, room, "%s%s (%s)", refusals->used ? ", " : "",
		     path, attribute);
	refusals->used = (size_t)n < room ? refusals->used + (size_t)n : sizeof(refusals->text) - 1;
}

int refusals_check(const struct refusals *refusals, const char *source, struct err *err)
{
	if (refusals->count == 0)
		return 0;
	return err_set(err, EXIT_MALFORMED, "ROOTFS-XATTR",
		       "%s: no extended attributes but files' capabilities expected, because init "
		       "applies only those; found %zu: %s",
		       source, refusals->count, refusals->text);
}

int rootfs_check_xattrs(struct rootfs *rootfs, struct err *err)
{
	cleanup_with(list_free) struct list list = LIST_INIT;
	struct refusals refusals = {0};

	if (rootfs->has_run)
		return 0;
	if (list_make(&list, rootfs->base, false, err) < 0)
		return -1;
	for (size_t i = 0; i < list.count; i++)
		if (list.entries[i].node->inode->xattrs)
			refuse_attribute(&refusals, list.entries[i].path, CAPABILITY);
	if (refusals.count == 0)
		return 0;
	return err_set(err, EXIT_MALFORMED, "ROOTFS-XATTR",
		       "--run expected, because newc cannot carry extended attributes and only the "
		       "run specification brings them to init; found %zu: %s",
		       refusals.count, refusals.text);
}
