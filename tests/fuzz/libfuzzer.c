/*
 * The side of libFuzzer: which target runs ($FUZZ_TARGET), when it ends (after $FUZZ_SECONDS of
 * processor time), and how inputs change. Never looks at what a target does.
 */
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "fuzz.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed);

static const struct target *target;

/* libFuzzer itself can only count the time that passes, which others share. SIGUSR1 ends it. */
static void start_clock(const char *seconds)
{
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
	/* Repeated, because it is not heard in the moment in which it is not yet expected. */
	struct itimerspec time = {{1, 0}, {0, 0}};
	timer_t timer;

	time.it_value.tv_sec = atol(seconds);
	if (timer_create(CLOCK_PROCESS_CPUTIME_ID, &event, &timer) < 0 ||
	    timer_settime(timer, 0, &time, NULL) < 0)
		fuzz_fail("no clock");
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *name = getenv("FUZZ_TARGET");
	const char *seconds = getenv("FUZZ_SECONDS");

	(void)argc;
	(void)argv;
	target = name ? fuzz_find(name) : NULL;
	if (!target)
		fuzz_fail("FUZZ_TARGET: a target expected, found %s", name ? name : "none");
	if (seconds)
		start_clock(seconds);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return target->run(data, size);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
	struct dice dice = {seed + UINT64_C(0x9e3779b97f4a7c15), LLVMFuzzerMutate};

	return target->mutate ? target->mutate(data, size, max, &dice)
			      : LLVMFuzzerMutate(data, size, max);
}
