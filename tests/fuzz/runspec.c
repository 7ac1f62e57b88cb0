/* The run specification, which init reads as process 1 of an enclave. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#include "../../init/runspec.h"

static int run(const uint8_t *data, size_t size)
{
	static struct runspec spec;
	struct refusal why = {0};
	char *copy = malloc(size ? size : 1);

	if (!copy)
		fuzz_fail("no memory");
	if (size > 0)
		memcpy(copy, data, size);
	if (runspec_parse(copy, size, &spec, &why) == 0 &&
	    (!spec.name || !*spec.name || !spec.argv[0] || !*spec.argv[0]))
		fuzz_fail("a name and a command expected, found none");
	free(copy);
	return 0;
}

const struct target fuzz_runspec = {"runspec", run, NULL};
