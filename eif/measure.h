/*
 * PCR0, 1 and 2 of sections that come by once, in the order of the file. For the room's own files;
 * must never see a byte that is not section data.
 */
#ifndef MINTMARK_EIF_MEASURE_H
#define MINTMARK_EIF_MEASURE_H

#include "eif.h"

struct measurer {
	struct hash *image; /* PCR0: kernel, command line, all ramdisks */
	struct hash *boot;  /* PCR1: the same up to the end of the first ramdisk */
	struct hash *rest;  /* PCR2: the ramdisks after the first */
	enum eif_type type; /* of the section that is coming by */
	unsigned ramdisks;  /* begun so far */
};

#define MEASURER_INIT ((struct measurer){0})

/* Fails with HASH-ENGINE, as the others do. */
int measurer_open(struct measurer *measurer, struct err *err);

/* Announces the section that the next bytes belong to. */
int measurer_begin(struct measurer *measurer, enum eif_type type, struct err *err);

int measurer_update(struct measurer *measurer, const void *data, size_t size, struct err *err);

/* Sets PCR0, 1 and 2 and nothing else; the measurer must only be closed afterwards. */
int measurer_final(struct measurer *measurer, struct eif_measurements *measurements,
		   struct err *err);

/* A no-op on MEASURER_INIT. Fits cleanup_with(). */
void measurer_close(struct measurer *measurer);

/* PCR of one piece of content in memory. */
int measure_bytes(const void *data, size_t size, unsigned char pcr[SHA384_SIZE], struct err *err);

#endif
