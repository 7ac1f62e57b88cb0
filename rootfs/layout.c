/*
 * OCI image layouts, as a folder or as an archive: from index.json to the one image that was asked
 * for, and the list of its blobs. Never takes one of several images by their order.
 * Format: OCI image-spec v1.1, image-layout.md, image-index.md, manifest.md.
 */
#include <string.h>

#include "image.h"
#include "reference.h"
#include "rootfs.h"

enum {
	DEPTH_MAX = 4,	    /* indexes within indexes below index.json */
	DOCUMENTS_MAX = 16, /* indexes in all */
	IMAGES_MAX = 1000,  /* that an index, with those within, can name */
};

/* An image that an index names. */
struct candidate {
	struct descriptor descriptor;
	bool has_platform;
	struct platform platform;
};

struct layout {
	const struct blobs *blobs;
	const struct reference *reference;
	FILE *list;			  /* where every blob is named before it is read, or NULL */
	json_t *documents[DOCUMENTS_MAX]; /* in which the descriptors' strings are */
	const char *hex[DOCUMENTS_MAX];	  /* their digests; NULL of index.json */
	size_t document_count;
	struct candidate *candidates;
	size_t count;
	char passed_over[200]; /* a media type that is none of ours */
	json_t *manifest;
};

static void layout_clear(struct layout *layout)
{
	for (size_t i = 0; i < layout->document_count; i++)
		json_decref(layout->documents[i]);
	free(layout->candidates);
	json_decref(layout->manifest);
}

static void list_blob(const struct layout *layout, const struct descriptor *descriptor)
{
	if (layout->list)
		fprintf(layout->list, "%s %llu %s\n", descriptor->hex,
			(unsigned long long)descriptor->size, descriptor->media_type);
}

static int check_version(const struct blobs *blobs, struct err *err)
{
	cleanup_blob struct blob blob = BLOB_INIT;
	cleanup_document json_t *json = NULL;
	const char *version;

	if (blobs_find(blobs, "oci-layout", &blob, err) < 0) {
		if (strcmp(err->name, "OCI-BLOB-MISSING") == 0)
			return err_set(err, EXIT_MALFORMED, "OCI-LAYOUT",
				       "a file oci-layout expected, found none");
		return -1;
	}
	json = document_load(&blob, NULL, "OCI-LAYOUT", err);
	if (!json)
		return -1;
	version = json_string_value(json_object_get(json, "imageLayoutVersion"));
	if (version && strcmp(version, "1.0.0") == 0)
		return 0;
	return err_set(err, EXIT_MALFORMED, "OCI-LAYOUT",
		       "oci-layout: imageLayoutVersion \"1.0.0\" expected, found \"%.100s\"",
		       version ? version : "");
}

static int too_many(const char *what, int limit, struct err *err)
{
	return err_set(err, EXIT_MALFORMED, "ROOTFS-LIMIT", "%s: at most %d expected, found more",
		       what, limit);
}

/* Takes the reference to document; hex lies in another one that is kept, or is NULL. */
static int keep(struct layout *layout, json_t *document, const char *hex, struct err *err)
{
	if (layout->document_count == DOCUMENTS_MAX) {
		json_decref(document);
		return too_many("indexes", DOCUMENTS_MAX, err);
	}
	layout->hex[layout->document_count] = hex;
	layout->documents[layout->document_count++] = document;
	return 0;
}

/* An index that many entries name is read once: it holds the same images each time. */
static bool is_kept(const struct layout *layout, const char *hex)
{
	for (size_t i = 0; i < layout->document_count; i++)
		if (layout->hex[i] && strcmp(layout->hex[i], hex) == 0)
			return true;
	return false;
}

static int read_platform(struct candidate *candidate, struct err *err)
{
	const json_t *platform = document_optional(candidate->descriptor.json, "platform");

	candidate->has_platform = platform != NULL;
	return platform ? platform_read(&candidate->platform, platform, "OCI-JSON", err) : 0;
}

