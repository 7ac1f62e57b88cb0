/* Extended attributes of the application's files, which a ramdisk cannot carry. */
#ifndef MINTMARK_ATTRIBUTES_H
#define MINTMARK_ATTRIBUTES_H

#include <stddef.h>

#include "refusal.h"

enum { ATTRIBUTE_SIZE = 20 }; /* bytes of file capabilities in their version 2 */

struct attribute {
	unsigned char value[ATTRIBUTE_SIZE];
	const char *path; /* relative to the root; points into the record */
};

/*
 * Takes "security.capability:HEX:PATH" apart; -1 when it is anything else. PATH may hold every
 * byte, and is not looked at yet.
 */
int attribute_parse(const char *record, struct attribute *attribute);

/*
 * Gives files below the folder root what the records say; the list ends with NULL. INIT-XATTR when
 * a record is none, when a path leads through a symbolic link, out of root or to anything but a
 * file, and when the attribute cannot be set.
 */
int attributes_apply(int root, char *const records[], struct refusal *why);

#endif
