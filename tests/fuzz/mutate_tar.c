/*
 * Changes tar archives as somebody would who knows the format, and then repairs what would stop a
 * reader at the door: checksums, lengths of pax records, sizes, the end. Now and then it leaves a
 * repair out, so that the door is tried, too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

enum { BLOCK = 512, HEADERS_MAX = 128, NAME_AT = 0, SIZE_AT = 124, SUM_AT = 148, TYPE_AT = 156 };
enum { RECORDS_MAX = 65536 };

static const struct field {
	size_t offset, size;
} fields[] = {
	{0, 100},   {100, 8}, {108, 8}, {116, 8}, {124, 12},  {136, 12},
	{157, 100}, {257, 8}, {329, 8}, {337, 8}, {345, 155},
};

static const char *const names[] = {
	"a",
	"b",
	"a/b",
	"a/b/c",
	"./a",
	"a/",
	"d/",
	"d/e/",
	"./",
	".",
	"..",
	"../a",
	"/a",
	"a//b",
	"l",
	"l/x",
	".wh.a",
	"a/.wh.b",
	".wh.",
	".wh..wh..opq",
	"a/.wh..wh..opq",
	".wh..wh.plnk",
	"usr/lib",
	"lib",
	"TRAILER!!!",
	"etc/passwd",
	"var/lib/dpkg/status",
	"\xff\xfe",
	"a/../b",
};

static const char *const records[] = {
	"path=a/b",
	"path=d/",
	"linkpath=a",
	"size=3",
	"size=99999999999",
	"uid=4294967294",
	"gid=70000",
	"mtime=1.5",
	"comment=x",
	"SCHILY.xattr.security.capability=",
	"SCHILY.xattr.security.selinux=x",
	"SCHILY.xattr.user.a=b",
	"LIBARCHIVE.xattr.security.capability=AQAAAgAgAAAAAAAAAAAAAAAAAAA",
	"GNU.sparse.major=1",
	"GNU.sparse.size=10",
	"hdrcharset=BINARY",
	"SCHILY.acl.access=user::rwx",
};

static const char types[] = "00001122233455556xgLKSVMDN7\0";

static size_t octal(const uint8_t *p, size_t size)
{
	size_t value = 0;

	for (size_t i = 0; i < size && value < (1U << 24); i++)
		if (p[i] >= '0' && p[i] <= '7')
			value = value << 3 | (size_t)(p[i] - '0');
	return value;
}

static void set_octal(uint8_t *p, size_t size, size_t value)
{
	char text[32];

	snprintf(text, sizeof(text), "%0*zo", (int)size - 1, value);
	memcpy(p, text, size);
}

static size_t padded(size_t size)
{
	return (size + BLOCK - 1) / BLOCK * BLOCK;
}

static int is_zero(const uint8_t *block)
{
	return block[0] == 0 && memcmp(block, block + 1, BLOCK - 1) == 0;
}

/* How many bytes header and data take, as far as there are so many. */
static size_t entry_size(const struct bytes *tar, size_t at)
{
	size_t size = BLOCK + padded(octal(tar->data + at + SIZE_AT, 12));

	return size < tar->size - at ? size : tar->size - at;
}

/* Offsets of the headers; gives their number, and the offset behind the last entry. */
static size_t find_headers(const struct bytes *tar, size_t *offsets, size_t *end)
{
	size_t count = 0;
	size_t at = 0;

	while (at + BLOCK <= tar->size && count < HEADERS_MAX && !is_zero(tar->data + at)) {
		offsets[count++] = at;
		at += entry_size(tar, at);
	}
	*end = at;
	return count;
}

static void set_text(uint8_t *header, size_t offset, size_t room, const char *text)
{
	size_t size = strlen(text);

	memset(header + offset, 0, room);
	memcpy(header + offset, text, size < room ? size : room);
}

static void change_field(struct bytes *tar, size_t at, struct dice *dice)
{
	const struct field *field = &fields[dice_throw(dice, sizeof(fields) / sizeof(*fields))];
	uint8_t *p = tar->data + at + field->offset;
	size_t used = 0;

	while (used < field->size && p[used])
		used++;
	used = dice->bytes(p, used, field->size);
	memset(p + used, 0, field->size - used);
}

