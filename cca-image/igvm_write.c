/*
 * Writes IGVM images: headers and data by two cursors in one file. Equal pages share their bytes
 * and pages of zeros have none, as with the reference writer, so that the same parts give the same
 * file. Holds 16 bytes of memory for each different page, and nothing else that grows.
 */
#include "igvm.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include <isa-l/crc.h>

#include "outfile.h"

enum { HEADERS = 1 << 16, BLOCK = 64 * REALM_PAGE };

/* A page that is there, by the start of its digest. */
struct known {
	uint64_t digest;
	uint64_t offset; /* 0: a free place */
};

struct writer {
	const struct igvm_build *build;
	struct outfile *out;
	unsigned char headers[HEADERS]; /* not yet written */
	size_t headers_used;
	uint64_t headers_at; /* where they go */
	uint64_t headers_end;
	uint64_t data_at;
	struct known *known; /* open addressing; a power of two */
	size_t known_size, known_used;
};

static int too_large(const struct writer *writer, struct err *err)
{
	return err_set(err, EXIT_MALFORMED, "IGVM-FILE-SIZE",
		       "%s: an image below 4 GiB expected, found more", writer->out->path);
}

static int flush_headers(struct writer *writer, struct err *err)
{
	if (outfile_write_at(writer->out, writer->headers, writer->headers_used,
			     (off_t)writer->headers_at, err) < 0)
		return -1;
	writer->headers_at += writer->headers_used;
	writer->headers_used = 0;
	return 0;
}

static int put_header(struct writer *writer, uint32_t type, const unsigned char *content,
		      uint32_t size, struct err *err)
{
	size_t padded = (size_t)round_up(IGVM_ELEMENT + size, 8);
	unsigned char *p;

	if (padded > HEADERS - writer->headers_used && flush_headers(writer, err) < 0)
		return -1;
	p = writer->headers + writer->headers_used;
	memset(p, 0, padded);
	put_le(p, type, 4);
	put_le(p + 4, size, 4);
	memcpy(p + IGVM_ELEMENT, content, size);
	writer->headers_used += padded;
	return 0;
}

static int put_initialization(struct writer *writer, struct err *err)
{
	const struct igvm_policy *policy = &writer->build->policy;
	unsigned char platform[IGVM_PLATFORM_SIZE] = {IGVM_MASK};
	unsigned char corim[IGVM_CORIM_SIZE] = {IGVM_MASK};
	unsigned char content[IGVM_POLICY_SIZE] = {IGVM_MASK};

	platform[5] = IGVM_PLATFORM_CCA;
	put_le(platform + 6, IGVM_PLATFORM_VERSION, 2);
	put_le(content + 8, policy->zeroes, 8);
	put_le(content + 0x10, policy->ones, 8);
	content[0x18] = policy->hash;
	content[0x19] = policy->lfa;
	if (put_header(writer, IGVM_PLATFORM, platform, sizeof(platform), err) < 0 ||
	    put_header(writer, IGVM_POLICY, content, sizeof(content), err) < 0)
		return -1;
	return writer->build->corim_slot ? put_header(writer, IGVM_CORIM, corim, sizeof(corim), err)
					 : 0;
}

static int put_memory(struct writer *writer, struct err *err)
{
	for (size_t i = 0; i < writer->build->memory_count; i++) {
		unsigned char content[IGVM_REQUIRED_SIZE] = {0};

		put_le(content, writer->build->memory[i].gpa, 8);
		put_le(content + 8, IGVM_MASK, 4);
		put_le(content + 0xc, writer->build->memory[i].size, 4);
		if (put_header(writer, IGVM_REQUIRED, content, sizeof(content), err) < 0)
			return -1;
	}
	return 0;
}

static int put_data(struct writer *writer, const unsigned char *page, uint64_t *offset,
		    struct err *err)
{
	if (writer->data_at + REALM_PAGE > UINT32_MAX)
		return too_large(writer, err);
	*offset = writer->data_at;
	if (outfile_write_at(writer->out, page, REALM_PAGE, (off_t)writer->data_at, err) < 0)
		return -1;
	writer->data_at += REALM_PAGE;
	return 0;
}

