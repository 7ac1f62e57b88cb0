/*
 * gzip through ISA-L, which inflates and compares CRC and length; the header is parsed here,
 * because ISA-L passes over reserved flags. Members may follow each other; nothing else may, not
 * even zeros.
 */
#include "decoder.h"

#include <errno.h>
#include <stdlib.h>

#include <isa-l/igzip_lib.h>
#include <zlib.h>

/* RFC 1952 */
enum { FHCRC = 2, FEXTRA = 4, FNAME = 8, FCOMMENT = 16, RESERVED = 0xe0, METHOD_DEFLATE = 8 };

struct gunzip {
	struct decoder decoder;
	bool in_member;
	unsigned long header_crc;
	struct inflate_state state;
};

static int damaged(const struct gunzip *gunzip, const char *found, struct err *err)
{
	return decoder_damaged(&gunzip->decoder, "whole gzip members", found, err);
}

/* The next byte of a header, in which the file must not end. */
static int next_byte(struct gunzip *gunzip, unsigned char *byte, struct err *err)
{
	struct decoder *decoder = &gunzip->decoder;
	int more = decoder_refill(decoder, err);

	if (more < 0)
		return -1;
	if (more == 0)
		return damaged(gunzip, "the end of the file within a header", err);
	*byte = *decoder->next++;
	decoder->left--;
	gunzip->header_crc = crc32(gunzip->header_crc, byte, 1);
	return 0;
}

static int next_number(struct gunzip *gunzip, unsigned int *number, struct err *err)
{
	unsigned char low;
	unsigned char high;

	if (next_byte(gunzip, &low, err) < 0 || next_byte(gunzip, &high, err) < 0)
		return -1;
	*number = low | (unsigned int)high << 8;
	return 0;
}

static int skip_extra(struct gunzip *gunzip, struct err *err)
{
	unsigned char byte;
	unsigned int size;

	if (next_number(gunzip, &size, err) < 0)
		return -1;
	while (size-- > 0)
		if (next_byte(gunzip, &byte, err) < 0)
			return -1;
	return 0;
}

static int skip_text(struct gunzip *gunzip, struct err *err)
{
	unsigned char byte;

	do
		if (next_byte(gunzip, &byte, err) < 0)
			return -1;
	while (byte);
	return 0;
}

static int check_header_crc(struct gunzip *gunzip, struct err *err)
{
	unsigned int expected = (unsigned int)gunzip->header_crc & 0xffff;
	unsigned int found;

	if (next_number(gunzip, &found, err) < 0)
		return -1;
	return found == expected ? 0 : damaged(gunzip, "a header with another CRC", err);
}

static int read_header(struct gunzip *gunzip, struct err *err)
{
	unsigned char fixed[10];

	gunzip->header_crc = crc32(0, NULL, 0);
	for (size_t i = 0; i < sizeof(fixed); i++) {
		if (next_byte(gunzip, &fixed[i], err) < 0)
			return -1;
		if ((i == 0 && fixed[0] != 0x1f) || (i == 1 && fixed[1] != 0x8b))
			return damaged(gunzip, "something else", err);
	}
	if (fixed[2] != METHOD_DEFLATE)
		return damaged(gunzip, "an unknown method", err);
	if (fixed[3] & RESERVED)
		return damaged(gunzip, "reserved flags", err);
	if (((fixed[3] & FEXTRA) && skip_extra(gunzip, err) < 0) ||
	    ((fixed[3] & FNAME) && skip_text(gunzip, err) < 0) ||
	    ((fixed[3] & FCOMMENT) && skip_text(gunzip, err) < 0) ||
	    ((fixed[3] & FHCRC) && check_header_crc(gunzip, err) < 0))
		return -1;
	return 0;
}

/* Begins the next member: 1, 0 when there is none, -1. */
static int start_member(struct gunzip *gunzip, struct err *err)
{
	int more = decoder_refill(&gunzip->decoder, err);

	if (more <= 0)
		return more;
	if (read_header(gunzip, err) < 0)
		return -1;
	isal_inflate_reset(&gunzip->state);
	gunzip->state.crc_flag = ISAL_GZIP_NO_HDR_VER;
	gunzip->in_member = true;
	return 1;
}

static const char *reason(int result)
{
	switch (result) {
	case ISAL_INVALID_BLOCK:
		return "an invalid block";
	case ISAL_INVALID_SYMBOL:
		return "an invalid code";
	case ISAL_INVALID_LOOKBACK:
		return "a distance that is too far back";
	case ISAL_INCORRECT_CHECKSUM:
		return "another CRC or length";
	}
	return "an error of ISA-L";
}

/* Inflates what there is; 0 when that needs more input. */
static int inflate_some(struct gunzip *gunzip, struct err *err)
{
	struct decoder *decoder = &gunzip->decoder;
	struct inflate_state *state = &gunzip->state;
	uint32_t room = state->avail_out;
	int result;

	/* ISA-L's interface lacks const; it only reads. */
	state->next_in = (uint8_t *)(uintptr_t)decoder->next;
	state->avail_in = (uint32_t)decoder->left;
	result = isal_inflate(state);
	decoder->next = state->next_in;
	decoder->left = state->avail_in;
	if (result < 0)
		return damaged(gunzip, reason(result), err);
	if (state->block_state == ISAL_BLOCK_FINISH) {
		gunzip->in_member = false;
		return 1;
	}
	return state->avail_out < room || decoder->left > 0;
}

/* One step further: 1, 0 at the end of the last member, -1. */
static int advance(struct gunzip *gunzip, struct err *err)
{
	int more;

	if (!gunzip->in_member)
		return start_member(gunzip, err);
	more = inflate_some(gunzip, err);
	if (more != 0)
		return more;
	more = decoder_refill(&gunzip->decoder, err);
	return more != 0 ? more : damaged(gunzip, "the end of the file within one", err);
}

static ssize_t gunzip_read(struct decoder *decoder, void *data, size_t size, struct err *err)
{
	struct gunzip *gunzip = (struct gunzip *)decoder;
	uint32_t wanted = size > 1 << 30 ? 1 << 30 : (uint32_t)size;
	int more = 1;

	gunzip->state.next_out = data;
	gunzip->state.avail_out = wanted;
	while (gunzip->state.avail_out > 0 && more > 0)
		more = advance(gunzip, err);
	return more < 0 ? -1 : (ssize_t)(wanted - gunzip->state.avail_out);
}

static void gunzip_close(struct decoder *decoder)
{
	free(decoder);
}

struct decoder *gunzip_new(const char *name, struct err *err)
{
	struct gunzip *gunzip = calloc(1, sizeof(*gunzip));

	if (!gunzip) {
		err_errno(err, "ROOTFS-MEMORY", "%s", name);
		return NULL;
	}
	isal_inflate_init(&gunzip->state);
	gunzip->decoder.read = gunzip_read;
	gunzip->decoder.close = gunzip_close;
	return &gunzip->decoder;
}
