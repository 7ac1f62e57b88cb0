/* The loopback interface. */
#ifndef MINTMARK_LOOPBACK_H
#define MINTMARK_LOOPBACK_H

#include "refusal.h"

/* Brings lo up; the kernel then gives it 127.0.0.1. INIT-LOOPBACK when it cannot. */
int loopback_up(struct refusal *why);

#endif
