/*
 * Speaks with /dev/nsm. The CBOR here is just what a few fixed shapes need: never an indefinite
 * length, never a byte beyond the end of the answer, never a key that was not expected.
 */
#include "nsm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
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
 * A message is written as its shape, a letter for each item, and the items behind it: a digit is a
 * map of so many entries, k a text that has to be this one, n a number, b bytes, f a boolean.
 */

static size_t put_head(uint8_t *at, unsigned int major, size_t value)
{
	uint8_t type = (uint8_t)(major << 5);

	if (value < 24) {
		at[0] = (uint8_t)(type | value);
		return 1;
	}
	if (value < 0x100) {
		at[0] = type | 24;
		at[1] = (uint8_t)value;
		return 2;
	}
	at[0] = type | 25;
	at[1] = (uint8_t)(value >> 8);
	at[2] = (uint8_t)value;
	return 3;
}

static size_t put_string(uint8_t *at, unsigned int major, const void *data, size_t size)
{
	size_t head = put_head(at, major, size);

	memcpy(at + head, data, size);
	return head + size;
}

/* Takes const char *, unsigned int and struct nsm_bytes; its callers know that all of it fits. */
static size_t encode(uint8_t *request, const char *shape, ...)
{
	uint8_t *at = request;
	va_list items;

	va_start(items, shape);
	for (; *shape; shape++) {
		if (*shape == 'k') {
			const char *text = va_arg(items, const char *);

			at += put_string(at, CBOR_TEXT, text, strlen(text));
		} else if (*shape == 'n') {
			at += put_head(at, CBOR_UINT, va_arg(items, unsigned int));
		} else if (*shape == 'b') {
			struct nsm_bytes bytes = va_arg(items, struct nsm_bytes);

			if (bytes.data)
				at += put_string(at, CBOR_BYTES, bytes.data, bytes.size);
			else
				*at++ = CBOR_NULL;
		} else {
			at += put_head(at, CBOR_MAP, (size_t)(*shape - '0'));
		}
	}
	va_end(items);
	return (size_t)(at - request);
}

static bool check_index(unsigned int index)
{
	if (index >= NSM_PCR_COUNT)
		errno = ERANGE;
	return index < NSM_PCR_COUNT;
}

size_t nsm_encode_describe_pcr(unsigned int index, uint8_t request[NSM_REQUEST_MAX])
{
	return check_index(index) ? encode(request, "1k1kn", "DescribePCR", "index", index) : 0;
}

size_t nsm_encode_extend_pcr(unsigned int index, const uint8_t digest[NSM_PCR_SIZE],
			     uint8_t request[NSM_REQUEST_MAX])
{
	const struct nsm_bytes data = {.data = digest, .size = NSM_PCR_SIZE};

	return check_index(index)
		       ? encode(request, "1k2knkb", "ExtendPCR", "index", index, "data", data)
		       : 0;
}

size_t nsm_encode_lock_pcr(unsigned int index, uint8_t request[NSM_REQUEST_MAX])
{
	return check_index(index) ? encode(request, "1k1kn", "LockPCR", "index", index) : 0;
}

size_t nsm_encode_get_random(uint8_t request[NSM_REQUEST_MAX])
{
	return encode(request, "k", "GetRandom");
}

size_t nsm_encode_attestation(struct nsm_bytes nonce, struct nsm_bytes user_data,
			      struct nsm_bytes public_key, uint8_t request[NSM_REQUEST_MAX])
{
	if (nonce.size > NSM_FIELD_MAX || user_data.size > NSM_FIELD_MAX ||
	    public_key.size > NSM_PUBLIC_KEY_MAX) {
		errno = EMSGSIZE;
		return 0;
	}
	return encode(request, "1k3kbkbkb", "Attestation", "user_data", user_data, "nonce", nonce,
		      "public_key", public_key);
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
	uint8_t byte;
	unsigned int width;

