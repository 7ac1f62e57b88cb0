/* Both readers of the run specification, for the targets that make one. */
#ifndef MINTMARK_FUZZ_RUNSPEC_H
#define MINTMARK_FUZZ_RUNSPEC_H

#include <stddef.h>

/* Whether init takes these bytes; otherwise why gets the reason, up to size bytes. */
int init_accepts(const char *data, size_t length, char *why, size_t size);

/* The same of what rootfs shows of a finished archive. */
int rootfs_accepts(const char *data, size_t length, char *why, size_t size);

#endif
