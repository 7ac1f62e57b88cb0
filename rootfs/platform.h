/*
 * Platforms of images: OS/ARCH[/VARIANT]. Internal to the rootfs room.
 */
#ifndef MINTMARK_ROOTFS_PLATFORM_H
#define MINTMARK_ROOTFS_PLATFORM_H

#include <stdbool.h>

#include <jansson.h>

#include "err.h"

struct platform {
	char os[32];
	char architecture[32];
	char variant[32]; /* "" when there is none, or when it is the one that goes without saying
			   */
};

enum { PLATFORM_TEXT = 100 };

/* From the command line; OCI-PLATFORM with EXIT_USAGE. */
int platform_parse(struct platform *platform, const char *text, struct err *err);

/* From the members os, architecture and variant; name is that of the error. */
int platform_read(struct platform *platform, const json_t *object, const char *name,
		  struct err *err);

/* Whether found is what was asked for; without a variant any will do. */
bool platform_fits(const struct platform *wanted, const struct platform *found);

bool platform_equal(const struct platform *a, const struct platform *b);

/* As it is written on the command line. Returns text. */
const char *platform_text(const struct platform *platform, char text[PLATFORM_TEXT]);

#endif
