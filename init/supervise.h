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

/*
 * What the command gets when init gets a signal: mostly the same, 0 for nothing. SIGTERM asks for
 * the end, and becomes the signal that the command takes for that.
 */
int supervise_hands_on(int signal, int stop_signal);

/*
 * Blocks every signal that init wants to read, and returns a descriptor that delivers them; to be
 * called before the command starts. INIT-START.
 */
int supervise_signals(struct refusal *why);

/*
 * Reaps whatever ends and forwards signals, until the command has ended; then kills everything
 * that is left, and waits for it at most two seconds.
 */
int supervise(pid_t command, int stop_signal, int signals, struct ending *end, struct refusal *why);

#endif
