/*
 * The manifest of an archive, and the comparison of an archive with its manifest. docs/rootfs.md
 * defines the JSON. Always sorted by path, one entry on a line; never holds the whole of it while
 * writing, only the comparison parses it at once.
 */
#include "manifest.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "rootfs.h"
#include "tree.h"

static int no_memory(struct err *err)
{
	return err_errno(err, "ROOTFS-MEMORY", "JSON");
}

int set_bytes(json_t *object, const char *key, const char *bytes)
{
	json_t *string = json_string(bytes);
	size_t size = strlen(bytes);
	cleanup_free unsigned char *encoded = NULL;
	char key_b64[32];

	if (string)
		return json_object_set_new(object, key, string);
	encoded = malloc(4 * ((size + 2) / 3) + 1);
	if (!encoded)
		return -1;
	EVP_EncodeBlock(encoded, (const unsigned char *)bytes, (int)size);
	snprintf(key_b64, sizeof(key_b64), "%s_b64", key);
	return json_object_set_new(object, key_b64, json_string((const char *)encoded));
}

static int set_content(json_t *object, const struct item *item)
{
	const struct inode *inode = item->node->inode;
	char hex[2 * SHA256_SIZE + 1];

	switch (inode->mode & S_IFMT) {
	case S_IFREG:
		hash_hex(inode->sha256, SHA256_SIZE, hex);
		return json_object_set_new(object, "sha256", json_string(hex));
	case S_IFLNK:
		return set_bytes(object, "target", inode->target);
	case S_IFCHR:
	case S_IFBLK:
		return json_object_set_new(object, "rdev",
					   json_sprintf("%u:%u", inode->major, inode->minor));
	}
	return 0;
}

static int set_xattrs(json_t *object, const struct xattr *list, struct err *err)
{
	cleanup_json json_t *attributes = list ? json_object() : NULL;

	for (; list; list = list->next) {
		cleanup_free char *hex = xattr_hex(list, err);

		if (!hex || json_object_set_new(attributes, list->name, json_string(hex)) < 0)
			return -1;
	}
	return attributes ? json_object_set(object, "xattrs", attributes) : 0;
}

json_t *item_json(const struct item *item, struct err *err)
{
	const struct inode *inode = item->node->inode;
	cleanup_json json_t *object = json_object();

	if (!object || set_bytes(object, "path", item->path) < 0 ||
	    json_object_set_new(object, "type", json_string(inode_type_name(inode))) < 0 ||
	    json_object_set_new(object, "mode", json_sprintf("%04o", inode->mode & 07777)) < 0 ||
	    json_object_set_new(object, "uid", json_integer(inode->uid)) < 0 ||
	    json_object_set_new(object, "gid", json_integer(inode->gid)) < 0 ||
	    json_object_set_new(object, "size", json_integer(inode->size)) < 0 ||
	    set_content(object, item) < 0 || set_xattrs(object, inode->xattrs, err) < 0 ||
	    (item != item->first && set_bytes(object, "hardlink", item->first->path) < 0)) {
		no_memory(err);
		return NULL;
	}
	return steal_ptr(object);
}

int print_json(const json_t *json, FILE *out, struct err *err)
{
	if (json_dumpf(json, out, JSON_COMPACT | JSON_ENCODE_ANY) < 0)
		return err_errno(err, "FILE-WRITE", "JSON");
	return 0;
}

int print_items(const struct list *list, FILE *out, struct err *err)
{
	fputs("\"Entries\":[", out);
	for (size_t i = 0; i < list->count; i++) {
		cleanup_json json_t *json = item_json(&list->entries[i], err);

		fputs(i ? ",\n" : "\n", out);
		if (!json || print_json(json, out, err) < 0)
			return -1;
	}
	fputs("\n]", out);
	return 0;
}

static int hex_digest(struct rootfs *rootfs, char *hex, struct err *err)
{
	unsigned char digest[SHA256_SIZE];

	if (rootfs_digest(rootfs, digest, err) < 0)
		return -1;
	hash_hex(digest, sizeof(digest), hex);
	return 0;
}

static int print_added(const struct list *list, FILE *out, struct err *err)
{
	cleanup_json json_t *added = json_array();

	for (size_t i = 0; i < list->count; i++)
		if (list->entries[i].node->added &&
		    json_array_append_new(added, json_string(list->entries[i].path)) < 0)
			return no_memory(err);
	if (json_array_size(added) == 0)
		return 0;
	fputs("\"Added\":", out);
	if (print_json(added, out, err) < 0)
		return -1;
	fputs(",\n", out);
	return 0;
}

