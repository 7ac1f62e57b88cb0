/*
 * Everything that is computed over the bytes of an image, in one pass and on several cores: PCR0, 1
 * and 2, the checksum and, when asked for, the SHA-256 of the file and of each section. For the
 * room's own files; never looks at what the bytes mean.
 */
#ifndef MINTMARK_EIF_MEASURE_H
#define MINTMARK_EIF_MEASURE_H

#include "room.h"
#include "ring.h"

/* What came out. */
struct measured {
	unsigned char pcr[3][SHA384_SIZE];
	uint32_t crc;
	unsigned char file_sha256[SHA256_SIZE]; /* these two only with sha256 */
	unsigned char section_sha256[EIF_MAX_SECTIONS][SHA256_SIZE];
};

struct measurer;

/* NULL with MEMORY or HASH-ENGINE; so fail all others. sha256: of the file and its sections, too.
 */
struct measurer *measurer_new(bool sha256, struct err *err);

/* The file's header, HEADER_SIZE bytes; the checksum, its last 4, is not in the checksum. */
int measurer_header(struct measurer *measurer, const unsigned char *header, struct err *err);

/* The next section's header, SECTION_HEADER_SIZE bytes; the data that comes now is of that type. */
int measurer_begin(struct measurer *measurer, enum eif_type type, const unsigned char *header,
		   struct err *err);

/*
 * Room for RING_BLOCK bytes, to read section data into. The caller may look at what it put there
 * until it calls measurer_put(), which takes the first size bytes.
 */
unsigned char *measurer_room(struct measurer *measurer, struct err *err);
void measurer_put(struct measurer *measurer, size_t size);

/* Waits for all results. The measurer must only be freed afterwards. */
int measurer_final(struct measurer *measurer, struct measured *measured, struct err *err);

/* Accepts NULL. */
void measurer_free(struct measurer *measurer);

/* PCR of one piece of content in memory. */
int measure_bytes(const void *data, size_t size, unsigned char pcr[SHA384_SIZE], struct err *err);

static inline void cleanup_measurer_at(struct measurer **measurer)
{
	measurer_free(*measurer);
}
#define cleanup_measurer cleanup_with(cleanup_measurer_at)

#endif
