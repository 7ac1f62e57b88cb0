/* Tells which machine this is. Never believes a name: each kind is known by its device. */
#include <signal.h>
#include <sys/random.h>
#include <sys/time.h>

#include "init.h"

enum { RANDOM_WAIT_S = 10 };

const struct platform *platform_find(bool plain_will_do, struct refusal *why)
{
	static const struct platform *const kinds[] = {&platform_nitro, &platform_cca};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i]->is_here())
			return kinds[i];
	if (plain_will_do)
		return &platform_plain;
	refuse(why, "INIT-PLATFORM", "expected a security module, the device /dev/nsm, found none");
	return NULL;
}

static void wake(int number)
{
	(void)number;
}

int platform_await_random(struct refusal *why)
{
	static const struct itimerval none;
	const struct itimerval limit = {.it_interval.tv_sec = 1, .it_value.tv_sec = RANDOM_WAIT_S};
	const struct sigaction interrupt = {.sa_handler = wake};
	unsigned char byte;
	ssize_t n;

	/*
	 * Only a call that waits makes the kernel collect the timing of the processor. The alarm
	 * repeats, so that none is lost which comes before the call.
	 */
	sigaction(SIGALRM, &interrupt, NULL);
	setitimer(ITIMER_REAL, &limit, NULL);
	n = getrandom(&byte, 1, 0);
	setitimer(ITIMER_REAL, &none, NULL);
	return n == 1 ? 0
		      : refuse(why, "INIT-ENTROPY",
			       "getrandom: expected an answer within %d s, found: %m",
			       RANDOM_WAIT_S);
}
