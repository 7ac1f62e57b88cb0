/*
 * The application of images that only tests boot: tries what it is told to and says on the console
 * what came of it. Never part of a published image; much of what it does is meant to be refused.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/nsm.h>
#include <linux/vm_sockets.h>

static int say_result(const char *what, long result)
{
	printf("probe: %s: %s\n", what, result < 0 ? strerror(errno) : "ok");
	return 0;
}

/* What a process inherits without being asked. */
static int self(char **words)
{
	char open_ones[3 * 64] = "";
	unsigned long blocked = 0, ignored = 0;
	sigset_t set;

	(void)words;
	for (int fd = 0; fd < 64; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			sprintf(open_ones + strlen(open_ones), " %d", fd);
	sigprocmask(SIG_BLOCK, NULL, &set);
	for (int number = 1; number < 32; number++) {
		struct sigaction is;

		if (sigismember(&set, number) == 1)
			blocked |= 1UL << number;
		if (!sigaction(number, NULL, &is) && is.sa_handler == SIG_IGN)
			ignored |= 1UL << number;
	}
	printf("probe: descriptors%s; signals blocked %lx, ignored %lx\n", open_ones, blocked,
	       ignored);
	printf("probe: process group %d, session %d\n", getpgrp() == getpid(),
	       getsid(0) == getpid());
	return 0;
}

/* A fifth of a second, which busybox's sleep does not know. */
static int nap(char **words)
{
	(void)words;
	return usleep(200000);
}

static int crash(char **words)
{
	volatile char *volatile nowhere = NULL;

	(void)words;
	*nowhere = 0;
	return 1;
}

/* Touches memory until somebody ends it. */
static int eat(char **words)
{
	enum { PIECE = 1 << 20 };

	(void)words;
	for (;;) {
		char *piece = malloc(PIECE);

		if (!piece)
			return say_result("eat", -1);
		memset(piece, 0x5a, PIECE);
	}
}

/* orphans COUNT: that many processes in a row lose their parent and end. */
static int orphans(char **words)
{
	long count = strtol(words[0], NULL, 10);

	for (long i = 0; i < count; i++) {
		pid_t child = fork();

		if (child < 0)
			return say_result("fork", -1);
		if (child == 0) {
			if (fork() < 0)
				_exit(1);
			_exit(0);
		}
		if (waitpid(child, NULL, 0) < 0)
			return say_result("wait", -1);
	}
	printf("probe: %ld orphans\n", count);
	return 0;
}

static int limits(char **words)
{
	static const struct {
		const char *name;
		int number;
	} all[] = {{"nofile", RLIMIT_NOFILE}, {"nproc", RLIMIT_NPROC}, {"core", RLIMIT_CORE},
		   {"stack", RLIMIT_STACK},   {"as", RLIMIT_AS},       {"memlock", RLIMIT_MEMLOCK}};

	(void)words;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct rlimit is;

		if (getrlimit(all[i].number, &is))
			return say_result(all[i].name, -1);
		printf("probe: %s %lld %lld\n", all[i].name, (long long)is.rlim_cur,
		       (long long)is.rlim_max);
	}
	return 0;
}

