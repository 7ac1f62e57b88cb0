/*
 * A client of the kernel's attestation reports (configfs, tsm/report), which in a realm are CCA
 * tokens. It answers as nsm.h's does, so that a program can have either. Stands alone likewise: it
 * allocates nothing and keeps no state.
 *
 * Source: Linux's Documentation/ABI/testing/configfs-tsm-report and drivers/virt/coco.
 */
#ifndef MINTMARK_TSM_H
#define MINTMARK_TSM_H

#include <sys/types.h>

#include "nsm.h"

enum { TSM_CHALLENGE_SIZE = 64 };

/*
 * Makes the folder of reports at path and gives it to a user, who alone can ask there then.
 * Returns a descriptor of it, close-on-exec, or -1 with errno set.
 */
int tsm_make(const char *path, uid_t uid, gid_t gid);

/*
 * Asks for a token in the folder of reports that fd is. The request is NSM_ATTESTATION with a nonce
 * of at most TSM_CHALLENGE_SIZE bytes; the token's challenge is that and zeros behind it, as a
 * token always has one. Returns 0, or -1 with errno set: EMSGSIZE for a nonce, or a token, that is
 * too long, EOPNOTSUPP for any other request or field, EPROTO for a token without the challenge,
 * else what the kernel said.
 */
int tsm_ask(int fd, const struct nsm_request *request, uint8_t response[NSM_RESPONSE_MAX],
	    struct nsm_bytes *answer);

#endif
