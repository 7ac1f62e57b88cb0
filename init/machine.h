/* The machine around the application: its root, file systems, name, network, and its end. */
#ifndef MINTMARK_MACHINE_H
#define MINTMARK_MACHINE_H

#include <stddef.h>
#include <stdint.h>

#include "refusal.h"

/*
 * Reads the regular file at path (the last component may not be a symbolic link) and sets *size.
 * Returns -1 with errno set on failure; EFBIG when the file has room bytes or more, EINVAL when it
 * is not a regular file.
 */
int read_whole_file(const char *path, char *data, size_t room, size_t *size);

/* Mounts proc on the initial root, so that the command line can be read; makes /proc. */
int mounts_early_proc(struct refusal *why);

/* Makes /rootfs the root and the working directory; what was beside it is out of reach. */
int mounts_enter_root(struct refusal *why);

/*
 * Mounts everything in the table, making the mount points that the image lacks, and the links in
 * /dev.
 */
int mounts_all(struct refusal *why);

/* The root cannot be written to any more; the folders of the list, which ends with NULL, can. */
int mounts_seal_root(char *const volumes[], struct refusal *why);

/*
 * Makes the folder at an absolute path, and those above it, 0755 and root's, as far as they are
 * missing; links on the way are followed. INIT-FOLDER when there is something else.
 */
int folder_make(const char *path, struct refusal *why);

/*
 * Gives files below the folder root what the records "security.capability:HEX:PATH" say; the list
 * ends with NULL. INIT-XATTR when a record is none, when a path leads through a symbolic link, out
 * of root or to anything but a file, and when the attribute cannot be set.
 */
int attributes_apply(int root, char *const records[], struct refusal *why);

/*
 * Writes hosts, hostname and resolv.conf into the folder root/etc, each where there is nothing of
 * that name. INIT-NETWORK.
 */
int network_files(const char *root, const char *name, struct refusal *why);

/*
 * Names the machine, lets every user listen on every port, and brings lo up, which gives it
 * 127.0.0.1 and ::1. INIT-NETWORK.
 */
int network_up(const char *name, struct refusal *why);

/* Milliseconds that only grow. */
int64_t machine_ms(void);

/* Drains the console, writes back what is dirty and powers off. */
_Noreturn void machine_end(void);

#endif
