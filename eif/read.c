/*
 * Reads an image strictly, from front to back, once. The hypervisor follows the header's table,
 * AWS's own reader walks from section to section: a file that could mean two things to them is
 * refused. Never allocates by a number that the file names, except below the limits in eif.h.
 */
#include "eif.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "format.h"
#include "layout.h"
#include "reader.h"

void reader_close(struct reader *reader)
{
	hash_free(reader->file);
	measurer_close(&reader->measurer);
	free(reader->buffer);
	for (unsigned type = 0; type <= EIF_METADATA; type++)
		free(reader->kept[type]);
}

const char *eif_type_name(unsigned type)
{
	static const char *const names[] = {"unknown", "kernel",    "cmdline",
					    "ramdisk", "signature", "metadata"};

	return names[type <= EIF_METADATA ? type : 0];
}

const char *eif_arch_name(enum eif_arch arch)
{
	return arch == EIF_AARCH64 ? "aarch64" : "x86_64";
}

void eif_image_clear(struct eif_image *image)
{
	free(image->cmdline);
	json_decref(image->metadata);
	eif_signature_clear(&image->signature);
	json_decref(image->notes);
	*image = EIF_IMAGE_INIT;
}

ssize_t reader_fetch(struct reader *reader, unsigned char *data, size_t size, struct err *err)
{
	size_t used = 0;

	while (used < size) {
		ssize_t n = read(reader->fd, data + used, size - used);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, "FILE-READ", "%s", reader->path);
		if (n == 0)
			break;
		used += (size_t)n;
	}
	reader->offset += used;
	if (reader->file && hash_update(reader->file, data, used, err) < 0)
		return -1;
	return (ssize_t)used;
}

static int header_error(const struct reader *reader, const char *name, const char *field,
			unsigned at, const char *expected, uint64_t found, struct err *err)
{
	return err_set(err, EXIT_MALFORMED, name,
		       "%s: header: %s at offset 0x%03x: %s expected, found 0x%llx", reader->path,
		       field, at, expected, (unsigned long long)found);
}

static int check_fixed_fields(const struct reader *reader, const unsigned char *header,
			      struct err *err)
{
	uint64_t version = get_be(header + AT_VERSION, 2);
	uint64_t flags = get_be(header + AT_FLAGS, 2);
	uint64_t count = get_be(header + AT_COUNT, 2);
	uint64_t reserved = get_be(header + AT_RESERVED, 2);
	uint64_t unused = get_be(header + AT_UNUSED, 4);

	if (memcmp(header + AT_MAGIC, eif_magic, sizeof(eif_magic)) != 0)
		return header_error(reader, "EIF-MAGIC", "magic", AT_MAGIC, "0x2e656966",
				    get_be(header + AT_MAGIC, 4), err);
	if (version != FORMAT_VERSION)
		return header_error(reader, "EIF-VERSION", "format version", AT_VERSION,
				    version == 2 || version == 3
					    ? "0x4 (2 and 3 have no metadata section)"
					    : "0x4",
				    version, err);
	if (flags & ~(uint64_t)FLAG_AARCH64)
		return header_error(reader, "EIF-FLAGS", "flags", AT_FLAGS, "0x0 or 0x1 (arm64)",
				    flags, err);
	if (reserved != 0)
		return header_error(reader, "EIF-RESERVED", "reserved field", AT_RESERVED, "0x0",
				    reserved, err);
	if (unused != 0)
		return header_error(reader, "EIF-RESERVED", "unused field", AT_UNUSED, "0x0",
				    unused, err);
	if (count < EIF_MIN_SECTIONS || count > EIF_MAX_SECTIONS)
		return header_error(reader, "EIF-SECTION-COUNT", "number of sections", AT_COUNT,
				    "0x4 to 0x20", count, err);
	return 0;
}

/* Each section begins where the one before ends: no gap, no overlap, no wrap-around. */
static int check_table(struct reader *reader, const unsigned char *header, struct err *err)
{
	struct eif_image *image = reader->image;
	uint64_t next = HEADER_SIZE;

	for (unsigned i = 0; i < EIF_MAX_SECTIONS; i++) {
		uint64_t offset = get_be(header + AT_OFFSETS + 8 * i, 8);
		uint64_t size = get_be(header + AT_SIZES + 8 * i, 8);

		if (i >= image->section_count) {
			if (offset != 0 || size != 0)
				return err_set(err, EXIT_MALFORMED, "EIF-SECTION-UNUSED",
					       "%s: header: unused table entry %u: offset 0 and "
					       "size 0 expected, found %llu and %llu",
					       reader->path, i, (unsigned long long)offset,
					       (unsigned long long)size);
			continue;
		}
		if (offset != next)
			return err_set(err, EXIT_MALFORMED, "EIF-SECTION-OFFSET",
				       "%s: header: section %u: offset %llu expected, found %llu",
				       reader->path, i, (unsigned long long)next,
				       (unsigned long long)offset);
		if (size > INT64_MAX - SECTION_HEADER_SIZE - next)
			return err_set(err, EXIT_MALFORMED, "EIF-SECTION-SIZE",
				       "%s: header: section %u at offset %llu: a file below 2^63 "
				       "bytes expected, found size %llu",
				       reader->path, i, (unsigned long long)offset,
				       (unsigned long long)size);
		reader->table_size[i] = size;
		next += SECTION_HEADER_SIZE + size;
	}
	return 0;
}

