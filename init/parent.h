/* The machine that started this one, CID 3. Nothing that it says is trusted. */
#ifndef MINTMARK_PARENT_H
#define MINTMARK_PARENT_H

#include "refusal.h"

enum { PARENT_CID = 3 };

/*
 * Connects to the parent's vsock port, again and again for at most ms milliseconds, because it may
 * not listen yet. Returns a descriptor on which each operation takes at most five seconds, or -1
 * with errno set.
 */
int parent_connect(unsigned int port, int ms);

/*
 * The word that the enclave is up: writes 0xB7 to port 9000 and reads 0xB7 back. INIT-HEARTBEAT
 * when there is no answer, or another, which is final.
 * Protocol: init/init.c of aws-nitro-enclaves-sdk-bootstrap.
 */
int heartbeat(struct refusal *why);

#endif
