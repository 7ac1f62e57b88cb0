/*
 * The initial root directory: exactly what the two ramdisks and the kernel's own built-in archive
 * put there, so that an entry which was dropped, added or moved across a section boundary ends the
 * machine instead of changing it.
 */
#ifndef MINTMARK_ROOTCHECK_H
#define MINTMARK_ROOTCHECK_H

#include <stddef.h>
#include <sys/stat.h>

#include "refusal.h"

/* One name that has to be there. */
struct root_rule {
	const char *name;
	mode_t mask; /* the bits of the mode that are compared: S_IFMT, or S_IFMT | 07777 */
	mode_t mode;
	dev_t device; /* of a device node; else 0 */
};

struct root_folder {
	const char *path;
	size_t count;
	const struct root_rule *rules;
};

/* What lstat() says of an entry fits its rule, and its user and group are 0; else INIT-ROOT. */
int rootcheck_entry(const char *folder, const struct root_rule *rule, const struct stat *found,
		    struct refusal *why);

/* Every rule is met by an entry of the folder, and there is no further entry; else INIT-ROOT. */
int rootcheck_folder(const struct root_folder *folder, struct refusal *why);

/* Checks each of the folders of the initial root. */
int rootcheck(struct refusal *why);

#endif
