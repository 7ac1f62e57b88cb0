/*
 * Reads an IGVM image for CCA strictly: once to check every header and the checksum, then once more
 * for who wants the pages. A file that a loader could take for something else is refused, and so is
 * one with bytes that no header accounts for. Never allocates by a number that the file names.
 */
#include "igvm.h"

#include <string.h>
#include <sys/stat.h>

#include <isa-l/crc.h>

const unsigned char igvm_magic[4] = "IGVM";

enum { BUFFER = 1 << 16, DATA = 1 << 18 };

struct reader {
	int fd;
	const char *path;
	const struct igvm_sink *sink; /* in the second pass */
	struct igvm_image *image;
	uint64_t offset;      /* of the element that is looked at */
	uint64_t headers_end; /* where data begins */
	unsigned section;     /* 0 platforms, 1 initialization, 2 directives */
	uint64_t next_data;   /* up to here every byte of data was somebody's */
	uint64_t next_gpa;    /* no page may lie below */
	bool platform, policy, context, signature;
	bool corim_first, signature_first; /* lies at the start of the data */
	unsigned char buffer[BUFFER];	   /* of headers */
	uint64_t buffer_at;
	size_t buffer_size;
	unsigned char data[DATA]; /* of pages */
	uint64_t data_at;
	size_t data_size;
};

static int fixed_error(const struct reader *reader, const char *name, const char *field,
		       unsigned at, uint64_t expected, uint64_t found, struct err *err)
{
	return err_set(err, EXIT_MALFORMED, name,
		       "%s: fixed header: %s at offset 0x%02x: 0x%llx expected, found 0x%llx",
		       reader->path, field, at, (unsigned long long)expected,
		       (unsigned long long)found);
}

static int element_error(const struct reader *reader, const char *name, const char *expected,
			 uint64_t found, struct err *err)
{
	return err_set(err, EXIT_MALFORMED, name,
		       "%s: header at offset 0x%llx: %s expected, found 0x%llx", reader->path,
		       (unsigned long long)reader->offset, expected, (unsigned long long)found);
}

