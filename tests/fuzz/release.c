/*
 * A release folder with one image, of which the input has the measurements, the pins and, if it
 * goes on, the registers of the release before, with NULs between them: refused by name, or what is
 * published says the same in all of its forms, takes either release where there is one before, and
 * is the same again when it is published once more. Makes a folder, in memory, and removes it at
 * the end of each run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "outfile.h"

#include "../../attest/folder.h"

static const char *const names[] = {"ATTEST-", NULL};

/* What publishing reads, then what it writes; of a realm there are no policies of a key service. */
enum { MEASUREMENTS, PINS, IMAGE, PREVIOUS, WRITTEN, FORMS = 3, ROLLOVER = WRITTEN + FORMS };
static const char *const files[] = {"t/measurements.json",
				    "pins/fuzz.lock",
				    "t/image.eif",
				    "t/previous.json",
				    "t/values.json",
				    "t/reference.cbor",
				    "t/policy.json",
				    "t/policy-rollover.json",
				    "t/policy-rollover-aws.json",
				    "t/policy-rollover-aws-cn.json",
				    "t/policy-rollover-aws-us-gov.json",
				    "t/policy-aws.json",
				    "t/policy-aws-cn.json",
				    "t/policy-aws-us-gov.json",
				    "provenance.json"};
enum { FILES = sizeof(files) / sizeof(files[0]) };

static char *path_of(const char *folder, size_t file)
{
	struct err err = {0};
	char *path = folder_path(folder, NULL, files[file], &err);

	if (!path)
		fuzz_fail("%s", err.text);
	return path;
}

static void put(const char *folder, size_t file, const void *data, size_t size)
{
	cleanup_free char *path = path_of(folder, file);
	struct err err = {0};

	fuzz_expect(file_write(path, data, size, &err), &err, "a file");
}

static void make_folder(const char *folder, const char *name)
{
	struct err err = {0};
	cleanup_free char *path = folder_path(folder, NULL, name, &err);

	fuzz_expect(path ? folder_make(path, &err) : -1, &err, "a folder");
}

static void take_away(const char *folder)
{
	char path[120];

	for (size_t i = 0; i < FILES; i++) {
		cleanup_free char *file = path_of(folder, i);

		unlink(file);
	}
	snprintf(path, sizeof(path), "%s/t", folder);
	if (rmdir(path) < 0)
		fuzz_fail("an empty folder expected");
	snprintf(path, sizeof(path), "%s/pins", folder);
	if (rmdir(path) < 0 || rmdir(folder) < 0)
		fuzz_fail("an empty folder expected");
}

static void read_form(const char *folder, size_t file, struct attest_references *references)
{
	cleanup_free char *path = path_of(folder, file);
	struct err err = {0};
	size_t size = 0;
	cleanup_free char *data = read_small_file(path, ATTEST_MAX_REFERENCE, &size, &err);

	if (!data || attest_references_add(references, data, size, files[file], &err) < 0)
		fuzz_fail("reference values in what was published expected, found %s", err.text);
}

static bool same(const struct attest_digest *a, const struct attest_digest *b)
{
	return a->size == b->size && memcmp(a->data, b->data, a->size) == 0;
}

static bool same_values(const struct attest_values *a, const struct attest_values *b)
{
	for (unsigned i = 0; i < ATTEST_PCRS; i++)
		if (!same(&a->pcr[i], &b->pcr[i]))
			return false;
	for (unsigned i = 0; i < ATTEST_REMS; i++)
		if (!same(&a->rem[i], &b->rem[i]))
			return false;
	return a->platform == b->platform && same(&a->rim, &b->rim) && same(&a->rpv, &b->rpv);
}

/* All of the one are among the other. */
static void check_among(const struct attest_references *some, const struct attest_references *all,
			const char *form)
{
	for (size_t i = 0; i < some->count; i++) {
		size_t k = 0;

		while (k < all->count && !same_values(&some->list[i], &all->list[k]))
			k++;
		if (k == all->count)
			fuzz_fail("%s: the same registers expected, found others", form);
	}
}

