/* Brings lo up. Never touches another interface. */
#include "loopback.h"

#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

int loopback_up(struct refusal *why)
{
	struct ifreq lo = {.ifr_name = "lo"};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int result = 0;

	if (fd < 0)
		return refuse_errno(why, "INIT-LOOPBACK", "lo: socket");
	if (ioctl(fd, SIOCGIFFLAGS, &lo))
		result = refuse_errno(why, "INIT-LOOPBACK", "lo: read the flags");
	if (result == 0) {
		lo.ifr_flags |= IFF_UP;
		if (ioctl(fd, SIOCSIFFLAGS, &lo))
			result = refuse_errno(why, "INIT-LOOPBACK", "lo: bring it up");
	}
	close(fd);
	return result;
}
