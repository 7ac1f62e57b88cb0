/*
 * A realm of the Arm Confidential Compute Architecture. Never goes on without random numbers of
 * the processor itself: the host decides when a realm runs and when its timers tick, so that the
 * timing of either is no secret.
 */
#include <sys/auxv.h>
#include <sys/mount.h>

#include "init.h"
#include "tsm.h"

#define REM	 "/dev/cca_rem0"
#define CONFIGFS "/sys/kernel/config"
#define REPORTS	 CONFIGFS "/tsm/report"

enum { RANDOM_WORDS = 8, TRIES = 1000, REM_VALUE_SIZE = 64 };

/* The instruction for fresh entropy says whether it had any; nothing between it and us can. */
static bool draw(uint64_t *word)
{
	bool drawn = false;

	*word = 0;
#ifdef __aarch64__
	/* RNDRRS by its number, since assemblers know the name from Armv8.5 on only. */
	if (getauxval(AT_HWCAP2) & HWCAP2_RNG)
		__asm__ volatile("mrs %0, s3_3_c2_c4_1\n\tcset %w1, ne"
				 : "=r"(*word), "=r"(drawn)
				 :
				 : "cc");
#endif
	return drawn;
}

static int open_realm(struct refusal *why)
{
	uint64_t words[RANDOM_WORDS];
	int entry;

	for (int i = 0, tries = 0; i < RANDOM_WORDS; i += draw(&words[i]))
		if (tries++ == TRIES)
			return refuse(why, "INIT-ENTROPY",
				      "RNDRRS: expected %d random words, found %d", RANDOM_WORDS,
				      i);
	if (platform_credit(words, sizeof(words), why) || platform_await_random(why))
		return -1;
	entry = tsm_make(REPORTS "/attest", COMMAND_ATTEST_ID, COMMAND_ATTEST_ID);
	return entry < 0 ? refuse(why, "INIT-PLATFORM", REPORTS "/attest: %m") : entry;
}

/* Whole 64 bytes, the digest and zeros: shorter values are hashed in more than one way. */
static int extend_rem(int module, const uint8_t digest[CONFIG_DIGEST_SIZE], struct refusal *why)
{
	uint8_t value[REM_VALUE_SIZE] = {0};
	int fd = open(REM, O_WRONLY | O_CLOEXEC);

	(void)module;
	memcpy(value, digest, CONFIG_DIGEST_SIZE);
	if (fd < 0 || write(fd, value, sizeof(value)) != sizeof(value))
		return refuse(why, "INIT-CONFIG", REM ": extend it: %m");
	return close(fd);
}

/* Without an owner nobody finds the reports any more; /attest has its own by descriptor. */
static int give_reports(const struct command *owner)
{
	int fd;

	if (!owner)
		return umount2(CONFIGFS, MNT_DETACH);
	fd = tsm_make(REPORTS "/application", owner->uid, owner->gid);
	return fd < 0 ? -1 : close(fd);
}

const struct platform platform_cca = {"realm", REM, open_realm, extend_rem, give_reports};