static int print_manifest(struct rootfs *rootfs, FILE *out, struct err *err)
{
	cleanup_with(list_free) struct list list = LIST_INIT;
	cleanup_json json_t *prefix = NULL;
	char hex[2 * SHA256_SIZE + 1];

	if (hex_digest(rootfs, hex, err) < 0 || list_make(&list, rootfs->top, true, err) < 0)
		return -1;
	fprintf(out, "{\"TreeDigest\":\"%s\",\n", hex);
	if (rootfs->prefix) {
		prefix = json_string(rootfs->prefix);
		if (!prefix)
			return err_set(err, EXIT_USAGE, "ROOTFS-OPTION",
				       "a prefix in UTF-8 expected, found other bytes");
		fputs("\"Prefix\":", out);
		if (print_json(prefix, out, err) < 0)
			return -1;
		fputs(",\n", out);
	}
	if (print_added(&list, out, err) < 0 || print_items(&list, out, err) < 0)
		return -1;
	fputs("}\n", out);
	return 0;
}

int rootfs_write_manifest(struct rootfs *rootfs, struct outfile *out, struct err *err)
{
	cleanup_close int fd = dup(out->fd);
	cleanup_fclose FILE *file = fd < 0 ? NULL : fdopen(fd, "w");

	if (!file)
		return err_errno(err, "FILE-WRITE", "%s", out->path);
	steal_fd(&fd);
	if (print_manifest(rootfs, file, err) < 0)
		return -1;
	if (fflush(file) != 0 || ferror(file))
		return err_errno(err, "FILE-WRITE", "%s", out->path);
	return 0;
}

struct manifest {
	json_t *json; /* owns the rest */
	const char *digest;
	const char *prefix;
	json_t *added;
	json_t *entries;
};

static int load(const char *path, struct manifest *m, struct err *err)
{
	json_error_t reason;

	m->json = json_load_file(path, JSON_REJECT_DUPLICATES, &reason);
	if (!m->json && json_error_code(&reason) == json_error_cannot_open_file)
		return err_errno(err, "FILE-OPEN", "%s", path);
	if (!m->json)
		return err_set(err, EXIT_MALFORMED, "MANIFEST-JSON", "%s: line %d: %s", path,
			       reason.line, reason.text);
	if (json_unpack_ex(m->json, &reason, JSON_STRICT, "{s:s, s?s, s?o, s:o}", "TreeDigest",
			   &m->digest, "Prefix", &m->prefix, "Added", &m->added, "Entries",
			   &m->entries) < 0)
		return err_set(err, EXIT_MALFORMED, "MANIFEST-KEYS", "%s: %s", path, reason.text);
	if (!json_is_array(m->entries) || (m->added && !json_is_array(m->added)))
		return err_set(err, EXIT_MALFORMED, "MANIFEST-KEYS",
			       "%s: Entries and Added expected as lists", path);
	return 0;
}

static int difference(struct err *err, const char *where, const char *expected, const char *found)
{
	return err_set(err, EXIT_VERIFY, "ROOTFS-DIFFERENCE", "%s: %s expected, found %s", where,
		       expected, found);
}

/* Which part of the archive is the tree, and which files stand beside it. */
static int place_parts(struct rootfs *rootfs, const struct manifest *m, struct err *err)
{
	const json_t *name;
	size_t i;

	if (m->prefix) {
		rootfs->base = node_child(rootfs->top, m->prefix);
		if (!rootfs->base || !S_ISDIR(rootfs->base->inode->mode))
			return difference(err, m->prefix, "the tree's directory", "none");
	}
	json_array_foreach(m->added, i, name)
	{
		struct node *node;

		if (!json_is_string(name))
			return err_set(err, EXIT_MALFORMED, "MANIFEST-KEYS",
				       "names expected in Added");
		node = node_child(rootfs->top, json_string_value(name));
		if (!node)
			return difference(err, json_string_value(name), "an added file", "none");
		node->added = true;
	}
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

static int compare_items(const struct list *list, const json_t *entries, struct err *err)
{
	size_t count = json_array_size(entries);

	for (size_t i = 0; i < list->count && i < count; i++)
		if (compare_item(&list->entries[i], json_array_get(entries, i), err) < 0)
			return -1;
	if (list->count > count)
		return difference(err, list->entries[count].path, "no entry", "one");
	if (list->count < count) {
		cleanup_free char *path = path_of(json_array_get(entries, list->count));

		return difference(err, path ? path : "manifest", "an entry", "none");
	}
	return 0;
}

static void unload(struct manifest *m)
{
	json_decref(m->json);
}

int rootfs_verify(struct rootfs *rootfs, const char *path, struct err *err)
{
	cleanup_with(unload) struct manifest m = {0};
	cleanup_with(list_free) struct list list = LIST_INIT;
	char hex[2 * SHA256_SIZE + 1];

	if (load(path, &m, err) < 0 || place_parts(rootfs, &m, err) < 0 ||
	    rootfs_unpack_run(rootfs, err) < 0 || list_make(&list, rootfs->top, true, err) < 0 ||
	    compare_items(&list, m.entries, err) < 0 || hex_digest(rootfs, hex, err) < 0)
		return -1;
	if (strcmp(hex, m.digest) != 0)
		return difference(err, "TreeDigest", m.digest, hex);
	if (rootfs->remark_count > 0)
		return difference(err, rootfs->remarks[0].path, "an entry that is unpacked once",
				  rootfs->remarks[0].text);
	return rootfs_compare_cpio(rootfs, err);
}
