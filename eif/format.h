/*
 * What kernels and ramdisks look like from outside, for the room's own files. Looks at first bytes
 * only, so that a name here says what something claims to be, never that it is sound.
 */
#ifndef MINTMARK_EIF_FORMAT_H
#define MINTMARK_EIF_FORMAT_H

#include <stdbool.h>
#include <stddef.h>

enum { FORMAT_HEAD = 1024 }; /* bytes that suffice to tell */

struct format {
	const char *name;
	size_t offset; /* of the mark */
	size_t size;
	const char *mark;
	bool boots; /* our kernels can unpack it: Linux init/initramfs.c, lib/decompress.c */
};

/* NULL when it is none of those that are known. */
const struct format *format_of_kernel(const unsigned char *head, size_t size);
const struct format *format_of_ramdisk(const unsigned char *head, size_t size);

/* Whether a kernel of that format is what an architecture's loader takes. */
bool format_is_bzimage(const struct format *format);
bool format_is_arm64_image(const struct format *format);

#endif