/* The fields that can only be one thing; then those that say how long everything is. */
static int check_fixed(struct reader *reader, const unsigned char *fixed, struct err *err)
{
	static const struct {
		const char *name, *field;
		unsigned at;
		uint64_t value;
	} fields[] = {
		{"IGVM-VERSION", "format version", IGVM_AT_VERSION, IGVM_VERSION},
		{"IGVM-ARCHITECTURE", "architecture", IGVM_AT_ARCH, IGVM_AARCH64},
		{"IGVM-PAGE-SIZE", "page size", IGVM_AT_PAGE_SIZE, REALM_PAGE},
		{"IGVM-HEADER-OFFSET", "offset of the headers", IGVM_AT_OFFSET, IGVM_FIXED},
	};
	uint64_t size = get_le(fixed + IGVM_AT_SIZE, 4);
	uint64_t total = get_le(fixed + IGVM_AT_TOTAL, 4);

	if (memcmp(fixed, igvm_magic, sizeof(igvm_magic)) != 0)
		return fixed_error(reader, "IGVM-MAGIC", "magic", 0,
				   get_le(igvm_magic, sizeof(igvm_magic)), get_le(fixed, 4), err);
	for (unsigned i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (get_le(fixed + fields[i].at, 4) != fields[i].value)
			return fixed_error(reader, fields[i].name, fields[i].field, fields[i].at,
					   fields[i].value, get_le(fixed + fields[i].at, 4), err);
	if (total != reader->image->file_size)
		return fixed_error(reader, "IGVM-FILE-SIZE", "total size", IGVM_AT_TOTAL,
				   reader->image->file_size, total, err);
	if (size == 0 || size % 8 || size >= total - IGVM_FIXED)
		return err_set(err, EXIT_MALFORMED, "IGVM-HEADER-SIZE",
			       "%s: fixed header: size of the headers at offset 0x%02x: a multiple "
			       "of 8 with data behind it expected, found 0x%llx",
			       reader->path, IGVM_AT_SIZE, (unsigned long long)size);
	reader->headers_end = IGVM_FIXED + size;
	reader->image->checksum = (uint32_t)get_le(fixed + IGVM_AT_CHECKSUM, 4);
	return 0;
}

/* Over the fixed header, its checksum as zeros, and all headers. */
static int check_checksum(const struct reader *reader, const unsigned char *fixed, struct err *err)
{
	unsigned char block[BUFFER];
	uint32_t crc;

	memcpy(block, fixed, IGVM_FIXED);
	memset(block + IGVM_AT_CHECKSUM, 0, 4);
	crc = crc32_gzip_refl(0, block, IGVM_FIXED);
	for (uint64_t at = IGVM_FIXED; at < reader->headers_end; at += sizeof(block)) {
		uint64_t left = reader->headers_end - at;
		size_t want = left < sizeof(block) ? (size_t)left : sizeof(block);
		ssize_t n = read_at(reader->fd, block, want, at, reader->path, err);

		if (n < 0)
			return -1;
		crc = crc32_gzip_refl(crc, block, (uint64_t)n);
	}
	if (crc != reader->image->checksum)
		return fixed_error(reader, "IGVM-CHECKSUM", "checksum", IGVM_AT_CHECKSUM, crc,
				   reader->image->checksum, err);
	return 0;
}

static int read_fixed(struct reader *reader, struct err *err)
{
	unsigned char fixed[IGVM_FIXED];
	struct stat st;

	if (fstat(reader->fd, &st) < 0)
		return err_errno(err, "FILE-READ", "%s", reader->path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, EXIT_MALFORMED, "IGVM-INPUT",
			       "%s: a regular file expected, found another type", reader->path);
	reader->image->file_size = (uint64_t)st.st_size;
	if (st.st_size < IGVM_FIXED)
		return err_set(err, EXIT_MALFORMED, "IGVM-TRUNCATED",
			       "%s: a fixed header of %d bytes expected, found %lld bytes",
			       reader->path, IGVM_FIXED, (long long)st.st_size);
	if (read_at(reader->fd, fixed, sizeof(fixed), 0, reader->path, err) < 0 ||
	    check_fixed(reader, fixed, err) < 0)
		return -1;
	return check_checksum(reader, fixed, err);
}

/* size bytes of headers at the reader's offset, which lie before headers_end. */
static const unsigned char *look(struct reader *reader, size_t size, struct err *err)
{
	uint64_t at = reader->offset;

	if (at < reader->buffer_at || at + size > reader->buffer_at + reader->buffer_size) {
		uint64_t left = reader->headers_end - at;
		size_t want = left < BUFFER ? (size_t)left : BUFFER;
		ssize_t n = read_at(reader->fd, reader->buffer, want, at, reader->path, err);

		if (n < 0)
			return NULL;
		reader->buffer_at = at;
		reader->buffer_size = (size_t)n;
		if ((size_t)n < size) {
			err_set(err, EXIT_MALFORMED, "IGVM-FILE-SIZE",
				"%s: the same size expected, found the end: it shrank meanwhile",
				reader->path);
			return NULL;
		}
	}
	return reader->buffer + (at - reader->buffer_at);
}

/*
 * Data lies in the order in which headers first name it, without gaps; who names it again may mean
 * any of it. A document that was put in afterwards lies behind everything else.
 */
static int take_data(struct reader *reader, uint64_t offset, uint64_t size, struct err *err)
{
	if (offset < reader->headers_end)
		return element_error(reader, "IGVM-DATA-OFFSET", "data behind the headers", offset,
				     err);
	if (offset > reader->image->file_size || size > reader->image->file_size - offset)
		return element_error(reader, "IGVM-DATA-END", "data that ends inside the file",
				     offset, err);
	if (offset > reader->next_data)
		return element_error(reader, "IGVM-DATA-GAP", "data without bytes before it",
				     offset, err);
	if (offset + size > reader->next_data) {
		if (offset < reader->next_data)
			return element_error(reader, "IGVM-DATA-OVERLAP",
					     "data that is wholly new or wholly old", offset, err);
		reader->next_data = offset + size;
	}
	return 0;
}

static int check_mask(const struct reader *reader, const unsigned char *p, struct err *err)
{
	uint64_t mask = get_le(p, 4);

	if (mask != IGVM_MASK)
		return element_error(reader, "IGVM-MASK", "the platform's mask 0x1", mask, err);
	return 0;
}

static int check_reserved(const struct reader *reader, const unsigned char *p, unsigned size,
			  struct err *err)
{
	for (unsigned i = 0; i < size; i++)
		if (p[i])
			return element_error(reader, "IGVM-RESERVED", "reserved bytes of zeros",
					     p[i], err);
	return 0;
}

static int take_platform(struct reader *reader, const unsigned char *p, struct err *err)
{
	if (reader->platform)
		return element_error(reader, "IGVM-PLATFORM-TWICE", "one platform", IGVM_PLATFORM,
				     err);
	reader->platform = true;
	if (check_mask(reader, p, err) < 0)
		return -1;
	if (p[4] != 0)
		return element_error(reader, "IGVM-VTL", "highest VTL 0", p[4], err);
	if (p[5] != IGVM_PLATFORM_CCA)
		return element_error(reader, "IGVM-PLATFORM", "platform type 6 (CCA)", p[5], err);
	if (get_le(p + 6, 2) != IGVM_PLATFORM_VERSION)
		return element_error(reader, "IGVM-PLATFORM-VERSION", "platform version 1",
				     get_le(p + 6, 2), err);
	if (get_le(p + 8, 8) != 0)
		return element_error(reader, "IGVM-BOUNDARY", "shared boundary 0", get_le(p + 8, 8),
				     err);
	return 0;
}

static int take_policy(struct reader *reader, const unsigned char *p, struct err *err)
{
	struct igvm_policy *policy = &reader->image->policy;
	enum hash_algorithm hash;

	if (reader->policy)
		return element_error(reader, "IGVM-POLICY-TWICE", "one policy", IGVM_POLICY, err);
	reader->policy = true;
	if (check_mask(reader, p, err) < 0 || check_reserved(reader, p + 4, 4, err) < 0 ||
	    check_reserved(reader, p + 0x1a, 6, err) < 0)
		return -1;
	policy->zeroes = get_le(p + 8, 8);
	policy->ones = get_le(p + 0x10, 8);
	policy->hash = p[0x18];
	policy->lfa = p[0x19];
	if ((policy->zeroes | policy->ones) & ~3ULL)
		return element_error(reader, "IGVM-ATTRIBUTES", "attributes of bits 0 and 1",
				     policy->zeroes | policy->ones, err);
	if (policy->zeroes & policy->ones)
		return element_error(reader, "IGVM-ATTRIBUTES",
				     "no attribute that is both required and forbidden",
				     policy->zeroes & policy->ones, err);
	if (!realm_hash_of_number(policy->hash, &hash))
		return element_error(reader, "IGVM-HASH", "hash 0, 1 or 2", policy->hash, err);
	if (policy->lfa > 1)
		return element_error(reader, "IGVM-LFA", "firmware activation policy 0 or 1",
				     policy->lfa, err);
	return 0;
}

/* Documents lie at the start of the data, or at the end of the file. */
static int take_corim(struct reader *reader, const unsigned char *p, bool signature,
		      struct err *err)
{
	struct igvm_image *image = reader->image;
	uint64_t offset = get_le(p + 4, 4);
	uint64_t size = get_le(p + 8, 4);
	bool *seen = signature ? &reader->signature : &image->corim_slot;

	if (*seen)
		return element_error(reader, "IGVM-CORIM-TWICE", "one document, one signature",
				     signature ? IGVM_CORIM_SIGNATURE : IGVM_CORIM, err);
	if (signature && !image->corim_slot)
		return element_error(reader, "IGVM-CORIM-ORDER", "a document before its signature",
				     IGVM_CORIM_SIGNATURE, err);
	*seen = true;
	if (check_mask(reader, p, err) < 0 || check_reserved(reader, p + 0xc, 4, err) < 0)
		return -1;
	if (!offset != !size || size > IGVM_MAX_CORIM)
		return element_error(reader, "IGVM-CORIM-SIZE",
				     "offset and size both 0 or neither, at most 1 MiB", size, err);
	if (offset == 0)
		return 0;
	*(signature ? &image->signature_offset : &image->corim_offset) = offset;
	*(signature ? &image->signature_size : &image->corim_size) = size;
	*(signature ? &reader->signature_first : &reader->corim_first) =
		offset == reader->next_data;
	if (offset == reader->next_data)
		return take_data(reader, offset, size, err);
	if (offset < reader->headers_end || size > image->file_size ||
	    offset > image->file_size - size)
		return element_error(reader, "IGVM-CORIM-PLACE",
				     "a document at the start of the data or the end of the file",
				     offset, err);
	return 0;
}

static int take_required(struct reader *reader, const unsigned char *p, struct err *err)
{
	struct igvm_image *image = reader->image;
	struct igvm_memory memory = {.gpa = get_le(p, 8), .size = get_le(p + 0xc, 4)};
	const struct igvm_memory *last =
		image->memory_count > 0 ? &image->memory[image->memory_count - 1] : NULL;

	if (image->pages > 0 || reader->context)
		return element_error(reader, "IGVM-ORDER", "required memory before pages",
				     IGVM_REQUIRED, err);
	if (check_mask(reader, p + 8, err) < 0 || check_reserved(reader, p + 0x14, 4, err) < 0)
		return -1;
	if (get_le(p + 0x10, 4) != 0)
		return element_error(reader, "IGVM-MEMORY-FLAGS", "flags 0", get_le(p + 0x10, 4),
				     err);
	if (memory.gpa % REALM_PAGE || memory.size % REALM_PAGE || memory.size == 0 ||
	    memory.gpa > INT64_MAX)
		return element_error(reader, "IGVM-MEMORY", "whole pages below 2^63", memory.gpa,
				     err);
	if (last && memory.gpa < last->gpa + last->size)
		return element_error(reader, "IGVM-MEMORY-ORDER",
				     "memory behind what was required before", memory.gpa, err);
	if (image->memory_count == IGVM_MAX_MEMORY)
		return element_error(reader, "IGVM-MEMORY-COUNT", "at most 64 pieces of memory",
				     IGVM_MAX_MEMORY + 1, err);
	image->memory[image->memory_count++] = memory;
	return 0;
}

static bool is_required(const struct igvm_image *image, uint64_t gpa)
{
	for (size_t i = 0; i < image->memory_count; i++)
		if (gpa >= image->memory[i].gpa &&
		    gpa - image->memory[i].gpa < image->memory[i].size)
			return true;
	return false;
}

static int check_page(const struct reader *reader, const unsigned char *p, struct err *err)
{
	uint64_t gpa = get_le(p, 8);
	uint64_t flags = get_le(p + 0x10, 4);

	if (reader->context)
		return element_error(reader, "IGVM-ORDER", "pages before the context", IGVM_PAGE,
				     err);
	if (check_mask(reader, p + 8, err) < 0 || check_reserved(reader, p + 0x16, 2, err) < 0)
		return -1;
	if (gpa % REALM_PAGE || gpa > INT64_MAX)
		return element_error(reader, "IGVM-PAGE-ADDRESS", "a multiple of 4096 below 2^63",
				     gpa, err);
	if (flags & IGVM_PAGE_SHARED)
		return element_error(reader, "IGVM-PAGE-SHARED", "a page of the realm's own", flags,
				     err);
	if (flags & ~(uint64_t)IGVM_PAGE_UNMEASURED)
		return element_error(reader, "IGVM-PAGE-FLAGS", "flags 0 or 2", flags, err);
	if (get_le(p + 0x14, 2) != 0)
		return element_error(reader, "IGVM-PAGE-TYPE", "page type 0 (normal)",
				     get_le(p + 0x14, 2), err);
	if (reader->next_gpa > 0 && gpa == reader->next_gpa - REALM_PAGE)
		return element_error(reader, "IGVM-PAGE-TWICE", "a page once", gpa, err);
	if (gpa < reader->next_gpa)
		return element_error(reader, "IGVM-PAGE-ORDER", "pages in rising order", gpa, err);
	if (!is_required(reader->image, gpa))
		return element_error(reader, "IGVM-PAGE-OUTSIDE", "a page in required memory", gpa,
				     err);
	return 0;
}

/* A page's bytes, from a block that is read ahead. */
static const unsigned char *page_data(struct reader *reader, uint64_t offset, struct err *err)
{
	if (offset < reader->data_at || offset + REALM_PAGE > reader->data_at + reader->data_size) {
		ssize_t n = read_at(reader->fd, reader->data, DATA, offset, reader->path, err);

		if (n < 0)
			return NULL;
		reader->data_at = offset;
		reader->data_size = (size_t)n;
		if (n < REALM_PAGE) {
			err_set(err, EXIT_MALFORMED, "IGVM-FILE-SIZE",
				"%s: the same size expected, found the end: it shrank meanwhile",
				reader->path);
			return NULL;
		}
	}
	return reader->data + (offset - reader->data_at);
}

static int take_page(struct reader *reader, const unsigned char *p, struct err *err)
{
	struct igvm_image *image = reader->image;
	uint64_t gpa = get_le(p, 8);
	uint64_t offset = get_le(p + 0xc, 4);
	bool measured = !(get_le(p + 0x10, 4) & IGVM_PAGE_UNMEASURED);
	const unsigned char *data = NULL;

	if (check_page(reader, p, err) < 0 ||
	    (offset && take_data(reader, offset, REALM_PAGE, err) < 0))
		return -1;
	reader->next_gpa = gpa + REALM_PAGE;
	image->pages++;
	image->unmeasured += !measured;
	image->empty += !offset;
	if (!reader->sink)
		return 0;
	if (offset) {
		data = page_data(reader, offset, err);
		if (!data)
			return -1;
	}
	return reader->sink->page(reader->sink->context, gpa, measured, data, err);
}

static int take_registers(struct reader *reader, uint64_t offset, struct err *err)
{
	struct igvm_image *image = reader->image;
	const unsigned char *context = page_data(reader, offset, err);

	if (!context)
		return -1;
	for (unsigned i = 0; i < REALM_GPRS; i++)
		image->gprs[i] = get_le(context + 8 * i, 8);
	image->pc = get_le(context + IGVM_CONTEXT_PC, 8);
	if (get_le(context + IGVM_CONTEXT_FLAGS, 8) != 1)
		return element_error(reader, "IGVM-CONTEXT-FLAGS", "flags 1 (runnable)",
				     get_le(context + IGVM_CONTEXT_FLAGS, 8), err);
	for (unsigned i = IGVM_CONTEXT_END; i < REALM_PAGE; i++)
		if (context[i])
			return element_error(reader, "IGVM-CONTEXT-PADDING",
					     "zeros behind the registers", context[i], err);
	return 0;
}

static int take_context(struct reader *reader, const unsigned char *p, struct err *err)
{
	uint64_t offset = get_le(p + 0xc, 4);

	if (reader->context)
		return element_error(reader, "IGVM-CONTEXT-TWICE", "one context", IGVM_VP, err);
	reader->context = true;
	if (reader->image->pages == 0)
		return element_error(reader, "IGVM-PAGE-MISSING", "a page before the context",
				     IGVM_VP, err);
	if (check_mask(reader, p + 8, err) < 0 || check_reserved(reader, p + 0x12, 2, err) < 0)
		return -1;
	if (get_le(p, 8) != 0)
		return element_error(reader, "IGVM-CONTEXT-ADDRESS", "address 0", get_le(p, 8),
				     err);
	if (get_le(p + 0x10, 2) != 0)
		return element_error(reader, "IGVM-CONTEXT-INDEX", "processor 0",
				     get_le(p + 0x10, 2), err);
	if (take_data(reader, offset, REALM_PAGE, err) < 0)
		return -1;
	return take_registers(reader, offset, err);
}

struct kind {
	uint32_t type;
	uint32_t size;
	int (*take)(struct reader *reader, const unsigned char *content, struct err *err);
};

static int take_document(struct reader *reader, const unsigned char *p, struct err *err)
{
	return take_corim(reader, p, false, err);
}

static int take_signature(struct reader *reader, const unsigned char *p, struct err *err)
{
	return take_corim(reader, p, true, err);
}

static const struct kind kinds[] = {
	{IGVM_PLATFORM, IGVM_PLATFORM_SIZE, take_platform},
	{IGVM_CORIM, IGVM_CORIM_SIZE, take_document},
	{IGVM_CORIM_SIGNATURE, IGVM_CORIM_SIZE, take_signature},
	{IGVM_POLICY, IGVM_POLICY_SIZE, take_policy},
	{IGVM_PAGE, IGVM_PAGE_SIZE_OF, take_page},
	{IGVM_VP, IGVM_VP_SIZE, take_context},
	{IGVM_REQUIRED, IGVM_REQUIRED_SIZE, take_required},
};

/* What a host would write into the realm, or share with it: parameters, error ranges. */
static bool is_host(uint64_t type)
{
	return type == 0x301 || type == 0x303 || (type >= 0x307 && type <= 0x30a) ||
	       (type >= 0x30c && type <= 0x310) || type == 0x312 || type == 0x313;
}

/* Of other platforms, or superseded by the policy header. */
static bool is_foreign(uint64_t type)
{
	return (type >= 0x101 && type <= 0x103) || type == 0x30b || type == 0x311;
}

static const struct kind *kind_of(const struct reader *reader, uint64_t type, struct err *err)
{
	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].type == type)
			return &kinds[i];
	if (is_host(type))
		element_error(reader, "IGVM-HOST", "nothing that the host writes or shares", type,
			      err);
	else if (is_foreign(type))
		element_error(reader, "IGVM-FOREIGN", "a header for CCA", type, err);
	else
		element_error(reader, "IGVM-TYPE", "a known type", type, err);
	return NULL;
}

