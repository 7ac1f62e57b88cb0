/*
 * Which image of a file or folder is meant: PATH[:TAG][@sha256:DIGITS]. Internal to the rootfs
 * room.
 */
#ifndef MINTMARK_ROOTFS_REFERENCE_H
#define MINTMARK_ROOTFS_REFERENCE_H

#include "err.h"

struct reference {
	char *text; /* in which the rest stands */
	const char *path;
	const char *tag; /* or NULL */
	const char *hex; /* digits of the digest, or NULL */
};

/*
 * The path ends at the first colon. ROOTFS-SOURCE when there is no path or an empty tag,
 * OCI-DIGEST. Pass it to reference_clear() in any case.
 */
int reference_parse(struct reference *reference, const char *location, struct err *err);

void reference_clear(struct reference *reference);
#define cleanup_reference cleanup_with(reference_clear)

#endif