static int grow_known(struct writer *writer, struct err *err)
{
	size_t size = writer->known_size ? 2 * writer->known_size : 1024;
	struct known *grown = calloc(size, sizeof(*grown));

	if (!grown)
		return err_errno(err, "MEMORY", "%s", writer->out->path);
	for (size_t i = 0; i < writer->known_size; i++) {
		size_t at = (size_t)writer->known[i].digest & (size - 1);

		if (!writer->known[i].offset)
			continue;
		while (grown[at].offset)
			at = (at + 1) & (size - 1);
		grown[at] = writer->known[i];
	}
	free(writer->known);
	writer->known = grown;
	writer->known_size = size;
	return 0;
}

/* Whether the page at this offset is the very same. */
static int is_same(struct writer *writer, uint64_t offset, const unsigned char *page, bool *same,
		   struct err *err)
{
	unsigned char other[REALM_PAGE];
	ssize_t n = read_at(writer->out->fd, other, sizeof(other), offset, writer->out->path, err);

	*same = n == REALM_PAGE && memcmp(other, page, REALM_PAGE) == 0;
	return n < 0 ? -1 : 0;
}

static uint64_t short_digest(const unsigned char *page, struct err *err)
{
	cleanup_hash struct hash *hash = hash_new(HASH_SHA256, err);
	unsigned char digest[HASH_MAX_SIZE] = {0};

	if (!hash || hash_update(hash, page, REALM_PAGE, err) < 0 ||
	    hash_final(hash, digest, err) < 0)
		return 0;
	return get_le(digest, 8);
}

/* The place of a page's bytes, written now unless they are there already; 0 for zeros. */
static int place_page(struct writer *writer, const unsigned char *page, uint64_t *offset,
		      struct err *err)
{
	static const unsigned char zeros[REALM_PAGE];
	uint64_t digest;
	size_t at;

	*offset = 0;
	if (memcmp(page, zeros, REALM_PAGE) == 0)
		return 0;
	if (4 * (writer->known_used + 1) > 3 * writer->known_size && grow_known(writer, err) < 0)
		return -1;
	digest = short_digest(page, err);
	if (err->status)
		return -1;
	for (at = (size_t)digest & (writer->known_size - 1); writer->known[at].offset;
	     at = (at + 1) & (writer->known_size - 1)) {
		bool same = false;

		if (writer->known[at].digest != digest)
			continue;
		if (is_same(writer, writer->known[at].offset, page, &same, err) < 0)
			return -1;
		if (same) {
			*offset = writer->known[at].offset;
			return 0;
		}
	}
	if (put_data(writer, page, offset, err) < 0)
		return -1;
	writer->known[at] = (struct known){digest, *offset};
	writer->known_used++;
	return 0;
}

static int put_page(struct writer *writer, uint64_t gpa, bool unmeasured, const unsigned char *page,
		    struct err *err)
{
	unsigned char content[IGVM_PAGE_SIZE_OF] = {0};
	uint64_t offset;

	if (place_page(writer, page, &offset, err) < 0)
		return -1;
	put_le(content, gpa, 8);
	put_le(content + 8, IGVM_MASK, 4);
	put_le(content + 0xc, offset, 4);
	put_le(content + 0x10, unmeasured ? IGVM_PAGE_UNMEASURED : 0, 4);
	return put_header(writer, IGVM_PAGE, content, sizeof(content), err);
}

