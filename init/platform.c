/* Tells which machine this is. Never believes a name: each kind is known by its device. */
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/random.h>

#include <linux/random.h>

#include "init.h"

enum { RANDOM_MOST = 256, RANDOM_WAIT_S = 10 };

const struct platform *platform_find(bool plain_will_do, struct refusal *why)
{
	static const struct platform *const kinds[] = {&platform_nitro, &platform_cca};
	struct stat st;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (stat(kinds[i]->device, &st) == 0 && S_ISCHR(st.st_mode))
			return kinds[i];
	if (plain_will_do)
		return &platform_plain;
	refuse(why, "INIT-PLATFORM", "expected a Nitro enclave or a realm, found neither");
	return NULL;
}

int platform_credit(const void *bytes, size_t size, struct refusal *why)
{
	/* As struct rand_pool_info, which has no room of its own. */
	struct {
		int entropy_bits;
		int size;
		uint8_t bytes[RANDOM_MOST];
	} pool = {.size = size < RANDOM_MOST ? (int)size : RANDOM_MOST};
	int fd = open("/dev/random", O_WRONLY | O_CLOEXEC);

	pool.entropy_bits = pool.size * 8;
	memcpy(pool.bytes, bytes, (size_t)pool.size);
	if (fd < 0 || ioctl(fd, RNDADDENTROPY, &pool))
		return refuse(why, "INIT-ENTROPY", "/dev/random: credit random bytes: %m");
	return close(fd);
}

/* Once more in a second: the first alarm is lost when it comes before the call that waits. */
static void wake(int number)
{
	(void)number;
	alarm(1);
}

int platform_await_random(struct refusal *why)
{
	const struct sigaction interrupt = {.sa_handler = wake};
	unsigned char byte;
	ssize_t n;

	/* Only a call that waits makes the kernel collect the timing of the processor. */
	sigaction(SIGALRM, &interrupt, NULL);
	alarm(RANDOM_WAIT_S);
	n = getrandom(&byte, 1, 0);
	alarm(0);
	return n == 1 ? 0
		      : refuse(why, "INIT-ENTROPY",
			       "getrandom: expected an answer within %d s, found: %m",
			       RANDOM_WAIT_S);
}
