/*
 * What a kernel tells about itself: how long its boot header says it is, and the configuration that
 * it carries where CONFIG_IKCONFIG is set. For the room's own files; takes it in pieces.
 */
#ifndef MINTMARK_EIF_KERNEL_H
#define MINTMARK_EIF_KERNEL_H

#include "format.h"
#include "unpack.h"

#include <stdint.h>

struct kernel {
	uint64_t size;	    /* bytes that came by */
	uint64_t zeros;	    /* of them at the end, zeros */
	uint64_t announced; /* bytes that a bzImage's header accounts for; 0 when unknown */
	char *config;	    /* text of the configuration, NUL-terminated; NULL when there is none */
	size_t config_size;
	uint64_t *unpack_left; /* as unpack_new() takes it; the caller's */

	/* scratch */
	unsigned char head[FORMAT_HEAD];
	size_t have;
	uint64_t payload;     /* offset of the compressed kernel in a bzImage */
	uint64_t payload_end; /* behind it */
	struct unpack *unpack;
	struct unpack *config_unpack;
	unsigned matched; /* bytes of the mark in front of the configuration */
	bool found;
	bool config_lost; /* it is longer than any */
};

int kernel_feed(struct kernel *kernel, const unsigned char *data, size_t size, struct err *err);

/* After the last byte: what looked like a configuration and is no whole text is none. */
void kernel_end(struct kernel *kernel);

/* The value of an option, up to the end of its line, in *size; NULL when it has none. */
const char *kernel_option(const struct kernel *kernel, const char *name, size_t *size);

void kernel_close(struct kernel *kernel);

#endif