/* Another entry's name, or one that means something to somebody. */
static void change_name(struct bytes *tar, size_t at, const size_t *offsets, size_t count,
			struct dice *dice)
{
	size_t field = dice_throw(dice, 2) ? NAME_AT : 157;
	char name[101] = "";

	if (dice_throw(dice, 2))
		memcpy(name, tar->data + offsets[dice_throw(dice, count)], 100);
	else
		strcpy(name, names[dice_throw(dice, sizeof(names) / sizeof(*names))]);
	set_text(tar->data + at, field, 100, name);
}

/* A body that is a tar archive itself, as a layer is, changes like one. */
static size_t change_layer(struct bytes *tar, size_t at, size_t size, struct dice *dice)
{
	size_t room = tar->max - tar->size;
	uint8_t *copy = malloc(size + room);

	if (!copy)
		fuzz_fail("no memory");
	memcpy(copy, tar->data + at, size);
	room = mutate_tar(copy, size, size + room, dice);
	bytes_splice(tar, at, size, copy, room);
	free(copy);
	return room;
}

static void change_body(struct bytes *tar, size_t at, struct dice *dice)
{
	static const uint8_t zeros[BLOCK];
	size_t size = octal(tar->data + at + SIZE_AT, 12);
	size_t room = entry_size(tar, at) - BLOCK;
	const uint8_t *body = tar->data + at + BLOCK;

	if (size > room)
		size = room;
	bytes_splice(tar, at + BLOCK + size, room - size, NULL, 0);
	if (size >= BLOCK && memcmp(body + 257, "ustar", 5) == 0 && dice_throw(dice, 8))
		size = change_layer(tar, at + BLOCK, size, dice);
	else
		size = bytes_mutate(tar, at + BLOCK, size, dice);
	set_octal(tar->data + at + SIZE_AT, 12, size);
	bytes_splice(tar, at + BLOCK + size, 0, zeros, padded(size) - size);
}

static void copy_entry(struct bytes *tar, size_t from, size_t to)
{
	size_t size = entry_size(tar, from);
	uint8_t *copy = malloc(size);

	if (!copy)
		fuzz_fail("no memory");
	memcpy(copy, tar->data + from, size);
	bytes_splice(tar, to, 0, copy, size);
	free(copy);
}

static void add_header(struct bytes *tar, size_t at, char type, const char *name, const char *body)
{
	uint8_t blocks[2 * BLOCK] = {0};
	size_t size = strlen(body);

	set_text(blocks, NAME_AT, 100, name);
	set_octal(blocks + 100, 8, type == '5' ? 0755 : 0644);
	set_octal(blocks + SIZE_AT, 12, size);
	blocks[TYPE_AT] = (uint8_t)type;
	memcpy(blocks + 257, "ustar\00000", 8);
	memcpy(blocks + BLOCK, body, size);
	bytes_splice(tar, at, 0, blocks, BLOCK + padded(size));
}

static void add_record(struct bytes *tar, size_t at, struct dice *dice)
{
	const char *record = records[dice_throw(dice, sizeof(records) / sizeof(*records))];
	char body[200];

	snprintf(body, sizeof(body), "00 %s\n", record);
	add_header(tar, at, dice_throw(dice, 8) ? 'x' : 'g', "pax", body);
}

static void add_entry(struct bytes *tar, size_t at, struct dice *dice)
{
	const char *name = names[dice_throw(dice, sizeof(names) / sizeof(*names))];

	if (dice_throw(dice, 2))
		add_header(tar, at, '5', name, "");
	else
		add_header(tar, at, '0', name, "data");
}

