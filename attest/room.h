/*
 * What every file of the room uses beside its public face.
 */
#ifndef MINTMARK_ATTEST_ROOM_H
#define MINTMARK_ATTEST_ROOM_H

#include "attest.h"
#include "cleanup.h"
#include "hash.h"

static inline void cleanup_json_at(json_t **json)
{
	json_decref(*json);
}
#define cleanup_json cleanup_with(cleanup_json_at)

/* Bytes that somebody else keeps. */
struct slice {
	const unsigned char *data;
	size_t size;
};

/* Whether both are the same, in a time that does not depend on where they differ. */
bool slice_same(struct slice a, struct slice b);

/* Sets err to MEMORY. Returns -1. */
int no_memory(struct err *err);

#endif
