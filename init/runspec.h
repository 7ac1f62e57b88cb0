/*
 * The run specification, the file /run of the initial root: what to start, and how.
 *
 * The format is ours: records "key=value", each ended by one NUL byte, so that a value may hold
 * every other byte, newlines and '=' included. docs/init.md has the keys. The records before the
 * first "process=" belong to the application and to the image, those behind it to that helper.
 * Unknown keys are fatal: an init that ignored one would start something else than was asked for.
 */
#ifndef MINTMARK_RUNSPEC_H
#define MINTMARK_RUNSPEC_H

#include <stdbool.h>
#include <stddef.h>

#include "command.h"
#include "refusal.h"

enum {
	RUNSPEC_SIZE_MAX = 128 * 1024, /* bytes of the file; Linux takes as much in one argument */
	RUNSPEC_STRINGS_MAX = 1024,    /* records of one key, of one process */
	RUNSPEC_HELPERS_MAX = 8,
};

/* The strings point into the file's bytes, which have to outlive this; so do the commands here. */
struct runspec {
	char *name;
	char *digest;	/* of the application's tree; NULL: none was given */
	char *hostname; /* NULL: the name */
	char *volumes[RUNSPEC_STRINGS_MAX + 1]; /* ends with NULL, and so do the next two */
	char *xattrs[RUNSPEC_STRINGS_MAX + 1];
	char *ports[RUNSPEC_STRINGS_MAX + 1]; /* rules for /ports */
	int stop_signal;
	int grace;     /* seconds between it and SIGKILL */
	bool readonly; /* the root, but for the volumes */
	bool plain;    /* a machine that attests nothing will do */
	bool attest;   /* /attest is wanted */
	bool config;   /* a launch configuration is awaited */
	size_t count;  /* of commands: the application, then its helpers */
	struct command commands[1 + RUNSPEC_HELPERS_MAX];
	char *argv[1 + RUNSPEC_HELPERS_MAX][RUNSPEC_STRINGS_MAX + 1]; /* what they point to */
	char *envp[1 + RUNSPEC_HELPERS_MAX][RUNSPEC_STRINGS_MAX + 1];
	gid_t groups[1 + RUNSPEC_HELPERS_MAX][RUNSPEC_STRINGS_MAX];
};

/* Fills in spec from size bytes of data. INIT-RUNSPEC names the byte where it fails. */
int runspec_parse(char *data, size_t size, struct runspec *spec, struct refusal *why);

#endif
