/*
 * Device trees: a description is refused by name, or becomes the same sound tree twice; a blob is
 * sound or refused, and never read beyond its end.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#include "../../cca-image/room.h"

enum { ROOM = 1 << 16 };

static const struct realm_name values[] = {
	{"memory", 512 << 20},	{"cpus", 2}, {"ram_base", 0x80000000}, {"initrd_size", 4096},
	{"initrd", 0x88000000},
};

static int describe(const uint8_t *data, size_t size, unsigned char *blob, size_t *used)
{
	static const char *const names[] = {"TREE-", "LAYOUT-EXPRESSION", NULL};
	struct err err = {0};

	if (realm_tree_write((const char *)data, size, "fuzz", values,
			     sizeof(values) / sizeof(values[0]), "quiet", blob, ROOM, used,
			     &err) == 0)
		return 0;
	fuzz_refused(&err, names);
	return -1;
}

static void check_blob(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"TREE-BLOB", NULL};
	struct err err = {0};

	if (realm_tree_check(data, size, "fuzz", &err) < 0)
		fuzz_refused(&err, names);
}

static int run(const uint8_t *data, size_t size)
{
	cleanup_free unsigned char *first = calloc(1, ROOM);
	cleanup_free unsigned char *second = calloc(1, ROOM);
	size_t first_size;
	size_t second_size;

	if (!first || !second)
		fuzz_fail("no memory");
	check_blob(data, size);
	if (describe(data, size, first, &first_size) == 0 &&
	    (describe(data, size, second, &second_size) < 0 || first_size != second_size ||
	     memcmp(first, second, first_size) != 0))
		fuzz_fail("the same tree again expected");
	return 0;
}

const struct target fuzz_devicetree = {"devicetree", run, NULL};