static int read_header(struct reader *reader, struct err *err)
{
	struct eif_image *image = reader->image;
	unsigned char header[HEADER_SIZE];
	ssize_t n = reader_fetch(reader, header, sizeof(header), err);

	if (n < 0)
		return -1;
	if (n < HEADER_SIZE)
		return err_set(err, EXIT_MALFORMED, "EIF-TRUNCATED",
			       "%s: header: %d bytes expected, found %zd", reader->path,
			       HEADER_SIZE, n);
	if (check_fixed_fields(reader, header, err) < 0)
		return -1;
	image->version = FORMAT_VERSION;
	image->arch = get_be(header + AT_FLAGS, 2) & FLAG_AARCH64 ? EIF_AARCH64 : EIF_X86_64;
	image->default_memory = get_be(header + AT_MEMORY, 8);
	image->default_cpus = get_be(header + AT_CPUS, 8);
	image->section_count = (unsigned)get_be(header + AT_COUNT, 2);
	image->crc = (uint32_t)get_be(header + AT_CRC, 4);
	reader->crc = crc32_z(0, header, AT_CRC);
	return check_table(reader, header, err);
}

/* What is wrong with section i at its header: "PATH: section 3 (ramdisk) at offset 5911: ...". */
static int section_error(const struct reader *reader, unsigned i, const char *name,
			 const char *expected, uint64_t found, struct err *err)
{
	const struct eif_section *section = &reader->image->sections[i];

	return err_set(err, EXIT_MALFORMED, name,
		       "%s: section %u (%s) at offset %llu: %s expected, found %llu", reader->path,
		       i, eif_type_name(section->type), (unsigned long long)section->offset,
		       expected, (unsigned long long)found);
}

/*
 * Kernel, command line and ramdisks are measured in this order, so they must lie in it: one reader
 * hashes by type, the other as it walks. Metadata may lie anywhere before a signature.
 */
static int check_order(struct reader *reader, unsigned i, struct err *err)
{
	enum eif_type type = reader->image->sections[i].type;
	const unsigned *seen = reader->seen;

	if (seen[EIF_SIGNATURE])
		return section_error(reader, i, "EIF-SECTION-ORDER", "nothing after the signature",
				     type, err);
	if (i == 0 && type != EIF_KERNEL)
		return section_error(reader, i, "EIF-SECTION-ORDER", "type 1 (kernel) first", type,
				     err);
	if (type != EIF_RAMDISK && seen[type])
		return section_error(reader, i, "EIF-SECTION-DUPLICATE", "no second of its type",
				     type, err);
	if (type == EIF_RAMDISK && !seen[EIF_CMDLINE])
		return section_error(reader, i, "EIF-SECTION-ORDER",
				     "type 2 (cmdline) before any ramdisk", type, err);
	return 0;
}

uint64_t reader_limit(enum eif_type type)
{
	switch (type) {
	case EIF_CMDLINE:
		return EIF_MAX_CMDLINE;
	case EIF_SIGNATURE:
		return EIF_MAX_SIGNATURE;
	case EIF_METADATA:
		return EIF_MAX_METADATA;
	case EIF_KERNEL:
	case EIF_RAMDISK:
		break;
	}
	return INT64_MAX;
}

/* Limits keep what is held in memory small; an empty kernel is refused because it cannot be one. */
static int check_size(const struct reader *reader, unsigned i, struct err *err)
{
	const struct eif_section *section = &reader->image->sections[i];
	uint64_t limit = reader_limit(section->type);
	char expected[48];

	if (section->type == EIF_KERNEL && section->size == 0)
		return section_error(reader, i, "EIF-SECTION-SIZE", "a kernel's bytes", 0, err);
	if (section->size <= limit)
		return 0;
	snprintf(expected, sizeof(expected), "at most %llu bytes", (unsigned long long)limit);
	return section_error(reader, i, "EIF-SECTION-SIZE", expected, section->size, err);
}

