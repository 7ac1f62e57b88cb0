/* Tells which machine this is. Never believes a name: each kind is known by its device. */
#include <sys/random.h>
#include <time.h>

#include "init.h"

enum { RANDOM_WAIT_MS = 10000, RANDOM_STEP_MS = 10 };

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

int platform_await_random(struct refusal *why)
{
	const struct timespec step = {.tv_nsec = RANDOM_STEP_MS * 1000000L};
	unsigned char byte;

	for (int ms = 0; ms < RANDOM_WAIT_MS; ms += RANDOM_STEP_MS) {
		if (getrandom(&byte, 1, GRND_NONBLOCK) == 1)
			return 0;
		if (errno != EAGAIN)
			return refuse(why, "INIT-ENTROPY", "getrandom: %m");
		nanosleep(&step, NULL);
	}
	return refuse(why, "INIT-ENTROPY", "getrandom: expected an answer within %d s, found none",
		      RANDOM_WAIT_MS / 1000);
}
