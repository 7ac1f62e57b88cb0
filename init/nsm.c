/*
 * Speaks with /dev/nsm. The CBOR here is just what a table of five commands needs: never an
 * indefinite length, never a byte beyond the end of the answer, never a key that was not expected.
 */
#include "nsm.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/ioctl.h>

/*
 * linux/nsm.h is newer than the headers that this may be compiled with. Two buffers, of 16 bytes
 * each on every architecture; the driver sets response.size to what it has copied.
 */
struct nsm_iovec {
	uint64_t address;
	uint64_t size;
};

struct nsm_raw {
	struct nsm_iovec request;
	struct nsm_iovec response;
};

#define NSM_IOCTL_RAW _IOWR(0x0a, 0x0, struct nsm_raw)
_Static_assert(NSM_IOCTL_RAW == 0xc0200a00, "the number that the driver listens to");

/* CBOR's major types (RFC 8949, section 3) and the simple values in use. */
enum { CBOR_UINT = 0, CBOR_BYTES = 2, CBOR_TEXT = 3, CBOR_MAP = 5 };
enum { CBOR_FALSE = 0xf4, CBOR_TRUE = 0xf5, CBOR_NULL = 0xf6 };

/*
 * A command is the text of its name, or a map with its name and a map of fields; so is the answer,
 * whose one field is bytes, beside "lock" in one case.
 */
static const struct shape {
	const char *name;
	bool index;			/* the request's first field */
	const char *fields[NSM_FIELDS]; /* of bytes that follow */
	size_t field_max[NSM_FIELDS];
	const char *answer; /* NULL: the answer is the name alone */
	size_t answer_size; /* 0: any */
	bool lock;
} shapes[] = {
	[NSM_GET_RANDOM] = {"GetRandom", .answer = "random"},
	[NSM_DESCRIBE_PCR] = {"DescribePCR", true, .answer = "data", .answer_size = NSM_PCR_SIZE,
			      .lock = true},
	[NSM_EXTEND_PCR] = {"ExtendPCR", true, {"data"}, {NSM_FIELD_MAX}, "data", NSM_PCR_SIZE},
	[NSM_LOCK_PCR] = {"LockPCR", true},
	[NSM_ATTESTATION] = {"Attestation",
			     false,
			     {"user_data", "nonce", "public_key"},
			     {NSM_FIELD_MAX, NSM_FIELD_MAX, NSM_PUBLIC_KEY_MAX},
			     "document"},
};

/* A request that is being written. What it holds was checked to fit. */
struct writer {
	uint8_t *data;
	size_t size;
};

static void put_head(struct writer *w, unsigned int major, size_t value)
{
	uint8_t type = (uint8_t)(major << 5);

	if (value < 24) {
		w->data[w->size++] = (uint8_t)(type | value);
		return;
	}
	w->data[w->size++] = type | (value < 0x100 ? 24 : 25);
	if (value >= 0x100)
		w->data[w->size++] = (uint8_t)(value >> 8);
	w->data[w->size++] = (uint8_t)value;
}

static void put_string(struct writer *w, unsigned int major, const void *data, size_t size)
{
	put_head(w, major, size);
	memcpy(w->data + w->size, data, size);
	w->size += size;
}

static void put_text(struct writer *w, const char *text)
{
	put_string(w, CBOR_TEXT, text, strlen(text));
}

static void put_fields(struct writer *w, const struct shape *shape,
		       const struct nsm_request *request)
{
	size_t count = 0;

	while (count < NSM_FIELDS && shape->fields[count])
		count++;
	put_head(w, CBOR_MAP, shape->index + count);
	if (shape->index) {
		put_text(w, "index");
		put_head(w, CBOR_UINT, request->index);
	}
	for (size_t i = 0; i < count; i++) {
		put_text(w, shape->fields[i]);
		if (request->fields[i].data)
			put_string(w, CBOR_BYTES, request->fields[i].data, request->fields[i].size);
		else
			w->data[w->size++] = CBOR_NULL;
	}
}

size_t nsm_encode(const struct nsm_request *request, uint8_t bytes[NSM_REQUEST_MAX])
{
	const struct shape *shape = &shapes[request->command];
	struct writer w = {.data = bytes};

	if (request->index >= NSM_PCR_COUNT) {
		errno = ERANGE;
		return 0;
	}
	for (size_t i = 0; i < NSM_FIELDS; i++)
		if (request->fields[i].size > shape->field_max[i]) {
			errno = EMSGSIZE;
			return 0;
		}
	if (shape->index || shape->fields[0])
		put_head(&w, CBOR_MAP, 1);
	put_text(&w, shape->name);
	if (shape->index || shape->fields[0])
		put_fields(&w, shape, request);
	return w.size;
}

