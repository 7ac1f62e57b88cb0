/*
 * The run specification, the file /run of the initial root: what to start, and how.
 *
 * The format is ours: records "key=value", each ended by one NUL byte, so that a value may hold
 * every other byte, newlines and '=' included. Keys:
 *	name=	the image's name, shown on the console; once, not empty
 *	arg=	one argument of the command; at least one, the first not empty
 *	env=	one string of its environment; any number
 * Unknown keys are fatal: an init that ignored one would start something else than was asked for.
 */
#ifndef MINTMARK_RUNSPEC_H
#define MINTMARK_RUNSPEC_H

#include <stddef.h>

#include "refusal.h"

enum {
	RUNSPEC_SIZE_MAX = 128 * 1024, /* bytes of the file; Linux takes as much in one argument */
	RUNSPEC_STRINGS_MAX = 1024,    /* arguments, and strings of the environment */
};

/* The strings point into the file's bytes, which have to outlive this. */
struct runspec {
	const char *name;
	char *argv[RUNSPEC_STRINGS_MAX + 1]; /* ends with NULL, as execve() wants it */
	char *envp[RUNSPEC_STRINGS_MAX + 1]; /* likewise */
};

/* Fills in spec from size bytes of data. INIT-RUNSPEC names the byte where it fails. */
int runspec_parse(char *data, size_t size, struct runspec *spec, struct refusal *why);

#endif
