/* Writer against reader. Never writes a file that has a name. */
#include "tree.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

static struct outfile memory_outfile(const struct memory_file *file)
{
	return (struct outfile){.fd = file->fd, .path = (char *)file->path};
}

static void digest_of(struct rootfs *rootfs, unsigned char *digest)
{
	struct err err = {0};

	fuzz_expect(rootfs_digest(rootfs, digest, &err), &err, "digest");
}

static void compare(struct rootfs *rootfs, const char *archive, const char *manifest)
{
	const struct rootfs_options options = {0};
	struct err err = {0};
	cleanup_rootfs struct rootfs *again = rootfs_new(&options, &err);
	unsigned char written[SHA256_SIZE], read[SHA256_SIZE];

	if (!again)
		fuzz_fail("no tree");
	fuzz_expect(rootfs_unpack(again, archive, &err), &err, "unpacking what we wrote");
	/* Also tells the new tree which part of it is the container's root. */
	fuzz_expect(rootfs_verify(again, manifest, &err), &err, "verifying what we wrote");
	digest_of(rootfs, written);
	digest_of(again, read);
	if (memcmp(written, read, sizeof(read)) != 0)
		fuzz_fail("the same tree digest expected, found another");
}

void add_run(struct rootfs *rootfs)
{
	static const char records[] = "name=fuzz";
	static const char *const names[] = {"RUN-", "ROOTFS-COLLISION", NULL};
	struct memory_file file = memory_file_new(records, sizeof(records));
	struct err err = {0};

	if (rootfs_resolve_run(rootfs, file.path, &err) < 0 || rootfs_add_run(rootfs, &err) < 0) {
		/* What the recipe would have to say. */
		if (err.status == EXIT_USAGE)
			err.status = EXIT_MALFORMED;
		fuzz_refused(&err, names);
	}
	memory_file_close(&file);
}

static int write_archive(struct rootfs *rootfs, const struct memory_file *file)
{
	static const char *const names[] = {"ROOTFS-XATTR", NULL};
	struct outfile out = memory_outfile(file);
	struct err err = {0};

	if (rootfs_write_cpio(rootfs, &out, &err) == 0)
		return 1;
	fuzz_refused(&err, names);
	return 0;
}

void check_round_trip(struct rootfs *rootfs)
{
	struct memory_file archive = memory_file_new("", 0);
	struct memory_file manifest = memory_file_new("", 0);
	struct outfile manifest_out = memory_outfile(&manifest);
	struct err err = {0};

	if (write_archive(rootfs, &archive)) {
		fuzz_expect(rootfs_write_manifest(rootfs, &manifest_out, &err), &err,
			    "writing the manifest");
		compare(rootfs, archive.path, manifest.path);
	}
	memory_file_close(&archive);
	memory_file_close(&manifest);
}

void check_listing(struct rootfs *rootfs)
{
	struct err err = {0};
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		fuzz_fail("no memory");
	fuzz_expect(rootfs_list(rootfs, false, out, &err), &err, "listing");
	fuzz_expect(rootfs_list(rootfs, true, out, &err), &err, "listing as JSON");
	fuzz_expect(rootfs_describe(rootfs, true, out, &err), &err, "describing");
	fclose(out);
	free(text);
}
