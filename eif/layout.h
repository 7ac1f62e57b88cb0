/*
 * Where the bytes of an EIF lie, for the room's own files. Big-endian, no padding, no alignment.
 * Never included from outside the room. Source: aws-nitro-enclaves-image-format, src/defs/mod.rs.
 */
#ifndef MINTMARK_EIF_LAYOUT_H
#define MINTMARK_EIF_LAYOUT_H

#include <stdint.h>
#include <string.h>

enum {
	HEADER_SIZE = 548,
	SECTION_HEADER_SIZE = 12,

	/* the file's header */
	AT_MAGIC = 0x000,
	AT_VERSION = 0x004,
	AT_FLAGS = 0x006,
	AT_MEMORY = 0x008,
	AT_CPUS = 0x010,
	AT_RESERVED = 0x018,
	AT_COUNT = 0x01a,
	AT_OFFSETS = 0x01c, /* 32 of 8 bytes */
	AT_SIZES = 0x11c,   /* 32 of 8 bytes */
	AT_UNUSED = 0x21c,
	AT_CRC = 0x220,

	/* a section's header */
	AT_SECTION_TYPE = 0,
	AT_SECTION_FLAGS = 2,
	AT_SECTION_SIZE = 4,

	FORMAT_VERSION = 4,
	FLAG_AARCH64 = 1
};

static const unsigned char eif_magic[4] = {'.', 'e', 'i', 'f'};

static inline uint64_t get_be(const unsigned char *p, unsigned size)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < size; i++)
		value = value << 8 | p[i];
	return value;
}

static inline void put_be(unsigned char *p, unsigned size, uint64_t value)
{
	while (size-- > 0) {
		p[size] = (unsigned char)value;
		value >>= 8;
	}
}

#endif
