/*
 * JSON that manifest, listing and description share. Internal to the rootfs room.
 */
#ifndef MINTMARK_ROOTFS_MANIFEST_H
#define MINTMARK_ROOTFS_MANIFEST_H

#include <jansson.h>
#include <stdio.h>

#include "tree.h"

static inline void cleanup_json_at(json_t **json)
{
	json_decref(*json);
}
#define cleanup_json cleanup_with(cleanup_json_at)

/* Sets key to a string or, when the bytes are not UTF-8, KEY_b64 to their base64. -1: no memory. */
int set_bytes(json_t *object, const char *key, const char *bytes);

/* One entry as the manifest has it, owned by the caller; NULL on failure. */
json_t *item_json(const struct item *item, struct err *err);

/* Prints without spaces, keys in the order in which they were set. */
int print_json(const json_t *json, FILE *out, struct err *err);

/* Prints a name, of which no byte is one that a terminal would act on. */
void print_name(const char *name, FILE *out);

/* Prints the member "Entries", one entry on a line. */
int print_items(const struct list *list, FILE *out, struct err *err);

#endif
