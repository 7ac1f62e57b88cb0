/*
 * Connections to the parent instance, which is CID 3: the only way out of an enclave. All that
 * comes back over one is an adversary's.
 */
#ifndef MINTMARK_PARENT_H
#define MINTMARK_PARENT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "refusal.h"

enum { PARENT_CID = 3 };

struct parent {
	int fd;
	int64_t deadline; /* milliseconds of CLOCK_MONOTONIC: nothing below waits for longer */
};

/*
 * Connects to a port, and sets the deadline for this and everything after it. While connections
 * fail, it tries again until then, at most tries times. Returns 0 or -1 with errno set; then there
 * is nothing to close.
 */
int parent_connect(struct parent *parent, unsigned int port, int milliseconds, unsigned int tries);

/* Sends all of it. Returns 0 or -1 with errno set: ETIMEDOUT at the deadline. */
int parent_send(const struct parent *parent, const void *data, size_t size);

/*
 * Receives size bytes, or fewer when the connection ends before. Returns how many, or -1 with errno
 * set as above.
 */
ssize_t parent_receive(const struct parent *parent, void *data, size_t size);

/*
 * The word that the enclave is up: writes 0xB7 to port 9000 and reads 0xB7 back, within ten
 * seconds, in which it tries again and again to connect. INIT-HEARTBEAT when there is no answer, or
 * another, which is final. Protocol: init/init.c of aws-nitro-enclaves-sdk-bootstrap.
 */
int heartbeat(struct refusal *why);

#endif
