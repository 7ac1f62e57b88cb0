/*
 * libcbor's streaming decoder and encoder behind one item at a time. Never a float or an indefinite
 * length.
 */
#include "items.h"

#include <string.h>

#include <cbor.h>

static void on_u8(void *context, uint8_t value)
{
	*(struct item *)context = (struct item){.kind = ITEM_NUMBER, .value = value};
}

static void on_u16(void *context, uint16_t value)
{
	*(struct item *)context = (struct item){.kind = ITEM_NUMBER, .value = value};
}

static void on_u32(void *context, uint32_t value)
{
	*(struct item *)context = (struct item){.kind = ITEM_NUMBER, .value = value};
}

static void on_u64(void *context, uint64_t value)
{
	*(struct item *)context = (struct item){.kind = ITEM_NUMBER, .value = value};
}

static void on_negative8(void *context, uint8_t value)
{
	*(struct item *)context = (struct item){.kind = ITEM_NEGATIVE, .value = value};
}

static void on_negative16(void *context, uint16_t value)
{
	*(struct item *)context = (struct item){.kind = ITEM_NEGATIVE, .value = value};
}

static void on_negative32(void *context, uint32_t value)
{
	*(struct item *)context = (struct item){.kind = ITEM_NEGATIVE, .value = value};
}

static void on_negative64(void *context, uint64_t value)
{
	*(struct item *)context = (struct item){.kind = ITEM_NEGATIVE, .value = value};
}

static void on_tag(void *context, uint64_t value)
{
	*(struct item *)context = (struct item){.kind = ITEM_TAG, .value = value};
}

static void on_boolean(void *context, bool value)
{
	*(struct item *)context = (struct item){.kind = value ? ITEM_TRUE : ITEM_FALSE};
}

static void on_null(void *context)
{
	*(struct item *)context = (struct item){.kind = ITEM_NULL};
}

static void on_text(void *context, cbor_data text, size_t size)
{
	*(struct item *)context = (struct item){.kind = ITEM_TEXT, .value = size, .data = text};
}

static void on_bytes(void *context, cbor_data bytes, size_t size)
{
	*(struct item *)context = (struct item){.kind = ITEM_BYTES, .value = size, .data = bytes};
}

static void on_array(void *context, size_t count)
{
	*(struct item *)context = (struct item){.kind = ITEM_ARRAY, .value = count};
}

static void on_map(void *context, size_t count)
{
	*(struct item *)context = (struct item){.kind = ITEM_MAP, .value = count};
}

int items_unexpected(const struct items *items, const char *expected, struct err *err)
{
	return err_set(err, EXIT_MALFORMED, items->name,
		       "%s: byte %td: %s expected, found something else", items->what,
		       items->at - items->start, expected);
}

static struct cbor_callbacks callbacks_of_item(void)
{
	struct cbor_callbacks callbacks = cbor_empty_callbacks;

	callbacks.uint8 = on_u8;
	callbacks.uint16 = on_u16;
	callbacks.uint32 = on_u32;
	callbacks.uint64 = on_u64;
	callbacks.negint8 = on_negative8;
	callbacks.negint16 = on_negative16;
	callbacks.negint32 = on_negative32;
	callbacks.negint64 = on_negative64;
	callbacks.string = on_text;
	callbacks.byte_string = on_bytes;
	callbacks.array_start = on_array;
	callbacks.map_start = on_map;
	callbacks.tag = on_tag;
	callbacks.boolean = on_boolean;
	callbacks.null = on_null;
	return callbacks;
}

/* Bytes of the shortest head with this value. */
static size_t shortest_head(uint64_t value)
{
	return value < 24	     ? 1
	       : value <= UINT8_MAX  ? 2
	       : value <= UINT16_MAX ? 3
	       : value <= UINT32_MAX ? 5
				     : 9;
}

