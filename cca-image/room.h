/* What every file of the room uses beside its public face. */
#ifndef MINTMARK_REALM_ROOM_H
#define MINTMARK_REALM_ROOM_H

#include "cleanup.h"
#include "realm.h"

static inline void cleanup_json_at(json_t **json)
{
	json_decref(*json);
}
#define cleanup_json cleanup_with(cleanup_json_at)

static inline void put_le(unsigned char *p, uint64_t value, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		p[i] = (unsigned char)(value >> (8 * i));
}

static inline uint64_t get_le(const unsigned char *p, unsigned size)
{
	uint64_t value = 0;

	while (size-- > 0)
		value = value << 8 | p[size];
	return value;
}

/* Rounded to a power of two. */
static inline uint64_t round_down(uint64_t value, uint64_t unit)
{
	return value & ~(unit - 1);
}

/* 0 when that is beyond 64 bits. */
static inline uint64_t round_up(uint64_t value, uint64_t unit)
{
	return round_down(value + (unit - 1), unit);
}

/* Reads size bytes at offset, or fewer at the end of the file; -1 with FILE-READ. */
ssize_t read_at(int fd, void *data, size_t size, uint64_t offset, const char *path,
		struct err *err);

/* Whether an entry of some translation table has that size: 4K, 2M, 1G, 512G. */
bool rim_entry_size(uint64_t size);

/*
 * RIPAS of a range of whole pages, one operation for each entry of the translation table: the
 * largest that is aligned, fits, and is at most block, which rim_entry_size() takes.
 */
int rim_ripas_range(struct realm_rim *rim, uint64_t base, uint64_t top, uint64_t block,
		    struct err *err);

#endif
