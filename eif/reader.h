/*
 * What the strict and the lenient reader have in common: an image on its way through hashes and a
 * sink. For the room's own files; never decides what is acceptable.
 */
#ifndef MINTMARK_EIF_READER_H
#define MINTMARK_EIF_READER_H

#include <sys/types.h>
#include <zlib.h>

#include "eif.h"
#include "measure.h"

struct reader {
	int fd;
	const char *path;
	const struct eif_sink *sink;
	struct eif_image *image;
	uint64_t offset; /* in the file, of what comes next */
	uLong crc;
	struct hash *file; /* of every byte that is fetched; NULL when nobody asks */
	struct measurer measurer;
	unsigned char *buffer; /* COPY_SIZE bytes */

	/* what the header's table says, for comparison with the walk */
	uint64_t table_size[EIF_MAX_SECTIONS];

	char *kept[EIF_METADATA + 1]; /* data of the small sections by type, NUL-terminated */
	size_t kept_size[EIF_METADATA + 1];
	unsigned seen[EIF_METADATA + 1]; /* sections of each type so far */
};

int reader_open(struct reader *reader, struct err *err);

/* Up to size bytes; fewer only at the end of the file. -1 on an error. */
ssize_t reader_fetch(struct reader *reader, unsigned char *data, size_t size, struct err *err);

/*
 * Takes the data of section i, whose header has been read, as far as hashes, measurement and sink
 * are concerned. EIF-TRUNCATED. Small sections are kept, so their sizes must have been checked.
 */
int reader_take_section(struct reader *reader, unsigned i, struct err *err);

/* PCR8 of the signature section that was kept, if there is one; EIF-SIGNATURE. */
int reader_take_signature(const struct reader *reader, struct err *err);

/* Puts file, section and offset in front of what is wrong with a section's content. */
int reader_wrap(const struct reader *reader, enum eif_type type, struct err *err);

/* The most bytes that a section of that type may have. */
uint64_t reader_limit(enum eif_type type);

/* Lets go of everything but the image. Fits cleanup_with(). */
void reader_close(struct reader *reader);

#endif
