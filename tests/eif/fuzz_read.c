/*
 * Fuzz entry over the strict reader: any bytes must give either a described image or one EIF- name.
 * A wrong checksum would stop nearly every input at the door, so the right one is put in first.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include "../../eif/eif.h"

enum { CRC_AT = 0x220, CRC_END = 0x224 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fix_crc(unsigned char *bytes, size_t size)
{
	uLong crc = crc32_z(crc32_z(0, bytes, CRC_AT), bytes + CRC_END, size - CRC_END);

	for (int i = 0; i < 4; i++)
		bytes[CRC_AT + i] = (unsigned char)(crc >> (24 - 8 * i));
}

static int make_file(const uint8_t *data, size_t size)
{
	cleanup_close int fd = memfd_create("fuzz", MFD_CLOEXEC);
	cleanup_free unsigned char *bytes = malloc(size + 1);

	if (fd < 0 || !bytes)
		abort();
	if (size > 0)
		memcpy(bytes, data, size);
	if (size >= CRC_END)
		fix_crc(bytes, size);
	if (write(fd, bytes, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET) != 0)
		abort();
	return steal_fd(&fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_with(eif_image_clear) struct eif_image image = EIF_IMAGE_INIT;
	cleanup_close int fd = make_file(data, size);
	cleanup_json json_t *json = NULL;
	struct err err = {0};

	if (eif_read(fd, "fuzz", NULL, &image, &err) < 0) {
		if (err.status != EXIT_MALFORMED || strncmp(err.name, "EIF-", 4) != 0)
			abort();
		return 0;
	}
	json = eif_describe(&image, &err);
	if (!json || image.file_size != size)
		abort();
	return 0;
}
