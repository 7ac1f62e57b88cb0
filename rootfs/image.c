/*
 * Config and layers: the config says what each layer is when it is decompressed. Never lays a layer
 * over the tree without comparing both digests.
 */
#include "image.h"

#include <string.h>

#include "config.h"
#include "layer.h"
#include "rootfs.h"

static int bad_config(struct err *err, const char *expected)
{
	return err_set(err, EXIT_MALFORMED, "OCI-CONFIG", "config: %s expected", expected);
}

static int mismatch(const struct platform *expected, const struct platform *found, const char *who,
		    struct err *err)
{
	char a[PLATFORM_TEXT], b[PLATFORM_TEXT];

	return err_set(err, EXIT_MALFORMED, "OCI-PLATFORM",
		       "%s: %s expected, found %s in the config", who, platform_text(expected, a),
		       platform_text(found, b));
}

/* Many configs leave the variant out. */
static bool is_that(const struct platform *expected, const struct platform *found)
{
	struct platform stripped = *expected;

	if (!found->variant[0])
		stripped.variant[0] = '\0';
	return platform_fits(&stripped, found);
}

static int check_platform(struct rootfs *rootfs, const struct image *image, struct err *err)
{
	struct platform wanted, found;
	char text[PLATFORM_TEXT];

	if (platform_read(&found, image->config, "OCI-CONFIG", err) < 0)
		return err_wrap(err, "config");
	if (strcmp(found.os, "linux") != 0)
		return err_set(err, EXIT_MALFORMED, "OCI-PLATFORM",
			       "an image for linux expected, found %s", found.os);
	if (image->platform && !is_that(image->platform, &found))
		return mismatch(image->platform, &found, "index", err);
	if (rootfs->platform && platform_parse(&wanted, rootfs->platform, err) < 0)
		return -1;
	if (rootfs->platform && !is_that(&wanted, &found))
		return mismatch(&wanted, &found, "--platform", err);
	return source_fact(rootfs, "Platform", json_string(platform_text(&found, text)), err);
}

static int check_diff_ids(const json_t *ids, size_t layers, struct err *err)
{
	const json_t *id;
	size_t i;

	if (!ids)
		return err_set(err, EXIT_MALFORMED, "OCI-LAYERS",
			       "config: rootfs with diff_ids expected, found none");
	if (!json_is_array(ids) && !json_is_null(ids))
		return bad_config(err, "rootfs.diff_ids as an array");
	json_array_foreach(ids, i, id)
	{
		if (!json_is_string(id))
			return bad_config(err, "rootfs.diff_ids as strings");
		if (!digest_hex(json_string_value(id), err))
			return err_wrap(err, "config: diff_id %zu", i + 1);
	}
	if (json_array_size(ids) != layers)
		return err_set(err, EXIT_MALFORMED, "OCI-LAYERS",
			       "a diff_id for each of %zu layers expected, found %zu", layers,
			       json_array_size(ids));
	return 0;
}

/* The config's diff_ids, as many as there are layers. */
static const json_t *check_config(struct rootfs *rootfs, const struct image *image, struct err *err)
{
	const json_t *root;
	const char *type;
	const json_t *ids;

	if (!json_is_object(image->config)) {
		bad_config(err, "an object");
		return NULL;
	}
	if (check_platform(rootfs, image, err) < 0)
		return NULL;
	root = json_object_get(image->config, "rootfs");
	type = json_string_value(json_object_get(root, "type"));
	if (!type || strcmp(type, "layers") != 0) {
		bad_config(err, "rootfs with type \"layers\"");
		return NULL;
	}
	ids = json_object_get(root, "diff_ids");
	return check_diff_ids(ids, image->count, err) < 0 ? NULL : ids;
}

static enum compression find_compression(const struct blob *blob)
{
	unsigned char start[4] = {0};
	size_t size = blob->part.size < sizeof(start) ? (size_t)blob->part.size : sizeof(start);

	if (pread(blob->part.fd, start, size, blob->part.offset) < 0)
		return COMPRESSION_NONE;
	if (start[0] == 0x1f && start[1] == 0x8b)
		return COMPRESSION_GZIP;
	/* A frame, or one to be skipped: RFC 8878, 3.1. */
	if ((start[0] == 0x28 && start[1] == 0xb5 && start[2] == 0x2f && start[3] == 0xfd) ||
	    ((start[0] & 0xf0) == 0x50 && start[1] == 0x2a && start[2] == 0x4d && start[3] == 0x18))
		return COMPRESSION_ZSTD;
	return COMPRESSION_NONE;
}

/* What the decoder opens, too, but no media type of a layer says. */
static bool is_foreign(const struct blob *blob)
{
	unsigned char start[6] = {0};
	size_t size = blob->part.size < sizeof(start) ? (size_t)blob->part.size : sizeof(start);

	if (pread(blob->part.fd, start, size, blob->part.offset) < 0)
		return false;
	return memcmp(start, "\xfd\x37zXZ", 6) == 0 ||
	       (memcmp(start, "BZh", 3) == 0 && (start[4] == 0x31 || start[4] == 0x17));
}

static int check_compression(const struct image_layer *layer, const struct blob *blob,
			     struct err *err)
{
	static const char *const names[] = {[COMPRESSION_NONE] = "none of them",
					    [COMPRESSION_GZIP] = "gzip",
					    [COMPRESSION_ZSTD] = "zstd"};
	enum compression found = find_compression(blob);

