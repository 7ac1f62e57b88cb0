/*
 * The only program of images that ask the security module what was measured, and say it on the
 * console: the second opinion of tests/boot/pcrs.t. Never part of a published image.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nsm.h"

static _Noreturn void end(const char *line)
{
	dprintf(1, "pcrs: %s\n", line);
	for (;;)
		pause();
}

int main(void)
{
	static const unsigned indices[] = {0, 1, 2, 8};
	int nsm;

	if ((mkdir("/dev", 0755) && errno != EEXIST) || mount("dev", "/dev", "devtmpfs", 0, NULL))
		end("failed: /dev");
	nsm = nsm_open();
	if (nsm < 0)
		end("failed: /dev/nsm");
	for (size_t i = 0; i < sizeof(indices) / sizeof(indices[0]); i++) {
		const struct nsm_request request = {.command = NSM_DESCRIBE_PCR,
						    .index = indices[i]};
		uint8_t response[NSM_RESPONSE_MAX];
		char hex[2 * NSM_PCR_SIZE + 1];
		struct nsm_bytes pcr;

		if (nsm_ask(nsm, &request, response, &pcr) || pcr.size != NSM_PCR_SIZE)
			end("failed: DescribePCR");
		for (size_t j = 0; j < NSM_PCR_SIZE; j++)
			snprintf(hex + 2 * j, 3, "%02x", pcr.data[j]);
		dprintf(1, "pcrs: PCR%u %s\n", indices[i], hex);
	}
	end("done");
}
