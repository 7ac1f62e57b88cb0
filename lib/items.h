/*
 * CBOR item by item, both ways: reading never allocates by a length that the input names, writing
 * is always in the shortest form. Never accepts indefinite lengths.
 */
#ifndef MINTMARK_ITEMS_H
#define MINTMARK_ITEMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

enum item_kind {
	ITEM_OTHER,
	ITEM_NUMBER,
	ITEM_NEGATIVE, /* value is -1 less the number */
	ITEM_TEXT,
	ITEM_BYTES,
	ITEM_ARRAY,
	ITEM_MAP,
	ITEM_TAG, /* value is the tag's number; what it is about follows */
	ITEM_FALSE,
	ITEM_TRUE,
	ITEM_NULL
};

struct item {
	enum item_kind kind;
	uint64_t value;		   /* a number, or how many bytes, elements or pairs follow */
	const unsigned char *data; /* of a string: value bytes, not terminated */
};

/* Where a reader stands; fill in all but left by hand, the rest is items_next()'s. */
struct items {
	const char *name; /* of the error */
	const char *what; /* in front of its text */
	const unsigned char *start;
	const unsigned char *at;
	size_t left;
};

/* The next item's head, which must be of the kind; a string's bytes are passed over. */
int items_next(struct items *items, enum item_kind kind, const char *expected, struct item *item,
	       struct err *err);

/*
 * The next item's head, whatever it is; a string's bytes are passed over. False, and nothing read,
 * for what no enum item_kind stands for, and for what is not there whole. *shortest, if not NULL,
 * says whether the head was as short as it can be.
 */
bool items_any(struct items *items, struct item *item, bool *shortest);

/* Says that something else than expected stands here. Returns -1. */
int items_unexpected(const struct items *items, const char *expected, struct err *err);

/* Whether a text string is this one. */
bool item_is_text(const struct item *item, const char *text);

/* Bytes under construction in a room of fixed size; used exceeds it when they did not fit. */
struct encoder {
	unsigned char *data;
	size_t size;
	size_t used;
};

/* A number, a tag, a constant, or the head of an array, a map or a string whose content is put
 * next. */
void encoder_put(struct encoder *encoder, enum item_kind kind, uint64_t value);

/* A whole string. */
void encoder_put_text(struct encoder *encoder, const char *text);
void encoder_put_bytes(struct encoder *encoder, const void *data, size_t size);

/* An array of small integers that stand for bytes, as AWS's tools write them. */
void encoder_put_integers(struct encoder *encoder, const unsigned char *data, size_t size);

/* Bytes that are CBOR already. */
void encoder_put_encoded(struct encoder *encoder, const void *data, size_t size);

#endif
