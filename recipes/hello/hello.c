/*
 * The application of the default image: greets, shows what was measured, and waits. Its attestation
 * documents are handed out by the image's responder, not by this. A realm tells what was measured
 * in its token alone.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "nsm.h"

/* Where init gives a realm's application its folder of reports: NSM = yes. */
#define REPORTS "/sys/kernel/config/tsm/report/application"

static int fail(const char *what)
{
	dprintf(1, "hello: %s: %s\n", what, strerror(errno));
	return -1;
}

static int print_pcr(int nsm, unsigned int index)
{
	const struct nsm_request request = {.command = NSM_DESCRIBE_PCR, .index = index};
	uint8_t response[NSM_RESPONSE_MAX];
	char hex[2 * NSM_PCR_SIZE + 1];
	struct nsm_bytes pcr;

	if (nsm_ask(nsm, &request, response, &pcr) || pcr.size != NSM_PCR_SIZE)
		return fail("DescribePCR");
	for (size_t i = 0; i < NSM_PCR_SIZE; i++)
		snprintf(hex + 2 * i, 3, "%02x", pcr.data[i]);
	dprintf(1, "hello: PCR%u %s\n", index, hex);
	return 0;
}

int main(void)
{
	/* The image, and the launch configuration or that there was none. */
	static const unsigned int indices[] = {0, 1, 2, 16};
	int nsm;

	dprintf(1, "hello: good day from inside the enclave\n");
	nsm = nsm_open();
	if (nsm < 0 && access(REPORTS, F_OK)) {
		fail("/dev/nsm");
		return 1;
	}
	for (size_t i = 0; nsm >= 0 && i < sizeof(indices) / sizeof(indices[0]); i++)
		if (print_pcr(nsm, indices[i]))
			return 1;
	dprintf(1, "hello: ready\n");
	for (;;)
		pause();
}
