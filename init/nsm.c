/*
 * Speaks with /dev/nsm. The CBOR here is just what four fixed shapes need: never an indefinite
 * length, never a byte beyond the end of the answer, never a key that was not expected.
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

/* A request that is being written. Its callers have checked that everything fits. */
struct writer {
	uint8_t *data;
	size_t size;
};

static void put_head(struct writer *w, unsigned int major, size_t value)
{
	uint8_t type = (uint8_t)(major << 5);

	if (value < 24) {
		w->data[w->size++] = (uint8_t)(type | value);
	} else if (value < 0x100) {
		w->data[w->size++] = type | 24;
		w->data[w->size++] = (uint8_t)value;
	} else {
		w->data[w->size++] = type | 25;
		w->data[w->size++] = (uint8_t)(value >> 8);
		w->data[w->size++] = (uint8_t)value;
	}
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

static void put_field(struct writer *w, const char *key, struct nsm_bytes value)
{
	put_text(w, key);
	if (value.data)
		put_string(w, CBOR_BYTES, value.data, value.size);
	else
		w->data[w->size++] = CBOR_NULL;
}

size_t nsm_encode_describe_pcr(unsigned int index, uint8_t request[NSM_REQUEST_MAX])
{
	struct writer w = {.data = request};

	if (index >= NSM_PCR_COUNT) {
		errno = ERANGE;
		return 0;
	}
	put_head(&w, CBOR_MAP, 1);
	put_text(&w, "DescribePCR");
	put_head(&w, CBOR_MAP, 1);
	put_text(&w, "index");
	put_head(&w, CBOR_UINT, index);
	return w.size;
}

size_t nsm_encode_attestation(struct nsm_bytes nonce, struct nsm_bytes user_data,
			      struct nsm_bytes public_key, uint8_t request[NSM_REQUEST_MAX])
{
	struct writer w = {.data = request};

	if (nonce.size > NSM_FIELD_MAX || user_data.size > NSM_FIELD_MAX ||
	    public_key.size > NSM_PUBLIC_KEY_MAX) {
		errno = EMSGSIZE;
		return 0;
	}
	put_head(&w, CBOR_MAP, 1);
	put_text(&w, "Attestation");
	put_head(&w, CBOR_MAP, 3);
	put_field(&w, "user_data", user_data);
	put_field(&w, "nonce", nonce);
	put_field(&w, "public_key", public_key);
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
	uint8_t first;
	unsigned int extra;

	if (!take_byte(r, &first) || first >> 5 != major)
		return false;
	first &= 0x1f;
	if (first < 24) {
		*value = first;
		return true;
	}
	if (first > 26)
		return false;
	*value = 0;
	for (extra = 1U << (first - 24); extra > 0; extra--) {
		uint8_t byte;

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

static bool is_error(struct reader r)
{
	struct nsm_bytes text;

	return take_map(&r, 1) && take_key(&r, "Error") && take_string(&r, CBOR_TEXT, &text) &&
	       r.left == 0;
}

/* Sets errno for an answer that is not the expected one. Returns -1. */
static int not_expected(struct reader whole)
{
	errno = is_error(whole) ? EREMOTEIO : EPROTO;
	return -1;
}

static bool take_value(struct reader *r, uint8_t value[NSM_PCR_SIZE])
{
	struct nsm_bytes bytes;

	if (!take_string(r, CBOR_BYTES, &bytes) || bytes.size != NSM_PCR_SIZE)
		return false;
	memcpy(value, bytes.data, NSM_PCR_SIZE);
	return true;
}

static bool take_pcr(struct reader *r, struct nsm_pcr *pcr)
{
	bool lock = false;
	bool data = false;

	/* Two entries that leave nothing out: so each key was there once. */
	if (!take_map(r, 1) || !take_key(r, "DescribePCR") || !take_map(r, 2))
		return false;
	for (int i = 0; i < 2; i++) {
		struct nsm_bytes key;

		if (!take_string(r, CBOR_TEXT, &key))
			return false;
		if (is(key, "lock"))
			lock = take_bool(r, &pcr->locked);
		else if (is(key, "data"))
			data = take_value(r, pcr->value);
		else
			return false;
	}
	return lock && data && r->left == 0;
}

int nsm_decode_describe_pcr(const uint8_t *response, size_t size, struct nsm_pcr *pcr)
{
	const struct reader whole = {.data = response, .left = size};
	struct reader r = whole;
	struct nsm_pcr found;

	if (!take_pcr(&r, &found))
		return not_expected(whole);
	*pcr = found;
	return 0;
}

int nsm_decode_attestation(const uint8_t *response, size_t size, struct nsm_bytes *document)
{
	const struct reader whole = {.data = response, .left = size};
	struct reader r = whole;
	struct nsm_bytes found;

	if (!take_map(&r, 1) || !take_key(&r, "Attestation") || !take_map(&r, 1) ||
	    !take_key(&r, "document") || !take_string(&r, CBOR_BYTES, &found) || r.left != 0)
		return not_expected(whole);
	*document = found;
	return 0;
}

int nsm_open(void)
{
	return open("/dev/nsm", O_RDWR | O_CLOEXEC);
}

/* Sends a request and receives the answer; size says how long that is. */
static int ask(int fd, const uint8_t *request, size_t request_size,
	       uint8_t response[NSM_RESPONSE_MAX], size_t *size)
{
	struct nsm_raw raw = {
		.request = {.address = (uintptr_t)request, .size = request_size},
		.response = {.address = (uintptr_t)response, .size = NSM_RESPONSE_MAX},
	};

	/* ioctl() itself takes the number as an int in one C library, as a long in another. */
	if (syscall(SYS_ioctl, fd, NSM_IOCTL_RAW, &raw) < 0)
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
	size_t size = nsm_encode_describe_pcr(index, request);

	if (size == 0 || ask(fd, request, size, response, &size))
		return -1;
	return nsm_decode_describe_pcr(response, size, pcr);
}

int nsm_attestation(int fd, struct nsm_bytes nonce, struct nsm_bytes user_data,
		    struct nsm_bytes public_key, uint8_t *document, size_t room, size_t *size)
{
	uint8_t request[NSM_REQUEST_MAX];
	uint8_t response[NSM_RESPONSE_MAX];
	struct nsm_bytes found;
	size_t n = nsm_encode_attestation(nonce, user_data, public_key, request);

	if (n == 0 || ask(fd, request, n, response, &n) ||
	    nsm_decode_attestation(response, n, &found))
		return -1;
	if (found.size > room) {
		errno = EMSGSIZE;
		return -1;
	}
	memcpy(document, found.data, found.size);
	*size = found.size;
	return 0;
}
