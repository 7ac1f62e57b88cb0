/*
 * Decompression of what comes by in pieces. For the room's own files; only to look inside: nothing
 * that is measured or written ever passes through here.
 */
#ifndef MINTMARK_EIF_UNPACK_H
#define MINTMARK_EIF_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"

typedef int unpack_sink(void *context, const unsigned char *data, size_t size, struct err *err);

struct unpack;

/*
 * Owned by the caller. NULL without err when the format's name is not gzip, zstd or xz. *left are
 * the bytes that may still be made by all streams that share it; a stream that would make more is
 * broken. Each stream costs some by itself.
 */
struct unpack *unpack_new(const char *format, uint64_t *left, unpack_sink *sink, void *context,
			  struct err *err);

/*
 * Takes bytes up to the end of the compressed stream, or as far as it is sound, which are states
 * and no errors. Returns how many, or -1 when the sink failed.
 */
ssize_t unpack_feed(struct unpack *unpack, const unsigned char *data, size_t size, struct err *err);

bool unpack_ended(const struct unpack *unpack);
bool unpack_broken(const struct unpack *unpack);

/* Accepts NULL. */
void unpack_free(struct unpack *unpack);

#endif
