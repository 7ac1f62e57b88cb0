/*
 * The strict reader of IGVM images: any bytes must give either an image or one IGVM- name. Total
 * size and checksum are put right first, or nearly every input would be turned away at the door.
 * What is accepted is written anew from its pages, and read again: the measurement stays.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "fuzz.h"

#include "../../cca-image/room.h"

enum { FIXED = 32, SIZE_AT = 12, TOTAL_AT = 16, CRC_AT = 20, MAX_RUNS = 64 };

static struct memory_file with_right_sums(const uint8_t *data, size_t size)
{
	cleanup_free uint8_t *bytes = malloc(size + 1);
	uint64_t headers;

	if (!bytes)
		fuzz_fail("no memory");
	memcpy(bytes, data, size);
	if (size >= FIXED) {
		put_le(bytes + TOTAL_AT, size, 4);
		headers = get_le(bytes + SIZE_AT, 4);
		put_le(bytes + CRC_AT, 0, 4);
		if (headers <= size - FIXED)
			put_le(bytes + CRC_AT, crc32_z(0, bytes, FIXED + (size_t)headers), 4);
	}
	return memory_file_new(bytes, size);
}

/* Pages that follow each other and are measured alike. */
struct runs {
	struct igvm_part part[MAX_RUNS];
	unsigned char *data[MAX_RUNS];
	size_t count;
	bool too_many;
};

static int take_page(void *context, uint64_t gpa, bool measured, const unsigned char *data,
		     struct err *err)
{
	static const unsigned char zeros[REALM_PAGE];
	struct runs *runs = context;
	struct igvm_part *part = runs->count > 0 ? &runs->part[runs->count - 1] : NULL;
	unsigned char *grown;

	(void)err;
	if (!part || part->unmeasured == measured || gpa != part->gpa + part->size) {
		if (runs->count == MAX_RUNS) {
			runs->too_many = true;
			return 0;
		}
		part = &runs->part[runs->count++];
		*part = (struct igvm_part){.gpa = gpa, .unmeasured = !measured};
	}
	grown = realloc(runs->data[runs->count - 1], (size_t)part->size + REALM_PAGE);
	if (!grown)
		fuzz_fail("no memory");
	memcpy(grown + part->size, data ? data : zeros, REALM_PAGE);
	part->size += REALM_PAGE;
	part->data = runs->data[runs->count - 1] = grown;
	return 0;
}

static void measure(int fd, unsigned char *rim)
{
	const struct igvm_loading loading = {
		.rmm = REALM_RMM_2,
		.params = {.s2sz = 48, .hash = HASH_SHA256},
		.ripas_block = 1 << 21,
	};
	struct err err = {0};

	fuzz_expect(igvm_measure(fd, "fuzz", &loading, NULL, rim, &err), &err, "measuring");
}

static void check_written(const struct igvm_image *image, const struct runs *runs,
			  const unsigned char *expected)
{
	struct igvm_build build = {
		.policy = image->policy,
		.memory = image->memory,
		.memory_count = image->memory_count,
		.parts = runs->part,
		.part_count = runs->count,
		.corim_slot = image->corim_slot,
		.pc = image->pc,
	};
	unsigned char rim[HASH_MAX_SIZE];
	struct err err = {0};
	char path[60];
	int fd;

	memcpy(build.gprs, image->gprs, sizeof(build.gprs));
	snprintf(path, sizeof(path), "/dev/shm/fuzz-igvm.%d", (int)getpid());
	fuzz_expect(igvm_write(&build, path, &err), &err, "writing what we read");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	measure(fd, rim);
	close(fd);
	unlink(path);
	if (memcmp(rim, expected, SHA256_SIZE) != 0)
		fuzz_fail("the same measurement expected, found another");
}

static int run(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"IGVM-", NULL};
	struct memory_file file = with_right_sums(data, size);
	struct runs runs = {.count = 0};
	const struct igvm_sink sink = {take_page, &runs};
	unsigned char rim[HASH_MAX_SIZE];
	struct igvm_image image;
	struct err err = {0};

	if (igvm_read(file.fd, "fuzz", &sink, &image, &err) < 0) {
		fuzz_refused(&err, names);
	} else {
		cleanup_json json_t *json = igvm_describe(&image, &err);

		if (!json || image.file_size != size)
			fuzz_fail("a description expected, found %s", err.text);
		measure(file.fd, rim);
		if (!runs.too_many)
			check_written(&image, &runs, rim);
	}
	for (size_t i = 0; i < runs.count; i++)
		free(runs.data[i]);
	memory_file_close(&file);
	return 0;
}

/* Mostly the headers: the data behind them is any bytes. */
static size_t mutate(uint8_t *data, size_t size, size_t max, struct dice *dice)
{
	struct bytes igvm = {data, size, max};
	size_t headers;

	if (size < FIXED || dice_throw(dice, 8) == 0)
		return dice->bytes(data, size, max);
	headers = (size_t)get_le(data + SIZE_AT, 4);
	if (headers > size - FIXED || headers == 0)
		return dice->bytes(data, size, max);
	if (dice_throw(dice, 4) == 0) {
		size_t at = FIXED + 8 * dice_throw(dice, headers / 8 + 1);
		size_t cut = 8 * dice_throw(dice, 5);

		if (at + cut <= FIXED + headers && bytes_splice(&igvm, at, cut, NULL, 0))
			headers -= cut;
	} else {
		size_t at = FIXED + dice_throw(dice, headers);

		data[at] ^= (uint8_t)(1U << dice_throw(dice, 8));
	}
	put_le(data + SIZE_AT, headers, 4);
	return igvm.size;
}

const struct target fuzz_igvm = {"igvm", run, mutate};