static void change(struct bytes *tar, struct dice *dice)
{
	size_t offsets[HEADERS_MAX];
	size_t end;
	size_t count = find_headers(tar, offsets, &end);
	size_t at;

	if (count == 0) {
		add_entry(tar, 0, dice);
		return;
	}
	at = offsets[dice_throw(dice, count)];
	switch (dice_throw(dice, 10)) {
	case 0:
		change_field(tar, at, dice);
		break;
	case 1:
		tar->data[at + TYPE_AT] = (uint8_t)types[dice_throw(dice, sizeof(types) - 1)];
		break;
	case 2:
	case 3:
		change_name(tar, at, offsets, count, dice);
		break;
	case 4:
		bytes_splice(tar, at, entry_size(tar, at), NULL, 0);
		break;
	case 5:
		copy_entry(tar, at, dice_throw(dice, 2) ? end : offsets[dice_throw(dice, count)]);
		break;
	case 6:
		change_body(tar, at, dice);
		break;
	case 7:
		add_record(tar, at, dice);
		break;
	case 8:
		add_entry(tar, dice_throw(dice, 2) ? end : at, dice);
		break;
	default:
		tar->size = dice->bytes(tar->data, tar->size, tar->max);
	}
}

/* Puts the right length in front of each line of a pax header. */
static void repair_records(struct bytes *tar, size_t at)
{
	size_t size = octal(tar->data + at + SIZE_AT, 12);
	size_t room = entry_size(tar, at) - BLOCK;
	const char *body = (const char *)tar->data + at + BLOCK;
	char *made = calloc(1, RECORDS_MAX);
	size_t used = 0;

	if (!made)
		fuzz_fail("no memory");
	size = size < room ? size : room;
	for (size_t start = 0; start < size;) {
		const char *line = body + start;
		const char *end = memchr(line, '\n', size - start);
		const char *space = end ? memchr(line, ' ', (size_t)(end - line)) : NULL;
		size_t text = space ? (size_t)(end - space) + 1 : 0;
		size_t length = text + 1;
		char digits[24];

		if (!space || used + text + 24 > RECORDS_MAX)
			break;
		while ((size_t)snprintf(digits, sizeof(digits), "%zu", length) + text != length)
			length = strlen(digits) + text;
		memcpy(made + used, digits, strlen(digits));
		memcpy(made + used + strlen(digits), space, text);
		used += length;
		start = (size_t)(end - body) + 1;
	}
	if (used > 0 && bytes_splice(tar, at + BLOCK, room, made, padded(used)))
		set_octal(tar->data + at + SIZE_AT, 12, used);
	free(made);
}

static void repair_sum(uint8_t *header)
{
	size_t sum = 8 * ' ';

	for (size_t i = 0; i < BLOCK; i++)
		if (i < SUM_AT || i >= SUM_AT + 8)
			sum += header[i];
	set_octal(header + SUM_AT, 7, sum);
	header[SUM_AT + 7] = ' ';
}

/* The data of an entry that has more of it than there is become what there is. */
static void repair_size(struct bytes *tar, size_t at)
{
	size_t room = tar->size - at - BLOCK;

	if (octal(tar->data + at + SIZE_AT, 12) > room)
		set_octal(tar->data + at + SIZE_AT, 12, room / BLOCK * BLOCK);
}

static void repair_end(struct bytes *tar, size_t at)
{
	static const uint8_t zeros[2 * BLOCK];

	if (at > tar->size)
		return;
	tar->size = at;
	bytes_splice(tar, at, 0, zeros, sizeof(zeros));
}

size_t mutate_tar(uint8_t *data, size_t size, size_t max, struct dice *dice)
{
	struct bytes tar = {data, size, max};
	size_t at = 0;

	do
		change(&tar, dice);
	while (dice_throw(dice, 3) == 0);
	while (at + BLOCK <= tar.size && !is_zero(data + at)) {
		if (dice_throw(dice, 32))
			repair_size(&tar, at);
		if ((data[at + TYPE_AT] == 'x' || data[at + TYPE_AT] == 'g') &&
		    dice_throw(dice, 32))
			repair_records(&tar, at);
		if (dice_throw(dice, 64))
			repair_sum(data + at);
		at += entry_size(&tar, at);
	}
	if (dice_throw(dice, 16))
		repair_end(&tar, at);
	return tar.size;
}
