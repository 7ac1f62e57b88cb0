/*
 * What every file of the room uses beside its public face. Never installed: eif.h alone is what
 * programs of others see.
 */
#ifndef MINTMARK_EIF_ROOM_H
#define MINTMARK_EIF_ROOM_H

#include "cleanup.h"
#include "eif.h"
#include "hash.h"

static inline void cleanup_json_at(json_t **json)
{
	json_decref(*json);
}
#define cleanup_json cleanup_with(cleanup_json_at)

/*
 * Writes a signature section as AWS's tools do, and gives its size, which is above that of the room
 * when it did not fit. Of what is given only certificates and COSE_Sign1 matter.
 */
size_t signature_encode(const struct eif_signature *signature, unsigned char *out, size_t room);

/* Whether there is a signature section, be it one that the lenient reader could not take apart. */
bool signature_there(const struct eif_image *image);

#endif
