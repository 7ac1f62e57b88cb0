/*
 * replay TARGET FILE...: runs a target on files, without libFuzzer. Prints each name before it
 * runs, so that the last one is the one that ended it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "cleanup.h"
#include "fuzz.h"
#include "outfile.h"

enum { SIZE_MAX_HERE = 16 << 20 };

int main(int argc, char **argv)
{
	const struct target *target = argc > 1 ? fuzz_find(argv[1]) : NULL;
	struct err err = {0};

	if (!target) {
		fputs("usage: replay TARGET FILE..., where TARGET is one of\n", stderr);
		for (const struct target *const *t = fuzz_targets; *t; t++)
			fprintf(stderr, "%s\n", (*t)->name);
		return EXIT_USAGE;
	}
	for (int i = 2; i < argc; i++) {
		size_t size;
		cleanup_free uint8_t *data = read_small_file(argv[i], SIZE_MAX_HERE, &size, &err);
		cleanup_free uint8_t *exact = NULL;

		if (!data)
			return err_print(&err, "replay");
		/* Without a byte behind it, so that reading too far is seen. */
		exact = malloc(size ? size : 1);
		if (!exact)
			return EXIT_ENVIRONMENT;
		for (size_t j = 0; j < size; j++)
			exact[j] = data[j];
		puts(argv[i]);
		fflush(stdout);
		target->run(exact, size);
	}
	return EXIT_OK;
}
