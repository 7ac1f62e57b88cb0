/*
 * The JSON documents of an image, and the descriptors in them that name the next ones. Internal to
 * the rootfs room.
 * Format: OCI image-spec v1.1, descriptor.md and media-types.md.
 */
#ifndef MINTMARK_ROOTFS_DOCUMENT_H
#define MINTMARK_ROOTFS_DOCUMENT_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "blobs.h"
#include "err.h"

enum {
	DOCUMENT_MAX = 4 << 20,			      /* bytes, as registries limit manifests */
	DIGEST_HEX = 2 * SHA256_SIZE,		      /* digits */
	DIGEST_TEXT = sizeof("sha256:") + DIGEST_HEX, /* with the closing NUL */
};

enum media { MEDIA_OTHER, MEDIA_INDEX, MEDIA_MANIFEST, MEDIA_CONFIG, MEDIA_LAYER };

enum compression { COMPRESSION_ANY, COMPRESSION_NONE, COMPRESSION_GZIP, COMPRESSION_ZSTD };

/* Strings belong to the document that it stands in. */
struct descriptor {
	const json_t *json;
	const char *media_type;
	enum media media;
	enum compression compression; /* of a layer */
	const char *hex;	      /* of the digest: 64 lower-case digits */
	uint64_t size;
};

static inline void cleanup_json_at(json_t **json)
{
	json_decref(*json);
}
#define cleanup_document cleanup_with(cleanup_json_at)

/*
 * Parses a document of at most DOCUMENT_MAX bytes that is an object without duplicate keys. The
 * digest is compared when hex is not NULL: OCI-BLOB-DIGEST. name is that of the error when the
 * document is no such thing; NULL stands for OCI-JSON. Owned by the caller.
 */
json_t *document_load(const struct blob *blob, const char *hex, const char *name, struct err *err);

/* The digits of "sha256:DIGITS"; NULL with OCI-DIGEST when it is anything else. Not owned. */
const char *digest_hex(const char *text, struct err *err);

/* OCI-JSON, OCI-DIGEST, OCI-MEDIA-TYPE (which has more than our registry knows as MEDIA_OTHER). */
int descriptor_read(struct descriptor *descriptor, const json_t *json, struct err *err);

/* OCI-MEDIA-TYPE unless the descriptor names something of that kind; what is for the message. */
int descriptor_expect(const struct descriptor *descriptor, enum media media, const char *what,
		      struct err *err);

/* Opens the blob and compares its size: OCI-BLOB-MISSING, OCI-BLOB-SIZE. */
int descriptor_open(const struct descriptor *descriptor, const struct blobs *blobs,
		    struct blob *blob, struct err *err);

/* The document that the descriptor names, compared with its digest; owned by the caller. */
json_t *descriptor_load(const struct descriptor *descriptor, const struct blobs *blobs,
			struct err *err);

/*
 * Checks what indexes and manifests have in common: schemaVersion 2 and the media type that the
 * descriptor says, if any; a document that could be read as both is refused (CVE-2021-41190).
 */
int document_check(const json_t *document, enum media media, const char *media_type,
		   struct err *err);

/* The member, of that JSON type; NULL with OCI-JSON. Not owned. */
const json_t *document_member(const json_t *object, const char *key, json_type type,
			      struct err *err);

/* The member, or NULL when it is missing or null, which Go reads as the same. Not owned. */
const json_t *document_optional(const json_t *object, const char *key);

#endif
