/*
 * What docker save writes: manifest.json names the config and the layers by their paths in the
 * archive. The newer form has an OCI layout beside it, which we do not look at. Never takes one of
 * several images by their order.
 * Format: moby, image/spec/v1.2.md, "Combined Image JSON + Filesystem Changeset Format".
 */
#include <string.h>

#include "image.h"
#include "place.h"
#include "reference.h"
#include "rootfs.h"

static int malformed(const char *expected, struct err *err)
{
	return err_set(err, EXIT_MALFORMED, "DOCKER-ARCHIVE", "manifest.json: %s expected",
		       expected);
}

static json_t *read_manifests(const struct blobs *blobs, struct err *err)
{
	cleanup_blob struct blob blob = BLOB_INIT;
	cleanup_document json_t *json = NULL;

	if (blobs_find(blobs, "manifest.json", &blob, err) < 0) {
		if (strcmp(err->name, "OCI-BLOB-MISSING") == 0)
			malformed("the file", err);
		return NULL;
	}
	json = document_load(&blob, NULL, "DOCKER-ARCHIVE", err);
	if (!json)
		return NULL;
	if (!json_is_array(json)) {
		malformed("an array", err);
		return NULL;
	}
	return steal_ptr(json);
}

/* Without what docker adds to a name, which is registry, folder and tag. */
static void split_name(const char *name, const char **start, size_t *length, const char **tag)
{
	static const char *const prefixes[] = {"docker.io/", "library/"};
	const char *colon;

	for (size_t i = 0; i < 2; i++)
		if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
			name += strlen(prefixes[i]);
	colon = strrchr(name, ':');
	if (colon && strchr(colon, '/'))
		colon = NULL;
	*start = name;
	*length = colon ? (size_t)(colon - name) : strlen(name);
	*tag = colon ? colon + 1 : "latest";
}

static bool same_name(const char *a, const char *b)
{
	const char *start[2];
	const char *tag[2];
	size_t length[2];

	split_name(a, &start[0], &length[0], &tag[0]);
	split_name(b, &start[1], &length[1], &tag[1]);
	return length[0] == length[1] && strncmp(start[0], start[1], length[0]) == 0 &&
	       strcmp(tag[0], tag[1]) == 0;
}

static bool is_meant(const json_t *image, const struct reference *reference)
{
	const json_t *name;
	size_t i;

	if (!reference->tag)
		return true;
	json_array_foreach(json_object_get(image, "RepoTags"), i, name)
	{
		if (json_is_string(name) && same_name(json_string_value(name), reference->tag))
			return true;
	}
	return false;
}

static const json_t *choose(const json_t *images, const struct reference *reference,
			    struct err *err)
{
	const json_t *chosen = NULL;
	const json_t *image;
	size_t count = 0;
	size_t i;

	json_array_foreach(images, i, image)
	{
		if (!json_is_object(image)) {
			malformed("images as objects", err);
			return NULL;
		}
		if (is_meant(image, reference)) {
			chosen = image;
			count++;
		}
	}
	if (count == 1)
		return chosen;
	err_set(err, EXIT_MALFORMED, "DOCKER-REFERENCE",
		"one image%s%s expected, found %zu among %zu", reference->tag ? " named " : "",
		reference->tag ? reference->tag : "", count, json_array_size(images));
	return NULL;
}

/* A path in the archive, owned by the caller. */
static char *take_path(const json_t *json, const char *expected, struct err *err)
{
	const char *text = json_string_value(json);
	cleanup_free char *path = text ? strdup(text) : NULL;

	if (!text) {
		malformed(expected, err);
		return NULL;
	}
	if (!path) {
		err_errno(err, "ROOTFS-MEMORY", "manifest.json");
		return NULL;
	}
	if (!*path || !place_path(path, err) || strcmp(path, text) != 0) {
		malformed("plain paths", err);
		return NULL;
	}
	return steal_ptr(path);
}

