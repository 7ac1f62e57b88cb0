/* The machine's name and its loopback interface. Never changes a file that is there. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "machine.h"

static int write_missing(const char *root, const char *file, const char *text, struct refusal *why)
{
	char path[PATH_MAX];
	int written;
	int fd;

	snprintf(path, sizeof(path), "%s/etc/%s", root, file);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0 && errno == EEXIST)
		return 0;
	written = fd < 0 ? -1 : dprintf(fd, "%s", text);
	if (fd >= 0)
		close(fd);
	return written < 0 ? refuse_errno(why, "INIT-NETWORK", "%s", path) : 0;
}

int network_files(const char *root, const char *name, struct refusal *why)
{
	char text[512];

	snprintf(text, sizeof(text), "%s/etc", root);
	if (folder_make(text, why))
		return -1;
	snprintf(text, sizeof(text), "%s\n", name);
	if (write_missing(root, "hostname", text, why))
		return -1;
	snprintf(text, sizeof(text),
		 "127.0.0.1\tlocalhost %s\n::1\tlocalhost ip6-localhost ip6-loopback %s\n", name,
		 name);
	if (write_missing(root, "hosts", text, why))
		return -1;
	/* Where a helper that resolves names would listen; without one a question fails at once. */
	return write_missing(root, "resolv.conf", "nameserver 127.0.0.1\n", why);
}

int network_up(const char *name, struct refusal *why)
{
	struct ifreq lo = {.ifr_name = "lo"};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int result = fd < 0 ? -1 : ioctl(fd, SIOCGIFFLAGS, &lo);

	lo.ifr_flags |= IFF_UP;
	if (result == 0)
		result = ioctl(fd, SIOCSIFFLAGS, &lo);
	if (result)
		refuse_errno(why, "INIT-NETWORK", "lo: bring it up");
	else if (sethostname(name, strlen(name)))
		result = refuse_errno(why, "INIT-NETWORK", "%.200s: become the host's name", name);
	if (fd >= 0)
		close(fd);
	return result;
}
