/*
 * gzip, with every check that RFC 1952 has for it. Internal to the rootfs room.
 */
#ifndef MINTMARK_ROOTFS_GUNZIP_H
#define MINTMARK_ROOTFS_GUNZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "err.h"
#include "input.h"

struct gunzip;

/* Whether the input begins like a gzip member; it stays where it is. */
bool gunzip_recognises(const struct input *input);

/* Owned by the caller; the input outlives it. NULL with ROOTFS-MEMORY. */
struct gunzip *gunzip_new(struct input *input, struct err *err);

/*
 * Reads up to size bytes, 0 at the end of the last member. TAR-COMPRESSION when a CRC or a length
 * is wrong, when the input ends within a member, or when something else lies behind one.
 */
ssize_t gunzip_read(struct gunzip *gunzip, void *data, size_t size, struct err *err);

/* Accepts NULL. */
void gunzip_free(struct gunzip *gunzip);

#endif
