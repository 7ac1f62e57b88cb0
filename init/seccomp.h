/* The system calls that an application does without. */
#ifndef MINTMARK_SECCOMP_H
#define MINTMARK_SECCOMP_H

#include <stdint.h>

/*
 * Takes from this process and its children, for good, the system calls that Docker's default
 * profile would take from a container with these capabilities. Returns 0, or -1 with errno set.
 */
int seccomp_confine(uint64_t caps);

#endif
