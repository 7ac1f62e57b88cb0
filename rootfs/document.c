/*
 * Reads an image's documents strictly: what two readers could understand differently is an error.
 * Never follows a descriptor's urls, and never trusts data that stands in a descriptor.
 */
#include "document.h"

#include <string.h>

enum { VALUES_MAX = 50000 }; /* of one document, and a comma in a text counts */

static const char *type_name(json_type type)
{
	static const char *const names[] = {
		[JSON_OBJECT] = "an object", [JSON_ARRAY] = "an array",
		[JSON_STRING] = "a string",  [JSON_INTEGER] = "an integer",
		[JSON_REAL] = "a number",    [JSON_TRUE] = "a boolean",
		[JSON_FALSE] = "a boolean",  [JSON_NULL] = "null"};

	return names[type];
}

const json_t *document_member(const json_t *object, const char *key, json_type type,
			      struct err *err)
{
	const json_t *member = json_object_get(object, key);

	if (member && json_typeof(member) == type)
		return member;
	err_set(err, EXIT_MALFORMED, "OCI-JSON", "member \"%s\": %s expected, found %s", key,
		type_name(type), member ? type_name(json_typeof(member)) : "none");
	return NULL;
}

const json_t *document_optional(const json_t *object, const char *key)
{
	const json_t *member = json_object_get(object, key);

	return json_is_null(member) ? NULL : member;
}

/* An optional member of that type: 1, or 0 when there is none, or -1. */
static int check_optional(const json_t *object, const char *key, json_type type, struct err *err)
{
	if (!document_optional(object, key))
		return 0;
	return document_member(object, key, type, err) ? 1 : -1;
}

static int check_digest(const struct blob *blob, const char *data, const char *hex, struct err *err)
{
	cleanup_hash struct hash *hash = hash_new(HASH_SHA256, err);
	unsigned char digest[SHA256_SIZE];
	char found[DIGEST_HEX + 1];

	if (!hash || hash_update(hash, data, (size_t)blob->part.size, err) < 0 ||
	    hash_final(hash, digest, err) < 0)
		return -1;
	hash_hex(digest, sizeof(digest), found);
	if (strcmp(found, hex) == 0)
		return 0;
	return err_set(err, EXIT_MALFORMED, "OCI-BLOB-DIGEST", "%s: sha256:%s expected, found %s",
		       blob->name, hex, found);
}

/* Members that mean something; docker's manifest.json has others. */
static const char *const names[] = {
	"Cmd",		"Entrypoint",	"Env",
	"ExposedPorts", "Labels",	"StopSignal",
	"User",		"Volumes",	"WorkingDir",
	"annotations",	"architecture", "artifactType",
	"config",	"diff_ids",	"digest",
	"fsLayers",	"history",	"imageLayoutVersion",
	"layers",	"manifests",	"mediaType",
	"os",		"os.features",	"os.version",
	"platform",	"rootfs",	"schemaVersion",
	"subject",	"urls",		"variant",
	NULL,
};
static const char *const docker_names[] = {"Config", "Layers", "RepoTags", NULL};

/* Members of these have names of the image's own choice. */
static bool is_map(const char *name)
{
	return strcmp(name, "annotations") == 0 || strcmp(name, "Labels") == 0 ||
	       strcmp(name, "ExposedPorts") == 0 || strcmp(name, "Volumes") == 0;
}

/*
 * Whether Go's encoding/json takes key for name: it folds case, and two letters beyond ASCII, the
 * long s and the sign of kelvin. Docker, containerd and umoci read documents with it.
 */
static bool folds(const char *key, const char *name)
{
	for (; *key && *name; key++, name++) {
		unsigned char c = (unsigned char)*key;

		if (strncmp(key, "\xc5\xbf", 2) == 0)
			c = 's', key++;
		else if (strncmp(key, "\xe2\x84\xaa", 3) == 0)
			c = 'k', key += 2;
		if ((c >= 'A' && c <= 'Z' ? c + 'a' - 'A' : c) !=
		    (*name >= 'A' && *name <= 'Z' ? *name + 'a' - 'A' : *name))
			return false;
	}
	return !*key && !*name;
}

/* A member that we pass over, and others read, makes two images of one document. */
static int check_spelling(json_t *json, const char *const *known, const char *error,
			  struct err *err)
{
	const char *key;
	json_t *value;
	size_t i;

	json_array_foreach(json, i, value)
	{
		if (check_spelling(value, known, error, err) < 0)
			return -1;
	}
	json_object_foreach(json, key, value)
	{
		for (i = 0; known[i]; i++)
			if (folds(key, known[i]) && strcmp(key, known[i]) != 0)
				return err_set(err, EXIT_MALFORMED, error,
					       "member \"%s\" expected, found it spelt \"%s\"",
					       known[i], key);
		if (!is_map(key) && check_spelling(value, known, error, err) < 0)
			return -1;
	}
	return 0;
}