/* What is left of an answer. */
struct reader {
	const uint8_t *data;
	size_t left;
};

static bool take_byte(struct reader *r, uint8_t *byte)
{
	if (r->left == 0)
		return false;
	*byte = *r->data++;
	r->left--;
	return true;
}

/* A head of the wanted major type with a definite value of at most 32 bits. */
static bool take_head(struct reader *r, unsigned int major, uint32_t *value)
{
	unsigned int extra;
	uint8_t byte;

	if (!take_byte(r, &byte) || byte >> 5 != major)
		return false;
	*value = byte & 0x1f;
	if (*value < 24)
		return true;
	if (*value > 26)
		return false;
	extra = 1U << (*value - 24);
	for (*value = 0; extra > 0; extra--) {
		if (!take_byte(r, &byte))
			return false;
		*value = *value << 8 | byte;
	}
	return true;
}

static bool take_string(struct reader *r, unsigned int major, struct nsm_bytes *string)
{
	uint32_t size;

	if (!take_head(r, major, &size) || size > r->left)
		return false;
	*string = (struct nsm_bytes){.data = r->data, .size = size};
	r->data += size;
	r->left -= size;
	return true;
}

static bool take_map(struct reader *r, uint32_t entries)
{
	uint32_t found;

	return take_head(r, CBOR_MAP, &found) && found == entries;
}

static bool is(struct nsm_bytes string, const char *text)
{
	return string.size == strlen(text) && !memcmp(string.data, text, string.size);
}

static bool take_key(struct reader *r, const char *key)
{
	struct nsm_bytes found;

	return take_string(r, CBOR_TEXT, &found) && is(found, key);
}

static bool take_bool(struct reader *r, bool *value)
{
	uint8_t byte;

	if (!take_byte(r, &byte) || (byte != CBOR_FALSE && byte != CBOR_TRUE))
		return false;
	*value = byte == CBOR_TRUE;
	return true;
}

static bool take_answer(struct reader *r, const struct shape *shape, struct nsm_answer *answer)
{
	uint32_t entries = shape->lock ? 2 : 1;
	bool lock = false;
	bool bytes = false;

	if (!shape->answer)
		return take_key(r, shape->name);
	/* Entries that leave nothing out: so each key was there once. */
	if (!take_map(r, 1) || !take_key(r, shape->name) || !take_map(r, entries))
		return false;
	for (; entries > 0; entries--) {
		struct nsm_bytes key;

		if (!take_string(r, CBOR_TEXT, &key))
			return false;
		if (is(key, shape->answer))
			bytes = take_string(r, CBOR_BYTES, &answer->bytes);
		else if (shape->lock && is(key, "lock"))
			lock = take_bool(r, &answer->locked);
		else
			return false;
	}
	return bytes && lock == shape->lock &&
	       (shape->answer_size == 0 || answer->bytes.size == shape->answer_size);
}

static bool is_error(struct reader r)
{
	struct nsm_bytes text;

	return take_map(&r, 1) && take_key(&r, "Error") && take_string(&r, CBOR_TEXT, &text) &&
	       r.left == 0;
}

int nsm_decode(enum nsm_command command, const uint8_t *response, size_t size,
	       struct nsm_answer *answer)
{
	const struct reader whole = {.data = response, .left = size};
	struct nsm_answer found = {.locked = false};
	struct reader r = whole;

	if (!take_answer(&r, &shapes[command], &found) || r.left != 0) {
		errno = is_error(whole) ? EREMOTEIO : EPROTO;
		return -1;
	}
	*answer = found;
	return 0;
}

int nsm_open(void)
{
	return open("/dev/nsm", O_RDWR | O_CLOEXEC);
}

int nsm_ask(int fd, const struct nsm_request *request, uint8_t response[NSM_RESPONSE_MAX],
	    struct nsm_answer *answer)
{
	uint8_t bytes[NSM_REQUEST_MAX];
	struct nsm_raw raw = {
		.request = {.address = (uintptr_t)bytes, .size = nsm_encode(request, bytes)},
		.response = {.address = (uintptr_t)response, .size = NSM_RESPONSE_MAX},
	};

	/* ioctl() itself takes the number as an int in one C library, as a long in another. */
	if (raw.request.size == 0 || syscall(SYS_ioctl, fd, NSM_IOCTL_RAW, &raw) < 0)
		return -1;
	if (raw.response.size > NSM_RESPONSE_MAX) {
		errno = EPROTO;
		return -1;
	}
	return nsm_decode(request->command, response, (size_t)raw.response.size, answer);
}
