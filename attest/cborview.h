/*
 * CBOR that is looked at in place, for the room's own files: checked as a whole first, so that
 * whatever is asked afterwards has one answer. Never copies or allocates.
 */
#ifndef MINTMARK_ATTEST_CBORVIEW_H
#define MINTMARK_ATTEST_CBORVIEW_H

#include "items.h"
#include "room.h"

enum {
	CBOR_MAX_DEPTH = 16,
	CBOR_MAX_MEMBERS = 256 /* of one map */
};

/* One item of a text that was checked. */
struct cbor {
	struct item head;
	const unsigned char *start; /* of its encoding, and how long that is */
	size_t size;
	const unsigned char *inner; /* what follows its head */
};

/*
 * Takes a text for one item and nothing behind it. ATTEST-CBOR: definite lengths, every head as
 * short as it can be, keys that are numbers or text, text that is UTF-8, no floats, at most
 * CBOR_MAX_DEPTH deep; ATTEST-CBOR-DUPLICATE for a key that a map has twice. The order of keys is
 * free. what stands in front of messages.
 */
int cbor_open(const void *data, size_t size, const char *what, struct cbor *root, struct err *err);

/* As cbor_open() for what a byte string holds. */
int cbor_open_inner(const struct cbor *bytes, const char *what, struct cbor *root, struct err *err);

/* A map's value; false when it has no such key, or is no map. */
bool cbor_member(const struct cbor *map, int64_t key, struct cbor *value);
bool cbor_member_text(const struct cbor *map, const char *key, struct cbor *value);

/* A map's pair by its place, of head.value many. */
bool cbor_pair(const struct cbor *map, size_t i, struct cbor *key, struct cbor *value);

/* An array's element, of head.value many; false behind the last one and for another kind. */
bool cbor_element(const struct cbor *array, size_t i, struct cbor *value);

/* As cbor_element(), where *value is the element before: without a way from the beginning. */
bool cbor_following(const struct cbor *array, size_t i, struct cbor *value);

/* What a tag of this number is about; false when it is another tag, or none. */
bool cbor_tagged(const struct cbor *tag, uint64_t number, struct cbor *value);

bool cbor_is(const struct cbor *value, enum item_kind kind);

/* A number of either sign that an int64_t holds. */
bool cbor_integer(const struct cbor *value, int64_t *number);

/* Whether a text is this one. */
bool cbor_is_text(const struct cbor *value, const char *text);

/* What it is called in messages: "a map", "bytes" and so on. */
const char *cbor_kind_name(const struct cbor *value);

#endif
