/*
 * What kernel, ramdisks and command line must look like to boot. Looks at the first bytes only:
 * never unpacks or executes anything.
 */
#include "boot.h"

#include <string.h>
#include <unistd.h>

struct magic {
	const char *name;
	size_t offset;
	size_t size;
	const char *bytes;
};

static const struct magic elf = {"an ELF file", 0, 4,
				 "\x7f"
				 "ELF"};

/* Linux: Documentation/arch/x86/boot.rst and arch/arm64/booting.rst */
static const struct magic boot_sector = {"a boot sector's mark", 0x1fe, 2, "\x55\xaa"};
static const struct magic setup_header = {"a setup header", 0x202, 4, "HdrS"};
static const struct magic arm64_image = {"an arm64 Image", 0x38, 4, "ARM\x64"};

/* Linux: drivers/firmware/efi/libstub/zboot-header.S: unpacks itself where there is EFI only. */
static const struct magic efi_zboot = {"a compressed EFI image", 4, 4, "zimg"};

/* Linux: init/initramfs.c and lib/decompress.c, as far as our kernels have them built in. */
static const struct magic ramdisk_kinds[] = {
	{"cpio", 0, 6, "070701"},
	{"gzip", 0, 2, "\x1f\x8b"},
	{"zstd", 0, 4, "\x28\xb5\x2f\xfd"},
	{"xz", 0, 6, "\xfd\x37\x7a\x58\x5a\x00"},
	{"lz4 legacy", 0, 4, "\x02\x21\x4c\x18"},
};

static const struct magic xz = {"xz", 0, 6, "\xfd\x37\x7a\x58\x5a\x00"};

/* The check of an xz stream. Linux: lib/xz/xz_dec_stream.c knows none and CRC-32, not xz's default.
 */
enum { XZ_CHECK_AT = 7, XZ_CRC32 = 1 };

enum { RAMDISK_KINDS = sizeof(ramdisk_kinds) / sizeof(ramdisk_kinds[0]), HEAD_SIZE = 1024 };

struct head {
	unsigned char bytes[HEAD_SIZE];
	size_t size; /* less than HEAD_SIZE only when the file ends there */
};

static int read_head(int fd, const char *path, struct head *head, struct err *err)
{
	ssize_t n = pread(fd, head->bytes, sizeof(head->bytes), 0);

	if (n < 0)
		return err_errno(err, "FILE-READ", "%s", path);
	head->size = (size_t)n;
	return 0;
}

static bool has(const struct head *head, const struct magic *magic)
{
	return head->size >= magic->offset + magic->size &&
	       memcmp(head->bytes + magic->offset, magic->bytes, magic->size) == 0;
}

static const char *kernel_kind(const struct head *head)
{
	if (has(head, &elf))
		return elf.name;
	if (has(head, &boot_sector) && has(head, &setup_header))
		return "an x86 bzImage";
	if (has(head, &arm64_image))
		return arm64_image.name;
	if (has(head, &efi_zboot))
		return efi_zboot.name;
	for (int i = 0; i < RAMDISK_KINDS; i++)
		if (has(head, &ramdisk_kinds[i]))
			return ramdisk_kinds[i].name;
	return "none of their marks";
}

int boot_check_kernel(int fd, const char *path, enum eif_arch arch, struct err *err)
{
	struct head head;
	bool fits;

	if (read_head(fd, path, &head, err) < 0)
		return -1;
	if (arch == EIF_X86_64)
		fits = has(&head, &boot_sector) && has(&head, &setup_header);
	else
		fits = has(&head, &arm64_image);
	if (fits)
		return 0;
	return err_set(err, EXIT_MALFORMED, "EIF-KERNEL", "%s: %s expected for %s, found %s", path,
		       arch == EIF_X86_64 ? "a bzImage (55aa at 0x1fe, HdrS at 0x202)"
					  : "an uncompressed Image (ARM\\x64 at 0x38)",
		       eif_arch_name(arch), kernel_kind(&head));
}

int boot_check_ramdisk(int fd, const char *path, uint64_t size, bool last, struct err *err)
{
	struct head head;
	bool known = false;

	if (read_head(fd, path, &head, err) < 0)
		return -1;
	for (int i = 0; i < RAMDISK_KINDS; i++)
		known |= has(&head, &ramdisk_kinds[i]);
	if (!known)
		return err_set(err, EXIT_MALFORMED, "EIF-RAMDISK",
			       "%s: cpio (070701), gzip, zstd, xz or legacy lz4 expected at its "
			       "start, found none of them",
			       path);
	if (has(&head, &xz) && head.size > XZ_CHECK_AT && head.bytes[XZ_CHECK_AT] > XZ_CRC32)
		return err_set(err, EXIT_MALFORMED, "EIF-RAMDISK",
			       "%s: xz with CRC-32 expected (xz --check=crc32), found check %d",
			       path, head.bytes[XZ_CHECK_AT]);
	if (!last && size % 4 != 0)
		return err_set(err, EXIT_MALFORMED, "EIF-RAMDISK",
			       "%s: a multiple of 4 bytes expected before another ramdisk, found "
			       "%llu",
			       path, (unsigned long long)size);
	return 0;
}

int boot_check_cmdline(const void *cmdline, size_t size, struct err *err)
{
	const unsigned char *p = cmdline;

	if (size == 0 || size > 2047)
		return err_set(err, EXIT_MALFORMED, "EIF-CMDLINE",
			       "command line: 1 to 2047 bytes expected, found %zu", size);
	for (size_t i = 0; i < size; i++)
		if (p[i] < 0x20 || p[i] > 0x7e)
			return err_set(err, EXIT_MALFORMED, "EIF-CMDLINE",
				       "command line: printable ASCII expected, found 0x%02x at "
				       "byte %zu",
				       p[i], i);
	return 0;
}