/* Attestations and signatures stand among the images: what buildkit and artifacts' writers do. */
static bool is_image(const struct candidate *candidate)
{
	const char *artifact =
		json_string_value(json_object_get(candidate->descriptor.json, "artifactType"));

	return !(candidate->has_platform && strcmp(candidate->platform.os, "unknown") == 0) &&
	       (!artifact || strcmp(artifact, "application/vnd.oci.image.config.v1+json") == 0);
}

static bool is_same(const struct candidate *a, const struct candidate *b)
{
	return strcmp(a->descriptor.hex, b->descriptor.hex) == 0 &&
	       a->has_platform == b->has_platform &&
	       (!a->has_platform || platform_equal(&a->platform, &b->platform));
}

static int add_candidate(struct layout *layout, const struct descriptor *descriptor,
			 struct err *err)
{
	struct candidate candidate = {.descriptor = *descriptor};
	struct candidate *more;

	if (read_platform(&candidate, err) < 0)
		return -1;
	if (!is_image(&candidate))
		return 0;
	for (size_t i = 0; i < layout->count; i++)
		if (is_same(&layout->candidates[i], &candidate))
			return 0;
	if (layout->count == IMAGES_MAX)
		return too_many("images in an index", IMAGES_MAX, err);
	more = reallocarray(layout->candidates, layout->count + 1, sizeof(*more));
	if (!more)
		return err_errno(err, "ROOTFS-MEMORY", "index");
	layout->candidates = more;
	more[layout->count++] = candidate;
	return 0;
}

static int collect(struct layout *layout, const struct descriptor *descriptor, int depth,
		   struct err *err);

static int collect_all(struct layout *layout, const json_t *index, int depth, struct err *err)
{
	const json_t *manifests = document_member(index, "manifests", JSON_ARRAY, err);
	struct descriptor descriptor;
	const json_t *json;
	size_t i;

	if (!manifests)
		return -1;
	json_array_foreach(manifests, i, json)
	{
		if (descriptor_read(&descriptor, json, err) < 0)
			return err_wrap(err, "manifest %zu", i + 1);
		if (collect(layout, &descriptor, depth, err) < 0)
			return -1;
	}
	return 0;
}

static int collect_index(struct layout *layout, const struct descriptor *descriptor, int depth,
			 struct err *err)
{
	json_t *index;

	if (depth == DEPTH_MAX)
		return too_many("indexes within each other", DEPTH_MAX, err);
	if (is_kept(layout, descriptor->hex))
		return 0;
	list_blob(layout, descriptor);
	index = descriptor_load(descriptor, layout->blobs, err);
	if (!index || keep(layout, index, descriptor->hex, err) < 0 ||
	    document_check(index, MEDIA_INDEX, descriptor->media_type, err) < 0 ||
	    collect_all(layout, index, depth + 1, err) < 0)
		return err_wrap(err, "index sha256:%s", descriptor->hex);
	return 0;
}

/* What is neither image nor index is passed over, as the specification demands. */
static int collect(struct layout *layout, const struct descriptor *descriptor, int depth,
		   struct err *err)
{
	switch (descriptor->media) {
	case MEDIA_INDEX:
		return collect_index(layout, descriptor, depth, err);
	case MEDIA_MANIFEST:
		return add_candidate(layout, descriptor, err);
	default:
		snprintf(layout->passed_over, sizeof(layout->passed_over), "%s",
			 descriptor->media_type);
		return 0;
	}
}

static const char *tag_of(const struct descriptor *descriptor)
{
	const json_t *notes = json_object_get(descriptor->json, "annotations");

	return json_string_value(json_object_get(notes, "org.opencontainers.image.ref.name"));
}

/* Whether an entry of index.json is what the reference says. */
static bool is_meant(const struct reference *reference, const struct descriptor *descriptor)
{
	const char *tag = tag_of(descriptor);

	return (!reference->tag || (tag && strcmp(tag, reference->tag) == 0)) &&
	       (!reference->hex || strcmp(reference->hex, descriptor->hex) == 0);
}

