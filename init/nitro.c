/* A Nitro enclave. Never goes on without the security module's own random numbers. */
#include <sys/ioctl.h>

#include <linux/random.h>

#include "init.h"
#include "nsm.h"

#define SOURCE "/sys/class/misc/hw_random/rng_current"

enum { RANDOM_LEAST = 32, RANDOM_MOST = 256 };

/* What the kernel has chosen to draw from. */
static int check_source(struct refusal *why)
{
	static const char expected[] = "nsm-hwrng\n";
	char found[8192]; /* a page and more: what a file of sysfs may hold */
	size_t size;

	if (read_whole_file(SOURCE, found, sizeof(found), &size))
		return refuse(why, "INIT-ENTROPY", SOURCE ": %m");
	if (size == strlen(expected) && !memcmp(found, expected, size))
		return 0;
	return refuse(why, "INIT-ENTROPY", SOURCE ": expected %s, found %.*s", expected,
		      (int)(size < 64 ? size : 64), found);
}

/* The driver feeds the kernel, too; this does not leave it to the driver when. */
static int credit_random(int nsm, struct refusal *why)
{
	/* As struct rand_pool_info, which has no room of its own. */
	struct {
		int entropy_bits;
		int size;
		uint8_t bytes[RANDOM_MOST];
	} pool;
	const struct nsm_request request = {.command = NSM_GET_RANDOM};
	uint8_t response[NSM_RESPONSE_MAX];
	struct nsm_bytes random;
	int fd;

	if (nsm_ask(nsm, &request, response, &random))
		return refuse(why, "INIT-ENTROPY", "/dev/nsm: GetRandom: %m");
	if (random.size < RANDOM_LEAST)
		return refuse(why, "INIT-ENTROPY",
			      "/dev/nsm: expected at least %d random bytes, found %zu",
			      RANDOM_LEAST, random.size);
	pool.size = random.size < RANDOM_MOST ? (int)random.size : RANDOM_MOST;
	pool.entropy_bits = pool.size * 8;
	memcpy(pool.bytes, random.data, (size_t)pool.size);
	fd = open("/dev/random", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, RNDADDENTROPY, &pool))
		return refuse(why, "INIT-ENTROPY", "/dev/random: credit random bytes: %m");
	return close(fd);
}

static bool is_nitro(void)
{
	struct stat st;

	return stat("/dev/nsm", &st) == 0 && S_ISCHR(st.st_mode);
}

static int open_nitro(struct refusal *why)
{
	int nsm = nsm_open();

	if (nsm < 0)
		return refuse(why, "INIT-ENTROPY", "/dev/nsm: %m");
	if (check_source(why) || credit_random(nsm, why) || platform_await_random(why))
		return -1;
	return nsm;
}

const struct platform platform_nitro = {"Nitro enclave", is_nitro, open_nitro, config_extend_pcr};
