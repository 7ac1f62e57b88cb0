/* Bytes as text, for the room's own files: hexadecimal and base64, each in one form alone. */
#ifndef MINTMARK_ATTEST_TEXT_H
#define MINTMARK_ATTEST_TEXT_H

#include "room.h"

/* Lower or upper case; false unless it is exactly size bytes. */
bool hex_decode(const char *text, unsigned char *data, size_t size);

/* The hexadecimal of any number of bytes as a JSON string; NULL without memory. */
json_t *hex_json(struct slice bytes);

/* With padding and without line ends; owned by the caller, NULL without memory. */
char *base64_encode(const void *data, size_t size);

/*
 * The bytes, owned by the caller; NULL unless it is what base64_encode() gives for them, or no
 * memory.
 */
unsigned char *base64_decode(const char *text, size_t text_size, size_t *size);

/* YYYY-MM-DDThh:mm:ssZ. */
void time_text(int64_t seconds, char text[32]);

#endif
