/*
 * The launch configuration: bytes that the parent may hand over before the application starts, and
 * that are measured, so that a verifier knows which they were, or that there were none.
 */
#ifndef MINTMARK_CONFIG_H
#define MINTMARK_CONFIG_H

#include <stdint.h>

#include "refusal.h"
#include "runspec.h"

enum {
	CONFIG_SIZE_MAX = 1024 * 1024, /* bytes */
	CONFIG_DIGEST_SIZE = 48,       /* SHA-384 */
	CONFIG_PCR = 16,
};

#define CONFIG_PATH "/run/mintmark/config"

/* Makes a digest part of what the machine attests, once and for all. INIT-CONFIG. */
typedef int config_extend(int module, const uint8_t digest[CONFIG_DIGEST_SIZE],
			  struct refusal *why);

/*
 * Where the run specification says "config=yes": connects to CID 3 port 9002, reads a length of
 * four bytes, most significant first, and as many bytes, and writes these to CONFIG_PATH, for the
 * application's user alone; all within twenty seconds. Then measures them, or that there are none,
 * by extend with the given module. INIT-CONFIG.
 */
int config_measure(const struct runspec *spec, config_extend *extend, int module,
		   struct refusal *why);

/* For a module that is a Nitro enclave's: extends PCR16 and locks it. */
config_extend config_extend_pcr;

#endif
