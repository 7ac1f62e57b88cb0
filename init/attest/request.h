/*
 * What a client of the responder sends: the length of a nonce, 0 to 512, as two bytes, most
 * significant first, and the nonce. Requests may follow each other.
 *
 * There is no way to send user data or a public key, which a document can carry, too: the client is
 * outside, and whoever reads a document takes these for the application's word. A key service would
 * encrypt to the public key of whoever asked.
 */
#ifndef MINTMARK_REQUEST_H
#define MINTMARK_REQUEST_H

#include <sys/types.h>

#include "nsm.h"

enum { REQUEST_SIZE_MAX = 2 + NSM_FIELD_MAX };

/*
 * Takes the first request out of size bytes; its nonce then points into data, or is absent when its
 * length is 0. Returns how many bytes it has; 0 when there are more to come, at most
 * REQUEST_SIZE_MAX together; -1 when no request begins so.
 */
ssize_t request_take(const uint8_t *data, size_t size, struct nsm_request *request);

#endif
