/*
 * Reads what the strict reader refuses, as far as one can tell what it means, and notes each thing
 * that is wrong. Never guesses in silence: where two readers would see two images, a note says
 * which one this is.
 */
#include "room.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "layout.h"
#include "reader.h"

struct lenient {
	struct reader reader;
	uint64_t file_size;
	uint64_t offsets[EIF_MAX_SECTIONS]; /* of the table */
	bool ignored[EIF_MAX_SECTIONS];	    /* sections that no reader gives a meaning */
};

static void lenient_close(struct lenient *lenient)
{
	reader_close(&lenient->reader);
}

__attribute__((format(printf, 4, 5))) static int note(struct lenient *lenient, struct err *err,
						      const char *name, const char *fmt, ...)
{
	json_t *notes = lenient->reader.image->notes;
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (json_array_append_new(notes, json_pack("{s:s, s:s}", "name", name, "text", text)) < 0) {
		errno = ENOMEM;
		return err_errno(err, "MEMORY", "%s", lenient->reader.path);
	}
	return 0;
}

static unsigned long long ull(uint64_t value)
{
	return value;
}

static int note_fields(struct lenient *lenient, const unsigned char *header, struct err *err)
{
	uint64_t version = get_be(header + AT_VERSION, 2);
	uint64_t flags = get_be(header + AT_FLAGS, 2);
	uint64_t count = get_be(header + AT_COUNT, 2);
	uint64_t reserved = get_be(header + AT_RESERVED, 2);
	uint64_t unused = get_be(header + AT_UNUSED, 4);
	int failed = 0;

	if (version != FORMAT_VERSION)
		failed |= note(lenient, err, "EIF-VERSION",
			       "header: format version 4 expected, found %llu%s", ull(version),
			       version < FORMAT_VERSION ? "; today's hypervisors refuse it" : "");
	if (flags & ~(uint64_t)FLAG_AARCH64)
		failed |=
			note(lenient, err, "EIF-FLAGS",
			     "header: flags 0x0 or 0x1 (arm64) expected, found 0x%llx", ull(flags));
	if (reserved != 0 || unused != 0)
		failed |= note(lenient, err, "EIF-RESERVED",
			       "header: zeros in the reserved and the unused field expected, found "
			       "0x%llx and 0x%llx",
			       ull(reserved), ull(unused));
	if (count > EIF_MAX_SECTIONS || (version == FORMAT_VERSION && count < EIF_MIN_SECTIONS))
		failed |= note(lenient, err, "EIF-SECTION-COUNT",
			       "header: 4 to 32 sections expected, found %llu", ull(count));
	for (unsigned i = (unsigned)count; i < EIF_MAX_SECTIONS; i++)
		if (get_be(header + AT_OFFSETS + 8 * i, 8) || get_be(header + AT_SIZES + 8 * i, 8))
			return note(lenient, err, "EIF-SECTION-UNUSED",
				    "header: unused table entry %u: offset 0 and size 0 expected, "
				    "found something else",
				    i) |
			       failed;
	return failed;
}

/* A section's header; 0 when there is none at that offset, 1 when there is. */
static int read_section_header(struct lenient *lenient, uint64_t offset, unsigned char *header,
			       struct err *err)
{
	ssize_t n;

	if (offset > lenient->file_size || lenient->file_size - offset < SECTION_HEADER_SIZE)
		return 0;
	n = pread(lenient->reader.fd, header, SECTION_HEADER_SIZE, (off_t)offset);
	if (n < 0)
		return err_errno(err, "FILE-READ", "%s", lenient->reader.path);
	return n == SECTION_HEADER_SIZE;
}

/* Whether the hypervisor could follow the table: it insists on headers that tell the same sizes. */
static int follow_table(struct lenient *lenient, struct err *err)
{
	struct reader *reader = &lenient->reader;
	unsigned char header[SECTION_HEADER_SIZE] = {0};

	for (unsigned i = 0; i < reader->image->section_count; i++) {
		uint64_t offset = lenient->offsets[i];
		int there = read_section_header(lenient, offset, header, err);
		uint64_t size = get_be(header + AT_SECTION_SIZE, 8);

		if (there < 0)
			return -1;
		if (!there)
			return note(lenient, err, "EIF-SECTION-OFFSET",
				    "header: section %u: a section at offset %llu expected, found "
				    "the end of the file",
				    i, ull(offset));
		if (size != reader->table_size[i])
			return note(lenient, err, "EIF-SECTION-SIZE",
				    "section %u at offset %llu: size %llu expected as in the "
				    "header's table, found %llu",
				    i, ull(offset), ull(reader->table_size[i]), ull(size));
		reader->image->sections[i].offset = offset;
		reader->image->sections[i].size = size;
	}
	return reader->image->section_count > 0 ? 1 : 0;
}

