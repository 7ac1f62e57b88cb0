/*
 * Any text as the manifest of one known archive: it is that archive's own manifest, or there is a
 * difference, or it is malformed.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "tree.h"

static const struct {
	unsigned mode;
	const char *name, *body;
} entries[] = {
	{040755, "rootfs", ""},	      {040755, "rootfs/d", ""},	   {0100644, "rootfs/d/a", "text"},
	{0120777, "rootfs/l", "d/a"}, {020600, "rootfs/null", ""}, {0100755, "rootfs/\xff", "x"},
	{0100644, "run", "name=a"},   {0100644, "TRAILER!!!", ""},
};

/* The archive in a form that is not canonical; only the names' order is. */
static struct memory_file make_loose(void)
{
	char text[4096];
	size_t used = 0;

	memset(text, 0, sizeof(text));
	for (size_t i = 0; i < sizeof(entries) / sizeof(*entries); i++) {
		size_t name = strlen(entries[i].name) + 1, body = strlen(entries[i].body);

		used += (size_t)sprintf(text + used,
					"070701%08X%08X%08X%08X%08X%08X%08zX%08X%08X%08X"
					"%08X%08zX%08X",
					0U, entries[i].mode, 0U, 0U, 1U, 0U, body, 0U, 0U, 1U, 3U,
					name, 0U);
		memcpy(text + used, entries[i].name, name);
		used = (used + name + 3) & ~(size_t)3;
		memcpy(text + used, entries[i].body, body);
		used = (used + body + 3) & ~(size_t)3;
	}
	return memory_file_new(text, used);
}

static struct rootfs *unpack(const struct memory_file *file)
{
	const struct rootfs_options options = {0};
	struct err err = {0};
	struct rootfs *rootfs = rootfs_new(&options, &err);

	if (!rootfs)
		fuzz_fail("no tree");
	fuzz_expect(rootfs_unpack(rootfs, file->path, &err), &err, "unpacking the archive");
	return rootfs;
}

/* The canonical archive, made once; it stays open. */
static const struct memory_file *make_archive(void)
{
	static struct memory_file archive = {.fd = -1};
	struct memory_file loose;
	struct rootfs *rootfs;
	struct err err = {0};
	struct outfile out;

	if (archive.fd >= 0)
		return &archive;
	loose = make_loose();
	rootfs = unpack(&loose);
	archive = memory_file_new("", 0);
	out = (struct outfile){.fd = archive.fd, .path = archive.path};
	fuzz_expect(rootfs_write_cpio(rootfs, &out, &err), &err, "writing the archive");
	rootfs_free(rootfs);
	memory_file_close(&loose);
	return &archive;
}

/*
 * What a manifest says, but for the parts that do not matter: whether the run file counts as added,
 * and whether there is a prefix, change the tree digest, which is then compared.
 */
static void check_entries(const uint8_t *data, size_t size)
{
	json_t *manifest = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
	json_t *list = json_object_get(manifest, "Entries");

	/* Everything but the trailer. */
	if (json_array_size(list) != sizeof(entries) / sizeof(*entries) - 1)
		fuzz_fail("accepted with %zu entries", json_array_size(list));
	json_decref(manifest);
}

static int run(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"MANIFEST-", NULL};
	struct rootfs *rootfs = unpack(make_archive());
	struct memory_file file = memory_file_new(data, size);
	struct err err = {0};

	if (rootfs_verify(rootfs, file.path, &err) == 0)
		check_entries(data, size);
	else if (err.status != EXIT_VERIFY || strcmp(err.name, "ROOTFS-DIFFERENCE") != 0)
		fuzz_refused(&err, names);
	rootfs_free(rootfs);
	memory_file_close(&file);
	return 0;
}

const struct target fuzz_manifest = {"manifest", run, NULL};
