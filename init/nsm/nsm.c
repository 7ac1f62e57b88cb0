/*
 * Speaks with /dev/nsm. The CBOR here is a table of what is sent and of what has to come back:
 * never another shape, never a byte beyond the end of the answer.
 */
#include "nsm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
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

/* CBOR's major types (RFC 8949, section 3), and what stands for no value. */
enum { CBOR_UINT = 0, CBOR_BYTES = 2, CBOR_TEXT = 3, CBOR_NULL = 0xf6 };

/* In an answer's text: false or true. */
#define BOOL "\xff"

/*
 * The text of maps and keys: before an index, before fields of bytes, and around the bytes of the
 * answer. A letter that would go on with the number before it is written as a number, too.
 */
static const struct shape {
	const char *head;
	bool index;
	const char *keys[NSM_FIELDS];
	size_t most[NSM_FIELDS]; /* bytes of a field */
	struct {
		const char *front;
		const char *back; /* NULL: an answer without bytes */
	} answers[2];
} shapes[] = {
	[NSM_GET_RANDOM] = {"\x69GetRandom", .answers = {{"\xa1\x69GetRandom\xa1\x66random", ""}}},
	[NSM_DESCRIBE_PCR] =
		{"\xa1\x6b\x44\x65scribePCR\xa1\x65index", true,
		 .answers = {{"\xa1\x6b\x44\x65scribePCR\xa2\x64lock" BOOL "\x64\x64\x61ta", ""},
			     {"\xa1\x6b\x44\x65scribePCR\xa2\x64\x64\x61ta", "\x64lock" BOOL}}},
	[NSM_EXTEND_PCR] = {"\xa1\x69\x45xtendPCR\xa2\x65index",
			    true,
			    {"\x64\x64\x61ta"},
			    {NSM_FIELD_MAX},
			    {{"\xa1\x69\x45xtendPCR\xa1\x64\x64\x61ta", ""}}},
	[NSM_LOCK_PCR] = {"\xa1\x67LockPCR\xa1\x65index", true, .answers = {{"\x67LockPCR", NULL}}},
	[NSM_ATTESTATION] = {"\xa1\x6b\x41ttestation\xa3",
			     false,
			     {"\x69user_data", "\x65nonce", "\x6apublic_key"},
			     {NSM_FIELD_MAX, NSM_FIELD_MAX, NSM_PUBLIC_KEY_MAX},
			     {{"\xa1\x6b\x41ttestation\xa1\x68\x64ocument", ""}}},
};

/* A request that is being written. What it holds was checked to fit. */
struct writer {
	uint8_t *data;
	size_t size;
};

static void put(struct writer *w, const void *data, size_t size)
{
	memcpy(w->data + w->size, data, size);
	w->size += size;
}

static void put_head(struct writer *w, unsigned int major, size_t value)
{
	uint8_t head[3];
	size_t size = 0;

	if (value >= 24)
		head[size++] = (uint8_t)(major << 5 | (value < 0x100 ? 24 : 25));
	if (value >= 0x100)
		head[size++] = (uint8_t)(value >> 8);
	head[size++] = (uint8_t)(value < 24 ? major << 5 | value : value);
	put(w, head, size);
}

size_t nsm_encode(const struct nsm_request *request, uint8_t bytes[NSM_REQUEST_MAX])
{
	const struct shape *shape = &shapes[request->command];
	struct writer w = {.data = bytes};

	put(&w, shape->head, strlen(shape->head));
	if (shape->index)
		put_head(&w, CBOR_UINT, request->index);
	for (size_t i = 0; i < NSM_FIELDS && shape->keys[i]; i++) {
		const struct nsm_bytes *field = &request->fields[i];

		if (field->size > shape->most[i]) {
			errno = EMSGSIZE;
			return 0;
		}
		put(&w, shape->keys[i], strlen(shape->keys[i]));
		if (field->data) {
			put_head(&w, CBOR_BYTES, field->size);
			put(&w, field->data, field->size);
		} else {
			w.data[w.size++] = CBOR_NULL;
		}
	}
	return w.size;
}

/* What is left of an answer. */
struct reader {
	const uint8_t *data;
	size_t left;
};

static bool take(struct reader *r, const char *text)
{
	for (; *text; text++, r->data++, r->left--) {
		if (r->left == 0 ||
		    (*text == *BOOL ? (*r->data | 1) != 0xf5 : *r->data != (uint8_t)*text))
			return false;
	}
	return true;
}

/* A string of the major type, with a definite length in at most four bytes. */
static bool take_string(struct reader *r, unsigned int major, struct nsm_bytes *string)
{
	size_t extra = r->left > 0 ? *r->data & 0x1f : 0;
	size_t size = extra;

	if (r->left == 0 || *r->data >> 5 != major || extra > 26)
		return false;
	extra = extra < 24 ? 0 : 1U << (extra - 24);
	if (r->left < 1 + extra)
		return false;
	for (size_t i = 1; i <= extra; i++)
		size = (i > 1 ? size << 8 : 0) | r->data[i];
	if (size > r->left - 1 - extra)
		return false;
	*string = (struct nsm_bytes){.data = r->data + 1 + extra, .size = size};
	r->data += 1 + extra + size;
	r->left -= 1 + extra + size;
	return true;
}

static bool fits(struct reader r, const char *front, unsigned int major, const char *back,
		 struct nsm_bytes *bytes)
{
	return take(&r, front) && (!back || (take_string(&r, major, bytes) && take(&r, back))) &&
	       r.left == 0;
}

int nsm_decode(enum nsm_command command, const uint8_t *response, size_t size,
	       struct nsm_bytes *answer)
{
	const struct shape *shape = &shapes[command];
	const struct reader whole = {.data = response, .left = size};
	struct nsm_bytes found = {.data = NULL};

	for (size_t i = 0; i < 2 && shape->answers[i].front; i++)
		if (fits(whole, shape->answers[i].front, CBOR_BYTES, shape->answers[i].back,
			 &found)) {
			*answer = found;
			return 0;
		}
	errno = fits(whole, "\xa1\x65\x45rror", CBOR_TEXT, "", &found) ? EREMOTEIO : EPROTO;
	return -1;
}

int nsm_open(void)
{
	return open("/dev/nsm", O_RDWR | O_CLOEXEC);
}

int nsm_ask(int fd, const struct nsm_request *request, uint8_t response[NSM_RESPONSE_MAX],
	    struct nsm_bytes *answer)
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
