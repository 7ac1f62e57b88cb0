/*
 * Images: index, manifest, config and layers, or docker's manifest. An input is a tar archive of
 * the parts, the lowest first, in which @NAME@ stands for the digest and #NAME# for the size of an
 * earlier part: so that documents can change without the digests refusing all of them. A part
 * called blob:NAME becomes blobs/sha256/DIGEST, another keeps its name.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "tree.h"

enum { BLOCK = 512, PARTS_MAX = 16, PART_MAX = 65536, SIZE_AT = 124, SUM_AT = 148, TYPE_AT = 156 };

struct part {
	char name[101];
	char hex[2 * SHA256_SIZE + 1];
	size_t size;
};

struct archive {
	struct memory_file file;
	struct part parts[PARTS_MAX];
	size_t count;
};

static size_t octal(const uint8_t *p)
{
	size_t value = 0;

	for (size_t i = 0; i < 12; i++)
		if (p[i] >= '0' && p[i] <= '7' && value < PART_MAX)
			value = value << 3 | (size_t)(p[i] - '0');
	return value;
}

static void append(struct archive *archive, const void *data, size_t size)
{
	if (write(archive->file.fd, data, size) != (ssize_t)size)
		fuzz_fail("no room for an archive");
}

static void append_part(struct archive *archive, const uint8_t *header, const char *name,
			const char *body, size_t size)
{
	static const uint8_t zeros[BLOCK];
	uint8_t block[BLOCK];
	unsigned sum = 8 * ' ';

	memcpy(block, header, BLOCK);
	memset(block, 0, 100);
	memcpy(block, name, strlen(name) < 100 ? strlen(name) : 100);
	snprintf((char *)block + SIZE_AT, 12, "%011zo", size);
	for (size_t i = 0; i < BLOCK; i++)
		sum += i < SUM_AT || i >= SUM_AT + 8 ? block[i] : 0;
	snprintf((char *)block + SUM_AT, 8, "%06o", sum);
	append(archive, block, BLOCK);
	append(archive, body, size);
	append(archive, zeros, -size % BLOCK);
}

static const struct part *find_part(const struct archive *archive, const char *name, size_t size)
{
	for (size_t i = 0; i < archive->count; i++)
		if (strlen(archive->parts[i].name) == size &&
		    memcmp(archive->parts[i].name, name, size) == 0)
			return &archive->parts[i];
	return NULL;
}

/* Replaces references; gives the new size. to has room for PART_MAX bytes. */
static size_t fill_in(const struct archive *archive, const char *from, size_t size, char *to)
{
	size_t used = 0;

	for (size_t i = 0; i < size && used + 100 < PART_MAX; i++) {
		char mark = from[i];
		const char *end = mark == '@' || mark == '#'
					  ? memchr(from + i + 1, mark, size - i - 1)
					  : NULL;
		const struct part *part = NULL;

		if (end)
			part = find_part(archive, from + i + 1, (size_t)(end - from) - i - 1);
		if (!part) {
			to[used++] = mark;
			continue;
		}
		used += (size_t)(mark == '@' ? sprintf(to + used, "%s", part->hex)
					     : sprintf(to + used, "%zu", part->size));
		i = (size_t)(end - from);
	}
	return used;
}

static void digest(const void *data, size_t size, char *hex)
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

static void take_part(struct archive *archive, const uint8_t *header, const char *data, size_t size)
{
	static char body[PART_MAX];
	struct part *part = &archive->parts[archive->count];
	char path[100 + sizeof(part->hex)];

	memcpy(part->name, header, 100);
	part->size = fill_in(archive, data, size, body);
	digest(body, part->size, part->hex);
	if (strncmp(part->name, "blob:", 5) == 0)
		snprintf(path, sizeof(path), "blobs/sha256/%s", part->hex);
	else
		snprintf(path, sizeof(path), "%s", part->name);
	archive->count++;
	append_part(archive, header, path, body, part->size);
}

static void make_archive(struct archive *archive, const uint8_t *data, size_t size)
{
	static const uint8_t zeros[2 * BLOCK];
	size_t at = 0;

	archive->file = memory_file_new("", 0);
	while (at + BLOCK <= size && data[at] && archive->count < PARTS_MAX) {
		size_t body = octal(data + at + SIZE_AT);
		size_t room = size - at - BLOCK;

		body = body < room ? body : room;
		take_part(archive, data + at, (const char *)data + at + BLOCK, body);
		at += BLOCK + (body + BLOCK - 1) / BLOCK * BLOCK;
	}
	append(archive, zeros, sizeof(zeros));
}

static void check_refusal(const struct err *err)
{
	static const char *const names[] = {"OCI-",    "DOCKER-", "TAR-", "LAYER-",
					    "ROOTFS-", "RUN-",	  NULL};
	struct err malformed = *err;

	/* What is not in an archive may be elsewhere. */
	if (strcmp(err->name, "OCI-BLOB-MISSING") == 0 && err->status == EXIT_ENVIRONMENT)
		malformed.status = EXIT_MALFORMED;
	/* What the command line should have chosen. */
	if (err->status == EXIT_USAGE)
		malformed.status = EXIT_MALFORMED;
	fuzz_refused(&malformed, names);
}

static void check_blobs(const char *source)
{
	struct err err = {0};
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		fuzz_fail("no memory");
	if (rootfs_blobs(source, NULL, out, &err) < 0)
		check_refusal(&err);
	fclose(out);
	free(text);
}

static void read_image(const char *scheme, const uint8_t *data, size_t size)
{
	const struct rootfs_options options = {.prefix = "rootfs"};
	struct archive archive = {.count = 0};
	struct err err = {0};
	cleanup_rootfs struct rootfs *rootfs = rootfs_new(&options, &err);
	char source[60];

	if (!rootfs)
		fuzz_fail("no tree");
	make_archive(&archive, data, size);
	snprintf(source, sizeof(source), "%s:%s", scheme, archive.file.path);
	if (rootfs_read(rootfs, source, &err) < 0) {
		check_refusal(&err);
	} else {
		add_run(rootfs);
		check_round_trip(rootfs);
	}
	if (strcmp(scheme, "oci-archive") == 0)
		check_blobs(source);
	memory_file_close(&archive.file);
}

static int run_oci(const uint8_t *data, size_t size)
{
	read_image("oci-archive", data, size);
	return 0;
}

static int run_docker(const uint8_t *data, size_t size)
{
	read_image("docker-archive", data, size);
	return 0;
}

const struct target fuzz_oci = {"oci", run_oci, mutate_tar};
const struct target fuzz_docker = {"docker", run_docker, mutate_tar};
