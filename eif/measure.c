/*
 * The digests of an image, each a strand of its own. PCR0 and PCR1 share a prefix, so the hash is
 * copied where they part. The PCRs never see lengths or headers, because the hardware's measurement
 * does not either; checksum and file digest see everything.
 */
#include "measure.h"

#include <errno.h>
#include <string.h>

#include <isa-l/crc.h>

#include "layout.h"

enum block_kind { BLOCK_HEADER, BLOCK_SECTION_HEADER, BLOCK_DATA };

struct measurer {
	struct ring *ring;
	struct block *room; /* being filled */
	enum eif_type type; /* of the section that is coming by */
	unsigned sections;  /* begun so far */
	unsigned ramdisks;  /* likewise */

	/* Each of these belongs to one strand until measurer_final(). */
	struct hash *image; /* PCR0: kernel, command line, all ramdisks */
	struct hash
		*boot; /* PCR1: the same up to the end of the first ramdisk; of the same strand */
	struct hash *rest; /* PCR2: the ramdisks after the first */
	struct hash *file;
	struct hash *section;
	unsigned char section_sha256[EIF_MAX_SECTIONS][SHA256_SIZE];
	uint32_t crc;
};

static int take_image(void *context, const struct block *block, struct err *err)
{
	struct measurer *measurer = context;

	if (block->kind == BLOCK_SECTION_HEADER && block->type == EIF_RAMDISK &&
	    block->ramdisk == 1) {
		measurer->boot = hash_copy(measurer->image, err);
		return measurer->boot ? 0 : -1;
	}
	if (block->kind != BLOCK_DATA || block->type == EIF_METADATA ||
	    block->type == EIF_SIGNATURE)
		return 0;
	return hash_update(measurer->image, block->data, block->size, err);
}

static int take_rest(void *context, const struct block *block, struct err *err)
{
	struct measurer *measurer = context;

	if (block->kind != BLOCK_DATA || block->type != EIF_RAMDISK || block->ramdisk == 0)
		return 0;
	return hash_update(measurer->rest, block->data, block->size, err);
}

static int take_crc(void *context, const struct block *block, struct err *err)
{
	struct measurer *measurer = context;
	size_t size = block->kind == BLOCK_HEADER ? AT_CRC : block->size;

	(void)err;
	measurer->crc = crc32_gzip_refl(measurer->crc, block->data, size);
	return 0;
}

static int take_file(void *context, const struct block *block, struct err *err)
{
	struct measurer *measurer = context;

	return hash_update(measurer->file, block->data, block->size, err);
}

/* Ends the digest of the section with this number and lets go of it. */
static int end_section(struct measurer *measurer, unsigned section, struct err *err)
{
	cleanup_hash struct hash *hash = steal_ptr(measurer->section);

	return hash_final(hash, measurer->section_sha256[section], err);
}

static int take_section(void *context, const struct block *block, struct err *err)
{
	struct measurer *measurer = context;

	if (block->kind == BLOCK_HEADER)
		return 0;
	if (block->kind == BLOCK_DATA)
		return hash_update(measurer->section, block->data, block->size, err);
	if (measurer->section && end_section(measurer, block->section - 1, err) < 0)
		return -1;
	measurer->section = hash_new(HASH_SHA256, err);
	return measurer->section ? 0 : -1;
}

/* The costliest first: of two that are equally far behind the first is taken. */
static int open_strands(struct measurer *measurer, bool sha256, struct err *err)
{
	const struct strand strands[RING_MAX_STRANDS] = {
		{take_image, measurer}, {take_rest, measurer},	  {take_crc, measurer},
		{take_file, measurer},	{take_section, measurer},
	};

	measurer->image = hash_new(HASH_SHA384, err);
	if (!measurer->image)
		return -1;
	measurer->rest = hash_new(HASH_SHA384, err);
	if (!measurer->rest)
		return -1;
	if (sha256)
		measurer->file = hash_new(HASH_SHA256, err);
	if (sha256 && !measurer->file)
		return -1;
	measurer->ring = ring_new(strands, sha256 ? 5 : 3, err);
	return measurer->ring ? 0 : -1;
}