static int check_section(struct reader *reader, uint64_t type, struct err *err)
{
	unsigned section = type <= 0x100 ? 0 : type <= 0x200 ? 1 : 2;

	if (section < reader->section)
		return element_error(reader, "IGVM-ORDER",
				     "platforms, then initialization, then directives", type, err);
	if (section > 0 && !reader->platform)
		return element_error(reader, "IGVM-PLATFORM-MISSING", "a platform first", type,
				     err);
	if (section > 1 && !reader->policy)
		return element_error(reader, "IGVM-POLICY-MISSING", "a policy before directives",
				     type, err);
	reader->section = section;
	return 0;
}

static int take_element(struct reader *reader, struct err *err)
{
	const unsigned char *p = look(reader, IGVM_ELEMENT, err);
	uint64_t left = reader->headers_end - reader->offset;
	const struct kind *kind;
	uint64_t length;
	uint64_t padded;

	if (!p)
		return -1;
	length = get_le(p + 4, 4);
	padded = round_up(IGVM_ELEMENT + length, 8);
	kind = kind_of(reader, get_le(p, 4), err);
	if (!kind || check_section(reader, kind->type, err) < 0)
		return -1;
	if (padded > left)
		return element_error(reader, "IGVM-ELEMENT", "a header that ends before the data",
				     length, err);
	if (length != kind->size)
		return element_error(reader, "IGVM-LENGTH", "the length of its type", length, err);
	p = look(reader, (size_t)padded, err);
	if (!p)
		return -1;
	for (uint64_t i = IGVM_ELEMENT + length; i < padded; i++)
		if (p[i])
			return element_error(reader, "IGVM-PADDING", "zeros up to a multiple of 8",
					     p[i], err);
	if (kind->take(reader, p + IGVM_ELEMENT, err) < 0)
		return -1;
	reader->offset += padded;
	return 0;
}

