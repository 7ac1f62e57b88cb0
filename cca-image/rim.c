/*
 * The Realm Initial Measurement: a chain of digests over what the host asks the RMM to do. Keeps no
 * list of operations; never looks at what the pages mean. Offsets are those of the structures that
 * the RMM hashes (TF-RMM, lib/measurement/include/measurement.h).
 */
#include "room.h"

#include <string.h>

#include <openssl/evp.h>

enum {
	PARAMS_FLAGS = 0x00,
	PARAMS_S2SZ = 0x08,
	PARAMS_SVE_VL = 0x10,
	PARAMS_BPS = 0x18,
	PARAMS_WPS = 0x20,
	PARAMS_PMU = 0x28,
	PARAMS_HASH = 0x30,

	DESCRIPTOR = 0x100, /* bytes */
	AT_TYPE = 0x00,
	AT_SIZE = 0x08,
	AT_RIM = 0x10,
	AT_BASE = 0x50,	   /* of data and RIPAS; a REC has its content there */
	AT_FLAGS = 0x58,   /* RIPAS has its top there */
	AT_CONTENT = 0x60, /* of data */

	ENTRY_BITS = 9, /* from one level of the translation table to the next */

	TYPE_DATA = 0,
	TYPE_REC = 1,
	TYPE_RIPAS = 2,

	REC_FLAGS = 0x000,
	REC_PC = 0x200,
	REC_GPRS = 0x300,
};

struct realm_rim {
	enum realm_rmm rmm;
	uint64_t entry; /* bytes of the largest one of the translation table */
	size_t size; /* of the digest */
	EVP_MD *md;
	EVP_MD_CTX *fresh; /* begun, nothing hashed: a copy is cheaper than a beginning */
	EVP_MD_CTX *work;
	const struct realm_watcher *watcher;
	unsigned char value[HASH_MAX_SIZE]; /* zeros behind a shorter digest */
};

static int engine_failed(struct err *err)
{
	return err_set(err, EXIT_ENVIRONMENT, "HASH-ENGINE", "OpenSSL cannot compute a digest");
}

/* out has room for HASH_MAX_SIZE bytes. */
static int digest(struct realm_rim *rim, const void *data, size_t size, unsigned char *out,
		  struct err *err)
{
	if (!EVP_MD_CTX_copy_ex(rim->work, rim->fresh) ||
	    !EVP_DigestUpdate(rim->work, data, size) || !EVP_DigestFinal_ex(rim->work, out, NULL))
		return engine_failed(err);
	return 0;
}

static int create(struct realm_rim *rim, const struct realm_params *params, struct err *err)
{
	unsigned char page[REALM_PAGE] = {0};

	put_le(page + PARAMS_FLAGS, params->flags, 8);
	page[PARAMS_S2SZ] = params->s2sz;
	page[PARAMS_SVE_VL] = params->sve_vl;
	page[PARAMS_BPS] = params->num_bps;
	page[PARAMS_WPS] = params->num_wps;
	page[PARAMS_PMU] = params->pmu_num_ctrs;
	page[PARAMS_HASH] = (unsigned char)realm_hash_number(params->hash);
	return digest(rim, page, sizeof(page), rim->value, err);
}

/*
 * A table begins at the lowest level where at most 16 tables lie side by side (Linux,
 * arch/arm64/include/asm/stage2_pgtable.h); each level below resolves 9 bits.
 */
static uint64_t largest_entry(unsigned s2sz)
{
	uint64_t size = REALM_PAGE;

	for (unsigned bits = 26; bits <= s2sz && size < REALM_ENTRY_MAX; bits += 9)
		size <<= ENTRY_BITS;
	return size;
}

static int open_engine(struct realm_rim *rim, enum hash_algorithm hash, struct err *err)
{
	static const char *const names[] = {"SHA256", "SHA384", "SHA512"};

	rim->md = EVP_MD_fetch(NULL, names[hash], NULL);
	rim->fresh = EVP_MD_CTX_new();
	rim->work = EVP_MD_CTX_new();
	if (!rim->md || !rim->fresh || !rim->work || !EVP_DigestInit_ex2(rim->fresh, rim->md, NULL))
		return engine_failed(err);
	return 0;
}

struct realm_rim *realm_rim_new(enum realm_rmm rmm, const struct realm_params *params,
				struct err *err)
{
	cleanup_rim struct realm_rim *rim = NULL;

