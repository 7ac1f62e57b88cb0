/* A machine that attests nothing, for tests. Never used unless the image says that it will do. */
#include "platform.h"

#include <stddef.h>

/* The kernel waits for the timing of the processor; nothing that the host hands over counts. */
static int open_plain(struct refusal *why)
{
	return platform_await_random(why);
}

static int extend_nothing(int module, const uint8_t digest[PLATFORM_DIGEST_SIZE],
			  struct refusal *why)
{
	(void)module;
	(void)digest;
	(void)why;
	return 0;
}

const struct platform platform_plain = {
	.name = "plain machine, attests nothing", .open = open_plain, .extend = extend_nothing};