bool items_any(struct items *items, struct item *item, bool *shortest)
{
	const struct cbor_callbacks callbacks = callbacks_of_item();
	struct cbor_decoder_result result;
	size_t head;

	*item = (struct item){.kind = ITEM_OTHER};
	/* libcbor 0.8 and 0.10 call most tags below 24 malformed in their one byte. */
	if (items->left > 0 && items->at[0] >= 0xc0 && items->at[0] < 0xc0 + 24) {
		*item = (struct item){.kind = ITEM_TAG, .value = items->at[0] - 0xc0u};
		result = (struct cbor_decoder_result){.read = 1};
	} else {
		result = cbor_stream_decode(items->at, items->left, &callbacks, item);
		if (result.status != CBOR_DECODER_FINISHED || item->kind == ITEM_OTHER)
			return false;
	}
	head = result.read;
	if (item->kind == ITEM_TEXT || item->kind == ITEM_BYTES)
		head -= (size_t)item->value;
	if (shortest)
		*shortest = head == shortest_head(item->value);
	items->at += result.read;
	items->left -= result.read;
	return true;
}

int items_next(struct items *items, enum item_kind kind, const char *expected, struct item *item,
	       struct err *err)
{
	const struct items before = *items;

	if (items_any(items, item, NULL) && item->kind == kind)
		return 0;
	*items = before;
	return items_unexpected(items, expected, err);
}

bool item_is_text(const struct item *item, const char *text)
{
	return item->value == strlen(text) && memcmp(item->data, text, strlen(text)) == 0;
}

/* Once something did not fit nothing does, so that used stays beyond size. */
static void advance(struct encoder *encoder, size_t written)
{
	encoder->used = written > 0 ? encoder->used + written : encoder->size + 1;
}

void encoder_put(struct encoder *encoder, enum item_kind kind, uint64_t value)
{
	static size_t (*const encode[])(size_t, unsigned char *, size_t) = {
		[ITEM_TEXT] = cbor_encode_string_start,
		[ITEM_BYTES] = cbor_encode_bytestring_start,
		[ITEM_ARRAY] = cbor_encode_array_start,
		[ITEM_MAP] = cbor_encode_map_start,
	};
	unsigned char *at;
	size_t room;

	if (encoder->used > encoder->size)
		return;
	at = encoder->data + encoder->used;
	room = encoder->size - encoder->used;
	if (kind == ITEM_NUMBER)
		advance(encoder, cbor_encode_uint(value, at, room));
	else if (kind == ITEM_NEGATIVE)
		advance(encoder, cbor_encode_negint(value, at, room));
	else if (kind == ITEM_TAG)
		advance(encoder, cbor_encode_tag(value, at, room));
	else if (kind == ITEM_NULL)
		advance(encoder, cbor_encode_null(at, room));
	else if (kind == ITEM_TRUE || kind == ITEM_FALSE)
		advance(encoder, cbor_encode_bool(kind == ITEM_TRUE, at, room));
	else
		advance(encoder, encode[kind]((size_t)value, at, room));
}

void encoder_put_encoded(struct encoder *encoder, const void *data, size_t size)
{
	if (size == 0 || encoder->used > encoder->size)
		return;
	if (size > encoder->size - encoder->used) {
		encoder->used = encoder->size + 1;
		return;
	}
	memcpy(encoder->data + encoder->used, data, size);
	encoder->used += size;
}

void encoder_put_text(struct encoder *encoder, const char *text)
{
	encoder_put(encoder, ITEM_TEXT, strlen(text));
	encoder_put_encoded(encoder, text, strlen(text));
}

void encoder_put_bytes(struct encoder *encoder, const void *data, size_t size)
{
	encoder_put(encoder, ITEM_BYTES, size);
	encoder_put_encoded(encoder, data, size);
}

void encoder_put_integers(struct encoder *encoder, const unsigned char *data, size_t size)
{
	encoder_put(encoder, ITEM_ARRAY, size);
	for (size_t i = 0; i < size; i++)
		encoder_put(encoder, ITEM_NUMBER, data[i]);
}