	if (layer->compression == COMPRESSION_ANY)
		return 0;
	if (is_foreign(blob))
		return err_set(err, EXIT_MALFORMED, "OCI-MEDIA-TYPE",
			       "plain, gzip or zstd expected, found xz or bzip2");
	if (layer->compression == found)
		return 0;
	return err_set(err, EXIT_MALFORMED, "OCI-MEDIA-TYPE",
		       "of gzip and zstd the media type says %s, found %s",
		       names[layer->compression], names[found]);
}

static int compare_digest(const unsigned char *digest, const char *hex, const char *name,
			  const char *what, struct err *err)
{
	char found[DIGEST_HEX + 1];

	hash_hex(digest, SHA256_SIZE, found);
	if (strcmp(found, hex) == 0)
		return 0;
	return err_set(err, EXIT_MALFORMED, name, "%s: sha256:%s expected, found %s", what, hex,
		       found);
}

/* Reads what layer_read() did not, for its digests. */
static int drain(const struct blob *blob, const struct rootfs_limits *limits,
		 struct stream_digests *digests, struct err *err)
{
	cleanup_stream struct stream *stream = stream_open_part(&blob->part, err);
	char buffer[65536];
	ssize_t n;

	if (!stream)
		return -1;
	stream_limit(stream, limits);
	do
		n = stream_read(stream, buffer, sizeof(buffer), err);
	while (n > 0);
	if (n < 0 || stream_settle(stream, err) < 0)
		return -1;
	return stream_digests(stream, digests, err);
}

static int compare_digests(const struct image_layer *layer, const struct stream_digests *digests,
			   struct err *err)
{
	if (layer->hex &&
	    compare_digest(digests->stored, layer->hex, "OCI-BLOB-DIGEST", "stored bytes", err) < 0)
		return -1;
	return compare_digest(digests->plain, layer->diff_id, "OCI-DIFFID", "plain bytes", err);
}

/* A layer that cannot be read may be another than the one that was meant: then that is the reason.
 */
static int find_reason(const struct rootfs *rootfs, const struct image_layer *layer,
		       const struct blob *blob, struct err *err)
{
	struct stream_digests digests;
	struct err reason = {0};
	struct err other = {0};

	if (err->status != EXIT_MALFORMED || strcmp(err->name, "ROOTFS-LIMIT") == 0)
		return -1;
	if (blob_settle(blob, &reason) < 0 ||
	    (layer->hex && (blob_hash(blob, digests.stored, &reason) < 0 ||
			    compare_digest(digests.stored, layer->hex, "OCI-BLOB-DIGEST",
					   "stored bytes", &reason) < 0)) ||
	    (drain(blob, &rootfs->usage.limits, &digests, &other) == 0 &&
	     compare_digests(layer, &digests, &reason) < 0))
		*err = reason;
	return -1;
}

static int add_fact(struct rootfs *rootfs, const struct stream_digests *digests, struct err *err)
{
	const json_t *source =
		json_array_get(rootfs->sources, json_array_size(rootfs->sources) - 1);
	json_t *fact = json_pack("{s:o, s:o}", "Digest", digest_json(digests->stored), "DiffID",
				 digest_json(digests->plain));

	if (!fact || json_array_append_new(json_object_get(source, "Layers"), fact) < 0)
		return err_errno(err, "ROOTFS-MEMORY", "JSON");
	return 0;
}

static int read_blob(struct rootfs *rootfs, const struct image_layer *layer,
		     const struct blob *blob, struct err *err)
{
	static const struct layer_rules rules = {.whiteouts = true};
	cleanup_stream struct stream *stream = stream_open_part(&blob->part, err);
	struct stream_digests digests;

	if (!stream || layer_read(rootfs, stream, &rules, err) < 0)
		return find_reason(rootfs, layer, blob, err);
	if (blob_settle(blob, err) < 0 || stream_digests(stream, &digests, err) < 0)
		return -1;
	return compare_digests(layer, &digests, err) < 0 ? -1 : add_fact(rootfs, &digests, err);
}

static int read_layer(struct rootfs *rootfs, const struct image *image,
		      const struct image_layer *layer, struct err *err)
{
	cleanup_blob struct blob blob = BLOB_INIT;

	if (blobs_find(image->blobs, layer->name, &blob, err) < 0)
		return -1;
	if (layer->has_size && blob.part.size != layer->size)
		return err_set(err, EXIT_MALFORMED, "OCI-BLOB-SIZE",
			       "%llu bytes expected, found %llu", (unsigned long long)layer->size,
			       (unsigned long long)blob.part.size);
	if (check_compression(layer, &blob, err) < 0)
		return find_reason(rootfs, layer, &blob, err);
	return read_blob(rootfs, layer, &blob, err);
}

int image_read(struct rootfs *rootfs, const struct image *image, struct err *err)
{
	const json_t *ids = check_config(rootfs, image, err);

	if (!ids || limit_layers(&rootfs->usage, image->count, err) < 0)
		return -1;
	/* The topmost image says what is run. */
	config_clear(&rootfs->config);
	if (config_parse(&rootfs->config, image->config, err) < 0 ||
	    source_fact(rootfs, "Layers", json_array(), err) < 0)
		return -1;
	for (size_t i = 0; i < image->count; i++) {
		struct image_layer *layer = &image->layers[i];

		layer->diff_id = digest_hex(json_string_value(json_array_get(ids, i)), err);
		if (read_layer(rootfs, image, layer, err) < 0)
			return err_wrap(err, "layer %zu (sha256:%s)", i + 1,
					layer->hex ? layer->hex : layer->diff_id);
	}
	return 0;
}

void image_clear(struct image *image)
{
	for (size_t i = 0; i < image->count; i++)
		free(image->layers[i].name);
	free(image->layers);
	*image = (struct image){0};
}
