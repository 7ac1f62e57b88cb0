/*
 * A filter made of one table. Never lets a program of another instruction set call anything: the
 * numbers in the table would mean something else.
 *
 * A filter's answer is kept by the kernel where it depends on the number alone, so that a call
 * that is allowed costs nothing.
 */
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>

#include "init.h"

/* Newer than musl, and the same on all processors. */
#ifndef SYS_quotactl_fd
#define SYS_quotactl_fd 443
#endif

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#else
#define ARCH AUDIT_ARCH_AARCH64
#endif

/* On x86_64 the same calls come once more from here, for x32. */
#define NUMBERS_END 0x40000000

#define NEW_NAMESPACES                                                                             \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |             \
	 CLONE_NEWPID | CLONE_NEWNET)

enum { NEVER = 63 }; /* the number of no capability */

/*
 * What is refused, and the capability that brings it. The numbers come from the C library's
 * headers; 0, which no list holds, ends each.
 */
static const struct {
	unsigned int cap;
	unsigned short numbers[32];
} refused[] = {
	{CAP_SYS_ADMIN, {SYS_bpf,	 SYS_fanotify_init, SYS_fsconfig,	 SYS_fsmount,
			 SYS_fsopen,	 SYS_fspick,	    SYS_mount,		 SYS_mount_setattr,
			 SYS_move_mount, SYS_open_tree,	    SYS_perf_event_open, SYS_pivot_root,
			 SYS_quotactl,	 SYS_quotactl_fd,   SYS_setdomainname,	 SYS_sethostname,
			 SYS_setns,	 SYS_swapoff,	    SYS_swapon,		 SYS_umount2,
			 SYS_unshare}},
	{CAP_SYS_PTRACE,
	 {SYS_kcmp, SYS_pidfd_getfd, SYS_process_vm_readv, SYS_process_vm_writev, SYS_userfaultfd}},
	{CAP_SYS_MODULE, {SYS_delete_module, SYS_finit_module, SYS_init_module}},
	{CAP_SYS_BOOT, {SYS_kexec_file_load, SYS_kexec_load, SYS_reboot}},
	{CAP_SYS_TIME, {SYS_clock_settime, SYS_settimeofday}},
	{CAP_SYS_PACCT, {SYS_acct}},
	{CAP_SYS_TTY_CONFIG, {SYS_vhangup}},
	{CAP_SYSLOG, {SYS_syslog}},
	{CAP_DAC_READ_SEARCH, {SYS_open_by_handle_at}},
	{NEVER,
	 {SYS_add_key, SYS_io_uring_enter, SYS_io_uring_register, SYS_io_uring_setup, SYS_keyctl,
	  SYS_request_key}},
#if defined(__x86_64__)
	{CAP_SYS_RAWIO, {SYS_ioperm, SYS_iopl}},
#endif
};

#define LOAD(field)	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define UNLESS(test, k, n)  BPF_JUMP(BPF_JMP | BPF_K | (test), k, 0, n)
#define RETURN(value)	    BPF_STMT(BPF_RET | BPF_K, value)
#define RETURN_ERRNO(error) RETURN(SECCOMP_RET_ERRNO | (error))

enum { CODE_MAX = 1024 }; /* instructions: two for each number, and those below */
_Static_assert(sizeof(refused) < CODE_MAX, "room for every number");

int seccomp_confine(uint64_t caps)
{
	const bool admin = caps >> CAP_SYS_ADMIN & 1;
	struct sock_filter code[CODE_MAX] = {
		LOAD(arch),
		BPF_JUMP(BPF_JMP | BPF_K | BPF_JEQ, ARCH, 1, 0),
		RETURN(SECCOMP_RET_KILL_PROCESS),
		LOAD(nr),
		UNLESS(BPF_JGE, NUMBERS_END, 1),
		RETURN_ERRNO(ENOSYS),
		/* Every family but the kernel's cryptography; vsock is an enclave's network. */
		UNLESS(BPF_JEQ, SYS_socket, 4),
		LOAD(args[0]),
		UNLESS(BPF_JEQ, AF_ALG, 1),
		RETURN_ERRNO(EPERM),
		RETURN(SECCOMP_RET_ALLOW),
		/* Limits of oneself; others of the same user, PID 1 among them, keep theirs. */
		UNLESS(BPF_JEQ, caps >> CAP_SYS_RESOURCE & 1 ? NUMBERS_END : SYS_prlimit64, 4),
		LOAD(args[0]),
		BPF_JUMP(BPF_JMP | BPF_K | BPF_JEQ, 0, 1, 0),
		RETURN_ERRNO(EPERM),
		RETURN(SECCOMP_RET_ALLOW),
		/* Another line discipline of the console would swallow init's lines. */
		UNLESS(BPF_JEQ, caps >> CAP_SYS_TTY_CONFIG & 1 ? NUMBERS_END : SYS_ioctl, 4),
		LOAD(args[1]),
		UNLESS(BPF_JEQ, TIOCSETD, 1),
		RETURN_ERRNO(EPERM),
		RETURN(SECCOMP_RET_ALLOW),
		/*
		 * Threads and processes, but no namespaces. clone3's flags are out of a filter's
		 * sight: its callers fall back to clone when there is no such call.
		 */
		UNLESS(BPF_JEQ, admin ? NUMBERS_END : SYS_clone3, 1),
		RETURN_ERRNO(ENOSYS),
		UNLESS(BPF_JEQ, SYS_clone, 4),
		LOAD(args[0]),
		UNLESS(BPF_JSET, admin ? 0 : NEW_NAMESPACES, 1),
		RETURN_ERRNO(EPERM),
		RETURN(SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.filter = code};

	while (code[program.len].code)
		program.len++;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		const unsigned short *number = refused[i].numbers;

		for (; *number && !(caps >> refused[i].cap & 1); number++) {
			code[program.len++] = (struct sock_filter)UNLESS(BPF_JEQ, *number, 1);
			code[program.len++] = (struct sock_filter)RETURN_ERRNO(EPERM);
		}
	}
	code[program.len++] = (struct sock_filter)RETURN(SECCOMP_RET_ALLOW);
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}
