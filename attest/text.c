/* Hexadecimal, base64 and times. Never accepts two texts for the same bytes, but for upper case. */
#include "text.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <time.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

bool slice_same(struct slice a, struct slice b)
{
	return a.size == b.size && (a.size == 0 || CRYPTO_memcmp(a.data, b.data, a.size) == 0);
}

int no_memory(struct err *err)
{
	errno = ENOMEM;
	return err_errno(err, "MEMORY", "attest");
}

static unsigned nibble(char c)
{
	return (unsigned)(isdigit((unsigned char)c) ? c - '0'
						    : tolower((unsigned char)c) - 'a' + 10);
}

bool hex_decode(const char *text, unsigned char *data, size_t size)
{
	if (strlen(text) != 2 * size)
		return false;
	for (size_t i = 0; i < 2 * size; i++)
		if (!isxdigit((unsigned char)text[i]))
			return false;
	for (size_t i = 0; i < size; i++)
		data[i] = (unsigned char)(nibble(text[2 * i]) << 4 | nibble(text[2 * i + 1]));
	return true;
}

json_t *hex_json(struct slice bytes)
{
	cleanup_free char *text = malloc(2 * bytes.size + 1);

	if (!text)
		return NULL;
	hash_hex(bytes.data, bytes.size, text);
	return json_string(text);
}

char *base64_encode(const void *data, size_t size)
{
	char *text = size < INT_MAX / 2 ? malloc((size + 2) / 3 * 4 + 1) : NULL;

	if (text)
		EVP_EncodeBlock((unsigned char *)text, data, (int)size);
	return text;
}

unsigned char *base64_decode(const char *text, size_t text_size, size_t *size)
{
	cleanup_free unsigned char *data = NULL;
	cleanup_free char *again = NULL;
	size_t padding = 0;
	int got;

	if (text_size % 4 || text_size > INT_MAX / 2)
		return NULL;
	while (padding < 2 && padding < text_size && text[text_size - 1 - padding] == '=')
		padding++;
	data = malloc(text_size / 4 * 3 + 1);
	if (!data)
		return NULL;
	got = EVP_DecodeBlock(data, (const unsigned char *)text, (int)text_size);
	if (got < (int)padding)
		return NULL;
	*size = (size_t)got - padding;
	again = base64_encode(data, *size);
	if (!again || strlen(again) != text_size || memcmp(again, text, text_size) != 0)
		return NULL;
	return steal_ptr(data);
}

void time_text(int64_t seconds, char text[32])
{
	time_t time = seconds;
	struct tm tm;

	text[0] = '\0';
	if (gmtime_r(&time, &tm))
		strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
}