/* From section to section until the end of the file, as AWS's reader goes. */
static int follow_sections(struct lenient *lenient, struct err *err)
{
	struct eif_image *image = lenient->reader.image;
	unsigned char header[SECTION_HEADER_SIZE] = {0};
	uint64_t offset = HEADER_SIZE;
	unsigned count = 0;

	while (count < EIF_MAX_SECTIONS) {
		int there = read_section_header(lenient, offset, header, err);
		uint64_t size = get_be(header + AT_SECTION_SIZE, 8);

		if (there < 0)
			return -1;
		if (!there || size > lenient->file_size - SECTION_HEADER_SIZE - offset)
			break;
		image->sections[count].offset = offset;
		image->sections[count++].size = size;
		offset += SECTION_HEADER_SIZE + size;
	}
	image->section_count = count;
	return note(lenient, err, "EIF-VIEW",
		    "the header's table cannot be followed: what is told here is the walk from "
		    "section to section, which AWS's own reader does; the hypervisor refuses the "
		    "file");
}

static int note_gap(struct lenient *lenient, unsigned i, uint64_t expected, struct err *err)
{
	const struct eif_section *section = &lenient->reader.image->sections[i];

	if (section->offset == expected)
		return 0;
	return note(lenient, err, "EIF-SECTION-OFFSET",
		    "section %u: offset %llu expected, found %llu: the hypervisor passes over what "
		    "lies between, AWS's own reader does not",
		    i, ull(expected), ull(section->offset));
}

static int note_places(struct lenient *lenient, struct err *err)
{
	const struct eif_image *image = lenient->reader.image;
	uint64_t end = HEADER_SIZE;

	for (unsigned i = 0; i < image->section_count; i++) {
		const struct eif_section *section = &image->sections[i];

		if (note_gap(lenient, i, end, err) < 0)
			return -1;
		if (section->size > lenient->file_size - SECTION_HEADER_SIZE - section->offset)
			return err_set(
				err, EXIT_MALFORMED, "EIF-TRUNCATED",
				"%s: section %u at offset %llu: %llu bytes of data "
				"expected, found %llu",
				lenient->reader.path, i, ull(section->offset), ull(section->size),
				ull(lenient->file_size - SECTION_HEADER_SIZE - section->offset));
		end = section->offset + SECTION_HEADER_SIZE + section->size;
	}
	if (end < lenient->file_size)
		return note(lenient, err, "EIF-TRAILING",
			    "the end expected after the last section at offset %llu, found %llu "
			    "more bytes",
			    ull(end), ull(lenient->file_size - end));
	return 0;
}

static int read_header(struct lenient *lenient, struct err *err)
{
	struct reader *reader = &lenient->reader;
	struct eif_image *image = reader->image;
	unsigned char header[HEADER_SIZE];
	ssize_t n = reader_fetch(reader, header, sizeof(header), err);

	if (n < 0)
		return -1;
	if (n < HEADER_SIZE)
		return err_set(err, EXIT_MALFORMED, "EIF-TRUNCATED",
			       "%s: header: %d bytes expected, found %zd", reader->path,
			       HEADER_SIZE, n);
	if (memcmp(header + AT_MAGIC, eif_magic, sizeof(eif_magic)) != 0)
		return err_set(err, EXIT_MALFORMED, "EIF-MAGIC",
			       "%s: header: magic at offset 0x000: 0x2e656966 expected, found "
			       "0x%llx",
			       reader->path, ull(get_be(header + AT_MAGIC, 4)));
	if (note_fields(lenient, header, err) < 0)
		return -1;
	image->version = (unsigned)get_be(header + AT_VERSION, 2);
	image->arch = get_be(header + AT_FLAGS, 2) & FLAG_AARCH64 ? EIF_AARCH64 : EIF_X86_64;
	image->default_memory = get_be(header + AT_MEMORY, 8);
	image->default_cpus = get_be(header + AT_CPUS, 8);
	image->section_count = (unsigned)get_be(header + AT_COUNT, 2);
	if (image->section_count > EIF_MAX_SECTIONS)
		image->section_count = EIF_MAX_SECTIONS;
	image->crc = (uint32_t)get_be(header + AT_CRC, 4);
	for (unsigned i = 0; i < image->section_count; i++) {
		lenient->offsets[i] = get_be(header + AT_OFFSETS + 8 * i, 8);
		reader->table_size[i] = get_be(header + AT_SIZES + 8 * i, 8);
	}
	return measurer_header(reader->measurer, header, err);
}

