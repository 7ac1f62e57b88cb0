/* A machine that attests nothing, for tests. Never used unless the image says that it will do. */
#include "init.h"

static int extend_nothing(int module, const uint8_t *digest, struct refusal *why)
{
	(void)module;
	(void)digest;
	(void)why;
	return 0;
}

/* The kernel waits for the timing of the processor; nothing that the host hands over counts. */
const struct platform platform_plain = {"plain machine, attests nothing", NULL,
					platform_await_random, extend_nothing};
