/*
 * The PCRs of an image in one pass: PCR0 and PCR1 share a prefix, so the hash is copied where they
 * part. Never looks at lengths or headers, because the hardware's measurement does not either.
 */
#include "measure.h"

int measurer_open(struct measurer *measurer, struct err *err)
{
	measurer->image = hash_new(HASH_SHA384, err);
	measurer->rest = hash_new(HASH_SHA384, err);
	return measurer->image && measurer->rest ? 0 : -1;
}

int measurer_begin(struct measurer *measurer, enum eif_type type, struct err *err)
{
	measurer->type = type;
	if (type != EIF_RAMDISK)
		return 0;
	measurer->ramdisks++;
	if (measurer->ramdisks != 2)
		return 0;
	measurer->boot = hash_copy(measurer->image, err);
	return measurer->boot ? 0 : -1;
}

int measurer_update(struct measurer *measurer, const void *data, size_t size, struct err *err)
{
	switch (measurer->type) {
	case EIF_SIGNATURE:
	case EIF_METADATA:
		return 0;
	case EIF_RAMDISK:
		if (measurer->ramdisks > 1 && hash_update(measurer->rest, data, size, err) < 0)
			return -1;
		break;
	case EIF_KERNEL:
	case EIF_CMDLINE:
		break;
	}
	return hash_update(measurer->image, data, size, err);
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

int measurer_final(struct measurer *measurer, struct eif_measurements *measurements,
		   struct err *err)
{
	if (!measurer->boot)
		measurer->boot = hash_copy(measurer->image, err);
	if (!measurer->boot || extend(measurer->image, measurements->pcr[0], err) < 0 ||
	    extend(measurer->boot, measurements->pcr[1], err) < 0)
		return -1;
	return extend(measurer->rest, measurements->pcr[2], err);
}

void measurer_close(struct measurer *measurer)
{
	hash_free(measurer->image);
	hash_free(measurer->boot);
	hash_free(measurer->rest);
	*measurer = MEASURER_INIT;
}

int measure_bytes(const void *data, size_t size, unsigned char pcr[SHA384_SIZE], struct err *err)
{
	cleanup_hash struct hash *hash = hash_new(HASH_SHA384, err);

	if (!hash || hash_update(hash, data, size, err) < 0)
		return -1;
	return extend(hash, pcr, err);
}
