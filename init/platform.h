/*
 * What kind of machine this is. Each kind has a file of its own, which says how to recognise it,
 * where its random numbers come from, and how a value becomes part of its measurements.
 */
#ifndef MINTMARK_PLATFORM_H
#define MINTMARK_PLATFORM_H

#include <stdbool.h>
#include <stdint.h>

#include "refusal.h"

enum { PLATFORM_DIGEST_SIZE = 48 }; /* SHA-384 */

struct platform {
	const char *name;
	/* Whether this machine is one. */
	bool (*is_here)(void);
	/*
	 * Returns after the kernel has random numbers that nobody outside chose, with the
	 * descriptor of the security module, or 0 where there is none. INIT-ENTROPY.
	 */
	int (*open)(struct refusal *why);
	/*
	 * Makes the digest part of what this machine attests, once: nobody can do so again before
	 * it ends. Module is what open() returned. INIT-CONFIG.
	 */
	int (*extend)(int module, const uint8_t digest[PLATFORM_DIGEST_SIZE], struct refusal *why);
};

extern const struct platform platform_nitro, platform_cca, platform_plain;

/*
 * The kind of this machine; NULL with INIT-PLATFORM for one that attests nothing, unless that will
 * do.
 */
const struct platform *platform_find(bool plain_will_do, struct refusal *why);

/* Waits until getrandom() answers, at most ten seconds. INIT-ENTROPY. */
int platform_await_random(struct refusal *why);

#endif