/* Kernel, command line and ramdisks in this order, metadata before a signature, one of each. */
static int note_type(struct lenient *lenient, unsigned i, uint64_t flags, struct err *err)
{
	const struct eif_section *section = &lenient->reader.image->sections[i];
	const unsigned *seen = lenient->reader.seen;
	unsigned type = section->type;
	const char *name = eif_type_name(type);

	if (flags != 0 && note(lenient, err, "EIF-FLAGS",
			       "section %u (%s) at offset %llu: section flags 0 expected, found "
			       "%llu",
			       i, name, ull(section->offset), ull(flags)) < 0)
		return -1;
	if (type < EIF_KERNEL || type > EIF_METADATA) {
		lenient->ignored[i] = true;
		return note(lenient, err, "EIF-SECTION-TYPE",
			    "section %u at offset %llu: type 1 to 5 expected, found %u: in no PCR, "
			    "and passed over",
			    i, ull(section->offset), type);
	}
	if (type != EIF_RAMDISK && seen[type]) {
		lenient->ignored[i] = true;
		if (type == EIF_KERNEL || type == EIF_CMDLINE)
			return err_set(err, EXIT_MALFORMED, "EIF-SECTION-DUPLICATE",
				       "%s: section %u (%s) at offset %llu: no second of its type "
				       "expected, found one",
				       lenient->reader.path, i, name, ull(section->offset));
		return note(lenient, err, "EIF-SECTION-DUPLICATE",
			    "section %u (%s) at offset %llu: no second of its type expected, found "
			    "one, which is passed over",
			    i, name, ull(section->offset));
	}
	if (seen[EIF_SIGNATURE] || (type != EIF_KERNEL && i == 0) ||
	    (type == EIF_RAMDISK && !seen[EIF_CMDLINE]) ||
	    (type == EIF_CMDLINE && !seen[EIF_KERNEL]) ||
	    (type == EIF_CMDLINE && seen[EIF_RAMDISK]))
		return note(lenient, err, "EIF-SECTION-ORDER",
			    "section %u (%s) at offset %llu: kernel, command line, ramdisks and a "
			    "signature expected in this order, found another one; the PCRs told "
			    "here follow the sections as they lie",
			    i, name, ull(section->offset));
	return 0;
}

/* What has no meaning still counts for the checksum. */
static int pass_over(struct lenient *lenient, unsigned i, struct err *err)
{
	struct reader *reader = &lenient->reader;
	struct eif_section *section = &reader->image->sections[i];

	for (uint64_t left = section->size; left > 0;) {
		size_t want = left < RING_BLOCK ? (size_t)left : RING_BLOCK;
		unsigned char *room = measurer_room(reader->measurer, err);
		ssize_t n = room ? reader_fetch(reader, room, want, err) : -1;

		if (n < 0)
			return -1;
		if (n == 0)
			return err_set(err, EXIT_MALFORMED, "EIF-TRUNCATED",
				       "%s: section %u at offset %llu: %llu more bytes expected, "
				       "found none",
				       reader->path, i, ull(section->offset), ull(left));
		measurer_put(reader->measurer, (size_t)n);
		left -= (uint64_t)n;
	}
	return 0;
}

static int seek(struct lenient *lenient, uint64_t offset, struct err *err)
{
	if (lseek(lenient->reader.fd, (off_t)offset, SEEK_SET) < 0)
		return err_errno(err, "FILE-READ", "%s: a file to seek in expected",
				 lenient->reader.path);
	lenient->reader.offset = offset;
	return 0;
}

static int read_section(struct lenient *lenient, unsigned i, struct err *err)
{
	struct reader *reader = &lenient->reader;
	struct eif_section *section = &reader->image->sections[i];
	unsigned char header[SECTION_HEADER_SIZE];
	uint64_t type;
	ssize_t n;

	if (seek(lenient, section->offset, err) < 0)
		return -1;
	n = reader_fetch(reader, header, sizeof(header), err);
	if (n < 0)
		return -1;
	if (n < SECTION_HEADER_SIZE)
		return err_set(
			err, EXIT_MALFORMED, "EIF-TRUNCATED",
			"%s: section %u at offset %llu: a header of %d bytes expected, found "
			"%zd",
			reader->path, i, ull(section->offset), SECTION_HEADER_SIZE, n);
	type = get_be(header + AT_SECTION_TYPE, 2);
	section->type = (enum eif_type)type;
	if (note_type(lenient, i, get_be(header + AT_SECTION_FLAGS, 2), err) < 0)
		return -1;
	/* What is passed over is in no PCR, as metadata. */
	if (measurer_begin(reader->measurer, lenient->ignored[i] ? EIF_METADATA : section->type,
			   header, err) < 0)
		return -1;
	if (lenient->ignored[i])
		return pass_over(lenient, i, err);
	if (section->size > reader_limit(section->type))
		return err_set(err, EXIT_MALFORMED, "EIF-SECTION-SIZE",
			       "%s: section %u (%s) at offset %llu: at most %llu bytes expected, "
			       "found %llu",
			       reader->path, i, eif_type_name(section->type), ull(section->offset),
			       ull(reader_limit(section->type)), ull(section->size));
	reader->seen[section->type]++;
	return reader_take_section(reader, i, err);
}

