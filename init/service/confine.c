/* Installs a filter of system calls by number. Never allows what is not listed. */
#include "confine.h"

#include <errno.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#ifdef __x86_64__
#define ARCH AUDIT_ARCH_X86_64
#else
#define ARCH AUDIT_ARCH_AARCH64
#endif

#define LOAD(member)                                                                               \
	((struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,                                    \
				      offsetof(struct seccomp_data, member)))
#define EQUAL(value, yes, no)                                                                      \
	((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, yes, no))
#define RETURN(what) ((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, what))

/* Signals that end or stop are the kernel's business; these two calls are what remains of others.
 */
static const unsigned int always[] = {SYS_exit_group, SYS_rt_sigreturn, SYS_restart_syscall};

enum { ALWAYS = sizeof(always) / sizeof(always[0]) };

int confine(const unsigned int *calls, size_t count)
{
	struct sock_filter code[4 + ALWAYS + CONFINE_CALLS_MAX + 2];
	struct sock_fprog program = {.filter = code};
	size_t total = ALWAYS + count;
	size_t n = 0;

	if (count > CONFINE_CALLS_MAX) {
		errno = E2BIG;
		return -1;
	}
	code[n++] = LOAD(arch);
	code[n++] = EQUAL(ARCH, 1, 0);
	code[n++] = RETURN(SECCOMP_RET_KILL_PROCESS);
	code[n++] = LOAD(nr);
	/* Each jumps over those behind it and the one that kills. */
	for (size_t i = 0; i < total; i++)
		code[n++] =
			EQUAL(i < ALWAYS ? always[i] : calls[i - ALWAYS], (uint8_t)(total - i), 0);
	code[n++] = RETURN(SECCOMP_RET_KILL_PROCESS);
	code[n++] = RETURN(SECCOMP_RET_ALLOW);
	program.len = (unsigned short)n;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}
