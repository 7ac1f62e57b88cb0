/*
 * Compares an archive with its manifest, entry by entry as the manifest is read, then its digest
 * and its bytes. Never writes anything.
 */
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "manifest.h"
#include "read_manifest.h"
#include "rootfs.h"
#include "tree.h"

struct comparison {
	struct manifest_visitor visitor;
	struct rootfs *rootfs;
	json_t *digest;
	bool listed;
	struct list list; /* of the archive */
	size_t next;	  /* entry in it */
};

static int difference(struct err *err, const char *where, const char *expected, const char *found)
{
	return err_set(err, EXIT_VERIFY, "ROOTFS-DIFFERENCE", "%s: %s expected, found %s", where,
		       expected, found);
}

/* Which part of the archive is the tree. */
static int place_prefix(struct rootfs *rootfs, const char *prefix, struct err *err)
{
	struct node *node = node_child(rootfs->top, prefix);

	if (!node || !S_ISDIR(node->inode->mode))
		return difference(err, prefix, "the tree's directory", "none");
	rootfs->base = node;
	return 0;
}

/* Which file stands beside it. */
static int place_added(struct rootfs *rootfs, const char *name, struct err *err)
{
	struct node *node = node_child(rootfs->top, name);

	if (!node || !S_ISREG(node->inode->mode) || node->added)
		return difference(err, name, "an added file", "none");
	node->added = true;
	return 0;
}

/* The path of an entry of the manifest, owned by the caller; NULL when it has none. */
static char *path_of(const json_t *entry)
{
	const char *text = json_string_value(json_object_get(entry, "path"));
	const char *b64 = json_string_value(json_object_get(entry, "path_b64"));
	cleanup_free char *path = NULL;
	size_t size;
	int n;

	if (text)
		return strdup(text);
	if (!b64)
		return NULL;
	size = strlen(b64);
	path = calloc(1, size + 4);
	n = path ? EVP_DecodeBlock((unsigned char *)path, (const unsigned char *)b64, (int)size)
		 : -1;
	return n < 0 ? NULL : steal_ptr(path);
}

/* Names the first key in which two entries of the same path differ. */
static int name_difference(const char *path, const json_t *expected, json_t *found, struct err *err)
{
	const char *key;
	json_t *value;

	json_object_foreach(found, key, value)
	{
		const json_t *other = json_object_get(expected, key);
		cleanup_free char *a = other ? json_dumps(other, JSON_ENCODE_ANY) : NULL;
		cleanup_free char *b = json_dumps(value, JSON_ENCODE_ANY);

		if (!json_equal(other, value))
			return err_set(err, EXIT_VERIFY, "ROOTFS-DIFFERENCE",
				       "%s: %s %s expected, found %s", path, key, a ? a : "(none)",
				       b ? b : "(none)");
	}
	return difference(err, path, "more keys", "fewer");
}

static int compare_item(const struct item *item, const json_t *expected, struct err *err)
{
	cleanup_json json_t *found = item_json(item, err);
	cleanup_free char *path = path_of(expected);
	int order;

	if (!found)
		return -1;
	if (json_equal(found, expected))
		return 0;
	if (!path)
		return err_set(err, EXIT_MALFORMED, "MANIFEST-KEYS",
			       "an entry with path or path_b64 expected");
	order = strcmp(item->path, path);
	if (order < 0)
		return difference(err, item->path, "no entry", "one");
	if (order > 0)
		return difference(err, path, "an entry", "none");
	return name_difference(path, expected, found, err);
}

/* What comes before entries can be compared: only now is known what the tree is. */
static int begin(struct comparison *c, struct err *err)
{
	if (c->listed)
		return 0;
	c->listed = true;
	if (rootfs_unpack_run(c->rootfs, err) < 0)
		return -1;
	return list_make(&c->list, c->rootfs->top, true, err);
}

static int compare_next(struct comparison *c, const json_t *expected, struct err *err)
{
	cleanup_free char *path = NULL;

	if (begin(c, err) < 0)
		return -1;
	if (c->next < c->list.count)
		return compare_item(&c->list.entries[c->next++], expected, err);
	path = path_of(expected);
	return difference(err, path ? path : "manifest", "an entry", "none");
}

static int take(struct manifest_visitor *visitor, enum manifest_part part, json_t *value,
		struct err *err)
{
	struct comparison *c = (struct comparison *)visitor;

	switch (part) {
	case MANIFEST_DIGEST:
		c->digest = json_incref(value);
		return 0;
	case MANIFEST_PREFIX:
		return place_prefix(c->rootfs, json_string_value(value), err);
	case MANIFEST_ADDED:
		return place_added(c->rootfs, json_string_value(value), err);
	default:
		return compare_next(c, value, err);
	}
}

static void end(struct comparison *c)
{
	json_decref(c->digest);
	list_free(&c->list);
}

static int compare_entries(struct comparison *c, const char *path, struct err *err)
{
	if (read_manifest(path, &c->visitor, err) < 0 || begin(c, err) < 0)
		return -1;
	if (c->next < c->list.count)
		return difference(err, c->list.entries[c->next].path, "no entry", "one");
	list_free(&c->list);
	return 0;
}

int rootfs_verify(struct rootfs *rootfs, const char *path, struct err *err)
{
	cleanup_with(end) struct comparison c = {.visitor = {take}, .rootfs = rootfs};
	unsigned char digest[SHA256_SIZE];
	char hex[2 * SHA256_SIZE + 1];

	if (compare_entries(&c, path, err) < 0 || rootfs_digest(rootfs, digest, err) < 0)
		return -1;
	hash_hex(digest, sizeof(digest), hex);
	if (strcmp(hex, json_string_value(c.digest)) != 0)
		return difference(err, "TreeDigest", json_string_value(c.digest), hex);
	if (rootfs_check_run(rootfs, hex, err) < 0)
		return -1;
	if (rootfs->remark_count > 0)
		return difference(err, rootfs->remarks[0].path, "an entry that is unpacked once",
				  rootfs->remarks[0].text);
	return rootfs_compare_cpio(rootfs, err);
}
