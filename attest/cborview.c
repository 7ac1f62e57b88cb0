/*
 * The strict reader of CBOR. One check walks a text to its end; what asks about it later relies on
 * that. Never accepts two ways to write the same thing, but for the order of a map's keys.
 */
#include "cborview.h"

#include <string.h>

/* A text that is being checked. */
struct walk {
	struct items items;
	unsigned depth;
};

struct key {
	const unsigned char *data;
	size_t size;
};

static int bad(const struct walk *walk, const unsigned char *at, const char *expected,
	       struct err *err)
{
	return err_set(err, EXIT_MALFORMED, "ATTEST-CBOR",
		       "%s: byte %td: %s expected, found another", walk->items.what,
		       at - walk->items.start, expected);
}

/* The next sequence of UTF-8, without surrogates, longer forms, or what is above U+10FFFF. */
static size_t utf8_next(const unsigned char *s, size_t left)
{
	unsigned low = 0x80;
	unsigned high = 0xbf;
	size_t size;

	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	size = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (s[0] == 0xe0)
		low = 0xa0;
	else if (s[0] == 0xed)
		high = 0x9f;
	else if (s[0] == 0xf0)
		low = 0x90;
	else if (s[0] == 0xf4)
		high = 0x8f;
	if (size > left || s[1] < low || s[1] > high)
		return 0;
	for (size_t i = 2; i < size; i++)
		if (s[i] < 0x80 || s[i] > 0xbf)
			return 0;
	return size;
}

static bool is_utf8(const unsigned char *s, size_t size)
{
	while (size > 0) {
		size_t next = utf8_next(s, size);

		if (next == 0)
			return false;
		s += next;
		size -= next;
	}
	return true;
}

static int walk_item(struct walk *walk, struct err *err);

static int walk_key(struct walk *walk, struct key *keys, size_t count, struct err *err)
{
	const unsigned char *start = walk->items.at;
	struct items ahead = walk->items;
	struct item head;

	if (!items_any(&ahead, &head, NULL) ||
	    (head.kind != ITEM_NUMBER && head.kind != ITEM_NEGATIVE && head.kind != ITEM_TEXT))
		return bad(walk, start, "a number or text as key", err);
	if (walk_item(walk, err) < 0)
		return -1;
	keys[count] = (struct key){start, (size_t)(walk->items.at - start)};
	for (size_t i = 0; i < count; i++)
		if (keys[i].size == keys[count].size &&
		    memcmp(keys[i].data, start, keys[i].size) == 0)
			return err_set(err, EXIT_MALFORMED, "ATTEST-CBOR-DUPLICATE",
				       "%s: byte %td: each key once expected, found one twice",
				       walk->items.what, start - walk->items.start);
	return 0;
}

static int walk_map(struct walk *walk, uint64_t count, struct err *err)
{
	struct key keys[CBOR_MAX_MEMBERS];

	if (count > CBOR_MAX_MEMBERS)
		return bad(walk, walk->items.at, "a map of at most 256 members", err);
	for (size_t i = 0; i < count; i++)
		if (walk_key(walk, keys, i, err) < 0 || walk_item(walk, err) < 0)
			return -1;
	return 0;
}

static int walk_inner(struct walk *walk, const struct item *head, struct err *err)
{
	/* An element takes a byte at least, so that this ends. */
	if (head->kind == ITEM_ARRAY)
		for (uint64_t i = 0; i < head->value; i++)
			if (walk_item(walk, err) < 0)
				return -1;
	if (head->kind == ITEM_MAP)
		return walk_map(walk, head->value, err);
	if (head->kind == ITEM_TAG)
		return walk_item(walk, err);
	return 0;
}

static int walk_item(struct walk *walk, struct err *err)
{
	const unsigned char *start = walk->items.at;
	bool shortest = false;
	struct item head;
	int result;

	if (!items_any(&walk->items, &head, &shortest))
		return bad(walk, start, "a whole item of definite length", err);
	if (!shortest)
		return bad(walk, start, "the shortest form of an item", err);
	if (head.kind == ITEM_TEXT && !is_utf8(head.data, (size_t)head.value))
		return bad(walk, start, "UTF-8", err);
	if (walk->depth == CBOR_MAX_DEPTH)
		return bad(walk, start, "an item at most 16 deep", err);
	walk->depth++;
	result = walk_inner(walk, &head, err);
	walk->depth--;
	return result;
}

/* What is at a place of a checked text. */
static struct cbor look(const unsigned char *at, size_t left)
{
	struct items items = {.start = at, .at = at, .left = left};
	struct cbor value = {.start = at};
	uint64_t inner = 1;
	struct item head;

	if (!items_any(&items, &value.head, NULL))
		return value;
	value.inner = items.at;
	for (head = value.head; inner > 0; inner--) {
		if (head.kind == ITEM_ARRAY)
			inner += head.value;
		else if (head.kind == ITEM_MAP)
			inner += 2 * head.value;
		else if (head.kind == ITEM_TAG)
			inner++;
		if (inner > 1 && !items_any(&items, &head, NULL))
			break;
	}
	value.size = (size_t)(items.at - at);
	return value;
}

