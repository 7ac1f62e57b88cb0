/* What PID 1 does while the application and its helpers run. */
#ifndef MINTMARK_SUPERVISE_H
#define MINTMARK_SUPERVISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "command.h"
#include "refusal.h"

enum { SUPERVISE_MAX = 16 };

/* How a command ended. */
struct ending {
	bool by_signal;
	int number; /* of the signal, or the exit status */
};

/*
 * What the application gets when init gets a signal: mostly the same, 0 for nothing. SIGTERM asks
 * for the end, and becomes the signal that the application takes for that.
 */
int supervise_hands_on(int signal, int stop_signal);

/*
 * How many milliseconds to wait before a command that ended so is started again, when it was so
 * many the last time (0: it was never) and it ran for so long; 0 when it is not started again.
 */
int64_t supervise_wait(enum restart restart, const struct ending *end, int64_t last_ms,
		       int64_t ran_ms);

/*
 * Starts the commands in their order, the last of which is the application. Reaps whatever ends,
 * starts again what has to run, and forwards signals, until the application has ended; then asks
 * what is left to end, and kills it after grace seconds. At most SUPERVISE_MAX commands. The
 * refusals of command_start(), INIT-START.
 */
int supervise(const struct command *const commands[], size_t count, int stop_signal, int grace,
	      struct ending *end, struct refusal *why);

#endif
