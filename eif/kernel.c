/*
 * Looks into kernels: bzImage by its boot header (Linux Documentation/arch/x86/boot.rst), other
 * images as they lie; in what is unpacked, the configuration behind the mark IKCFG_ST
 * (kernel/configs.c). Never trusts a length, never executes anything.
 */
#include "kernel.h"

#include <string.h>

#include "cleanup.h"

enum {
	AT_SETUP_SECTS = 0x1f1,
	AT_SYSSIZE = 0x1f4, /* in 16 bytes */
	AT_PROTOCOL = 0x206,
	AT_PAYLOAD = 0x248,
	AT_PAYLOAD_LENGTH = 0x24c,
	PROTOCOL_PAYLOAD = 0x208, /* the first that has a payload's place */
	SECTOR = 512,
	CONFIG_MAX = 4 * 1024 * 1024
};

static const char mark[] = "IKCFG_ST";

static uint32_t get_le(const unsigned char *p, unsigned size)
{
	uint32_t value = 0;

	while (size-- > 0)
		value = value << 8 | p[size];
	return value;
}

static int on_config(void *context, const unsigned char *data, size_t size, struct err *err)
{
	struct kernel *kernel = context;
	char *config;

	if (size > CONFIG_MAX - kernel->config_size)
		kernel->config_lost = true;
	if (kernel->config_lost)
		return 0;
	config = realloc(kernel->config, kernel->config_size + size + 1);
	if (!config)
		return err_errno(err, "MEMORY", "kernel configuration");
	memcpy(config + kernel->config_size, data, size);
	kernel->config = config;
	kernel->config_size += size;
	config[kernel->config_size] = '\0';
	return 0;
}

/* The mark's first letter stands in it once only, so a mismatch begins anew there or nowhere. */
static size_t skip_to_mark(struct kernel *kernel, const unsigned char *data, size_t size)
{
	size_t i = 0;

	while (i < size && !kernel->found) {
		if (kernel->matched == 0) {
			const unsigned char *first = memchr(data + i, mark[0], size - i);

			if (!first)
				return size;
			i = (size_t)(first - data);
		}
		if (data[i] == (unsigned char)mark[kernel->matched])
			kernel->matched++;
		else
			kernel->matched = data[i] == (unsigned char)mark[0];
		i++;
		kernel->found = kernel->matched == sizeof(mark) - 1;
	}
	return i;
}

static int on_plain(void *context, const unsigned char *data, size_t size, struct err *err)
{
	struct kernel *kernel = context;

	if (!kernel->found) {
		size_t n = skip_to_mark(kernel, data, size);

		data += n;
		size -= n;
		if (kernel->found) {
			kernel->config_unpack =
				unpack_new("gzip", kernel->unpack_left, on_config, kernel, err);
			if (!kernel->config_unpack)
				return -1;
		}
	}
	if (kernel->config_unpack && size > 0 &&
	    unpack_feed(kernel->config_unpack, data, size, err) < 0)
		return -1;
	return 0;
}

static void read_boot_header(struct kernel *kernel)
{
	const unsigned char *head = kernel->head;
	uint32_t sectors = head[AT_SETUP_SECTS] ? head[AT_SETUP_SECTS] : 4;
	uint64_t setup = (uint64_t)(sectors + 1) * SECTOR;

	kernel->announced = setup + (uint64_t)get_le(head + AT_SYSSIZE, 4) * 16;
	if (get_le(head + AT_PROTOCOL, 2) < PROTOCOL_PAYLOAD)
		return;
	kernel->payload = setup + get_le(head + AT_PAYLOAD, 4);
	kernel->payload_end = kernel->payload + get_le(head + AT_PAYLOAD_LENGTH, 4);
}

/* A compressed payload's format shows in its first bytes; a piece may hold fewer than those. */
static int begin_payload(struct kernel *kernel, const unsigned char *data, size_t size,
			 struct err *err)
{
	const struct format *format = format_of_ramdisk(data, size);

	if (format)
		kernel->unpack =
			unpack_new(format->name, kernel->unpack_left, on_plain, kernel, err);
	kernel->payload = 0;
	return !kernel->unpack && err->status ? -1 : 0;
}

/* The part of a piece that lies in the payload. */
static int feed_payload(struct kernel *kernel, const unsigned char *data, size_t size,
			struct err *err)
{
	uint64_t start = kernel->size;
	uint64_t end = start + size;

	if (end > kernel->payload_end)
		end = kernel->payload_end;
	if (kernel->payload > start) {
		if (kernel->payload >= end)
			return 0;
		data += kernel->payload - start;
		start = kernel->payload;
	}
	if (start >= end)
		return 0;
	if (kernel->payload && begin_payload(kernel, data, (size_t)(end - start), err) < 0)
		return -1;
	if (!kernel->unpack)
		return 0;
	return unpack_feed(kernel->unpack, data, (size_t)(end - start), err) < 0 ? -1 : 0;
}

static int feed_known(struct kernel *kernel, const unsigned char *data, size_t size,
		      struct err *err)
{
	if (kernel->payload_end)
		return feed_payload(kernel, data, size, err);
	return on_plain(kernel, data, size, err);
}

static void count_zeros(struct kernel *kernel, const unsigned char *data, size_t size)
{
	size_t zeros = 0;

	while (zeros < size && data[size - 1 - zeros] == 0)
		zeros++;
	kernel->zeros = zeros == size ? kernel->zeros + size : zeros;
}

/* The first piece must be long enough for the boot header; the reader's pieces are. */
int kernel_feed(struct kernel *kernel, const unsigned char *data, size_t size, struct err *err)
{
	if (kernel->size == 0) {
		kernel->have = size < FORMAT_HEAD ? size : FORMAT_HEAD;
		memcpy(kernel->head, data, kernel->have);
		if (kernel->have == FORMAT_HEAD &&
		    format_is_bzimage(format_of_kernel(kernel->head, kernel->have)))
			read_boot_header(kernel);
	}
	count_zeros(kernel, data, size);
	if (feed_known(kernel, data, size, err) < 0)
		return -1;
	kernel->size += size;
	return 0;
}

void kernel_end(struct kernel *kernel)
{
	if (!kernel->config || (!kernel->config_lost && unpack_ended(kernel->config_unpack) &&
				!memchr(kernel->config, '\0', kernel->config_size)))
		return;
	free(steal_ptr(kernel->config));
	kernel->config_size = 0;
}

const char *kernel_option(const struct kernel *kernel, const char *name, size_t *size)
{
	size_t length = strlen(name);
	const char *line = kernel->config;

	while (line && *line) {
		if (strncmp(line, name, length) == 0 && line[length] == '=') {
			*size = strcspn(line + length + 1, "\n");
			return line + length + 1;
		}
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	return NULL;
}

void kernel_close(struct kernel *kernel)
{
	unpack_free(kernel->unpack);
	unpack_free(kernel->config_unpack);
	free(kernel->config);
}
