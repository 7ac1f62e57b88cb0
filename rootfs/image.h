/*
 * An image whose documents are found: its config, and its layers over each other. What layouts and
 * docker's archives have in common. Internal to the rootfs room.
 */
#ifndef MINTMARK_ROOTFS_IMAGE_H
#define MINTMARK_ROOTFS_IMAGE_H

#include "document.h"
#include "platform.h"
#include "tree.h"

struct image_layer {
	char *name;	 /* in the store of blobs */
	const char *hex; /* of the stored bytes' digest, or NULL when only the diffID is known */
	const char *diff_id; /* digits, that image_read() finds in the config */
	bool has_size;
	uint64_t size;
	enum compression compression; /* that the media type says */
};

struct image {
	const struct blobs *blobs;
	const json_t *config;
	const struct platform *platform; /* that the index says, or NULL */
	struct image_layer *layers;	 /* the lowest first */
	size_t count;
};

/*
 * Lays the image over the tree, checking every layer's digests, and the config's platform against
 * the index's and the one that was asked for: OCI-CONFIG, OCI-PLATFORM, OCI-LAYERS, OCI-DIFFID,
 * OCI-BLOB-*, and what layers can have.
 */
int image_read(struct rootfs *rootfs, const struct image *image, struct err *err);

/* Fits cleanup_with(); frees the layers. */
void image_clear(struct image *image);

#endif