static int read_section_header(struct reader *reader, unsigned i, struct err *err)
{
	struct eif_section *section = &reader->image->sections[i];
	unsigned char header[SECTION_HEADER_SIZE];
	uint64_t type;
	uint64_t flags;
	ssize_t n;

	section->offset = reader->offset;
	n = reader_fetch(reader, header, sizeof(header), err);
	if (n < 0)
		return -1;
	if (n < SECTION_HEADER_SIZE)
		return err_set(err, EXIT_MALFORMED, "EIF-TRUNCATED",
			       "%s: section %u at offset %llu: a header of %d bytes expected, "
			       "found %zd",
			       reader->path, i, (unsigned long long)section->offset,
			       SECTION_HEADER_SIZE, n);
	reader->crc = crc32_z(reader->crc, header, sizeof(header));
	type = get_be(header + AT_SECTION_TYPE, 2);
	flags = get_be(header + AT_SECTION_FLAGS, 2);
	section->size = get_be(header + AT_SECTION_SIZE, 8);
	if (type < EIF_KERNEL || type > EIF_METADATA)
		return section_error(reader, i, "EIF-SECTION-TYPE", "type 1 to 5", type, err);
	section->type = (enum eif_type)type;
	if (flags != 0)
		return section_error(reader, i, "EIF-FLAGS", "section flags 0", flags, err);
	if (section->size != reader->table_size[i])
		return err_set(err, EXIT_MALFORMED, "EIF-SECTION-SIZE",
			       "%s: section %u (%s) at offset %llu: size %llu expected as in the "
			       "header's table, found %llu",
			       reader->path, i, eif_type_name(section->type),
			       (unsigned long long)section->offset,
			       (unsigned long long)reader->table_size[i],
			       (unsigned long long)section->size);
	if (check_order(reader, i, err) < 0 || check_size(reader, i, err) < 0)
		return -1;
	reader->seen[section->type]++;
	return 0;
}

/* Small sections are kept for later; check_size() has bounded them. */
static int begin_section(struct reader *reader, const struct eif_section *section, struct err *err)
{
	if (section->type != EIF_KERNEL && section->type != EIF_RAMDISK) {
		reader->kept[section->type] = calloc(1, (size_t)section->size + 1);
		if (!reader->kept[section->type])
			return err_errno(err, "MEMORY", "%s", reader->path);
	}
	if (measurer_begin(&reader->measurer, section->type, err) < 0)
		return -1;
	if (reader->sink)
		return reader->sink->begin(reader->sink->context, section, err);
	return 0;
}

static int take_data(struct reader *reader, enum eif_type type, size_t size, struct err *err)
{
	const unsigned char *data = reader->buffer;

	reader->crc = crc32_z(reader->crc, data, size);
	if (reader->kept[type]) {
		memcpy(reader->kept[type] + reader->kept_size[type], data, size);
		reader->kept_size[type] += size;
	}
	if (measurer_update(&reader->measurer, data, size, err) < 0)
		return -1;
	if (reader->sink)
		return reader->sink->data(reader->sink->context, data, size, err);
	return 0;
}

static const char *name_format(enum eif_type type, const unsigned char *head, size_t size)
{
	const struct format *format = NULL;

	if (type == EIF_KERNEL)
		format = format_of_kernel(head, size);
	else if (type == EIF_RAMDISK)
		format = format_of_ramdisk(head, size);
	return format ? format->name : NULL;
}

int reader_take_section(struct reader *reader, unsigned i, struct err *err)
{
	struct eif_section *section = &reader->image->sections[i];
	cleanup_hash struct hash *sha256 = hash_new(HASH_SHA256, err);
	uint64_t left;

	if (!sha256 || begin_section(reader, section, err) < 0)
		return -1;
	for (left = section->size; left > 0;) {
		size_t want = left < COPY_SIZE ? (size_t)left : COPY_SIZE;
		ssize_t n = reader_fetch(reader, reader->buffer, want, err);

		if (n < 0)
			return -1;
		if (left == section->size)
			section->format = name_format(section->type, reader->buffer, (size_t)n);
		left -= (uint64_t)n;
		if ((size_t)n < want)
			return err_set(err, EXIT_MALFORMED, "EIF-TRUNCATED",
				       "%s: section %u (%s) at offset %llu: %llu bytes of data "
				       "expected, found %llu",
				       reader->path, i, eif_type_name(section->type),
				       (unsigned long long)section->offset,
				       (unsigned long long)section->size,
				       (unsigned long long)(section->size - left));
		if (hash_update(sha256, reader->buffer, want, err) < 0 ||
		    take_data(reader, section->type, want, err) < 0)
			return -1;
	}
	return hash_final(sha256, section->sha256, err);
}

