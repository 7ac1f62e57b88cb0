/* What a program of ramdisk 0 gives up once it is set up. */
#ifndef MINTMARK_CONFINE_H
#define MINTMARK_CONFINE_H

#include <stddef.h>

enum { CONFINE_CALLS_MAX = 32 };

/*
 * From here on this process makes no other system calls than count listed ones and those to end,
 * or the kernel kills it; nor does anything that it could start. Returns 0, or -1 with errno set.
 */
int confine(const unsigned int *calls, size_t count);

#endif
