/* Extended attributes of the application's files, which a ramdisk cannot carry. */
#ifndef MINTMARK_ATTRIBUTES_H
#define MINTMARK_ATTRIBUTES_H

#include "refusal.h"

/*
 * Gives files below the folder root what the records "security.capability:HEX:PATH" say; the list
 * ends with NULL. INIT-XATTR when a record is none, when a path leads through a symbolic link, out
 * of root or to anything but a file, and when the attribute cannot be set.
 */
int attributes_apply(int root, char *const records[], struct refusal *why);

#endif
