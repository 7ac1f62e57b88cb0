/*
 * What package databases say: dpkg's status, apk's installed and os-release, in this order with a
 * NUL byte behind each of the first two. Bills of materials and the lint's report are JSON, or the
 * database is malformed.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "rootfs.h"
#include "text.h"

static const char *const names[] = {"PACKAGES-", "SBOM-", NULL};

static void check_json(const char *text)
{
	json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

	if (!json)
		fuzz_fail("JSON expected, found something else: %s", text);
	json_decref(json);
}

static void check_bill(struct rootfs *rootfs, enum rootfs_sbom_format format)
{
	struct err err = {0};
	char *text = rootfs_sbom(rootfs, format, NULL, 0, &err);

	if (text)
		check_json(text);
	else
		fuzz_refused(&err, names);
	free(text);
}

static void check_lint(struct rootfs *rootfs)
{
	struct err err = {0};
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int failed;

	if (!out)
		fuzz_fail("no memory");
	failed = rootfs_lint(rootfs, true, false, out, &err);
	fclose(out);
	if (failed < 0)
		fuzz_refused(&err, names);
	else
		check_json(text);
	free(text);
}

static void add_files(struct node *base, struct text *status, struct text *installed,
		      struct text *release)
{
	struct node *lib = text_add(text_add(base, "var", NULL), "lib", NULL);
	struct node *apk = text_add(text_add(base, "lib", NULL), "apk", NULL);

	text_add(text_add(lib, "dpkg", NULL), "status", status);
	text_add(text_add(apk, "db", NULL), "installed", installed);
	text_add(text_add(base, "etc", NULL), "os-release", release);
}

static int run(const uint8_t *bytes, size_t size)
{
	const struct rootfs_options options = {0};
	const char *data = (const char *)bytes;
	struct text status = text_take(&data, &size), installed = text_take(&data, &size),
		    release = text_take(&data, &size);
	struct err err = {0};
	cleanup_rootfs struct rootfs *rootfs = rootfs_new(&options, &err);

	if (!rootfs)
		fuzz_fail("no tree");
	add_files(rootfs->base, &status, &installed, &release);
	fuzz_expect(rootfs_hash(rootfs, &err), &err, "hashing");
	check_bill(rootfs, ROOTFS_SPDX);
	check_bill(rootfs, ROOTFS_CYCLONEDX);
	check_lint(rootfs);
	return 0;
}

const struct target fuzz_packages = {"packages", run, NULL};