static void check_forms(const char *folder)
{
	struct attest_references measured = ATTEST_REFERENCES_INIT;

	read_form(folder, MEASUREMENTS, &measured);
	for (size_t i = WRITTEN; i < WRITTEN + FORMS; i++) {
		struct attest_references form = ATTEST_REFERENCES_INIT;

		read_form(folder, i, &form);
		check_among(&measured, &form, files[i]);
		check_among(&form, &measured, files[i]);
		attest_references_clear(&form);
	}
	attest_references_clear(&measured);
}

/* The policy of either release has the registers of both, and there is none without a previous. */
static void check_rollover(const char *folder, struct slice previous)
{
	struct attest_references both = ATTEST_REFERENCES_INIT;
	struct attest_references either = ATTEST_REFERENCES_INIT;
	cleanup_free char *path = path_of(folder, ROLLOVER);
	struct err err = {0};

	if (previous.size == 0) {
		if (access(path, F_OK) == 0)
			fuzz_fail("%s: none expected, found one", files[ROLLOVER]);
		return;
	}
	fuzz_expect(attest_references_add(&both, previous.data, previous.size, "", &err), &err,
		    "the registers of the release before");
	read_form(folder, MEASUREMENTS, &both);
	read_form(folder, ROLLOVER, &either);
	check_among(&both, &either, files[ROLLOVER]);
	check_among(&either, &both, files[ROLLOVER]);
	attest_references_clear(&both);
	attest_references_clear(&either);
}

static bool publish(const char *folder)
{
	const struct attest_publisher publisher = {.authority = ATTEST_AUTHORITY};
	struct err err = {0};

	if (attest_publish(folder, &publisher, &err) == 0)
		return true;
	fuzz_refused(&err, names);
	return false;
}

static void sums_of(const char *folder, char sums[FILES][HASH_MAX_HEX])
{
	for (size_t i = PREVIOUS; i < FILES; i++) {
		cleanup_free char *path = path_of(folder, i);
		struct err err = {0};

		sums[i][0] = '\0';
		if (access(path, F_OK) == 0)
			fuzz_expect(file_sha256(path, sums[i], &err), &err, "a sum");
	}
}

static void check_again(const char *folder)
{
	char first[FILES][HASH_MAX_HEX];
	char second[FILES][HASH_MAX_HEX];

	sums_of(folder, first);
	if (!publish(folder))
		fuzz_fail("publishing once more expected");
	sums_of(folder, second);
	for (size_t i = PREVIOUS; i < FILES; i++)
		if (strcmp(first[i], second[i]) != 0)
			fuzz_fail("%s: the same again expected", files[i]);
}

/* What stands before the next NUL; the rest goes on behind it. */
static struct slice take_part(struct slice *rest)
{
	struct slice part = {rest->data, strnlen((const char *)rest->data, rest->size)};
	size_t taken = part.size + (part.size < rest->size);

	rest->data += taken;
	rest->size -= taken;
	return part;
}

static int run(const uint8_t *data, size_t size)
{
	struct slice rest = {data, size};
	struct slice measurements = take_part(&rest);
	struct slice pins = take_part(&rest);
	char folder[60];

	snprintf(folder, sizeof(folder), "/dev/shm/fuzz-release.%d", (int)getpid());
	if (mkdir(folder, 0700) < 0)
		fuzz_fail("a folder expected");
	make_folder(folder, "t");
	make_folder(folder, "pins");
	put(folder, MEASUREMENTS, measurements.data, measurements.size);
	put(folder, PINS, pins.data, pins.size);
	put(folder, IMAGE, "", 0);
	if (rest.size > 0)
		put(folder, PREVIOUS, rest.data, rest.size);
	if (publish(folder)) {
		check_forms(folder);
		check_rollover(folder, rest);
		check_again(folder);
	}
	take_away(folder);
	return 0;
}

const struct target fuzz_release = {"release", run, NULL};