/* A document that is nobody else's: behind everything else, *end is moved behind it. */
static int check_behind(const struct reader *reader, uint64_t offset, uint64_t size, uint64_t *end,
			struct err *err)
{
	if (offset != *end)
		return element_error(reader, "IGVM-CORIM-PLACE",
				     "documents at the start of the data or right behind it",
				     offset, err);
	*end += size;
	return 0;
}

/* What follows the last page's data: a document that was put in, its signature, nothing else. */
static int check_end(struct reader *reader, struct err *err)
{
	const struct igvm_image *image = reader->image;
	uint64_t end = reader->next_data;

	if (!reader->platform)
		return element_error(reader, "IGVM-PLATFORM-MISSING", "a platform", 0, err);
	if (!reader->policy)
		return element_error(reader, "IGVM-POLICY-MISSING", "a policy", 0, err);
	if (!reader->context)
		return element_error(reader, "IGVM-CONTEXT-MISSING", "a context", 0, err);
	if (image->corim_size > 0 && !reader->corim_first &&
	    check_behind(reader, image->corim_offset, image->corim_size, &end, err) < 0)
		return -1;
	if (image->signature_size > 0 && !reader->signature_first &&
	    check_behind(reader, image->signature_offset, image->signature_size, &end, err) < 0)
		return -1;
	if (end != image->file_size)
		return err_set(err, EXIT_MALFORMED, "IGVM-DATA-UNUSED",
			       "%s: the end expected behind the data at offset 0x%llx, found more "
			       "bytes, up to 0x%llx",
			       reader->path, (unsigned long long)end,
			       (unsigned long long)image->file_size);
	return 0;
}

