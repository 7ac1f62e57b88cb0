/*
 * What a client of the responder sends. All numbers are two bytes, most significant first.
 *	short form: the length of a nonce, at most 512, and the nonce
 *	long form: 0xFFFF; the lengths of nonce, user data (at most 512 each) and public key (at
 *most 1024); then the three, in this order A field of length 0 is absent from the document.
 *Requests may follow each other.
 */
#ifndef MINTMARK_REQUEST_H
#define MINTMARK_REQUEST_H

#include <sys/types.h>

#include "nsm.h"

enum { REQUEST_SIZE_MAX = 8 + 2 * NSM_FIELD_MAX + NSM_PUBLIC_KEY_MAX };

/*
 * Takes the first request out of size bytes, whose fields then point into data. Returns how many
 * bytes it has; 0 when there are more to come, at most REQUEST_SIZE_MAX together; -1 when no
 * request begins so.
 */
ssize_t request_take(const uint8_t *data, size_t size, struct nsm_request *request);

#endif
