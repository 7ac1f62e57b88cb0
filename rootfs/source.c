/*
 * The archive as a whole: which kinds of source there are, what happens to the contents of files,
 * and whether the sources held still. Never interprets a source itself.
 */
#include <stdlib.h>
#include <string.h>

#include "rootfs.h"
#include "tree.h"

/* A new kind of source is a reader and a line here; the reader fills rootfs->base. */
static const struct scheme {
	const char *prefix;
	int (*read)(struct rootfs *rootfs, const char *location, struct err *err);
} schemes[] = {
	{"cpio:", read_cpio},
	{"dir:", read_dir},
	{"tar:", read_tar},
	{"oci:", read_oci},
	{"oci-archive:", read_oci_archive},
	{"docker-archive:", read_docker_archive},
	{"debs:", read_debs},
};

static int place_base(struct rootfs *rootfs, const char *prefix, struct err *err)
{
	struct inode *inode;

	if (check_component(prefix, "prefix", err) < 0) {
		err->status = EXIT_USAGE;
		return -1;
	}
	if (strcmp(prefix, "TRAILER!!!") == 0)
		return err_set(err, EXIT_USAGE, "ROOTFS-TRAILER-NAME",
			       "the prefix cannot be TRAILER!!!, which ends an archive");
	rootfs->prefix = strdup(prefix);
	if (!rootfs->prefix)
		return err_errno(err, "ROOTFS-MEMORY", "prefix");
	inode = inode_new(S_IFDIR | 0755, 0, 0, err);
	if (!inode)
		return -1;
	rootfs->base = node_add(rootfs->top, prefix, inode, err);
	inode_unref(inode);
	return rootfs->base ? 0 : -1;
}

struct rootfs *rootfs_new(const struct rootfs_options *options, struct err *err)
{
	cleanup_rootfs struct rootfs *rootfs = calloc(1, sizeof(*rootfs));

	if (!rootfs) {
		err_errno(err, "ROOTFS-MEMORY", "tree");
		return NULL;
	}
	rootfs->owner_root = options->owner_root;
	rootfs->compression = options->compression;
	rootfs->usage.limits = options->limits ? *options->limits : rootfs_default_limits;
	rootfs->packages = options->packages;
	rootfs->any_device = options->any_device;
	rootfs->platform = options->platform ? strdup(options->platform) : NULL;
	rootfs->sources = json_array();
	if (!rootfs->sources || (options->platform && !rootfs->platform)) {
		err_errno(err, "ROOTFS-MEMORY", "tree");
		return NULL;
	}
	rootfs->top = node_new_top(err);
	rootfs->base = rootfs->top;
	if (!rootfs->top || (options->prefix && place_base(rootfs, options->prefix, err) < 0))
		return NULL;
	return steal_ptr(rootfs);
}

void rootfs_free(struct rootfs *rootfs)
{
	if (!rootfs)
		return;
	node_remove(rootfs->top);
	while (rootfs->contents) {
		struct contents *contents = rootfs->contents;

		rootfs->contents = contents->next;
		contents->close(contents);
	}
	for (size_t i = 0; i < rootfs->remark_count; i++)
		free(rootfs->remarks[i].path);
	free(rootfs->remarks);
	for (uint32_t i = 0; i < rootfs->layer; i++)
		free(rootfs->layer_names[i]);
	free(rootfs->layer_names);
	json_decref(rootfs->sources);
	free(rootfs->platform);
	config_clear(&rootfs->config);
	rootfs_forget_run(rootfs);
	free(rootfs->prefix);
	free(rootfs);
}

static int unknown_scheme(const char *source, struct err *err)
{
	char known[100] = "";

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		strncat(known, i ? ", " : "", sizeof(known) - strlen(known) - 1);
		strncat(known, schemes[i].prefix, sizeof(known) - strlen(known) - 1);
	}
	return err_set(err, EXIT_USAGE, "ROOTFS-SOURCE", "one of %s expected, found \"%s\"", known,
		       source);
}

static const struct scheme *find_scheme(const char *source)
{
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (strncmp(source, schemes[i].prefix, strlen(schemes[i].prefix)) == 0)
			return &schemes[i];
	return NULL;
}