static int put_part(struct writer *writer, const struct igvm_part *part, struct err *err)
{
	cleanup_close int fd = -1;
	unsigned char block[BLOCK];

	if (part->path) {
		fd = open(part->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (fd < 0)
			return err_errno(err, "FILE-OPEN", "%s", part->path);
	}
	for (uint64_t at = 0; at < part->size; at += BLOCK) {
		size_t size = part->size - at < BLOCK ? (size_t)(part->size - at) : BLOCK;
		ssize_t n = (ssize_t)size;

		memset(block, 0, sizeof(block));
		if (part->path)
			n = read_at(fd, block, size, at, part->path, err);
		else
			memcpy(block, part->data + at, size);
		if (n < 0)
			return -1;
		for (size_t page = 0; page < size; page += REALM_PAGE)
			if (put_page(writer, part->gpa + at + page, part->unmeasured, block + page,
				     err) < 0)
				return -1;
	}
	return 0;
}

static int put_context(struct writer *writer, struct err *err)
{
	unsigned char content[IGVM_VP_SIZE] = {0};
	unsigned char context[REALM_PAGE] = {0};
	uint64_t offset;

	for (unsigned i = 0; i < REALM_GPRS; i++)
		put_le(context + 8 * i, writer->build->gprs[i], 8);
	put_le(context + IGVM_CONTEXT_PC, writer->build->pc, 8);
	put_le(context + IGVM_CONTEXT_FLAGS, 1, 8);
	if (place_page(writer, context, &offset, err) < 0)
		return -1;
	put_le(content + 8, IGVM_MASK, 4);
	put_le(content + 0xc, offset, 4);
	return put_header(writer, IGVM_VP, content, sizeof(content), err);
}

static void fill_fixed(unsigned char *fixed, uint64_t headers_end, uint64_t total)
{
	memset(fixed, 0, IGVM_FIXED);
	memcpy(fixed, igvm_magic, sizeof(igvm_magic));
	put_le(fixed + IGVM_AT_VERSION, IGVM_VERSION, 4);
	put_le(fixed + IGVM_AT_OFFSET, IGVM_FIXED, 4);
	put_le(fixed + IGVM_AT_SIZE, headers_end - IGVM_FIXED, 4);
	put_le(fixed + IGVM_AT_TOTAL, total, 4);
	put_le(fixed + IGVM_AT_ARCH, IGVM_AARCH64, 4);
	put_le(fixed + IGVM_AT_PAGE_SIZE, REALM_PAGE, 4);
}

/* Writes the fixed header with the checksum of what lies between it and headers_end. */
static int put_fixed(struct outfile *out, uint64_t headers_end, uint64_t total, struct err *err)
{
	unsigned char fixed[IGVM_FIXED];
	unsigned char block[HEADERS];
	uint32_t crc;

	fill_fixed(fixed, headers_end, total);
	crc = crc32_gzip_refl(0, fixed, sizeof(fixed));
	for (uint64_t at = IGVM_FIXED; at < headers_end; at += sizeof(block)) {
		uint64_t left = headers_end - at;
		size_t want = left < sizeof(block) ? (size_t)left : sizeof(block);
		ssize_t n = read_at(out->fd, block, want, at, out->path, err);

		if (n < 0)
			return -1;
		crc = crc32_gzip_refl(crc, block, (uint64_t)n);
	}
	put_le(fixed + IGVM_AT_CHECKSUM, crc, 4);
	return outfile_write_at(out, fixed, sizeof(fixed), 0, err);
}

static uint64_t headers_size(const struct igvm_build *build)
{
	uint64_t size = IGVM_FIXED + 2 * IGVM_ELEMENT + IGVM_PLATFORM_SIZE + IGVM_POLICY_SIZE;
	uint64_t pages = 0;

	for (size_t i = 0; i < build->part_count; i++)
		pages += build->parts[i].size / REALM_PAGE;
	if (build->corim_slot)
		size += IGVM_ELEMENT + IGVM_CORIM_SIZE;
	size += build->memory_count * (IGVM_ELEMENT + IGVM_REQUIRED_SIZE);
	size += pages * (IGVM_ELEMENT + IGVM_PAGE_SIZE_OF);
	return size + round_up(IGVM_ELEMENT + IGVM_VP_SIZE, 8);
}

static int put_image(struct writer *writer, struct err *err)
{
	if (writer->headers_end > UINT32_MAX)
		return too_large(writer, err);
	if (put_initialization(writer, err) < 0 || put_memory(writer, err) < 0)
		return -1;
	for (size_t i = 0; i < writer->build->part_count; i++)
		if (put_part(writer, &writer->build->parts[i], err) < 0)
			return -1;
	if (put_context(writer, err) < 0 || flush_headers(writer, err) < 0)
		return -1;
	return put_fixed(writer->out, writer->headers_end, writer->data_at, err);
}

/* What we write must be what we read. */
static int check_written(const struct outfile *out, struct err *err)
{
	struct igvm_image image;

	return igvm_read(out->fd, out->path, NULL, &image, err);
}

int igvm_write(const struct igvm_build *build, const char *path, struct err *err)
{
	cleanup_with(outfile_close) struct outfile out = OUTFILE_INIT;
	cleanup_free struct writer *writer = calloc(1, sizeof(*writer));
	int status;

	if (!writer)
		return err_errno(err, "MEMORY", "%s", path);
	if (outfile_open(&out, path, err) < 0)
		return -1;
	writer->build = build;
	writer->out = &out;
	writer->headers_at = IGVM_FIXED;
	writer->headers_end = headers_size(build);
	writer->data_at = writer->headers_end;
	status = put_image(writer, err);
	free(steal_ptr(writer->known));
	if (status < 0 || check_written(&out, err) < 0)
		return -1;
	return outfile_commit(&out, err);
}

static int copy(int fd, const char *path, struct outfile *out, uint64_t size, struct err *err)
{
	unsigned char block[HEADERS];

	for (uint64_t at = 0; at < size; at += sizeof(block)) {
		size_t want = size - at < sizeof(block) ? (size_t)(size - at) : sizeof(block);
		ssize_t n = read_at(fd, block, want, at, path, err);

		if (n < 0 || outfile_write_at(out, block, (size_t)n, (off_t)at, err) < 0)
			return -1;
	}
	return 0;
}

/* The slot is the header behind the policy, where put_initialization() puts it. */
enum { SLOT = IGVM_FIXED + IGVM_ELEMENT + IGVM_PLATFORM_SIZE + IGVM_ELEMENT + IGVM_POLICY_SIZE };

static int check_slot(int fd, const char *path, const struct igvm_image *image, bool fill,
		      struct err *err)
{
	unsigned char header[IGVM_ELEMENT];

	if (read_at(fd, header, sizeof(header), SLOT, path, err) < 0)
		return -1;
	if (!image->corim_slot || get_le(header, 4) != IGVM_CORIM || image->signature_size)
		return err_set(err, EXIT_MALFORMED, "IGVM-CORIM-SLOT",
			       "%s: a slot for a document behind the policy, and no signature, "
			       "expected, found none",
			       path);
	if (fill && image->corim_size)
		return err_set(err, EXIT_MALFORMED, "IGVM-CORIM-SLOT",
			       "%s: an empty slot expected, found a document of %llu bytes", path,
			       (unsigned long long)image->corim_size);
	if (!fill &&
	    (image->corim_size == 0 || image->corim_offset + image->corim_size != image->file_size))
		return err_set(err, EXIT_MALFORMED, "IGVM-CORIM-SLOT",
			       "%s: a document at the end of the file expected, found none", path);
	return 0;
}

static int put_document(struct outfile *out, uint64_t end, const void *document, size_t size,
			struct err *err)
{
	unsigned char place[8] = {0};

	if (size > 0) {
		put_le(place, end, 4);
		put_le(place + 4, size, 4);
	}
	if (outfile_write_at(out, place, sizeof(place), SLOT + IGVM_ELEMENT + 4, err) < 0)
		return -1;
	return size > 0 ? outfile_write_at(out, document, size, (off_t)end, err) : 0;
}

int igvm_set_corim(int fd, const char *path, const void *document, size_t size, const char *name,
		   struct err *err)
{
	cleanup_with(outfile_close) struct outfile out = OUTFILE_INIT;
	struct igvm_image image;
	unsigned char fixed[IGVM_FIXED];
	uint64_t end;

	if (igvm_read(fd, path, NULL, &image, err) < 0 ||
	    check_slot(fd, path, &image, size > 0, err) < 0 ||
	    read_at(fd, fixed, sizeof(fixed), 0, path, err) < 0 ||
	    outfile_open(&out, name, err) < 0)
		return -1;
	end = image.file_size - image.corim_size;
	if (end + size > UINT32_MAX || size > IGVM_MAX_CORIM)
		return err_set(err, EXIT_MALFORMED, "IGVM-CORIM-SIZE",
			       "%s: a document of at most 1 MiB, an image below 4 GiB expected, "
			       "found %zu bytes",
			       path, size);
	if (copy(fd, path, &out, end, err) < 0 ||
	    put_document(&out, end, document, size, err) < 0 ||
	    put_fixed(&out, IGVM_FIXED + get_le(fixed + IGVM_AT_SIZE, 4), end + size, err) < 0 ||
	    check_written(&out, err) < 0)
		return -1;
	return outfile_commit(&out, err);
}