/* The digest that a file's name claims, "blobs/sha256/DIGITS" or "DIGITS.json"; or NULL. */
static const char *claimed_digest(const char *name, char hex[DIGEST_HEX + 1])
{
	static const char folder[] = "blobs/sha256/";
	bool in_folder = strncmp(name, folder, strlen(folder)) == 0;

	if (in_folder)
		name += strlen(folder);
	if (strspn(name, "0123456789abcdef") != DIGEST_HEX ||
	    strcmp(name + DIGEST_HEX, in_folder ? "" : ".json") != 0)
		return NULL;
	memcpy(hex, name, DIGEST_HEX);
	hex[DIGEST_HEX] = '\0';
	return hex;
}

static int read_layers(struct image *image, const json_t *chosen, struct err *err)
{
	const json_t *layers = json_object_get(chosen, "Layers");
	const json_t *json;
	size_t i;

	/* Docker writes none as null. */
	if (!json_is_array(layers) && !json_is_null(layers))
		return malformed("Layers as an array", err);
	image->layers = calloc(json_array_size(layers) + 1, sizeof(*image->layers));
	if (!image->layers)
		return err_errno(err, "ROOTFS-MEMORY", "layers");
	json_array_foreach(layers, i, json)
	{
		struct image_layer *layer = &image->layers[i];
		char hex[DIGEST_HEX + 1];

		layer->name = take_path(json, "Layers as strings", err);
		if (!layer->name)
			return -1;
		/* What a name in blobs/ claims is checked; its digits stand at the end of it. */
		if (strchr(layer->name, '/') && claimed_digest(layer->name, hex))
			layer->hex = layer->name + strlen(layer->name) - DIGEST_HEX;
		image->count++;
	}
	return 0;
}

static json_t *read_config(struct rootfs *rootfs, const struct blobs *blobs, const json_t *chosen,
			   struct err *err)
{
	cleanup_blob struct blob blob = BLOB_INIT;
	cleanup_free char *name =
		take_path(json_object_get(chosen, "Config"), "Config as a string", err);
	unsigned char digest[SHA256_SIZE];
	char hex[DIGEST_HEX + 1];
	char found[DIGEST_HEX + 1];

	if (!name || blobs_find(blobs, name, &blob, err) < 0 || blob_hash(&blob, digest, err) < 0 ||
	    source_fact(rootfs, "Config", digest_json(digest), err) < 0)
		return NULL;
	/* The digest that was told is that of the bytes that are parsed. */
	hash_hex(digest, sizeof(digest), found);
	if (claimed_digest(name, hex) && strcmp(hex, found) != 0) {
		err_set(err, EXIT_MALFORMED, "OCI-BLOB-DIGEST", "%s: sha256:%s expected, found %s",
			name, hex, found);
		return NULL;
	}
	return document_load(&blob, found, NULL, err);
}

static int read_image(struct rootfs *rootfs, const struct blobs *blobs,
		      const struct reference *reference, struct err *err)
{
	cleanup_with(image_clear) struct image image = {.blobs = blobs};
	cleanup_document json_t *images = read_manifests(blobs, err);
	cleanup_document json_t *config = NULL;
	const json_t *chosen = images ? choose(images, reference, err) : NULL;

	if (!chosen || read_layers(&image, chosen, err) < 0)
		return -1;
	config = read_config(rootfs, blobs, chosen, err);
	if (!config)
		return -1;
	image.config = config;
	return image_read(rootfs, &image, err);
}

int read_docker_archive(struct rootfs *rootfs, const char *location, struct err *err)
{
	cleanup_reference struct reference reference = {0};
	cleanup_blobs struct blobs *blobs = NULL;

	if (reference_parse(&reference, location, err) < 0)
		return -1;
	if (reference.hex)
		return err_set(err, EXIT_USAGE, "ROOTFS-SOURCE",
			       "FILE[:NAME] expected, found a digest");
	blobs = blobs_open_archive(reference.path, &rootfs->usage, err);
	return blobs ? read_image(rootfs, blobs, &reference, err) : -1;
}
