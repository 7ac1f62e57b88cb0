/*
 * What kernel, ramdisks and command line must look like to boot. Looks at the first bytes only:
 * never unpacks or executes anything.
 */
#include "boot.h"

#include <unistd.h>

#include "format.h"

struct head {
	unsigned char bytes[FORMAT_HEAD];
	size_t size; /* less than FORMAT_HEAD only when the file ends there */
};

static int read_head(int fd, const char *path, struct head *head, struct err *err)
{
	ssize_t n = pread(fd, head->bytes, sizeof(head->bytes), 0);

	if (n < 0)
		return err_errno(err, "FILE-READ", "%s", path);
	head->size = (size_t)n;
	return 0;
}

int boot_check_kernel(int fd, const char *path, enum eif_arch arch, struct err *err)
{
	const struct format *format;
	struct head head;

	if (read_head(fd, path, &head, err) < 0)
		return -1;
	format = format_of_kernel(head.bytes, head.size);
	if (arch == EIF_X86_64 ? format_is_bzimage(format) : format_is_arm64_image(format))
		return 0;
	return err_set(err, EXIT_MALFORMED, "EIF-KERNEL", "%s: %s expected for %s, found %s", path,
		       arch == EIF_X86_64 ? "a bzImage (55aa at 0x1fe, HdrS at 0x202)"
					  : "an uncompressed Image (ARM\\x64 at 0x38)",
		       eif_arch_name(arch),
		       format ? format->name : "none of the marks of a kernel");
}

int boot_check_ramdisk(int fd, const char *path, uint64_t size, bool last, struct err *err)
{
	const struct format *format;
	struct head head;

	if (read_head(fd, path, &head, err) < 0)
		return -1;
	format = format_of_ramdisk(head.bytes, head.size);
	if (!format || !format->boots)
		return err_set(err, EXIT_MALFORMED, "EIF-RAMDISK",
			       "%s: cpio (070701), gzip, zstd, xz or legacy lz4 expected at its "
			       "start, found %s",
			       path, format ? format->name : "none of them");
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
