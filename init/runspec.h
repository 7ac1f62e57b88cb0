/*
 * The run specification, the file /run of the initial root: what to start, and how.
 *
 * The format is ours: records "key=value", each ended by one NUL byte, so that a value may hold
 * every other byte, newlines and '=' included. Keys:
 *	name=	the image's name, shown on the console; once, not empty
 *	arg=	one argument of the command; at least one, the first not empty
 *	env=	one string of its environment; any number
 *	uid=	the user, and
 *	gid=	the group that it runs as, in decimal; at most once, else 0
 *	group=	a supplementary group, in decimal; any number
 *	workdir=	the absolute path of its working folder; at most once, else /
 *	stopsignal=	the number of the signal that asks it to end; at most once, else SIGTERM
 *	volume=	the absolute path of a folder that has to be there; any number
 *	xattr=	security.capability:HEX:PATH, an attribute of a file; any number
 * Unknown keys are fatal: an init that ignored one would start something else than was asked for.
 */
#ifndef MINTMARK_RUNSPEC_H
#define MINTMARK_RUNSPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "refusal.h"

enum {
	RUNSPEC_SIZE_MAX = 128 * 1024, /* bytes of the file; Linux takes as much in one argument */
	RUNSPEC_STRINGS_MAX = 1024,    /* records of one key */
};

/* The strings point into the file's bytes, which have to outlive this. */
struct runspec {
	const char *name;
	char *argv[RUNSPEC_STRINGS_MAX + 1]; /* ends with NULL, as execve() wants it */
	char *envp[RUNSPEC_STRINGS_MAX + 1]; /* likewise, and so are the next two */
	char *volumes[RUNSPEC_STRINGS_MAX + 1];
	char *xattrs[RUNSPEC_STRINGS_MAX + 1];
	uid_t uid;
	gid_t gid;
	gid_t groups[RUNSPEC_STRINGS_MAX];
	size_t group_count;
	const char *workdir; /* NULL: none was given */
	int stop_signal;
	bool config; /* a launch configuration is awaited */
};

/* Fills in spec from size bytes of data. INIT-RUNSPEC names the byte where it fails. */
int runspec_parse(char *data, size_t size, struct runspec *spec, struct refusal *why);

#endif
