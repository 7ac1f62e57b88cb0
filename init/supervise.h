/* What PID 1 does while the command runs. */
#ifndef MINTMARK_SUPERVISE_H
#define MINTMARK_SUPERVISE_H

#include <stdbool.h>
#include <sys/types.h>

#include "refusal.h"

/* How the command ended. */
struct ending {
	bool by_signal;
	int number; /* of the signal, or the exit status */
};

/* Whether init hands the signal on to the command. */
bool supervise_forwards(int signal);

/*
 * Blocks every signal that init wants to read, and returns a descriptor that delivers them; to be
 * called before the command starts. INIT-START.
 */
int supervise_signals(struct refusal *why);

/*
 * Reaps whatever ends and forwards signals, until the command has ended; then kills everything
 * that is left, and waits for it at most two seconds.
 */
int supervise(pid_t command, int signals, struct ending *end, struct refusal *why);

#endif