static int refuse_reference(const struct reference *reference, const char *found, struct err *err)
{
	return err_set(err, EXIT_MALFORMED, "OCI-REFERENCE", "%s%s%s%s expected, found %s",
		       reference->tag ? "one image with the tag " : "one image",
		       reference->tag ? reference->tag : "",
		       reference->hex ? " and the digest sha256:" : "",
		       reference->hex ? reference->hex : "", found);
}

/* Entries of index.json that are one image for several platforms, or else one too many. */
static int check_ambiguity(const struct layout *layout, const struct descriptor *const meant[2],
			   struct err *err)
{
	char found[300];

	if (!meant[1])
		return 0;
	if (document_optional(meant[0]->json, "platform") &&
	    document_optional(meant[1]->json, "platform") &&
	    (layout->reference->tag || (!tag_of(meant[0]) && !tag_of(meant[1]))))
		return 0;
	snprintf(found, sizeof(found), "several, among them %s (%.100s) and %s", meant[0]->hex,
		 tag_of(meant[0]) ? tag_of(meant[0]) : "no tag", meant[1]->hex);
	return refuse_reference(layout->reference, found, err);
}

/* Collects from the entries of index.json that are meant: how many there were, or -1. */
static int collect_meant(struct layout *layout, const json_t *manifests, struct err *err)
{
	struct descriptor kept[2];
	const struct descriptor *meant[2] = {NULL, NULL};
	const json_t *json;
	int count = 0;
	size_t i;

	json_array_foreach(manifests, i, json)
	{
		struct descriptor descriptor;

		if (descriptor_read(&descriptor, json, err) < 0)
			return err_wrap(err, "manifest %zu", i + 1);
		if (!is_meant(layout->reference, &descriptor))
			continue;
		count++;
		if (!meant[0] || (!meant[1] && strcmp(meant[0]->hex, descriptor.hex) != 0)) {
			kept[meant[0] != NULL] = descriptor;
			meant[meant[0] != NULL] = &kept[meant[0] != NULL];
		}
		if (check_ambiguity(layout, meant, err) < 0 ||
		    collect(layout, &descriptor, 0, err) < 0)
			return -1;
	}
	return count;
}

/* A digest may name an image within an index. */
static int collect_digest(struct layout *layout, const json_t *index, struct err *err)
{
	size_t kept = 0;

	if (collect_all(layout, index, 0, err) < 0)
		return -1;
	for (size_t i = 0; i < layout->count; i++)
		if (strcmp(layout->candidates[i].descriptor.hex, layout->reference->hex) == 0)
			layout->candidates[kept++] = layout->candidates[i];
	layout->count = kept;
	return 0;
}

static int read_index(struct layout *layout, struct err *err)
{
	cleanup_blob struct blob blob = BLOB_INIT;
	const json_t *manifests;
	json_t *index;
	int meant;

	if (blobs_find(layout->blobs, "index.json", &blob, err) < 0)
		return -1;
	index = document_load(&blob, NULL, NULL, err);
	if (!index || keep(layout, index, NULL, err) < 0 ||
	    document_check(index, MEDIA_INDEX, "application/vnd.oci.image.index.v1+json", err) < 0)
		return -1;
	manifests = document_member(index, "manifests", JSON_ARRAY, err);
	meant = manifests ? collect_meant(layout, manifests, err) : -1;
	if (meant == 0 && layout->reference->hex && !layout->reference->tag)
		return collect_digest(layout, index, err);
	return meant < 0 ? -1 : 0;
}

static int refuse_platform(const struct layout *layout, const char *wanted, const char *found,
			   struct err *err)
{
	char there[600] = "";
	char text[PLATFORM_TEXT];

	for (size_t i = 0; i < layout->count; i++) {
		const struct candidate *candidate = &layout->candidates[i];
		const char *name = candidate->has_platform
					   ? platform_text(&candidate->platform, text)
					   : "one without platform";

		if (strlen(there) + strlen(name) + 3 > sizeof(there))
			break;
		strcat(there, i ? ", " : "");
		strcat(there, name);
	}
	return err_set(err, EXIT_MALFORMED, "OCI-PLATFORM",
		       "one image for %s expected%s, found %s among: %s", wanted,
		       layout->list || strchr(wanted, '/') ? "" : " or --platform", found, there);
}