static int walk(struct reader *reader, const struct igvm_sink *sink, struct err *err)
{
	reader->sink = sink;
	reader->offset = IGVM_FIXED;
	reader->next_data = reader->headers_end;
	reader->next_gpa = 0;
	reader->section = 0;
	reader->platform = reader->policy = reader->context = reader->signature = false;
	reader->corim_first = reader->signature_first = false;
	*reader->image = (struct igvm_image){.file_size = reader->image->file_size,
					     .checksum = reader->image->checksum};
	while (reader->offset < reader->headers_end)
		if (take_element(reader, err) < 0)
			return -1;
	return check_end(reader, err);
}

static int digest_file(struct reader *reader, unsigned char sha256[SHA256_SIZE], struct err *err)
{
	cleanup_hash struct hash *hash = hash_new(HASH_SHA256, err);
	ssize_t n;

	if (!hash)
		return -1;
	for (uint64_t at = 0; at < reader->image->file_size; at += (uint64_t)n) {
		n = read_at(reader->fd, reader->data, DATA, at, reader->path, err);
		if (n < 0 || hash_update(hash, reader->data, (size_t)n, err) < 0)
			return -1;
		if (n == 0)
			break;
	}
	reader->data_size = 0;
	return hash_final(hash, sha256, err);
}

int igvm_read(int fd, const char *path, const struct igvm_sink *sink, struct igvm_image *image,
	      struct err *err)
{
	cleanup_free struct reader *reader = calloc(1, sizeof(*reader));
	struct igvm_image found = {0};
	unsigned char sha256[SHA256_SIZE];

	if (!reader)
		return err_errno(err, "MEMORY", "%s", path);
	reader->fd = fd;
	reader->path = path;
	reader->image = &found;
	if (read_fixed(reader, err) < 0 || walk(reader, NULL, err) < 0)
		return -1;
	if (sink) {
		if (walk(reader, sink, err) < 0)
			return -1;
	} else if (digest_file(reader, sha256, err) == 0) {
		memcpy(found.sha256, sha256, sizeof(sha256));
	} else {
		return -1;
	}
	*image = found;
	return 0;
}
