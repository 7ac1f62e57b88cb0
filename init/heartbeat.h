/* The word to the parent that the enclave is up. */
#ifndef MINTMARK_HEARTBEAT_H
#define MINTMARK_HEARTBEAT_H

#include "refusal.h"

/*
 * Connects to CID 3 port 9000, writes 0xB7 and reads 0xB7 back. Tries to connect again and again;
 * everything together takes at most ten seconds. INIT-HEARTBEAT when there is no answer or another.
 * Protocol: init/init.c of aws-nitro-enclaves-sdk-bootstrap.
 */
int heartbeat(struct refusal *why);

#endif