/* The only candidate for the platform, or for Linux when none was asked for. */
static const struct candidate *choose(const struct layout *layout, const char *text,
				      struct err *err)
{
	const struct candidate *chosen = NULL;
	struct platform wanted;
	size_t fitting = 0;

	if (text && platform_parse(&wanted, text, err) < 0)
		return NULL;
	if (layout->count == 0 && *layout->passed_over) {
		err_set(err, EXIT_MALFORMED, "OCI-MEDIA-TYPE",
			"a manifest or an index expected, found %s", layout->passed_over);
		return NULL;
	}
	if (layout->count == 0) {
		refuse_reference(layout->reference, "none", err);
		return NULL;
	}
	if (layout->count == 1 && !layout->candidates[0].has_platform)
		return &layout->candidates[0];
	for (size_t i = 0; i < layout->count; i++) {
		const struct candidate *candidate = &layout->candidates[i];
		bool fits = text ? platform_fits(&wanted, &candidate->platform)
				 : strcmp(candidate->platform.os, "linux") == 0 ||
					    !candidate->has_platform;

		if (fits)
			chosen = candidate;
		fitting += fits;
	}
	if (fitting == 1)
		return chosen;
	refuse_platform(layout, text ? text : "linux", fitting ? "several" : "none", err);
	return NULL;
}

static int add_layer(struct image *image, const struct descriptor *descriptor, struct err *err)
{
	struct image_layer *layer = &image->layers[image->count];

	*layer = (struct image_layer){.hex = descriptor->hex,
				      .has_size = true,
				      .size = descriptor->size,
				      .compression = descriptor->compression};
	if (asprintf(&layer->name, "blobs/sha256/%s", descriptor->hex) < 0) {
		layer->name = NULL;
		return err_errno(err, "ROOTFS-MEMORY", "layers");
	}
	image->count++;
	return 0;
}

static bool is_listed(const struct image *image, const char *hex)
{
	for (size_t i = 0; i < image->count; i++)
		if (strcmp(image->layers[i].hex, hex) == 0)
			return true;
	return false;
}

static int read_layers(const struct layout *layout, struct image *image, struct err *err)
{
	const json_t *layers = json_object_get(layout->manifest, "layers");
	struct descriptor descriptor;
	const json_t *json;
	size_t i;

	if (!layers)
		return err_set(err, EXIT_MALFORMED, "OCI-LAYERS",
			       "a member \"layers\" expected, found none");
	/* Go writes none as null. */
	if (!json_is_null(layers) && !document_member(layout->manifest, "layers", JSON_ARRAY, err))
		return -1;
	image->layers = calloc(json_array_size(layers) + 1, sizeof(*image->layers));
	if (!image->layers)
		return err_errno(err, "ROOTFS-MEMORY", "layers");
	json_array_foreach(layers, i, json)
	{
		if (descriptor_read(&descriptor, json, err) < 0 ||
		    descriptor_expect(&descriptor, MEDIA_LAYER, "a layer", err) < 0)
			return err_wrap(err, "layer %zu", i + 1);
		if (!is_listed(image, descriptor.hex))
			list_blob(layout, &descriptor);
		if (add_layer(image, &descriptor, err) < 0)
			return -1;
	}
	return 0;
}

/* Reads the manifest: its layers into image, and the descriptor of its config. */
static int read_manifest(struct layout *layout, const struct candidate *candidate,
			 struct image *image, struct descriptor *config, struct err *err)
{
	const struct descriptor *descriptor = &candidate->descriptor;
	const json_t *json;

	list_blob(layout, descriptor);
	layout->manifest = descriptor_load(descriptor, layout->blobs, err);
	if (!layout->manifest ||
	    document_check(layout->manifest, MEDIA_MANIFEST, descriptor->media_type, err) < 0)
		return -1;
	json = document_member(layout->manifest, "config", JSON_OBJECT, err);
	if (!json)
		return -1;
	if (descriptor_read(config, json, err) < 0 ||
	    descriptor_expect(config, MEDIA_CONFIG, "an image's config", err) < 0)
		return err_wrap(err, "config");
	list_blob(layout, config);
	image->blobs = layout->blobs;
	image->platform = candidate->has_platform ? &candidate->platform : NULL;
	return read_layers(layout, image, err);
}

