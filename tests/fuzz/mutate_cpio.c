/*
 * Changes newc archives entry by entry, so that a reader sees more than one that is cut off:
 * fields, names, data; entries left out, doubled and moved. Never touches what is not an archive.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

enum { HEADER = 110, ENTRIES_MAX = 128, FIELDS = 13, MODE = 1, BODY = 6, NAME = 11, CHECK = 12 };

static const char *const names[] = {
	"a",	"b",	  "a/b",      "d",	"d/", "d/x", ".",   "..",	  "/",
	"/a",	"./a",	  "a//b",     "d/../a", "l",  "l/",  "l/x", "TRAILER!!!", "d/TRAILER!!!",
	"\xff", "rootfs", "rootfs/a", "a/.",	"",
};

static const uint32_t modes[] = {0100644, 0100755, 0104755, 040755,  041777, 0120777,
				 020600,  060600,  010600,  0140600, 0,	     0170000};

static const uint32_t values[] = {0,	  1,	  2,	 3,	     0x7fffffff, 0xffffffff,
				  0xfffe, 0xffff, 0xfff, 0x10000000, 1000};

static uint32_t get(const uint8_t *header, size_t field)
{
	char text[9] = "";

	memcpy(text, header + 6 + 8 * field, 8);
	return (uint32_t)strtoul(text, NULL, 16);
}

static void set(uint8_t *header, size_t field, uint32_t value)
{
	char text[9];

	snprintf(text, sizeof(text), "%08X", value);
	memcpy(header + 6 + 8 * field, text, 8);
}

static size_t padded(size_t size)
{
	return (size + 3) & ~(size_t)3;
}

static int is_header(const struct bytes *cpio, size_t at)
{
	return at + HEADER <= cpio->size && memcmp(cpio->data + at, "07070", 5) == 0;
}

static size_t body_at(const uint8_t *header)
{
	return padded(HEADER + get(header, NAME));
}

static size_t entry_size(const struct bytes *cpio, size_t at)
{
	const uint8_t *header = cpio->data + at;
	size_t size = padded(body_at(header) + get(header, BODY));

	return size < cpio->size - at ? size : cpio->size - at;
}

static size_t find_headers(const struct bytes *cpio, size_t *offsets, size_t *end)
{
	size_t count = 0;
	size_t at = 0;

	while (count < ENTRIES_MAX && is_header(cpio, at)) {
		offsets[count++] = at;
		at += entry_size(cpio, at);
	}
	*end = at;
	return count;
}

static void add_entry(struct bytes *cpio, size_t at, uint32_t mode, const char *name)
{
	uint8_t entry[512] = {0};
	size_t size = padded(HEADER + strlen(name) + 1);

	memcpy(entry, "070701", 6);
	for (size_t i = 0; i < FIELDS; i++)
		set(entry, i, 0);
	set(entry, MODE, mode);
	set(entry, 4, 1);
	set(entry, NAME, (uint32_t)strlen(name) + 1);
	memcpy(entry + HEADER, name, strlen(name));
	if ((mode & 0170000) == 0120000) {
		memcpy(entry + size, "d", 1);
		set(entry, BODY, 1);
		size += 4;
	}
	bytes_splice(cpio, at, 0, entry, size);
}

static void copy_entry(struct bytes *cpio, size_t from, size_t to)
{
	size_t size = entry_size(cpio, from);
	uint8_t *copy = malloc(size);

	if (!copy)
		fuzz_fail("no memory");
	memcpy(copy, cpio->data + from, size);
	bytes_splice(cpio, to, 0, copy, size);
	free(copy);
}

/* Replaces what lies between two offsets of an entry by size bytes of text, padded. */
static void put_text(struct bytes *cpio, size_t at, size_t old, const char *text, size_t size)
{
	char padded_text[300] = "";

	memcpy(padded_text, text, size);
	bytes_splice(cpio, at, old, padded_text, padded(size));
}

static void change_name(struct bytes *cpio, size_t at, struct dice *dice)
{
	const char *name = names[dice_throw(dice, sizeof(names) / sizeof(*names))];
	uint8_t *header = cpio->data + at;
	size_t old = body_at(header);
	size_t size = strlen(name) + 1;
	char text[HEADER + 100];

	if (old > cpio->size - at)
		return;
	set(header, NAME, (uint32_t)size);
	memcpy(text, header, HEADER);
	memcpy(text + HEADER, name, size);
	put_text(cpio, at, old, text, HEADER + size);
}

static void change_body(struct bytes *cpio, size_t at, struct dice *dice)
{
	static const uint8_t zeros[4];
	size_t from = body_at(cpio->data + at);
	size_t room = entry_size(cpio, at);
	size_t size = get(cpio->data + at, BODY);

	if (from > room)
		return;
	room -= from;
	size = size < room ? size : room;
	bytes_splice(cpio, at + from + size, room - size, NULL, 0);
	size = bytes_mutate(cpio, at + from, size, dice);
	set(cpio->data + at, BODY, (uint32_t)size);
	bytes_splice(cpio, at + from + size, 0, zeros, padded(size) - size);
}

static void change_field(struct bytes *cpio, size_t at, struct dice *dice)
{
	size_t field = dice_throw(dice, FIELDS);

	if (dice_throw(dice, 4))
		set(cpio->data + at, field,
		    values[dice_throw(dice, sizeof(values) / sizeof(*values))]);
	else
		dice->bytes(cpio->data + at + 6 + 8 * field, 8, 8);
}

static void change(struct bytes *cpio, struct dice *dice)
{
	size_t offsets[ENTRIES_MAX];
	size_t end;
	size_t count = find_headers(cpio, offsets, &end);
	const char *name = names[dice_throw(dice, sizeof(names) / sizeof(*names))];
	uint32_t mode = modes[dice_throw(dice, sizeof(modes) / sizeof(*modes))];
	size_t at;

	if (count == 0) {
		add_entry(cpio, 0, mode, name);
		return;
	}
	at = offsets[dice_throw(dice, count)];
	switch (dice_throw(dice, 9)) {
	case 0:
		change_field(cpio, at, dice);
		break;
	case 1:
		set(cpio->data + at, MODE, mode);
		break;
	case 2:
	case 3:
		change_name(cpio, at, dice);
		break;
	case 4:
		bytes_splice(cpio, at, entry_size(cpio, at), NULL, 0);
		break;
	case 5:
		copy_entry(cpio, at, dice_throw(dice, 2) ? end : offsets[dice_throw(dice, count)]);
		break;
	case 6:
		change_body(cpio, at, dice);
		break;
	case 7:
		add_entry(cpio, dice_throw(dice, 2) ? end : at, mode, name);
		break;
	default:
		cpio->size = dice->bytes(cpio->data, cpio->size, cpio->max);
	}
}

static void repair_sum(const struct bytes *cpio, size_t at)
{
	size_t end = entry_size(cpio, at);
	uint32_t sum = 0;

	for (size_t i = body_at(cpio->data + at); i < end; i++)
		sum += cpio->data[at + i];
	set(cpio->data + at, CHECK, sum);
}

size_t mutate_cpio(uint8_t *data, size_t size, size_t max, struct dice *dice)
{
	struct bytes cpio = {data, size, max};
	size_t at;

	do
		change(&cpio, dice);
	while (dice_throw(dice, 3) == 0);
	for (at = 0; is_header(&cpio, at); at += entry_size(&cpio, at))
		if (data[at + 5] == '2' && dice_throw(dice, 32))
			repair_sum(&cpio, at);
	return cpio.size;
}