	if (!take_byte(r, &byte) || byte >> 5 != major || (byte & 0x1f) > 26)
		return false;
	*value = byte & 0x1f;
	if (*value < 24)
		return true;
	width = 1U << (*value - 24);
	for (*value = 0; width > 0; width--) {
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

static bool take_item(struct reader *r, char kind, va_list *items)
{
	struct nsm_bytes found = {.size = 0};
	uint32_t entries;
	uint8_t byte;

	if (kind == 'k') {
		const char *text = va_arg(*items, const char *);

		return take_string(r, CBOR_TEXT, &found) && found.size == strlen(text) &&
		       !memcmp(found.data, text, found.size);
	}
	if (kind == 'b')
		return take_string(r, CBOR_BYTES, va_arg(*items, struct nsm_bytes *));
	if (kind == 'f') {
		if (!take_byte(r, &byte) || (byte != CBOR_FALSE && byte != CBOR_TRUE))
			return false;
		*va_arg(*items, bool *) = byte == CBOR_TRUE;
		return true;
	}
	return take_head(r, CBOR_MAP, &entries) && entries == (uint32_t)(kind - '0');
}

/* Whether the answer has this shape and nothing behind it; takes const char * and pointers. */
static bool decode(const uint8_t *response, size_t size, const char *shape, ...)
{
	struct reader r = {.data = response, .left = size};
	bool fits = true;
	va_list items;

	va_start(items, shape);
	for (; fits && *shape; shape++)
		fits = take_item(&r, *shape, &items);
	va_end(items);
	return fits && r.left == 0;
}

/* 0, or -1 with errno saying what an answer is that is not the expected one. */
static int expected(bool fits, const uint8_t *response, size_t size)
{
	struct reader r = {.data = response, .left = size};
	struct nsm_bytes text;
	uint32_t entries;

	if (fits)
		return 0;
	fits = take_head(&r, CBOR_MAP, &entries) && entries == 1 &&
	       take_string(&r, CBOR_TEXT, &text) && text.size == 5 &&
	       !memcmp(text.data, "Error", 5) && take_string(&r, CBOR_TEXT, &text) && r.left == 0;
	errno = fits ? EREMOTEIO : EPROTO;
	return -1;
}

int nsm_decode_describe_pcr(const uint8_t *response, size_t size, struct nsm_pcr *pcr)
{
	struct nsm_bytes value = {.size = 0};
	bool locked = false;
	bool fits =
		decode(response, size, "1k2kfkb", "DescribePCR", "lock", &locked, "data", &value) ||
		decode(response, size, "1k2kbkf", "DescribePCR", "data", &value, "lock", &locked);

	fits = fits && value.size == NSM_PCR_SIZE;
	if (fits) {
		pcr->locked = locked;
		memcpy(pcr->value, value.data, NSM_PCR_SIZE);
	}
	return expected(fits, response, size);
}

int nsm_decode_extend_pcr(const uint8_t *response, size_t size)
{
	struct nsm_bytes data = {.size = 0};
	bool fits = decode(response, size, "1k1kb", "ExtendPCR", "data", &data);

	return expected(fits && data.size == NSM_PCR_SIZE, response, size);
}

int nsm_decode_lock_pcr(const uint8_t *response, size_t size)
{
	return expected(decode(response, size, "k", "LockPCR"), response, size);
}

int nsm_decode_get_random(const uint8_t *response, size_t size, struct nsm_bytes *random)
{
	struct nsm_bytes found = {.size = 0};
	bool fits = decode(response, size, "1k1kb", "GetRandom", "random", &found);

	fits = fits && found.size > 0 && found.size <= NSM_RANDOM_MAX;
	if (fits)
		*random = found;
	return expected(fits, response, size);
}

int nsm_decode_attestation(const uint8_t *response, size_t size, struct nsm_bytes *document)
{
	struct nsm_bytes found = {.size = 0};
	bool fits = decode(response, size, "1k1kb", "Attestation", "document", &found);

	if (fits)
		*document = found;
	return expected(fits, response, size);
}

int nsm_open(void)
{
	return open("/dev/nsm", O_RDWR | O_CLOEXEC);
}

/* Sends a request, unless it has no bytes, and receives the answer; size says how long that is. */
static int ask(int fd, const uint8_t *request, size_t request_size,
	       uint8_t response[NSM_RESPONSE_MAX], size_t *size)
{
	struct nsm_raw raw = {
		.request = {.address = (uintptr_t)request, .size = request_size},
		.response = {.address = (uintptr_t)response, .size = NSM_RESPONSE_MAX},
	};

	/* ioctl() itself takes the number as an int in one C library, as a long in another. */
	if (request_size == 0 || syscall(SYS_ioctl, fd, NSM_IOCTL_RAW, &raw) < 0)
		return -1;
	if (raw.response.size > NSM_RESPONSE_MAX) {
		errno = EPROTO;
		return -1;
	}
	*size = (size_t)raw.response.size;
	return 0;
}

int nsm_describe_pcr(int fd, unsigned int index, struct nsm_pcr *pcr)
{
	uint8_t request[NSM_REQUEST_MAX];
	uint8_t response[NSM_RESPONSE_MAX];
	size_t size;

	if (ask(fd, request, nsm_encode_describe_pcr(index, request), response, &size))
		return -1;
	return nsm_decode_describe_pcr(response, size, pcr);
}

int nsm_extend_pcr(int fd, unsigned int index, const uint8_t digest[NSM_PCR_SIZE])
{
	uint8_t request[NSM_REQUEST_MAX];
	uint8_t response[NSM_RESPONSE_MAX];
	size_t size;

	if (ask(fd, request, nsm_encode_extend_pcr(index, digest, request), response, &size))
		return -1;
	return nsm_decode_extend_pcr(response, size);
}

int nsm_lock_pcr(int fd, unsigned int index)
{
	uint8_t request[NSM_REQUEST_MAX];
	uint8_t response[NSM_RESPONSE_MAX];
	size_t size;

	if (ask(fd, request, nsm_encode_lock_pcr(index, request), response, &size))
		return -1;
	return nsm_decode_lock_pcr(response, size);
}

int nsm_get_random(int fd, uint8_t random[NSM_RANDOM_MAX], size_t *size)
{
	uint8_t request[NSM_REQUEST_MAX];
	uint8_t response[NSM_RESPONSE_MAX];
	struct nsm_bytes found = {.size = 0};
	size_t n;

	if (ask(fd, request, nsm_encode_get_random(request), response, &n) ||
	    nsm_decode_get_random(response, n, &found))
		return -1;
	memcpy(random, found.data, found.size);
	*size = found.size;
	return 0;
}

int nsm_attestation(int fd, struct nsm_bytes nonce, struct nsm_bytes user_data,
		    struct nsm_bytes public_key, uint8_t *document, size_t room, size_t *size)
{
	uint8_t request[NSM_REQUEST_MAX];
	uint8_t response[NSM_RESPONSE_MAX];
	struct nsm_bytes found = {.size = 0};
	size_t n = nsm_encode_attestation(nonce, user_data, public_key, request);

	if (ask(fd, request, n, response, &n) || nsm_decode_attestation(response, n, &found))
		return -1;
	if (found.size > room) {
		errno = EMSGSIZE;
		return -1;
	}
	memcpy(document, found.data, found.size);
	*size = found.size;
	return 0;
}