	if (rmm == REALM_RMM_1 && params->hash == HASH_SHA384) {
		err_set(err, EXIT_USAGE, "REALM-HASH",
			"RMM 1.0: sha-256 or sha-512 expected, found sha-384");
		return NULL;
	}
	rim = calloc(1, sizeof(*rim));
	if (!rim) {
		err_errno(err, "MEMORY", "measurement");
		return NULL;
	}
	rim->rmm = rmm;
	rim->entry = largest_entry(params->s2sz);
	rim->size = hash_size(params->hash);
	if (open_engine(rim, params->hash, err) < 0 || create(rim, params, err) < 0)
		return NULL;
	return steal_ptr(rim);
}

void realm_rim_free(struct realm_rim *rim)
{
	if (!rim)
		return;
	EVP_MD_CTX_free(rim->fresh);
	EVP_MD_CTX_free(rim->work);
	EVP_MD_free(rim->md);
	free(rim);
}

void realm_rim_watch(struct realm_rim *rim, const struct realm_watcher *watcher)
{
	rim->watcher = watcher;
}

const unsigned char *realm_rim_value(const struct realm_rim *rim)
{
	return rim->value;
}

size_t realm_rim_size(const struct realm_rim *rim)
{
	return rim->size;
}

static int extend(struct realm_rim *rim, unsigned type, unsigned char *descriptor, struct err *err)
{
	descriptor[AT_TYPE] = (unsigned char)type;
	put_le(descriptor + AT_SIZE, DESCRIPTOR, 8);
	memcpy(descriptor + AT_RIM, rim->value, HASH_MAX_SIZE);
	return digest(rim, descriptor, DESCRIPTOR, rim->value, err);
}

static int extend_rec(struct realm_rim *rim, const struct realm_event *event,
		      unsigned char *descriptor, struct err *err)
{
	unsigned char content[REALM_PAGE] = {0};

	put_le(content + REC_FLAGS, event->flags, 8);
	put_le(content + REC_PC, event->pc, 8);
	for (unsigned i = 0; i < REALM_GPRS; i++)
		put_le(content + REC_GPRS + 8 * i, event->gprs[i], 8);
	if (digest(rim, content, sizeof(content), descriptor + AT_BASE, err) < 0)
		return -1;
	return extend(rim, TYPE_REC, descriptor, err);
}

static int apply(struct realm_rim *rim, const struct realm_event *event, struct err *err)
{
	unsigned char descriptor[DESCRIPTOR] = {0};

	switch (event->type) {
	case REALM_EVENT_DATA:
		put_le(descriptor + AT_BASE, event->base, 8);
		put_le(descriptor + AT_FLAGS, event->flags, 8);
		if (event->flags & 1)
			memcpy(descriptor + AT_CONTENT, event->content, rim->size);
		return extend(rim, TYPE_DATA, descriptor, err);
	case REALM_EVENT_RIPAS:
		if (rim->rmm != REALM_RMM_1)
			return 0;
		put_le(descriptor + AT_BASE, event->base, 8);
		put_le(descriptor + AT_FLAGS, event->top, 8);
		return extend(rim, TYPE_RIPAS, descriptor, err);
	case REALM_EVENT_REC:
		return event->flags & 1 ? extend_rec(rim, event, descriptor, err) : 0;
	}
	return 0;
}

int realm_rim_event(struct realm_rim *rim, const struct realm_event *event, struct err *err)
{
	if (apply(rim, event, err) < 0)
		return -1;
	return rim->watcher ? rim->watcher->event(rim->watcher->context, event, rim, err) : 0;
}

int realm_rim_data(struct realm_rim *rim, uint64_t ipa, const void *page, struct err *err)
{
	struct realm_event event = {.type = REALM_EVENT_DATA, .base = ipa, .flags = page ? 1 : 0};

	if (page && digest(rim, page, REALM_PAGE, event.content, err) < 0)
		return -1;
	return realm_rim_event(rim, &event, err);
}

bool rim_entry_size(uint64_t size)
{
	uint64_t entry = REALM_PAGE;

	while (entry < size && entry < REALM_ENTRY_MAX)
		entry <<= ENTRY_BITS;
	return entry == size;
}

int rim_ripas_range(struct realm_rim *rim, uint64_t base, uint64_t top, uint64_t block,
		    struct err *err)
{
	struct realm_event event = {.type = REALM_EVENT_RIPAS};
	uint64_t largest = rim->entry < block ? rim->entry : block;

	for (uint64_t at = base; at < top; at = event.top) {
		uint64_t size = largest;

		while (size > REALM_PAGE && (at % size || size > top - at))
			size >>= ENTRY_BITS;
		event.base = at;
		event.top = at + size;
		if (realm_rim_event(rim, &event, err) < 0)
			return -1;
	}
	return 0;
}
