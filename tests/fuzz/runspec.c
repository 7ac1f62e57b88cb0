/* The run specification, which init reads as process 1 of an enclave. */
#include "runspec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#include "../../init/init.h"

int init_accepts(const char *data, size_t length, char *why, size_t size)
{
	static struct runspec spec;
	struct refusal refusal = {0};
	char *copy = malloc(length ? length : 1);
	int accepted;

	if (!copy)
		fuzz_fail("no memory");
	if (length > 0)
		memcpy(copy, data, length);
	accepted = runspec_parse(copy, length, &spec, &refusal) == 0;
	if (accepted && (!spec.name || !*spec.name || !spec.commands[0].argv[0] ||
			 !*spec.commands[0].argv[0]))
		fuzz_fail("a name and a command expected, found none");
	if (!accepted)
		snprintf(why, size, "%s", refusal.text);
	free(copy);
	return accepted;
}

static int run(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data;
	char init_says[600] = "accepted";
	char rootfs_says[1100] = "accepted";

	if (init_accepts(bytes, size, init_says, sizeof(init_says)) !=
	    rootfs_accepts(bytes, size, rootfs_says, sizeof(rootfs_says)))
		fuzz_fail("init and rootfs of one opinion expected, found: %s; %s", init_says,
			  rootfs_says);
	return 0;
}

const struct target fuzz_runspec = {"runspec", run, NULL};
