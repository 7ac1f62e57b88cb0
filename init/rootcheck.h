/*
 * The initial root directory: exactly what the two ramdisks and the kernel's own built-in archive
 * put there, so that an entry which was dropped, added or moved across a section boundary ends the
 * machine instead of changing it.
 */
#ifndef MINTMARK_ROOTCHECK_H
#define MINTMARK_ROOTCHECK_H

#include <stddef.h>
#include <sys/types.h>

#include "refusal.h"

/* One name found in a folder. A name that does not fit is cut, and then equals no expected one. */
struct root_entry {
	char name[32];
	mode_t mode; /* type and permissions, as lstat() gives them */
	uid_t uid;
	gid_t gid;
	dev_t rdev;
};

/* One name that has to be there. */
struct root_rule {
	const char *name;
	mode_t mask; /* the bits of the mode that are compared: S_IFMT, or S_IFMT | 07777 */
	mode_t mode;
	unsigned int dev_major; /* of a device node; else 0 */
	unsigned int dev_minor;
};

struct root_folder {
	const char *path;
	const struct root_rule *rules;
	size_t count;
};

/* More entries than this in one folder are refused unread. */
enum { ROOT_ENTRIES_MAX = 16 };

/* The folders that init checks, ending with one without a path. */
extern const struct root_folder root_folders[];

/*
 * Every rule is met by an entry of user and group 0, and there is no further entry; else
 * INIT-ROOT. The order of the entries does not matter.
 */
int rootcheck_compare(const struct root_folder *folder, const struct root_entry *found,
		      size_t count, struct refusal *why);

/*
 * Reads the names in the folder at path and what lstat() says of each. INIT-ROOT when it cannot be
 * read or holds more than ROOT_ENTRIES_MAX entries.
 */
int rootcheck_read(const char *path, struct root_entry *found, size_t *count, struct refusal *why);

/* Reads and compares each of root_folders. */
int rootcheck(struct refusal *why);

#endif
