/*
 * The model of the kernel's unpacking. Whatever it makes of an archive is a tree, which can be
 * listed, written, and read back as it was.
 */
#include "fuzz.h"
#include "tree.h"

#include <stdlib.h>
#include <string.h>

#include "../../rootfs/tree.h"

enum { HEADER = 110, SIZE_AT = 54, MORE_MAX = 1 << 20 };

/* A file that is cut off keeps its announced size: up to 4 GiB of zeros, which take seconds. */
static int too_slow(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i + HEADER <= size; i += 4) {
		char text[9] = "";

		if (memcmp(data + i, "07070", 5) != 0)
			continue;
		memcpy(text, data + i + SIZE_AT, 8);
		if (strtoul(text, NULL, 16) > size + MORE_MAX)
			return 1;
	}
	return 0;
}

/* "./TRAILER!!!" makes a file of that name, which the canonical archive cannot hold. */
static int has_trailer(const struct rootfs *rootfs)
{
	const struct node *node = node_child(rootfs->top, "TRAILER!!!");

	return node && !S_ISLNK(node->inode->mode);
}

static int run(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"CPIO-", "ROOTFS-", NULL};
	const struct rootfs_options options = {0};
	struct err err = {0};
	cleanup_rootfs struct rootfs *rootfs = NULL;
	struct memory_file file;

	if (too_slow(data, size))
		return -1;
	rootfs = rootfs_new(&options, &err);
	if (!rootfs)
		fuzz_fail("no tree");
	file = memory_file_new(data, size);
	if (rootfs_unpack(rootfs, file.path, &err) < 0)
		fuzz_refused(&err, names);
	else if (!has_trailer(rootfs))
		check_round_trip(rootfs);
	check_listing(rootfs);
	memory_file_close(&file);
	return 0;
}

const struct target fuzz_cpio = {"cpio", run, mutate_cpio};
