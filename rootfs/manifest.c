/*
 * Writes the manifest of an archive. docs/rootfs.md defines the JSON. Always sorted by path, one
 * entry on a line; never holds more than one of them.
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
