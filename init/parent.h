/*
 * Connections to the parent instance, which is CID 3: the only way out of an enclave. All that
 * comes back over one is an adversary's.
 */
#ifndef MINTMARK_PARENT_H
#define MINTMARK_PARENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "refusal.h"

struct parent {
	int fd;
	int64_t deadline; /* milliseconds of CLOCK_MONOTONIC: nothing below waits for longer */
};

/*
 * Connects to a port, and sets the deadline for this and everything after it; until then it tries
 * again after a failure, if it shall. Returns 0, or -1 with errno set and nothing to close.
 */
int parent_connect(struct parent *parent, unsigned int port, int milliseconds, bool again);

/* Receives exactly size bytes. Returns 0, or -1 with errno set: ENODATA at the connection's end. */
int parent_receive(const struct parent *parent, void *data, size_t size);

/*
 * The word that the enclave is up: writes 0xB7 to port 9000 and reads 0xB7 back, within ten
 * seconds, in which it tries again and again to connect. INIT-HEARTBEAT when there is no answer, or
 * another, which is final. Protocol: init/init.c of aws-nitro-enclaves-sdk-bootstrap.
 */
int heartbeat(struct refusal *why);

#endif
