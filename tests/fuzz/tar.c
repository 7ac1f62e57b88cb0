/*
 * A whole tarball into a tree: headers, pax records, long names, every way of placing an entry over
 * others. What is accepted must come back from our own archive as it was.
 */
#include "fuzz.h"
#include "tree.h"

/* 16 KiB can say 2000 folders deep, 4000 names: 8 MiB of archive, seconds under a sanitizer. */
static struct rootfs_limits few_entries(void)
{
	struct rootfs_limits limits = rootfs_default_limits;

	limits.entries = 1000;
	return limits;
}

static int run(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"TAR-", "ROOTFS-", "LAYER-", NULL};
	/* Half of all inputs, whatever they are. */
	bool odd = size > 100 && (data[99] ^ data[size / 2]) & 1;
	struct rootfs_limits limits = few_entries();
	const struct rootfs_options options = {
		.prefix = odd ? "rootfs" : NULL, .owner_root = odd, .limits = &limits};
	struct memory_file file = memory_file_new(data, size);
	struct err err = {0};
	cleanup_rootfs struct rootfs *rootfs = rootfs_new(&options, &err);
	char source[40];

	if (!rootfs)
		fuzz_fail("no tree");
	snprintf(source, sizeof(source), "tar:%s", file.path);
	if (rootfs_read(rootfs, source, &err) < 0) {
		fuzz_refused(&err, names);
	} else {
		if (odd)
			add_run(rootfs);
		check_round_trip(rootfs);
		check_listing(rootfs);
	}
	memory_file_close(&file);
	return 0;
}

const struct target fuzz_tar = {"tar", run, mutate_tar};
