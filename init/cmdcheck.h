/*
 * The kernel command line, as /proc/cmdline shows it: exactly the one this image was built for.
 *
 * No measurement covers where the kernel ends and the command line begins, or where the command
 * line ends and the first ramdisk begins: whoever starts the machine can move bytes across either
 * boundary and keep every PCR. Moved bytes take words away in front, or stick to the last marker
 * word at the end; both show here.
 */
#ifndef MINTMARK_CMDCHECK_H
#define MINTMARK_CMDCHECK_H

#include <stddef.h>

#include "refusal.h"

/* What stands behind the last marker: the hypervisor's words, to be shown and never obeyed. */
struct cmdcheck_rest {
	const char *words; /* points into the line that was checked; not NUL-terminated */
	size_t size;	   /* 0 when there are none */
};

/*
 * Accepts the expected line, then nothing, or a space and anything; one final newline is
 * /proc/cmdline's own. Refuses everything else with INIT-CMDLINE, NUL bytes anywhere included.
 */
int cmdcheck(const char *line, size_t size, const char *expected, struct cmdcheck_rest *rest,
	     struct refusal *why);

#endif
