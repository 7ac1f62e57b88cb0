/* A Nitro enclave. Never goes on without the security module's own random numbers. */
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/random.h>

#include "config.h"
#include "nsm.h"
#include "platform.h"

enum { RANDOM_LEAST = 32, RANDOM_MOST = 256 };

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
	struct nsm_answer random;
	int fd = open("/dev/random", O_WRONLY | O_CLOEXEC);
	int result;

	if (fd < 0)
		return refuse_errno(why, "INIT-ENTROPY", "/dev/random");
	if (nsm_ask(nsm, &request, response, &random))
		result = refuse_errno(why, "INIT-ENTROPY", "/dev/nsm: GetRandom");
	else if (random.bytes.size < RANDOM_LEAST)
		result = refuse(why, "INIT-ENTROPY",
				"/dev/nsm: expected at least %d random bytes, found %zu",
				RANDOM_LEAST, random.bytes.size);
	else {
		pool.size = random.bytes.size < RANDOM_MOST ? (int)random.bytes.size : RANDOM_MOST;
		pool.entropy_bits = pool.size * 8;
		memcpy(pool.bytes, random.bytes.data, (size_t)pool.size);
		result = ioctl(fd, RNDADDENTROPY, &pool);
		if (result)
			refuse_errno(why, "INIT-ENTROPY", "/dev/random: credit random bytes");
	}
	close(fd);
	return result;
}

static int check_source(struct refusal *why)
{
	static const char path[] = "/sys/class/misc/hw_random/rng_current";
	static const char wanted[] = "nsm-hwrng\n";
	char found[32] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, found, sizeof(found) - 1);

	if (fd >= 0)
		close(fd);
	if (n < 0)
		return refuse_errno(why, "INIT-ENTROPY", "%s", path);
	if (strcmp(found, wanted) != 0)
		return refuse(why, "INIT-ENTROPY", "%s: expected nsm-hwrng, found \"%.*s\"", path,
			      (int)strcspn(found, "\n"), found);
	return 0;
}

static bool is_nitro(void)
{
	return access("/dev/nsm", F_OK) == 0;
}

static int open_nitro(struct refusal *why)
{
	int nsm = nsm_open();
	struct stat st;

	if (nsm < 0 || fstat(nsm, &st))
		return refuse_errno(why, "INIT-ENTROPY", "/dev/nsm");
	if (!S_ISCHR(st.st_mode))
		return refuse(why, "INIT-ENTROPY", "/dev/nsm: expected a device, found none");
	if (check_source(why) || credit_random(nsm, why) || platform_await_random(why))
		return -1;
	return nsm;
}

const struct platform platform_nitro = {.name = "Nitro enclave",
					.is_here = is_nitro,
					.open = open_nitro,
					.extend = config_extend_pcr};
