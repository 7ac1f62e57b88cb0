/*
 * The strict reader of images: any bytes must give either a described image or one EIF- name. What
 * is accepted is written anew from its parts, and read again: the measurements stay. A wrong
 * checksum would stop nearly every input at the door, so the right one is put in first. The lenient
 * reader must read the same, and whatever is in kernel and ramdisks is looked into on the way.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "fuzz.h"

#include "../../eif/room.h"

enum {
	HEADER = 548,
	SECTION_HEADER = 12,
	COUNT_AT = 26,
	OFFSETS_AT = 28,
	SIZES_AT = 284,
	CRC_AT = 0x220,
	CRC_END = 0x224,
	SECTIONS_MAX = 32,
};

static void put(uint8_t *p, unsigned size, uint64_t value)
{
	while (size-- > 0) {
		p[size] = (uint8_t)value;
		value >>= 8;
	}
}

static uint64_t get(const uint8_t *p, unsigned size)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < size; i++)
		value = value << 8 | p[i];
	return value;
}

struct memory_file eif_with_right_crc(const uint8_t *data, size_t size)
{
	cleanup_free uint8_t *bytes = malloc(size + 1);

	if (!bytes)
		fuzz_fail("no memory");
	if (size > 0)
		memcpy(bytes, data, size);
	if (size >= CRC_END)
		put(bytes + CRC_AT, 4,
		    crc32_z(crc32_z(0, bytes, CRC_AT), bytes + CRC_END, size - CRC_END));
	return memory_file_new(bytes, size);
}

/* The sections as files. */
struct parts {
	struct memory_file file[SECTIONS_MAX];
	const struct eif_section *section[SECTIONS_MAX];
	unsigned count;
};

static int begin_part(void *context, const struct eif_section *section, struct err *err)
{
	struct parts *parts = context;

	(void)err;
	parts->section[parts->count] = section;
	parts->file[parts->count++] = memory_file_new("", 0);
	return 0;
}

static int take_part(void *context, const void *data, size_t size, struct err *err)
{
	const struct parts *parts = context;

	(void)err;
	if (write(parts->file[parts->count - 1].fd, data, size) != (ssize_t)size)
		fuzz_fail("a part cannot be kept");
	return 0;
}

static void check_read(const char *path, const struct eif_measurements *expected)
{
	cleanup_with(eif_image_clear) struct eif_image image = EIF_IMAGE_INIT;
	struct memory_file file = {.fd = open(path, O_RDONLY | O_CLOEXEC)};
	struct err err = {0};

	fuzz_expect(eif_read(file.fd, path, NULL, &image, &err), &err, "reading what we wrote");
	memory_file_close(&file);
	for (int i = 0; i < 3; i++)
		if (memcmp(image.measurements.pcr[i], expected->pcr[i], SHA384_SIZE) != 0)
			fuzz_fail("PCR%d: the same measurement expected, found another", i);
}

static void check_written(const struct eif_image *image, const struct parts *parts)
{
	const char *ramdisks[SECTIONS_MAX];
	cleanup_free uint8_t *metadata = NULL;
	struct eif_build build = {.arch = image->arch,
				  .ramdisks = ramdisks,
				  .cmdline = image->cmdline,
				  .cmdline_size = image->cmdline_size};
	struct eif_measurements measured;
	struct err err = {0};
	char path[60];

	for (unsigned i = 0; i < parts->count; i++) {
		if (parts->section[i]->type == EIF_KERNEL)
			build.kernel = parts->file[i].path;
		else if (parts->section[i]->type == EIF_RAMDISK)
			ramdisks[build.ramdisk_count++] = parts->file[i].path;
		else if (parts->section[i]->type == EIF_METADATA)
			metadata = memory_file_read(&parts->file[i], &build.metadata_size);
	}
	build.metadata = metadata;
	snprintf(path, sizeof(path), "/dev/shm/fuzz-eif.%d", (int)getpid());
	fuzz_expect(eif_write(&build, path, &measured, &err), &err, "writing what we read");
	check_read(path, &image->measurements);
	unlink(path);
}