static int check_end(struct reader *reader, struct err *err)
{
	static const enum eif_type needed[] = {EIF_CMDLINE, EIF_METADATA, EIF_RAMDISK};
	uint64_t end = reader->offset;
	ssize_t n;

	for (unsigned i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!reader->seen[needed[i]])
			return err_set(err, EXIT_MALFORMED, "EIF-SECTION-MISSING",
				       "%s: a %s section expected, found none in %u sections",
				       reader->path, eif_type_name(needed[i]),
				       reader->image->section_count);
	n = reader_fetch(reader, reader->buffer, 1, err);
	if (n < 0)
		return -1;
	if (n > 0)
		return err_set(err, EXIT_MALFORMED, "EIF-TRAILING",
			       "%s: the end expected after section %u at offset %llu, found more "
			       "bytes",
			       reader->path, reader->image->section_count - 1,
			       (unsigned long long)end);
	if (reader->crc != reader->image->crc)
		return err_set(err, EXIT_MALFORMED, "EIF-CRC",
			       "%s: header: checksum at offset 0x%03x: 0x%08lx expected, found "
			       "0x%08lx",
			       reader->path, AT_CRC, reader->crc,
			       (unsigned long)reader->image->crc);
	return 0;
}

int reader_take_signature(const struct reader *reader, struct err *err)
{
	cleanup_with(eif_signature_clear) struct eif_signature signature = EIF_SIGNATURE_INIT;
	struct eif_measurements *measurements = &reader->image->measurements;

	if (!reader->seen[EIF_SIGNATURE])
		return 0;
	if (eif_signature_parse(reader->kept[EIF_SIGNATURE], reader->kept_size[EIF_SIGNATURE],
				&signature, err) < 0 ||
	    eif_certificate_pcr8(signature.certificate, signature.certificate_size,
				 measurements->pcr8, err) < 0)
		return -1;
	measurements->has_pcr8 = true;
	reader->image->signature = signature;
	signature = EIF_SIGNATURE_INIT;
	return 0;
}

static unsigned section_of(const struct eif_image *image, enum eif_type type)
{
	unsigned i = 0;

	while (i + 1 < image->section_count && image->sections[i].type != type)
		i++;
	return i;
}

int reader_wrap(const struct reader *reader, enum eif_type type, struct err *err)
{
	unsigned i = section_of(reader->image, type);

	return err_wrap(err, "%s: section %u at offset %llu", reader->path, i,
			(unsigned long long)reader->image->sections[i].offset);
}

static int read_contents(struct reader *reader, struct err *err)
{
	struct eif_image *image = reader->image;

	image->metadata = eif_metadata_parse(reader->kept[EIF_METADATA],
					     reader->kept_size[EIF_METADATA], err);
	if (!image->metadata)
		return reader_wrap(reader, EIF_METADATA, err);
	if (reader_take_signature(reader, err) < 0)
		return reader_wrap(reader, EIF_SIGNATURE, err);
	image->cmdline = steal_ptr(reader->kept[EIF_CMDLINE]);
	image->cmdline_size = reader->kept_size[EIF_CMDLINE];
	image->file_size = reader->offset;
	if (hash_final(reader->file, image->file_sha256, err) < 0)
		return -1;
	return measurer_final(&reader->measurer, &image->measurements, err);
}

int reader_open(struct reader *reader, struct err *err)
{
	reader->buffer = malloc(COPY_SIZE);
	if (!reader->buffer)
		return err_errno(err, "MEMORY", "%s", reader->path);
	reader->file = hash_new(HASH_SHA256, err);
	return reader->file ? measurer_open(&reader->measurer, err) : -1;
}

static int read_image(struct reader *reader, struct err *err)
{
	if (reader_open(reader, err) < 0 || read_header(reader, err) < 0)
		return -1;
	for (unsigned i = 0; i < reader->image->section_count; i++)
		if (read_section_header(reader, i, err) < 0 ||
		    reader_take_section(reader, i, err) < 0)
			return -1;
	if (check_end(reader, err) < 0)
		return -1;
	return read_contents(reader, err);
}

int eif_read(int fd, const char *path, const struct eif_sink *sink, struct eif_image *image,
	     struct err *err)
{
	cleanup_with(reader_close) struct reader reader = {
		.fd = fd, .path = path, .sink = sink, .image = image};

	*image = EIF_IMAGE_INIT;
	if (read_image(&reader, err) == 0)
		return 0;
	eif_image_clear(image);
	return -1;
}
