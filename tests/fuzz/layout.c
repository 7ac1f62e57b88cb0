/*
 * Layouts of realms: refused by name, or a plan of a small realm comes out of them, in which
 * nothing lies in the page of something else.
 */
#include <string.h>

#include "fuzz.h"

#include "../../cca-image/layout.h"

/* A tree of one node. */
static const unsigned char least_tree[] = {
	0xd0, 0x0d, 0xfe, 0xed, 0, 0, 0, 72, 0, 0, 0, 56, 0, 0, 0, 72, 0, 0, 0, 40, 0, 0, 0, 17,
	0,    0,    0,	  16,	0, 0, 0, 0,  0, 0, 0, 0,  0, 0, 0, 16, 0, 0, 0, 0,  0, 0, 0, 0,
	0,    0,    0,	  0,	0, 0, 0, 0,  0, 0, 0, 1,  0, 0, 0, 0,  0, 0, 0, 2,  0, 0, 0, 9,
};

static const char *const names[] = {"LAYOUT-", "REALM-", "TREE-", NULL};

static void refused(struct err *err)
{
	/* What a user asked for does not go with the layout: that is usage. */
	if (err->status == EXIT_USAGE)
		err->status = EXIT_MALFORMED;
	fuzz_refused(err, names);
}

static void check_plan(const struct realm_plan *plan, const struct realm_parts *parts)
{
	struct piece pieces[PLAN_PIECES];
	size_t count = plan_pieces(plan, parts, pieces);
	uint64_t end = plan->ram_base;

	for (size_t i = 0; i < count; i++) {
		if (pieces[i].base < end || pieces[i].base + pieces[i].size > plan->ram_end)
			fuzz_fail("%s: a place of its own expected", pieces[i].what);
		end = pieces[i].base + pieces[i].size;
	}
}

static int run(const uint8_t *data, size_t size)
{
	struct memory_file tree = memory_file_new(least_tree, sizeof(least_tree));
	const struct realm_parts parts = {.tree = tree.path, .memory = 64 << 20, .cpus = 2};
	const struct realm_host host = {.breakpoints = 2, .watchpoints = 2};
	cleanup_with(realm_plan_clear) struct realm_plan plan = REALM_PLAN_INIT;
	cleanup_layout struct realm_layout *layout = NULL;
	struct err err = {0};

	layout = realm_layout_parse((const char *)data, size, "fuzz", &err);
	if (!layout || realm_plan(layout, &parts, &host, HASH_SHA256, &plan, &err) < 0)
		refused(&err);
	else
		check_plan(&plan, &parts);
	memory_file_close(&tree);
	return 0;
}

const struct target fuzz_layout = {"layout", run, NULL};
