/*
 * OpenSSL's queue of errors, of which a library must leave its caller's part alone.
 */
#ifndef MINTMARK_OWN_ERRORS_H
#define MINTMARK_OWN_ERRORS_H

#include <openssl/err.h>

#include "cleanup.h"

/*
 * Declared at the head of a block: OpenSSL's errors of the block end with it, and those that the
 * caller had in the queue stay.
 */
#define OWN_ERRORS cleanup_with(own_errors_end) const int own_errors = ERR_set_mark()

static inline void own_errors_end(const int *marked)
{
	(void)marked;
	ERR_pop_to_mark();
}

#endif
