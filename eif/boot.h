/*
 * Checks that an image's parts could boot, for the room's own files. They are no part of the
 * format and never change a byte.
 */
#ifndef MINTMARK_EIF_BOOT_H
#define MINTMARK_EIF_BOOT_H

#include "room.h"

/* x86_64 wants a bzImage, aarch64 an uncompressed Image; EIF-KERNEL says what it is instead. */
int boot_check_kernel(int fd, const char *path, enum eif_arch arch, struct err *err);

/*
 * A ramdisk begins as the kernel expects; one that another follows ends on a multiple of 4 bytes,
 * since the kernel finds the next archive there; xz has a check that the kernel knows. EIF-RAMDISK.
 */
int boot_check_ramdisk(int fd, const char *path, uint64_t size, bool last, struct err *err);

/* Printable ASCII, not empty, and within x86's COMMAND_LINE_SIZE with its NUL. EIF-CMDLINE. */
int boot_check_cmdline(const void *cmdline, size_t size, struct err *err);

#endif
