/* Takes requests apart. Never reads behind what is there, and does nothing else. */
#include "request.h"

enum { NUMBER = 2, LONG_FORM = 0xffff };

static size_t number(const uint8_t *data)
{
	return (size_t)data[0] << 8 | data[1];
}

ssize_t request_take(const uint8_t *data, size_t size, struct nsm_request *request)
{
	/* In the order of the lengths, and of the fields behind them. */
	static const struct {
		unsigned int field;
		size_t most;
	} fields[] = {{NSM_NONCE, NSM_FIELD_MAX},
		      {NSM_USER_DATA, NSM_FIELD_MAX},
		      {NSM_PUBLIC_KEY, NSM_PUBLIC_KEY_MAX}};
	struct nsm_request found = {.command = NSM_ATTESTATION};
	size_t lengths = 0;
	size_t count = 1;
	size_t at;

	if (size < NUMBER)
		return 0;
	if (number(data) == LONG_FORM) {
		lengths = NUMBER;
		count = 3;
	}
	at = lengths + count * NUMBER;
	for (size_t i = 0; i < count; i++) {
		size_t length;

		if (size < lengths + (i + 1) * NUMBER)
			return 0;
		length = number(data + lengths + i * NUMBER);
		if (length > fields[i].most)
			return -1;
		if (length > 0)
			found.fields[fields[i].field] = (struct nsm_bytes){data + at, length};
		at += length;
	}
	if (size < at)
		return 0;
	*request = found;
	return (ssize_t)at;
}