static int digest_fact(struct rootfs *rootfs, const char *key, const char *hex, struct err *err)
{
	return source_fact(rootfs, key, json_sprintf("sha256:%s", hex), err);
}

/* From the store to the image's documents; everything lives as long as layout. */
static const struct candidate *find_image(struct layout *layout, const char *platform,
					  struct image *image, struct descriptor *config,
					  struct err *err)
{
	const struct candidate *candidate;

	if (check_version(layout->blobs, err) < 0 || read_index(layout, err) < 0)
		return NULL;
	candidate = choose(layout, platform, err);
	if (!candidate)
		return NULL;
	if (read_manifest(layout, candidate, image, config, err) < 0) {
		err_wrap(err, "manifest sha256:%s", candidate->descriptor.hex);
		return NULL;
	}
	return candidate;
}

static int read_layout(struct rootfs *rootfs, const struct blobs *blobs,
		       const struct reference *reference, struct err *err)
{
	cleanup_with(layout_clear) struct layout layout = {.blobs = blobs, .reference = reference};
	cleanup_with(image_clear) struct image image = {0};
	cleanup_document json_t *json = NULL;
	const struct candidate *candidate;
	struct descriptor config;

	candidate = find_image(&layout, rootfs->platform, &image, &config, err);
	if (!candidate || digest_fact(rootfs, "Manifest", candidate->descriptor.hex, err) < 0 ||
	    digest_fact(rootfs, "Config", config.hex, err) < 0)
		return -1;
	json = descriptor_load(&config, blobs, err);
	if (!json)
		return err_wrap(err, "config");
	image.config = json;
	return image_read(rootfs, &image, err);
}

int read_oci(struct rootfs *rootfs, const char *location, struct err *err)
{
	cleanup_reference struct reference reference = {0};
	cleanup_blobs struct blobs *blobs = NULL;

	if (reference_parse(&reference, location, err) < 0)
		return -1;
	blobs = blobs_open_folder(reference.path, err);
	return blobs ? read_layout(rootfs, blobs, &reference, err) : -1;
}

int read_oci_archive(struct rootfs *rootfs, const char *location, struct err *err)
{
	cleanup_reference struct reference reference = {0};
	cleanup_blobs struct blobs *blobs = NULL;

	if (reference_parse(&reference, location, err) < 0)
		return -1;
	blobs = blobs_open_archive(reference.path, &rootfs->usage, err);
	return blobs ? read_layout(rootfs, blobs, &reference, err) : -1;
}

static int list_blobs(const struct blobs *blobs, const struct reference *reference,
		      const char *platform, FILE *out, struct err *err)
{
	cleanup_with(layout_clear) struct layout layout = {
		.blobs = blobs, .reference = reference, .list = out};
	cleanup_with(image_clear) struct image image = {0};
	struct descriptor config;

	return find_image(&layout, platform, &image, &config, err) ? 0 : -1;
}

int rootfs_blobs(const char *source, const char *platform, FILE *out, struct err *err)
{
	cleanup_reference struct reference reference = {0};
	cleanup_blobs struct blobs *blobs = NULL;
	struct rootfs_usage usage = {.limits = rootfs_default_limits};
	bool archive = strncmp(source, "oci-archive:", 12) == 0;

	if (!archive && strncmp(source, "oci:", 4) != 0)
		return err_set(err, EXIT_USAGE, "ROOTFS-SOURCE",
			       "oci: or oci-archive: expected, found \"%s\"", source);
	if (reference_parse(&reference, strchr(source, ':') + 1, err) < 0)
		return -1;
	blobs = archive ? blobs_open_archive(reference.path, &usage, err)
			: blobs_open_folder(reference.path, err);
	if (!blobs || list_blobs(blobs, &reference, platform, out, err) < 0)
		return err_wrap(err, "%s", source);
	return 0;
}
