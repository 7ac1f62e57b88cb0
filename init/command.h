/* Finding and starting a program. */
#ifndef MINTMARK_COMMAND_H
#define MINTMARK_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "refusal.h"

/* Where a command without '/' is looked for when its environment has no PATH. */
#define COMMAND_DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* The value of the first PATH= in envp, or COMMAND_DEFAULT_PATH. */
const char *command_path(char *const envp[]);

enum restart { RESTART_NEVER, RESTART_ON_FAILURE, RESTART_ALWAYS };

/* What to start, where, as whom and with which means. */
struct command {
	char name[32]; /* for the console */
	enum restart restart;
	int program; /* a descriptor to run; 0: argv says what */
	int module;  /* a descriptor that becomes number 3; 0: none */
	char **argv; /* both end with NULL */
	char **envp;
	const char *workdir; /* NULL: where init is */
	uid_t uid;
	gid_t gid;
	gid_t *groups; /* supplementary ones */
	size_t group_count;
	mode_t umask;
	uint64_t caps;	   /* bounds what root and programs with capabilities get; bit by number */
	bool unconfined;   /* by seccomp.c's list of system calls */
	bool no_new_privs; /* setuid programs and file capabilities do not count */
	bool nsm;	   /* may open /dev/nsm */
	int oom_score;	   /* the kernel's oom_score_adj */
	uint32_t limited;  /* a bit for each of limits that counts, by resource */
	struct rlimit limits[RLIM_NLIMITS];
};

/*
 * Starts the command as the leader of a new session, with no signal blocked. A word with a '/' is
 * taken as it is, another is looked for in the PATH of envp, never in init's own environment. The
 * working folder is entered as init, before the user changes; a user who is not root then owns the
 * console. Returns after the program has really started; INIT-EXEC when it cannot, INIT-FOLDER and
 * INIT-USER when folder or user cannot be had, INIT-START when the system refuses anything else.
 */
int command_start(const struct command *command, pid_t *pid, struct refusal *why);

/*
 * Takes from this process and its children, for good, the system calls that Docker's default
 * profile would take from a container with these capabilities. Returns 0, or -1 with errno set.
 */
int seccomp_confine(uint64_t caps);

#endif
