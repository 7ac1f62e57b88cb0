/*
 * One Debian package as a whole root, through a lock file that says what the package is. What is
 * accepted must come back from our own archive as it was.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "tree.h"

enum { MAGIC = 8, HEADER = 60, SIZE_AT = 48, MEMBERS_MAX = 4 };

static void digest(const uint8_t *data, size_t size, char *hex)
{
	unsigned char sum[SHA256_SIZE];
	struct err err = {0};
	cleanup_hash struct hash *hash = hash_new(HASH_SHA256, &err);

	if (!hash)
		fuzz_fail("no memory");
	fuzz_expect(hash_update(hash, data, size, &err), &err, "hashing");
	fuzz_expect(hash_final(hash, sum, &err), &err, "hashing");
	hash_hex(sum, sizeof(sum), hex);
}

static void read_package(const char *folder, const char *lock)
{
	static const char *const names[] = {"DEBS-",   "TAR-",	    "LAYER-",
					    "ROOTFS-", "PACKAGES-", NULL};
	const struct rootfs_options options = {.prefix = "rootfs", .packages = folder};
	struct memory_file file = memory_file_new(lock, strlen(lock));
	struct err err = {0};
	cleanup_rootfs struct rootfs *rootfs = rootfs_new(&options, &err);
	char source[60];

	if (!rootfs)
		fuzz_fail("no tree");
	snprintf(source, sizeof(source), "debs:%s", file.path);
	if (rootfs_read(rootfs, source, &err) < 0)
		fuzz_refused(&err, names);
	else
		check_round_trip(rootfs);
	memory_file_close(&file);
}

static int run(const uint8_t *data, size_t size)
{
	char folder[] = "/dev/shm/fuzz-deb.XXXXXX";
	char hex[2 * SHA256_SIZE + 1], path[sizeof(folder) + sizeof(hex) + 1], lock[200];
	FILE *file;

	if (!mkdtemp(folder))
		fuzz_fail("no folder in memory");
	digest(data, size, hex);
	snprintf(path, sizeof(path), "%s/%s", folder, hex);
	snprintf(lock, sizeof(lock), "%s %zu pool/a_1_all.deb\n", hex, size);
	file = fopen(path, "w");
	if (!file || fwrite(data, 1, size, file) != size || fclose(file) != 0)
		fuzz_fail("no file in memory");
	read_package(folder, lock);
	unlink(path);
	rmdir(folder);
	return 0;
}

/* Changes a member as a tar archive, and its header and padding with it. */
static void change_member(struct bytes *deb, size_t at, size_t size, struct dice *dice)
{
	size_t room = deb->max - deb->size;
	uint8_t *copy = malloc(size + room + 1);
	char text[11];
	size_t changed;

	if (!copy)
		fuzz_fail("no memory");
	memcpy(copy, deb->data + at + HEADER, size);
	changed = size >= 512 ? mutate_tar(copy, size, size + room, dice)
			      : dice->bytes(copy, size, size + room);
	if (changed % 2 && changed < size + room)
		copy[changed++] = '\n';
	snprintf(text, sizeof(text), "%-10zu", changed);
	memcpy(deb->data + at + SIZE_AT, text, 10);
	bytes_splice(deb, at + HEADER, size + size % 2, copy, changed);
	free(copy);
}

static size_t mutate(uint8_t *data, size_t size, size_t max, struct dice *dice)
{
	struct bytes deb = {data, size, max};
	size_t member = dice_throw(dice, MEMBERS_MAX);
	size_t at = MAGIC;

	for (size_t i = 0; at + HEADER <= size && i < MEMBERS_MAX; i++) {
		size_t body = strtoul((const char *)data + at + SIZE_AT, NULL, 10);

		if (body > size - at - HEADER)
			break;
		if (i == member) {
			change_member(&deb, at, body, dice);
			return deb.size;
		}
		at += HEADER + body + body % 2;
	}
	return dice->bytes(data, size, max);
}

const struct target fuzz_deb = {"deb", run, mutate};