int cbor_open(const void *data, size_t size, const char *what, struct cbor *root, struct err *err)
{
	struct walk walk = {.items = {"ATTEST-CBOR", what, data, data, size}};

	if (walk_item(&walk, err) < 0)
		return -1;
	if (walk.items.left > 0)
		return bad(&walk, walk.items.at, "the end", err);
	*root = look(data, size);
	return 0;
}

int cbor_open_inner(const struct cbor *bytes, const char *what, struct cbor *root, struct err *err)
{
	if (!cbor_is(bytes, ITEM_BYTES))
		return err_set(err, EXIT_MALFORMED, "ATTEST-CBOR", "%s: bytes expected, found %s",
			       what, cbor_kind_name(bytes));
	return cbor_open(bytes->head.data, (size_t)bytes->head.value, what, root, err);
}

/* The item behind another one inside the same container. */
static struct cbor next_of(const struct cbor *container, const struct cbor *before)
{
	const unsigned char *at = before ? before->start + before->size : container->inner;

	return look(at, container->size - (size_t)(at - container->start));
}

static void step(const struct cbor *map, struct cbor *key, struct cbor *value, bool first)
{
	*key = next_of(map, first ? NULL : value);
	*value = next_of(map, key);
}

bool cbor_pair(const struct cbor *map, size_t i, struct cbor *key, struct cbor *value)
{
	if (!cbor_is(map, ITEM_MAP) || i >= map->head.value)
		return false;
	for (size_t k = 0; k <= i; k++)
		step(map, key, value, k == 0);
	return true;
}

bool cbor_member(const struct cbor *map, int64_t wanted, struct cbor *value)
{
	uint64_t count = cbor_is(map, ITEM_MAP) ? map->head.value : 0;
	struct cbor found;
	struct cbor key;
	int64_t number;

	for (uint64_t i = 0; i < count; i++) {
		step(map, &key, &found, i == 0);
		if (cbor_integer(&key, &number) && number == wanted) {
			*value = found;
			return true;
		}
	}
	return false;
}

bool cbor_member_text(const struct cbor *map, const char *wanted, struct cbor *value)
{
	uint64_t count = cbor_is(map, ITEM_MAP) ? map->head.value : 0;
	struct cbor found;
	struct cbor key;

	for (uint64_t i = 0; i < count; i++) {
		step(map, &key, &found, i == 0);
		if (cbor_is_text(&key, wanted)) {
			*value = found;
			return true;
		}
	}
	return false;
}

bool cbor_element(const struct cbor *array, size_t i, struct cbor *value)
{
	struct cbor found;

	if (!cbor_is(array, ITEM_ARRAY) || i >= array->head.value)
		return false;
	found = next_of(array, NULL);
	while (i-- > 0)
		found = next_of(array, &found);
	*value = found;
	return true;
}

bool cbor_following(const struct cbor *array, size_t i, struct cbor *value)
{
	struct cbor before = *value;

	if (!cbor_is(array, ITEM_ARRAY) || i >= array->head.value)
		return false;
	*value = next_of(array, i == 0 ? NULL : &before);
	return true;
}

bool cbor_tagged(const struct cbor *tag, uint64_t number, struct cbor *value)
{
	struct cbor found;

	if (!cbor_is(tag, ITEM_TAG) || tag->head.value != number)
		return false;
	found = next_of(tag, NULL);
	*value = found;
	return true;
}

bool cbor_is(const struct cbor *value, enum item_kind kind)
{
	return value->head.kind == kind;
}

bool cbor_integer(const struct cbor *value, int64_t *number)
{
	if (value->head.value > INT64_MAX)
		return false;
	if (cbor_is(value, ITEM_NUMBER))
		*number = (int64_t)value->head.value;
	else if (cbor_is(value, ITEM_NEGATIVE))
		*number = -1 - (int64_t)value->head.value;
	else
		return false;
	return true;
}

bool cbor_is_text(const struct cbor *value, const char *text)
{
	return cbor_is(value, ITEM_TEXT) && item_is_text(&value->head, text);
}

const char *cbor_kind_name(const struct cbor *value)
{
	static const char *const names[] = {
		[ITEM_OTHER] = "something else",
		[ITEM_NUMBER] = "a number",
		[ITEM_NEGATIVE] = "a negative number",
		[ITEM_TEXT] = "text",
		[ITEM_BYTES] = "bytes",
		[ITEM_ARRAY] = "an array",
		[ITEM_MAP] = "a map",
		[ITEM_TAG] = "a tag",
		[ITEM_FALSE] = "false",
		[ITEM_TRUE] = "true",
		[ITEM_NULL] = "null",
	};

	return names[value->head.kind];
}
