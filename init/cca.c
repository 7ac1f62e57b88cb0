/* A realm of the Arm Confidential Compute Architecture. Never runs anything there yet. */
#include "init.h"

static bool is_realm(void)
{
	return access("/sys/bus/platform/devices/arm-cca-dev", F_OK) == 0 ||
	       access("/sys/kernel/config/tsm/report", F_OK) == 0;
}

static int open_realm(struct refusal *why)
{
	return refuse(why, "INIT-PLATFORM", "expected a Nitro enclave, found a realm");
}

const struct platform platform_cca = {"realm", is_realm, open_realm, NULL};
