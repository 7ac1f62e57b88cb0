/*
 * The port forwarder of every image: /ports of ramdisk 0, which PID 1 starts with the rules as
 * arguments. Listens, then gives up every system call but those that forwarding takes. Never reads
 * a file or its environment, and never looks a name up.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "confine.h"
#include "forward.h"

static int fail(const char *what)
{
	dprintf(1, "ports: %s: %s\n", what, strerror(errno));
	return 1;
}

/* Two descriptors for a connection are more than a process gets by itself. */
static int raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return -1;
	limit.rlim_cur = limit.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char *argv[])
{
	static const unsigned int calls[] = {
#ifdef SYS_epoll_wait
		SYS_epoll_wait,
#endif
		SYS_epoll_pwait, SYS_epoll_ctl,	 SYS_accept4,  SYS_socket,	 SYS_connect,
		SYS_getsockopt,	 SYS_setsockopt, SYS_recvfrom, SYS_sendto,	 SYS_shutdown,
		SYS_close,	 SYS_mmap,	 SYS_munmap,   SYS_clock_gettime};
	static struct rule rules[FORWARD_RULES_MAX];
	static struct forwarder forwarder;
	size_t count = (size_t)argc - 1;
	size_t failed = 0;

	if (argc < 2 || count > FORWARD_RULES_MAX) {
		dprintf(1, "ports: expected 1 to %d rules, found %d\n", FORWARD_RULES_MAX,
			argc - 1);
		return 2;
	}
	for (size_t i = 0; i < count; i++)
		if (rule_parse(argv[i + 1], &rules[i])) {
			dprintf(1, "ports: \"%s\": expected a rule, found none\n", argv[i + 1]);
			return 2;
		}
	if (raise_limit())
		return fail("limit of open files");
	if (forward_begin(&forwarder, rules, count, &failed))
		return fail(argv[failed + 1]);
	/* Nothing is said any more later. */
	for (size_t i = 0; i < count; i++)
		dprintf(1, "ports: %s\n", argv[i + 1]);
	if (confine(calls, sizeof(calls) / sizeof(calls[0])))
		return fail("give up system calls");
	for (;;)
		forward(&forwarder, -1);
}
