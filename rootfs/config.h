/*
 * What an image says about running it: the part "config" of an OCI or Docker image config object,
 * and the platform that the object names. Internal to the rootfs room.
 * Source: OCI image-spec v1.1, config.md; Docker Image Specification v1.3.
 */
#ifndef MINTMARK_ROOTFS_CONFIG_H
#define MINTMARK_ROOTFS_CONFIG_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "err.h"

/* A list that owns its strings; zeroed when empty. */
struct strings {
	char **at;
	size_t count;
};

/* Appends a copy; ROOTFS-MEMORY. */
int strings_add(struct strings *list, const char *text, struct err *err);
void strings_clear(struct strings *list);

struct label {
	char *key;
	char *value;
};

/*
 * Everything is owned and ends with NUL. A text that is missing, null or empty is NULL. What Docker
 * keeps here and we have no use for (ArgsEscaped, Shell, OnBuild, Healthcheck) is not read.
 */
struct image_config {
	bool given; /* there was a config object: the tree comes from a container image */
	char *architecture;
	char *os;
	char *variant;
	struct strings entrypoint;
	struct strings cmd;
	struct strings env; /* each NAME=value, the name not empty; as written */
	char *user;
	char *workdir;
	char *stop_signal;
	struct strings ports;	/* "80/tcp"; sorted as bytes */
	struct strings volumes; /* sorted as bytes */
	struct label *labels;	/* sorted as bytes by key */
	size_t label_count;
};

/*
 * Reads the whole config object of an image into a zeroed config, which is to be cleared also
 * after a failure. OCI-CONFIG for a wrong type, a string with NUL, an Env entry without a name.
 */
int config_parse(struct image_config *config, const json_t *image, struct err *err);

/* Frees what it holds and zeroes it. */
void config_clear(struct image_config *config);

/* The member "Config" of a description, with the keys of the image's; NULL with ROOTFS-MEMORY. */
json_t *config_json(const struct image_config *config, struct err *err);

/* An array of the strings; what is not UTF-8 becomes {"bytes_b64":"..."}. NULL: no memory. */
json_t *strings_json(const struct strings *list);

#endif