int rootfs_read(struct rootfs *rootfs, const char *source, struct err *err)
{
	const struct scheme *scheme = find_scheme(source);
	struct node *trailer;
	json_t *fact;

	if (!scheme)
		return unknown_scheme(source, err);
	if (rootfs->unpacked)
		return err_set(err, EXIT_USAGE, "ROOTFS-SOURCE",
			       "%s: nothing over an archive expected", source);
	fact = json_pack("{s:s%}", "Source", source, strlen(source));
	if (!fact || json_array_append_new(rootfs->sources, fact) < 0)
		return err_errno(err, "ROOTFS-MEMORY", "%s", source);
	if (scheme->read(rootfs, source + strlen(scheme->prefix), err) < 0)
		return err_wrap(err, "%s", source);
	/* Kernel and cpio compare the whole path, so that the name is harmless further down. */
	trailer = node_child(rootfs->base, "TRAILER!!!");
	if (trailer)
		return err_set(err, EXIT_MALFORMED, "ROOTFS-TRAILER-NAME",
			       "%s: no top-level entry TRAILER!!! expected: it ends an archive",
			       source);
	return 0;
}

int source_fact(struct rootfs *rootfs, const char *key, json_t *value, struct err *err)
{
	size_t count = json_array_size(rootfs->sources);
	json_t *source = json_array_get(rootfs->sources, count ? count - 1 : 0);

	return json_object_set_new(source, key, value) < 0 ? err_errno(err, "ROOTFS-MEMORY", "JSON")
							   : 0;
}

json_t *digest_json(const unsigned char digest[SHA256_SIZE])
{
	char hex[2 * SHA256_SIZE + 1];

	hash_hex(digest, SHA256_SIZE, hex);
	return json_sprintf("sha256:%s", hex);
}

struct hashing {
	struct sink sink;
	struct sink *next;
	struct hash *hash;
};

static int hash_and_pass(struct sink *sink, const void *data, size_t size, struct err *err)
{
	struct hashing *hashing = (struct hashing *)sink;

	if (hash_update(hashing->hash, data, size, err) < 0)
		return -1;
	return hashing->next ? hashing->next->take(hashing->next, data, size, err) : 0;
}

int read_contents(struct inode *inode, const char *path, struct sink *sink, struct err *err)
{
	cleanup_hash struct hash *hash = NULL;
	struct hashing hashing = {{hash_and_pass}, sink, NULL};

	if (inode->hashed)
		return sink ? inode->contents->read(inode->contents, inode, path, sink, err) : 0;
	hash = hash_new(HASH_SHA256, err);
	if (!hash)
		return -1;
	hashing.hash = hash;
	if (inode->contents->read(inode->contents, inode, path, &hashing.sink, err) < 0)
		return -1;
	return hash_final(hash, inode->sha256, err);
}

struct loading {
	struct sink sink;
	char *data;
	size_t used;
};

static int load(struct sink *sink, const void *data, size_t size, struct err *err)
{
	struct loading *loading = (struct loading *)sink;

	(void)err;
	memcpy(loading->data + loading->used, data, size);
	loading->used += size;
	return 0;
}

char *load_contents(const struct inode *inode, const char *path, struct err *err)
{
	cleanup_free char *data = calloc(1, (size_t)inode->size + 1);
	struct loading loading = {{load}, data, 0};

	if (!data) {
		err_errno(err, "ROOTFS-MEMORY", "%s", path);
		return NULL;
	}
	if (inode->contents->read(inode->contents, inode, path, &loading.sink, err) < 0)
		return NULL;
	return steal_ptr(data);
}

int rootfs_settle(struct rootfs *rootfs, struct err *err)
{
	for (struct contents *c = rootfs->contents; c; c = c->next)
		if (c->settle && c->settle(c, err) < 0)
			return -1;
	return 0;
}

const char *source_path(const struct rootfs *rootfs, const struct item *entry)
{
	return entry->path +
	       (rootfs->prefix && !entry->node->added ? strlen(rootfs->prefix) + 1 : 0);
}

int rootfs_hash(struct rootfs *rootfs, struct err *err)
{
	cleanup_with(list_free) struct list list = LIST_INIT;

	if (list_make(&list, rootfs->top, true, err) < 0)
		return -1;
	for (size_t i = 0; i < list.count; i++) {
		const struct item *entry = &list.entries[i];

		if (S_ISREG(entry->node->inode->mode) && entry == entry->first &&
		    read_contents(entry->node->inode, source_path(rootfs, entry), NULL, err) < 0)
			return -1;
	}
	return rootfs_settle(rootfs, err);
}
