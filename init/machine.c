/* The machine's clock, and its end by every means there is. Never decides when. */
#include <sys/reboot.h>
#include <time.h>

#include "init.h"

int64_t machine_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void machine_end(void)
{
	console_drain();
	sync();
	/*
	 * An enclave has no ACPI and no power button: RB_POWER_OFF would only halt it, and the
	 * parent would go on paying for a machine that does nothing. What its hypervisor takes as
	 * the end is a reset: on x86_64 the keyboard controller's ("reboot=k"), on aarch64 PSCI's.
	 */
	reboot(RB_AUTOBOOT);
	reboot(RB_POWER_OFF);
	/* The kernel panics when PID 1 exits, and "panic=" makes it try a reset once more. */
	_exit(1);
}