/* System calls with arguments that the kernel would find wrong only after a filter has looked. */
static int calls(char **words)
{
	const int discipline = 0; /* what it has, so that nothing changes where this passes */

	(void)words;
	say_result("getpid", getpid());
	say_result("socket vsock", socket(AF_VSOCK, SOCK_STREAM, 0));
	say_result("socket netlink", socket(AF_NETLINK, SOCK_RAW, 0));
	say_result("socket alg", socket(AF_ALG, SOCK_SEQPACKET, 0));
	say_result("socket raw", socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
	say_result("mount", mount("none", "/tmp", "tmpfs", 0, NULL));
	say_result("umount", umount2("/tmp", MNT_DETACH));
	say_result("unshare user", unshare(CLONE_NEWUSER));
	say_result("unshare mount", unshare(CLONE_NEWNS));
	say_result("chroot", chroot("/"));
	say_result("mknod", mknod("/dev/probe", S_IFCHR | 0600, makedev(1, 3)));
	say_result("sethostname", sethostname("x", 1));
	say_result("bpf", syscall(SYS_bpf, 0, NULL, 0));
	say_result("keyctl", syscall(SYS_keyctl, 0, 0, 0, 0, 0));
	say_result("init_module", syscall(SYS_init_module, NULL, 0, ""));
	say_result("kexec_load", syscall(SYS_kexec_load, 0, 0, NULL, 0));
	say_result("reboot", syscall(SYS_reboot, 0, 0, 0, NULL));
	say_result("ptrace", syscall(SYS_ptrace, 16 /* attach */, 1, 0, 0));
	say_result("perf_event_open", syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0));
	say_result("setuid", setuid(0));
	say_result("console's discipline", ioctl(1, TIOCSETD, &discipline));
	return 0;
}

/*
 * nsm PCR...: opens the security module and prints what it answers to DescribePCR, as it stands. By
 * hand: what init's own client makes of an answer is not asked here.
 */
static int nsm(char **words)
{
	int fd = open("/dev/nsm", O_RDWR | O_CLOEXEC);

	say_result("open nsm", fd);
	for (; fd >= 0 && *words; words++) {
		unsigned long index = strtoul(*words, NULL, 10);
		/* {"DescribePCR": {"index": ...}}, a number of one or two bytes */
		unsigned char request[] = "\xa1\x6b"
					  "DescribePCR"
					  "\xa1\x65"
					  "index\x18";
		unsigned char answer[0x3000];
		struct nsm_raw raw = {
			.request = {(uintptr_t)request, sizeof(request)},
			.response = {(uintptr_t)answer, sizeof(answer)},
		};

		request[sizeof(request) - 1] = (unsigned char)index;
		if (index < 24) {
			request[sizeof(request) - 2] = (unsigned char)index;
			raw.request.len--;
		}
		if (ioctl(fd, NSM_IOCTL_RAW, &raw)) {
			say_result("describe", -1);
			continue;
		}
		printf("probe: PCR%lu ", index);
		for (size_t i = 0; i < raw.response.len; i++)
			printf("%02x", answer[i]);
		putchar('\n');
	}
	return 0;
}

/* The process of that name, or -1. */
static long find(const char *name)
{
	for (long pid = 1; pid < 1000; pid++) {
		char path[64], comm[32] = "";
		int fd;

		snprintf(path, sizeof(path), "/proc/%ld/comm", pid);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (read(fd, comm, sizeof(comm) - 1) < 0)
			comm[0] = '\0';
		close(fd);
		comm[strcspn(comm, "\n")] = '\0';
		if (!strcmp(comm, name))
			return pid;
	}
	return -1;
}

/* steal NAME: becomes who that process is and opens its third descriptor, the security module. */
static int steal(char **words)
{
	long pid = find(words[0]);
	char path[64];
	struct stat owner;

	snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
	if (pid < 0 || stat(path, &owner))
		return say_result("find", -1);
	snprintf(path, sizeof(path), "/proc/%ld", pid);
	/* What belongs to root there belongs to somebody whom nobody may look into: try by number.
	 */
	if (stat(path, &owner) || (getuid() == 0 && owner.st_uid && setgid(owner.st_gid)) ||
	    (getuid() == 0 && owner.st_uid && setuid(owner.st_uid)))
		return say_result("become", -1);
	snprintf(path, sizeof(path), "/proc/%ld/fd/3", pid);
	return say_result("steal", open(path, O_RDWR | O_CLOEXEC));
}

/* Limits of process 1, which has the same user. */
static int strangle(char **words)
{
	const struct rlimit none = {3, 3};

	(void)words;
	return say_result("strangle", prlimit(1, RLIMIT_NOFILE, &none, NULL));
}

