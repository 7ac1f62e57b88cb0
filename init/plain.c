/* A machine that attests nothing, for tests. Never used unless the image says that it will do. */
#include "init.h"

/* The kernel waits for the timing of the processor; nothing that the host hands over counts. */
const struct platform platform_plain = {.name = "plain machine, attests nothing",
					.open = platform_await_random};