/* An empty object takes two bytes of a document, and hundreds in memory. */
static int check_values(const char *data, size_t size, const char *error, struct err *err)
{
	size_t values = 0;

	for (size_t i = 0; i < size; i++)
		values += data[i] == ',' || data[i] == '[' || data[i] == '{';
	if (values <= VALUES_MAX)
		return 0;
	return err_set(err, EXIT_MALFORMED, error, "at most %d values expected, found %zu",
		       VALUES_MAX, values);
}

static json_t *parse(const char *data, size_t size, const char *error, struct err *err)
{
	cleanup_document json_t *json = NULL;
	json_error_t reason;

	if (check_values(data, size, error, err) < 0)
		return NULL;
	json = json_loadb(data, size, JSON_REJECT_DUPLICATES, &reason);
	if (!json) {
		err_set(err, EXIT_MALFORMED, error, "line %d: %s", reason.line, reason.text);
		return NULL;
	}
	if (check_spelling(json, strcmp(error, "DOCKER-ARCHIVE") == 0 ? docker_names : names, error,
			   err) < 0)
		return NULL;
	return steal_ptr(json);
}

json_t *document_load(const struct blob *blob, const char *hex, const char *name, struct err *err)
{
	cleanup_free char *data = blob_read(blob, DOCUMENT_MAX, err);
	json_t *json;

	if (!data || blob_settle(blob, err) < 0 || (hex && check_digest(blob, data, hex, err) < 0))
		return NULL;
	json = parse(data, (size_t)blob->part.size, name ? name : "OCI-JSON", err);
	if (!json)
		err_wrap(err, "%s", blob->name);
	return json;
}

const char *digest_hex(const char *text, struct err *err)
{
	static const char algorithm[] = "sha256:";
	const char *hex = text + strlen(algorithm);

	if (strncmp(text, algorithm, strlen(algorithm)) == 0 &&
	    strspn(hex, "0123456789abcdef") == DIGEST_HEX && hex[DIGEST_HEX] == '\0')
		return hex;
	err_set(err, EXIT_MALFORMED, "OCI-DIGEST",
		"sha256: and 64 lower-case hexadecimal digits expected, found \"%.100s\"", text);
	return NULL;
}

static const struct type {
	const char *name;
	enum media media;
	enum compression compression;
} types[] = {
	{"application/vnd.oci.image.index.v1+json", MEDIA_INDEX, COMPRESSION_ANY},
	{"application/vnd.docker.distribution.manifest.list.v2+json", MEDIA_INDEX, COMPRESSION_ANY},
	{"application/vnd.oci.image.manifest.v1+json", MEDIA_MANIFEST, COMPRESSION_ANY},
	{"application/vnd.docker.distribution.manifest.v2+json", MEDIA_MANIFEST, COMPRESSION_ANY},
	{"application/vnd.oci.image.config.v1+json", MEDIA_CONFIG, COMPRESSION_ANY},
	{"application/vnd.docker.container.image.v1+json", MEDIA_CONFIG, COMPRESSION_ANY},
	{"application/vnd.oci.image.layer.v1.tar", MEDIA_LAYER, COMPRESSION_NONE},
	{"application/vnd.oci.image.layer.v1.tar+gzip", MEDIA_LAYER, COMPRESSION_GZIP},
	{"application/vnd.oci.image.layer.v1.tar+zstd", MEDIA_LAYER, COMPRESSION_ZSTD},
	{"application/vnd.docker.image.rootfs.diff.tar", MEDIA_LAYER, COMPRESSION_NONE},
	{"application/vnd.docker.image.rootfs.diff.tar.gzip", MEDIA_LAYER, COMPRESSION_GZIP},
	{"application/vnd.docker.image.rootfs.diff.tar.zstd", MEDIA_LAYER, COMPRESSION_ZSTD},
};

static void set_type(struct descriptor *descriptor)
{
	descriptor->media = MEDIA_OTHER;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(descriptor->media_type, types[i].name) == 0) {
			descriptor->media = types[i].media;
			descriptor->compression = types[i].compression;
		}
}

/* Members that we do not use have their types all the same: others may use them. */
static int check_members(const json_t *json, struct err *err)
{
	if (check_optional(json, "annotations", JSON_OBJECT, err) < 0 ||
	    check_optional(json, "platform", JSON_OBJECT, err) < 0 ||
	    check_optional(json, "data", JSON_STRING, err) < 0 ||
	    check_optional(json, "artifactType", JSON_STRING, err) < 0 ||
	    check_optional(json, "urls", JSON_ARRAY, err) < 0)
		return -1;
	if (json_array_size(json_object_get(json, "urls")) == 0)
		return 0;
	return err_set(err, EXIT_MALFORMED, "OCI-MEDIA-TYPE",
		       "a blob of the image itself expected, found a foreign one with urls");
}