struct measurer *measurer_new(bool sha256, struct err *err)
{
	cleanup_measurer struct measurer *measurer = calloc(1, sizeof(*measurer));

	if (!measurer) {
		err_errno(err, "MEMORY", "measurements");
		return NULL;
	}
	return open_strands(measurer, sha256, err) < 0 ? NULL : steal_ptr(measurer);
}

unsigned char *measurer_room(struct measurer *measurer, struct err *err)
{
	measurer->room = ring_room(measurer->ring, err);
	return measurer->room ? measurer->room->data : NULL;
}

static void put(struct measurer *measurer, enum block_kind kind, size_t size)
{
	struct block *block = measurer->room;

	block->size = size;
	block->kind = kind;
	block->type = measurer->type;
	block->section = measurer->sections > 0 ? measurer->sections - 1 : 0;
	block->ramdisk = measurer->ramdisks > 0 ? measurer->ramdisks - 1 : 0;
	ring_put(measurer->ring);
}

void measurer_put(struct measurer *measurer, size_t size)
{
	put(measurer, BLOCK_DATA, size);
}

int measurer_header(struct measurer *measurer, const unsigned char *header, struct err *err)
{
	unsigned char *room = measurer_room(measurer, err);

	if (!room)
		return -1;
	memcpy(room, header, HEADER_SIZE);
	put(measurer, BLOCK_HEADER, HEADER_SIZE);
	return 0;
}

int measurer_begin(struct measurer *measurer, enum eif_type type, const unsigned char *header,
		   struct err *err)
{
	unsigned char *room = measurer_room(measurer, err);

	if (!room)
		return -1;
	memcpy(room, header, SECTION_HEADER_SIZE);
	measurer->type = type;
	measurer->sections++;
	if (type == EIF_RAMDISK)
		measurer->ramdisks++;
	put(measurer, BLOCK_SECTION_HEADER, SECTION_HEADER_SIZE);
	return 0;
}

/* A PCR starts as zeros and is extended once, with the digest of all content. */
static int extend(struct hash *content, unsigned char pcr[SHA384_SIZE], struct err *err)
{
	cleanup_hash struct hash *hash = hash_new(HASH_SHA384, err);
	static const unsigned char zeros[SHA384_SIZE];
	unsigned char digest[SHA384_SIZE];

	if (!hash || hash_final(content, digest, err) < 0 ||
	    hash_update(hash, zeros, sizeof(zeros), err) < 0 ||
	    hash_update(hash, digest, sizeof(digest), err) < 0)
		return -1;
	return hash_final(hash, pcr, err);
}

static int final_sha256(struct measurer *measurer, struct measured *measured, struct err *err)
{
	if (measurer->section && end_section(measurer, measurer->sections - 1, err) < 0)
		return -1;
	memcpy(measured->section_sha256, measurer->section_sha256,
	       sizeof(measured->section_sha256));
	return measurer->file ? hash_final(measurer->file, measured->file_sha256, err) : 0;
}

int measurer_final(struct measurer *measurer, struct measured *measured, struct err *err)
{
	if (ring_finish(measurer->ring, err) < 0)
		return -1;
	if (!measurer->boot)
		measurer->boot = hash_copy(measurer->image, err);
	if (!measurer->boot || extend(measurer->image, measured->pcr[0], err) < 0 ||
	    extend(measurer->boot, measured->pcr[1], err) < 0 ||
	    extend(measurer->rest, measured->pcr[2], err) < 0)
		return -1;
	measured->crc = measurer->crc;
	return final_sha256(measurer, measured, err);
}

void measurer_free(struct measurer *measurer)
{
	if (!measurer)
		return;
	ring_free(measurer->ring); /* first: its threads use the others */
	hash_free(measurer->image);
	hash_free(measurer->boot);
	hash_free(measurer->rest);
	hash_free(measurer->file);
	hash_free(measurer->section);
	free(measurer);
}

int measure_bytes(const void *data, size_t size, unsigned char pcr[SHA384_SIZE], struct err *err)
{
	cleanup_hash struct hash *hash = hash_new(HASH_SHA384, err);

	if (!hash || hash_update(hash, data, size, err) < 0)
		return -1;
	return extend(hash, pcr, err);
}
