/* The machine's name and its loopback interface. Never changes a file that says something. */
#include <limits.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "init.h"

#define LEAST_PORT "/proc/sys/net/ipv4/ip_unprivileged_port_start"

int network_files(const char *root, const char *name, struct refusal *why)
{
	char hosts[256];
	/* Nothing resolves names but a helper, which listens on loopback. */
	const char *const files[][2] = {
		{"hostname", name}, {"hosts", hosts}, {"resolv.conf", "nameserver 127.0.0.1"}};
	char path[PATH_MAX];

	snprintf(hosts, sizeof(hosts),
		 "127.0.0.1\tlocalhost %.64s\n::1\tlocalhost ip6-localhost ip6-loopback %.64s",
		 name, name);
	snprintf(path, sizeof(path), "%s/etc", root);
	if (folder_make(path, why))
		return -1;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct stat st;
		int fd;

		snprintf(path, sizeof(path), "%s/etc/%s", root, files[i][0]);
		/* A container that was exported has them empty: its engine mounts its own there. */
		if (!lstat(path, &st) && !(S_ISREG(st.st_mode) && st.st_size == 0))
			continue;
		fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
		if (fd < 0 || dprintf(fd, "%s\n", files[i][1]) < 0 || close(fd))
			return refuse(why, "INIT-NETWORK", "%s: %m", path);
	}
	return 0;
}

int network_up(const char *name, struct refusal *why)
{
	struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo) || close(fd))
		return refuse(why, "INIT-NETWORK", "lo: bring it up: %m");
	/* Nobody else listens here, so that every port is everybody's, as in a container. */
	fd = open(LEAST_PORT, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "0", 1) != 1 || close(fd))
		return refuse(why, "INIT-NETWORK", LEAST_PORT ": %m");
	if (sethostname(name, strlen(name)))
		return refuse(why, "INIT-NETWORK", "%.200s: become the host's name: %m", name);
	return 0;
}