int descriptor_read(struct descriptor *descriptor, const json_t *json, struct err *err)
{
	const json_t *type;
	const json_t *digest;
	const json_t *size;

	*descriptor = (struct descriptor){.json = json};
	if (!json_is_object(json))
		return err_set(err, EXIT_MALFORMED, "OCI-JSON",
			       "a descriptor as an object expected, found %s",
			       type_name(json_typeof(json)));
	type = document_member(json, "mediaType", JSON_STRING, err);
	digest = type ? document_member(json, "digest", JSON_STRING, err) : NULL;
	size = digest ? document_member(json, "size", JSON_INTEGER, err) : NULL;
	if (!size)
		return -1;
	if (json_integer_value(size) < 0)
		return err_set(err, EXIT_MALFORMED, "OCI-JSON",
			       "member \"size\": a number of bytes expected, found %lld",
			       (long long)json_integer_value(size));
	descriptor->media_type = json_string_value(type);
	descriptor->size = (uint64_t)json_integer_value(size);
	descriptor->hex = digest_hex(json_string_value(digest), err);
	set_type(descriptor);
	return descriptor->hex ? check_members(json, err) : -1;
}

static const char *explain(const char *media_type)
{
	if (strstr(media_type, "+encrypted"))
		return ", which is encrypted";
	if (strstr(media_type, "nondistributable") || strstr(media_type, ".foreign."))
		return ", which lies elsewhere";
	return "";
}

int descriptor_expect(const struct descriptor *descriptor, enum media media, const char *what,
		      struct err *err)
{
	if (descriptor->media == media)
		return 0;
	return err_set(err, EXIT_MALFORMED, "OCI-MEDIA-TYPE",
		       "sha256:%s: %s expected, found %.200s%s", descriptor->hex, what,
		       descriptor->media_type, explain(descriptor->media_type));
}

int descriptor_open(const struct descriptor *descriptor, const struct blobs *blobs,
		    struct blob *blob, struct err *err)
{
	char name[sizeof("blobs/sha256/") + DIGEST_HEX];

	snprintf(name, sizeof(name), "blobs/sha256/%s", descriptor->hex);
	if (blobs_find(blobs, name, blob, err) < 0)
		return -1;
	if (blob->part.size == descriptor->size)
		return 0;
	return err_set(err, EXIT_MALFORMED, "OCI-BLOB-SIZE", "%s: %llu bytes expected, found %llu",
		       name, (unsigned long long)descriptor->size,
		       (unsigned long long)blob->part.size);
}

json_t *descriptor_load(const struct descriptor *descriptor, const struct blobs *blobs,
			struct err *err)
{
	cleanup_blob struct blob blob = BLOB_INIT;

	if (descriptor_open(descriptor, blobs, &blob, err) < 0)
		return NULL;
	return document_load(&blob, descriptor->hex, NULL, err);
}

/* Members that only the other kind of document has. */
static int check_confusion(const json_t *document, enum media media, struct err *err)
{
	static const char *const of_index[] = {"config", "layers", "fsLayers", "history"};
	static const char *const of_manifest[] = {"manifests", "fsLayers", "history"};
	const char *const *keys = media == MEDIA_INDEX ? of_index : of_manifest;
	size_t count = media == MEDIA_INDEX ? 4 : 3;

	for (size_t i = 0; i < count; i++)
		if (json_object_get(document, keys[i]))
			return err_set(err, EXIT_MALFORMED, "OCI-MEDIA-TYPE",
				       "%s expected, found a member \"%s\"",
				       media == MEDIA_INDEX ? "an index" : "a manifest", keys[i]);
	return 0;
}

int document_check(const json_t *document, enum media media, const char *media_type,
		   struct err *err)
{
	const json_t *version;
	int has_type;

	if (!json_is_object(document))
		return err_set(err, EXIT_MALFORMED, "OCI-JSON", "an object expected, found %s",
			       type_name(json_typeof(document)));
	version = document_member(document, "schemaVersion", JSON_INTEGER, err);
	has_type = version ? check_optional(document, "mediaType", JSON_STRING, err) : -1;
	if (has_type < 0)
		return -1;
	if (json_integer_value(version) != 2)
		return err_set(err, EXIT_MALFORMED, "OCI-MEDIA-TYPE",
			       "schemaVersion 2 expected, found %lld",
			       (long long)json_integer_value(version));
	if (has_type &&
	    strcmp(json_string_value(json_object_get(document, "mediaType")), media_type) != 0)
		return err_set(err, EXIT_MALFORMED, "OCI-MEDIA-TYPE",
			       "the descriptor's %s expected inside, found %.200s", media_type,
			       json_string_value(json_object_get(document, "mediaType")));
	return check_confusion(document, media, err);
}