/* Strictly read or not, an image can be verified leniently, and differs from itself in nothing. */
static void check_lenient(const struct memory_file *file, const struct eif_image *strict)
{
	static const char *const names[] = {"EIF-", NULL};
	const struct eif_verification what = {.lenient = true};
	struct memory_file again = {.fd = open(file->path, O_RDONLY | O_CLOEXEC)};
	cleanup_json json_t *report = NULL;
	cleanup_json json_t *diff = NULL;
	struct err err = {0};

	report = eif_verify(again.fd, "fuzz", &what, &err);
	if (!report)
		fuzz_refused(&err, names);
	if (strict && (!report || !json_is_true(json_object_get(report, "Sound"))))
		fuzz_fail("a sound image without notes expected, found %s", err.text);
	if (report) {
		if (lseek(file->fd, 0, SEEK_SET) < 0 || lseek(again.fd, 0, SEEK_SET) < 0)
			fuzz_fail("a file to seek in expected");
		diff = eif_diff(file->fd, "fuzz", again.fd, "again", true, &err);
		if (!diff || !json_is_true(json_object_get(diff, "Same")) ||
		    json_array_size(json_object_get(diff, "Files")) != 0)
			fuzz_fail("no difference expected, found %s", err.text);
	}
	memory_file_close(&again);
}

static int run(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"EIF-", NULL};
	cleanup_with(eif_image_clear) struct eif_image image = EIF_IMAGE_INIT;
	struct memory_file file = eif_with_right_crc(data, size);
	struct parts parts = {.count = 0};
	const struct eif_sink sink = {begin_part, take_part, &parts};
	cleanup_json json_t *json = NULL;
	struct err err = {0};

	if (eif_read(file.fd, "fuzz", &sink, &image, &err) < 0) {
		fuzz_refused(&err, names);
		check_lenient(&file, NULL);
	} else {
		json = eif_describe(&image, &err);
		if (!json || image.file_size != size)
			fuzz_fail("a description expected, found %s", err.text);
		check_written(&image, &parts);
		check_lenient(&file, &image);
	}
	for (unsigned i = 0; i < parts.count; i++)
		memory_file_close(&parts.file[i]);
	memory_file_close(&file);
	return 0;
}

/* Makes header and table say of each section what its own header says. */
static void repair(const struct bytes *eif)
{
	size_t at = HEADER;
	unsigned n = 0;

	for (; n < SECTIONS_MAX && at + SECTION_HEADER <= eif->size; n++) {
		uint64_t size = get(eif->data + at + 4, 8);
		size_t room = eif->size - at - SECTION_HEADER;

		if (size > room) {
			size = room;
			put(eif->data + at + 4, 8, size);
		}
		put(eif->data + OFFSETS_AT + 8 * n, 8, at);
		put(eif->data + SIZES_AT + 8 * n, 8, size);
		at += SECTION_HEADER + (size_t)size;
	}
	put(eif->data + COUNT_AT, 2, n);
	for (; n < SECTIONS_MAX; n++) {
		put(eif->data + OFFSETS_AT + 8 * n, 8, 0);
		put(eif->data + SIZES_AT + 8 * n, 8, 0);
	}
}

static void change_section(struct bytes *eif, struct dice *dice)
{
	size_t at = (size_t)get(eif->data + OFFSETS_AT + 8 * dice_throw(dice, 6), 8);
	size_t size;

	if (at < HEADER || at > eif->size - SECTION_HEADER)
		return;
	size = (size_t)get(eif->data + at + 4, 8);
	if (size > eif->size - at - SECTION_HEADER)
		return;
	if (dice_throw(dice, 8) == 0)
		eif->data[at + 1] = (uint8_t)dice_throw(dice, 7);
	else if (dice_throw(dice, 8) == 0)
		bytes_splice(eif, at, SECTION_HEADER + size, NULL, 0);
	else
		put(eif->data + at + 4, 8, bytes_mutate(eif, at + SECTION_HEADER, size, dice));
}

size_t mutate_eif(uint8_t *data, size_t size, size_t max, struct dice *dice)
{
	struct bytes eif = {data, size, max};

	if (size < HEADER || dice_throw(dice, 8) == 0)
		return dice->bytes(data, size, max);
	change_section(&eif, dice);
	if (dice_throw(dice, 16))
		repair(&eif);
	return eif.size;
}

const struct target fuzz_eif = {"eif", run, mutate_eif};
