/* Options that say what a realm is made of, shared by the commands that place it. */
#ifndef MINTMARK_REALM_PARTS_H
#define MINTMARK_REALM_PARTS_H

#include "command.h"

enum {
	OPT_LAYOUT = 600,
	OPT_KERNEL,
	OPT_INITRD,
	OPT_TREE,
	OPT_CMDLINE,
	OPT_MEMORY,
	OPT_CPUS,
};
#define PARTS_OPTIONS                                                                              \
	{"layout", required_argument, NULL, OPT_LAYOUT},                                           \
		{"kernel", required_argument, NULL, OPT_KERNEL},                                   \
		{"initrd", required_argument, NULL, OPT_INITRD},                                   \
		{"tree", required_argument, NULL, OPT_TREE},                                       \
		{"cmdline", required_argument, NULL, OPT_CMDLINE},                                 \
		{"memory", required_argument, NULL, OPT_MEMORY},                                   \
	{                                                                                          \
		"cpus", required_argument, NULL, OPT_CPUS                                          \
	}
#define PARTS_HELP                                                                                 \
	"  --kernel FILE       an uncompressed arm64 Image\n"                                      \
	"  --initrd FILE       the ramdisk\n"                                                      \
	"  --tree FILE         a device tree instead of the one that the layout describes\n"       \
	"  --cmdline STRING    for that one\n"

enum { MAX_LAYOUTS = 32, MAX_SIZES = 64 };

struct parts_options {
	struct realm_layout *layouts[MAX_LAYOUTS];
	size_t layout_count;
	struct realm_parts parts; /* without memory and processors */
	uint64_t memory[MAX_SIZES];
	size_t memory_count;
	uint64_t cpus[MAX_SIZES];
	size_t cpu_count;
};

/* 1 when it was one of these options, 0 when not, -1 with an error. */
int parts_option(struct parts_options *options, int opt, char *value, struct err *err);

void parts_close(struct parts_options *options);

/* REALM-USAGE unless there are a layout, a memory size and a number of processors; exactly one of
 * each when one is asked for. */
int parts_check(const struct parts_options *options, char **argv, bool one, struct err *err);

/* The parts with this memory and these processors. */
struct realm_parts parts_with(const struct parts_options *options, uint64_t memory, uint64_t cpus);

#endif