static int check_seen(struct lenient *lenient, struct err *err)
{
	static const enum eif_type needed[] = {EIF_KERNEL, EIF_CMDLINE, EIF_RAMDISK};
	struct reader *reader = &lenient->reader;

	for (unsigned i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!reader->seen[needed[i]])
			return err_set(err, EXIT_MALFORMED, "EIF-SECTION-MISSING",
				       "%s: a %s section expected, found none in %u sections",
				       reader->path, eif_type_name(needed[i]),
				       reader->image->section_count);
	if (measurer_final(reader->measurer, &reader->measured, err) < 0)
		return -1;
	if (reader->measured.crc != reader->image->crc)
		return note(lenient, err, "EIF-CRC",
			    "header: checksum 0x%08lx expected, found 0x%08lx: the hypervisor "
			    "refuses the file",
			    (unsigned long)reader->measured.crc, (unsigned long)reader->image->crc);
	return 0;
}

/* Errors of the content become notes; those of the machine stay errors. */
static int demote(struct lenient *lenient, struct err *why, struct err *err)
{
	if (why->status != EXIT_MALFORMED) {
		*err = *why;
		return -1;
	}
	return note(lenient, err, why->name, "%s", why->text);
}

static int read_contents(struct lenient *lenient, struct err *err)
{
	struct reader *reader = &lenient->reader;
	struct eif_image *image = reader->image;
	struct err why = {0};

	if (reader->seen[EIF_METADATA])
		image->metadata = eif_metadata_parse(reader->kept[EIF_METADATA],
						     reader->kept_size[EIF_METADATA], &why);
	else if (note(lenient, err, "EIF-SECTION-MISSING",
		      "a metadata section expected, found none%s",
		      image->version < FORMAT_VERSION ? ", which is right before version 4" : "") <
		 0)
		return -1;
	if (why.status && demote(lenient, &why, err) < 0)
		return -1;
	why = (struct err){0};
	if (reader_take_signature(reader, &why) < 0 && demote(lenient, &why, err) < 0)
		return -1;
	image->cmdline = steal_ptr(reader->kept[EIF_CMDLINE]);
	image->cmdline_size = reader->kept_size[EIF_CMDLINE];
	reader_take_measured(image, &reader->measured);
	return 0;
}

/* Sections may lie anywhere, so the digest of the file is a pass of its own. */
static int hash_file(struct lenient *lenient, struct err *err)
{
	struct reader *reader = &lenient->reader;
	cleanup_hash struct hash *sha256 = hash_new(HASH_SHA256, err);
	cleanup_free unsigned char *buffer = malloc(RING_BLOCK);
	ssize_t n;

	if (!buffer)
		return err_errno(err, "MEMORY", "%s", reader->path);
	if (!sha256 || seek(lenient, 0, err) < 0)
		return -1;
	while ((n = reader_fetch(reader, buffer, RING_BLOCK, err)) > 0)
		if (hash_update(sha256, buffer, (size_t)n, err) < 0)
			return -1;
	if (n < 0)
		return -1;
	reader->image->file_size = reader->offset;
	return hash_final(sha256, reader->image->file_sha256, err);
}

static int read_image(struct lenient *lenient, struct err *err)
{
	struct reader *reader = &lenient->reader;
	off_t size = lseek(reader->fd, 0, SEEK_END);
	int follows;

	if (size < 0)
		return err_errno(err, "FILE-READ", "%s: a file to seek in expected", reader->path);
	lenient->file_size = (uint64_t)size;
	reader->image->notes = json_array();
	if (!reader->image->notes)
		return err_errno(err, "MEMORY", "%s", reader->path);
	if (reader_open(reader, err) < 0 || seek(lenient, 0, err) < 0)
		return -1;
	if (read_header(lenient, err) < 0)
		return -1;
	follows = follow_table(lenient, err);
	if (follows < 0 || (!follows && follow_sections(lenient, err) < 0) ||
	    note_places(lenient, err) < 0)
		return -1;
	for (unsigned i = 0; i < reader->image->section_count; i++)
		if (read_section(lenient, i, err) < 0)
			return -1;
	if (check_seen(lenient, err) < 0 || read_contents(lenient, err) < 0)
		return -1;
	return hash_file(lenient, err);
}

int eif_read_lenient(int fd, const char *path, const struct eif_sink *sink, struct eif_image *image,
		     struct err *err)
{
	cleanup_with(lenient_close) struct lenient lenient = {
		.reader = {.fd = fd, .path = path, .sink = sink, .image = image}};

	*image = EIF_IMAGE_INIT;
	if (read_image(&lenient, err) == 0)
		return 0;
	eif_image_clear(image);
	return -1;
}
