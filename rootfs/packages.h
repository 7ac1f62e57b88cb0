/*
 * Which packages a tree says it holds: dpkg's status and status.d (what distroless images and
 * debs: have), apk's installed. Internal to the rootfs room.
 */
#ifndef MINTMARK_ROOTFS_PACKAGES_H
#define MINTMARK_ROOTFS_PACKAGES_H

#include "rootfs.h"
#include "tree.h"

enum { PACKAGES_MAX = 100000 };

/* Strings are UTF-8 without controls; NULL where the database says nothing. */
struct package {
	const char *type; /* of its purl: deb or apk */
	char *name;
	char *version;
	char *architecture;
	char *source; /* its source package, perhaps the package itself */
	char *source_version;
	char *maintainer;
	char *licence; /* as the database has it */
	char *purl;    /* pkg:TYPE/DISTRIBUTION/NAME@VERSION?arch=...&distro=... */
};

/* From os-release; NULL where it says nothing. */
struct distribution {
	char *id;
	char *version;
	char *name;
};

struct packages {
	struct package *list; /* sorted by type, name, version, architecture; none twice */
	size_t count;
	struct distribution distribution;
};

#define PACKAGES_INIT ((struct packages){0})

/*
 * Reads what databases there are; none is no error. PACKAGES-FORMAT (the text names database and
 * what is wrong) or PACKAGES-LIMIT for one that cannot be trusted.
 */
int packages_read(struct packages *packages, const struct rootfs *rootfs, struct err *err);

void packages_free(struct packages *packages);

/*
 * The node that a path inside the tree names, links followed inside the root as by a process in
 * it; NULL when there is none.
 */
struct node *packages_find(const struct rootfs *rootfs, const char *path);

/* "pkg:generic/NAME@VERSION?checksum=sha256:HEX", owned by the caller; NULL without memory. */
char *purl_of_part(const char *name, const char *version, const char *sha256);

#endif
