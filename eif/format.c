/*
 * Marks of kernels and ramdisks. Sources: Linux Documentation/arch/x86/boot.rst and
 * arch/arm64/booting.rst, lib/decompress.c, init/initramfs.c; the formats' own specifications.
 * Never unpacks anything.
 */
#include "format.h"

#include <string.h>

/* A bzImage has a boot sector's mark, 55 aa, in front of a jump of two bytes and this. */
static const struct format bzimage = {"bzImage", 0x202, 4, "HdrS", true};
static const struct format arm64_image = {"arm64 Image", 0x38, 4, "ARM\x64", true};
static const struct format elf = {"ELF", 0, 4,
				  "\x7f"
				  "ELF",
				  false};
static const struct format efi_zboot = {"EFI zboot", 4, 4, "zimg", false};

static const struct format compressed[] = {
	{"gzip", 0, 2, "\x1f\x8b", true},
	{"zstd", 0, 4, "\x28\xb5\x2f\xfd", true},
	{"xz", 0, 6, "\xfd\x37\x7a\x58\x5a\x00", true},
	{"lz4 legacy", 0, 4, "\x02\x21\x4c\x18", true},
	{"lz4 frame", 0, 4, "\x04\x22\x4d\x18", false},
	{"bzip2", 0, 3, "BZh", false},
	{"lzma", 0, 3, "\x5d\x00\x00", false},
	{"lzop", 0, 4, "\x89LZO", false},
};

static const struct format archives[] = {
	{"cpio", 0, 6, "070701", true},
	{"cpio with checksums", 0, 6, "070702", false},
	{"old cpio", 0, 6, "070707", false},
	{"zeros", 0, 4, "\0\0\0\0", false},
};

static bool has(const struct format *format, const unsigned char *head, size_t size)
{
	return size >= format->offset + format->size &&
	       memcmp(head + format->offset, format->mark, format->size) == 0;
}

static const struct format *find(const struct format *formats, size_t count,
				 const unsigned char *head, size_t size)
{
	for (size_t i = 0; i < count; i++)
		if (has(&formats[i], head, size))
			return &formats[i];
	return NULL;
}

#define FIND(formats, head, size) find(formats, sizeof(formats) / sizeof((formats)[0]), head, size)

const struct format *format_of_kernel(const unsigned char *head, size_t size)
{
	if (has(&elf, head, size))
		return &elf;
	if (has(&bzimage, head, size) && memcmp(head + 0x1fe, "\x55\xaa", 2) == 0)
		return &bzimage;
	if (has(&arm64_image, head, size))
		return &arm64_image;
	if (has(&efi_zboot, head, size))
		return &efi_zboot;
	return FIND(compressed, head, size);
}

const struct format *format_of_ramdisk(const unsigned char *head, size_t size)
{
	const struct format *format = FIND(archives, head, size);

	return format ? format : FIND(compressed, head, size);
}

bool format_is_bzimage(const struct format *format)
{
	return format == &bzimage;
}

bool format_is_arm64_image(const struct format *format)
{
	return format == &arm64_image;
}
