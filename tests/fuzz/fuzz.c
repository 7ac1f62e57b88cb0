/* What all fuzz targets share. Never prints anything but before it aborts. */
#include "fuzz.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

const struct target *const fuzz_targets[] = {
	&fuzz_certificates,
	&fuzz_config,
	&fuzz_cpio,
	&fuzz_deb,
	&fuzz_devicetree,
	&fuzz_docker,
	&fuzz_eif,
	&fuzz_evidence,
	&fuzz_extract,
	&fuzz_guest,
	&fuzz_igvm,
	&fuzz_key,
	&fuzz_layout,
	&fuzz_log,
	&fuzz_manifest,
	&fuzz_metadata,
	&fuzz_oci,
	&fuzz_packages,
	&fuzz_proof,
	&fuzz_reference,
	&fuzz_release,
	&fuzz_runspec,
	&fuzz_signature,
	&fuzz_site,
	&fuzz_statement,
	&fuzz_stream,
	&fuzz_tar,
	&fuzz_trace,
	NULL,
};

const struct target *fuzz_find(const char *name)
{
	for (const struct target *const *t = fuzz_targets; *t; t++)
		if (strcmp((*t)->name, name) == 0)
			return *t;
	return NULL;
}

/* Marsaglia's xorshift64. */
size_t dice_throw(struct dice *dice, size_t sides)
{
	dice->state ^= dice->state << 13;
	dice->state ^= dice->state >> 7;
	dice->state ^= dice->state << 17;
	return (size_t)(dice->state % sides);
}

int bytes_splice(struct bytes *bytes, size_t offset, size_t old, const void *data, size_t size)
{
	if (offset > bytes->size || old > bytes->size - offset ||
	    bytes->size - old + size > bytes->max)
		return 0;
	memmove(bytes->data + offset + size, bytes->data + offset + old,
		bytes->size - offset - old);
	if (size > 0)
		memcpy(bytes->data + offset, data, size);
	bytes->size += size - old;
	return 1;
}

size_t bytes_mutate(struct bytes *bytes, size_t offset, size_t size, struct dice *dice)
{
	size_t room = bytes->max - bytes->size;
	size_t max = size + (room < 4096 ? room : 4096);
	uint8_t *copy = malloc(max + 1);
	size_t changed;

	if (!copy)
		fuzz_fail("no memory");
	memcpy(copy, bytes->data + offset, size);
	changed = max > 0 ? dice->bytes(copy, size, max) : 0;
	bytes_splice(bytes, offset, size, copy, changed);
	free(copy);
	return changed;
}

struct memory_file memory_file_new(const void *data, size_t size)
{
	struct memory_file file = {.fd = memfd_create("fuzz", MFD_CLOEXEC)};

	if (file.fd < 0 || (size > 0 && write(file.fd, data, size) != (ssize_t)size) ||
	    lseek(file.fd, 0, SEEK_SET) != 0)
		fuzz_fail("no file in memory");
	snprintf(file.path, sizeof(file.path), "/proc/self/fd/%d", file.fd);
	return file;
}

void memory_file_close(const struct memory_file *file)
{
	close(file->fd);
}

uint8_t *memory_file_read(const struct memory_file *file, size_t *size)
{
	struct stat st;
	uint8_t *data;

	if (fstat(file->fd, &st) < 0)
		fuzz_fail("a file in memory cannot be read");
	*size = (size_t)st.st_size;
	data = malloc(*size + 1);
	if (!data || pread(file->fd, data, *size, 0) != st.st_size)
		fuzz_fail("a file in memory cannot be read");
	return data;
}

void fuzz_fail(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fputs("fuzz: ", stderr);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	va_end(args);
	abort();
}

void fuzz_refused(const struct err *err, const char *const *prefixes)
{
	if (err->status != EXIT_MALFORMED)
		fuzz_fail("status 3 expected, found %d: %s: %s", err->status, err->name, err->text);
	if (!err->text[0])
		fuzz_fail("%s: a reason expected, found none", err->name);
	for (const unsigned char *p = (const unsigned char *)err->text; *p; p++)
		if (*p < 0x20 || *p == 0x7f)
			fuzz_fail("%s: printable text expected, found byte %02x", err->name, *p);
	for (; *prefixes; prefixes++)
		if (strncmp(err->name, *prefixes, strlen(*prefixes)) == 0)
			return;
	fuzz_fail("another name expected: %s: %s", err->name, err->text);
}

void fuzz_expect(int result, const struct err *err, const char *what)
{
	if (result < 0)
		fuzz_fail("%s: success expected, found %s: %s", what, err->name, err->text);
}