static int entropy(char **words)
{
	unsigned char bytes[32];

	(void)words;
	return say_result("getrandom", getrandom(bytes, sizeof(bytes), GRND_NONBLOCK));
}

/* An address of either family, for both directions of a forwarded port. */
static socklen_t address(char **words, struct sockaddr_storage *address)
{
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)address;
	struct sockaddr_in *four = (struct sockaddr_in *)address;
	const uint16_t port = htons((uint16_t)strtoul(words[1], NULL, 10));

	memset(address, 0, sizeof(*address));
	if (inet_pton(AF_INET, words[0], &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = port;
		return sizeof(*four);
	}
	if (inet_pton(AF_INET6, words[0], &six->sin6_addr) != 1)
		return 0;
	six->sin6_family = AF_INET6;
	six->sin6_port = port;
	return sizeof(*six);
}

static bool write_all(int fd, const char *data, size_t size)
{
	while (size > 0) {
		ssize_t n = write(fd, data, size);

		if (n < 0)
			return false;
		data += n;
		size -= (size_t)n;
	}
	return true;
}

/* serve ADDRESS PORT: a TCP server that sends back what comes, one client after the other. */
static int serve(char **words)
{
	static char data[65536];
	struct sockaddr_storage here;
	socklen_t size = address(words, &here);
	const int yes = 1;
	int fd = socket(here.ss_family, SOCK_STREAM, 0);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(fd, (struct sockaddr *)&here, size) || listen(fd, 64))
		return say_result("serve", -1);
	printf("probe: serving %s %s\n", words[0], words[1]);
	fflush(stdout);
	for (;;) {
		int client = accept(fd, NULL, NULL);
		ssize_t n;

		if (client < 0)
			return say_result("accept", -1);
		while ((n = read(client, data, sizeof(data))) > 0)
			if (!write_all(client, data, (size_t)n))
				break;
		close(client);
	}
}

/* call ADDRESS PORT BYTES: sends that many in a child, and compares what comes back. */
static int call(char **words)
{
	struct sockaddr_storage there;
	socklen_t size = address(words, &there);
	int fd = socket(there.ss_family, SOCK_STREAM, 0);
	long all = strtol(words[2], NULL, 10);
	long back = 0;
	char data[4096];
	ssize_t n;

	if (connect(fd, (struct sockaddr *)&there, size))
		return say_result("connect", -1);
	if (fork() == 0) {
		for (long at = 0; at < all; at += n) {
			n = all - at < (long)sizeof(data) ? all - at : (long)sizeof(data);
			for (ssize_t i = 0; i < n; i++)
				data[i] = (char)((at + i) % 251);
			if (!write_all(fd, data, (size_t)n))
				_exit(1);
		}
		shutdown(fd, SHUT_WR);
		_exit(0);
	}
	while ((n = read(fd, data, sizeof(data))) > 0)
		for (ssize_t i = 0; i < n; i++, back++)
			if (data[i] != (char)(back % 251)) {
				printf("probe: byte %ld is another\n", back);
				return 1;
			}
	printf("probe: %ld of %ld bytes came back from %s\n", back, all, words[0]);
	return 0;
}

int main(int argc, char *argv[])
{
	static const struct {
		const char *name;
		int words;
		int (*run)(char **words);
	} all[] = {
		{"self", 0, self},	   {"nap", 0, nap},	    {"crash", 0, crash},
		{"eat", 0, eat},	   {"orphans", 1, orphans}, {"limits", 0, limits},
		{"calls", 0, calls},	   {"nsm", 0, nsm},	    {"entropy", 0, entropy},
		{"serve", 2, serve},	   {"call", 3, call},	    {"steal", 1, steal},
		{"strangle", 0, strangle},
	};

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (argc >= 2 + all[i].words && !strcmp(argv[1], all[i].name))
			return all[i].run(argv + 2);
	puts("probe: here");
	return 0;
}
