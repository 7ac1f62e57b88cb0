/* A Nitro enclave. Never goes on without the security module's own random numbers. */
#include "init.h"
#include "nsm.h"

#define SOURCE "/sys/class/misc/hw_random/rng_current"

enum { RANDOM_LEAST = 32, CONFIG_PCR = 16 };

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
	const struct nsm_request request = {.command = NSM_GET_RANDOM};
	uint8_t response[NSM_RESPONSE_MAX];
	struct nsm_bytes random;

	if (nsm_ask(nsm, &request, response, &random))
		return refuse(why, "INIT-ENTROPY", "/dev/nsm: GetRandom: %m");
	if (random.size < RANDOM_LEAST)
		return refuse(why, "INIT-ENTROPY",
			      "/dev/nsm: expected at least %d random bytes, found %zu",
			      RANDOM_LEAST, random.size);
	return platform_credit(random.data, random.size, why);
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

static int extend_pcr(int module, const uint8_t digest[CONFIG_DIGEST_SIZE], struct refusal *why)
{
	const struct nsm_request extend = {
		NSM_EXTEND_PCR, CONFIG_PCR, {{digest, CONFIG_DIGEST_SIZE}}};
	const struct nsm_request lock = {.command = NSM_LOCK_PCR, .index = CONFIG_PCR};
	uint8_t response[NSM_RESPONSE_MAX];
	struct nsm_bytes answer;

	if (nsm_ask(module, &extend, response, &answer) ||
	    nsm_ask(module, &lock, response, &answer))
		return refuse(why, "INIT-CONFIG", "extend and lock PCR%d: %m", CONFIG_PCR);
	return 0;
}

static int give_device(const struct command *owner)
{
	if (chmod("/dev/nsm", owner ? 0600 : 0))
		return -1;
	return owner ? chown("/dev/nsm", owner->uid, owner->gid) : unlink("/dev/nsm");
}

const struct platform platform_nitro = {"Nitro enclave", "/dev/nsm", open_nitro, extend_pcr,
					give_device};
