/*
 * Taking images apart: the files are the fixed ones and hold all sections, or there is nothing. And
 * the text of custom metadata, which goes into an image token by token. The only target that makes
 * a folder: in memory, and gone at the end of each run.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"

#include "../../eif/room.h"

/* What is in a folder, which ends with it. */
struct found {
	unsigned files;
	uint64_t bytes;
};

static bool is_expected(const char *name)
{
	static const char *const fixed[] = {"kernel", "cmdline", "metadata.json", "signature"};
	size_t digits;

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		if (strcmp(name, fixed[i]) == 0)
			return true;
	if (strncmp(name, "ramdisk", 7) != 0)
		return false;
	digits = strspn(name + 7, "0123456789");
	return digits > 0 && digits <= 2 && !name[7 + digits];
}

static void take_folder(const char *path, struct found *found)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	if (!dir)
		fuzz_fail("a folder expected: %s", strerror(errno));
	while ((entry = readdir(dir))) {
		struct stat st;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (!is_expected(entry->d_name))
			fuzz_fail("one of the fixed names expected, found %s", entry->d_name);
		if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    !S_ISREG(st.st_mode) || st.st_nlink != 1)
			fuzz_fail("%s: a file with one name expected", entry->d_name);
		found->files++;
		found->bytes += (uint64_t)st.st_size;
		unlinkat(dirfd(dir), entry->d_name, 0);
	}
	closedir(dir);
	if (rmdir(path) < 0)
		fuzz_fail("an empty folder expected: %s", strerror(errno));
}

static void check_parts(int fd, const char *path)
{
	cleanup_with(eif_image_clear) struct eif_image image = EIF_IMAGE_INIT;
	struct found found = {0};
	struct err err = {0};
	uint64_t bytes = 0;

	if (lseek(fd, 0, SEEK_SET) < 0)
		fuzz_fail("a file in memory cannot be read");
	fuzz_expect(eif_read(fd, "fuzz", NULL, &image, &err), &err, "reading what came apart");
	for (unsigned i = 0; i < image.section_count; i++)
		bytes += image.sections[i].size;
	take_folder(path, &found);
	if (found.files != image.section_count || found.bytes != bytes)
		fuzz_fail("%u files of %llu bytes expected, found %u of %llu", image.section_count,
			  (unsigned long long)bytes, found.files, (unsigned long long)found.bytes);
}

static int run_extract(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"EIF-", NULL};
	struct memory_file file = eif_with_right_crc(data, size);
	struct err err = {0};
	char path[60];

	snprintf(path, sizeof(path), "/dev/shm/fuzz-extract.%d", (int)getpid());
	if (eif_extract(file.fd, "fuzz", path, false, &err) == 0) {
		check_parts(file.fd, path);
	} else {
		fuzz_refused(&err, names);
		if (access(path, F_OK) == 0)
			fuzz_fail("nothing expected, found a folder");
	}
	memory_file_close(&file);
	return 0;
}

const struct target fuzz_extract = {"extract", run_extract, mutate_eif};

/* The section of this custom text, owned by the caller; NULL when it was refused. */
static char *compose(const void *text, size_t size, size_t *composed)
{
	static const char *const names[] = {"EIF-METADATA", NULL};
	const struct eif_identity identity = {"n", "v", "k", text, size};
	struct err err = {0};
	char *section = eif_metadata_compose(&identity, composed, &err);

	if (!section)
		fuzz_refused(&err, names);
	return section;
}

static int run_metadata(const uint8_t *data, size_t size)
{
	static const char marker[] = ",\"DockerInfo\":null,\"CustomMetadata\":";
	size_t first, second;
	cleanup_free char *section = compose(data, size, &first);
	cleanup_free char *again = NULL;
	cleanup_json json_t *given = NULL;
	cleanup_json json_t *parsed = NULL;
	struct err err = {0};
	char *custom;

	if (!section)
		return 0;
	parsed = eif_metadata_parse(section, first, &err);
	if (!parsed)
		fuzz_fail("metadata of our own expected, found %s", err.text);
	given = json_loadb((const char *)data, size, JSON_ALLOW_NUL, NULL);
	/* Numbers above 64 bits: jansson reads them as reals only when asked to. */
	if (given && !json_equal(given, json_object_get(parsed, "CustomMetadata")))
		fuzz_fail("the same custom metadata expected, found another");
	custom = memmem(section, first, marker, sizeof(marker) - 1);
	if (!custom)
		fuzz_fail("custom metadata expected at the end, found none");
	custom += sizeof(marker) - 1;
	again = compose(custom, (size_t)(section + first - 1 - custom), &second);
	if (!again || second != first || memcmp(section, again, first) != 0)
		fuzz_fail("the same section expected, found another");
	return 0;
}

const struct target fuzz_metadata = {"metadata", run_metadata, NULL};
