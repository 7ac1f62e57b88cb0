/*
 * Starts one command. Never falls back to a shell, and hands on no descriptor but 0, 1, 2 and the
 * module's.
 */
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <linux/capability.h>

#include "init.h"

enum { START_MS = 10000 }; /* from fork() to execve(), on a busy emulator */

const char *command_path(char *const envp[])
{
	for (size_t i = 0; envp[i]; i++)
		if (!strncmp(envp[i], "PATH=", 5))
			return envp[i] + 5;
	return COMMAND_DEFAULT_PATH;
}

/*
 * Returns only when the command cannot be started, with errno saying why. A folder called "" means
 * nowhere, not here.
 */
static void execute(const struct command *command, int program)
{
	const char *word = command->argv[0];
	const char *dirs = strchr(word, '/') ? NULL : command_path(command->envp);
	int reason = ENOENT;
	char path[PATH_MAX];

	if (program)
		syscall(SYS_execveat, program, "", command->argv, command->envp, AT_EMPTY_PATH);
	else if (!dirs)
		execve(word, command->argv, command->envp);
	if (program || !dirs)
		return;
	for (size_t size = strcspn(dirs, ":"); *dirs; size = strcspn(dirs, ":")) {
		int n = snprintf(path, sizeof(path), "%.*s/%s", (int)size, dirs, word);

		if (size > 0 && n > 0 && (size_t)n < sizeof(path)) {
			execve(path, command->argv, command->envp);
			if (errno != ENOENT && errno != ENOTDIR)
				reason = errno;
			if (reason != ENOENT && reason != EACCES)
				break;
		}
		dirs += size + (dirs[size] == ':');
	}
	errno = reason;
}

/* Everything about the process but who it is. */
static int set_up(const struct command *command)
{
	char score[16];
	sigset_t none;
	int size = snprintf(score, sizeof(score), "%d", command->oom_score);
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	sigemptyset(&none);
	umask(command->umask);
	for (int i = 0; i < RLIM_NLIMITS; i++)
		if (command->limited & 1U << i && setrlimit(i, &command->limits[i]))
			return -1;
	if (fd < 0 || write(fd, score, (size_t)size) != size)
		return -1;
	return setsid() < 0 ? -1 : sigprocmask(SIG_SETMASK, &none, NULL);
}

/*
 * The bounding set, which execve() gives to root and takes from everybody's programs. Who may not
 * open the security module's device shall not make it either.
 */
static int drop_capabilities(const struct command *command)
{
	uint64_t kept = command->nsm ? command->caps : command->caps & ~(1ULL << CAP_MKNOD);
	int held = 1;

	for (int cap = 0; held >= 0; cap++) {
		held = prctl(PR_CAPBSET_READ, cap, 0, 0, 0);
		if (held == 1 && !(kept >> cap & 1) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0))
			return -1;
	}
	return 0;
}

/*
 * All three ids; from another user than root's there is no way back, and no capability left. The
 * filter comes first: it lets these calls pass, and without no_new_privs only root may set one.
 */
static int become_user(const struct command *command)
{
	bool changes = command->uid != 0 || command->gid != 0 || command->group_count > 0;

	if (drop_capabilities(command) ||
	    (command->no_new_privs && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) ||
	    (!command->unconfined && seccomp_confine(command->caps)))
		return -1;
	if (!changes)
		return 0;
	if (setgroups(command->group_count, command->groups) ||
	    setresgid(command->gid, command->gid, command->gid))
		return -1;
	return setresuid(command->uid, command->uid, command->uid);
}

/* Comes back only with what failed. */
static void become(const struct command *command, struct refusal *why)
{
	/* Out of the way of number 3. */
	int program = command->program ? fcntl(command->program, F_DUPFD_CLOEXEC, 4) : 0;
	int module = command->module ? fcntl(command->module, F_DUPFD_CLOEXEC, 4) : 0;

	if (set_up(command) || (module && dup2(module, 3) != 3))
		refuse(why, "INIT-START", "%s: set up the new process: %m", command->name);
	else if (command->workdir && chdir(command->workdir))
		refuse(why, "INIT-FOLDER", "%.200s: enter the working folder: %m",
		       command->workdir);
	else if (become_user(command))
		refuse(why, "INIT-USER", "become user %u, group %u and %zu groups: %m",
		       command->uid, command->gid, command->group_count);
	else {
		execute(command, program);
		refuse(why, "INIT-EXEC", "\"%.200s\": expected a program to start, found: %m",
		       command->argv[0]);
	}
}

int command_start(const struct command *command, pid_t *pid, struct refusal *why)
{
	struct pollfd report = {.events = POLLIN};
	struct refusal found;
	int ends[2];
	ssize_t n = 0;

	/* execve() closes the writing end, so that an empty report means a program that runs. */
	if (pipe2(ends, O_CLOEXEC))
		return refuse(why, "INIT-START", "pipe: %m");
	*pid = fork();
	if (*pid == 0) {
		int fd = fcntl(ends[1], F_DUPFD_CLOEXEC, 4);

		become(command, &found);
		_exit(write(fd, &found, sizeof(found)) < 0 ? 126 : 127);
	}
	refuse(&found, "INIT-START", "fork: %m");
	close(ends[1]);
	report.fd = ends[0];
	/* It may be stopped on its way by somebody who can signal it. */
	if (*pid > 0 && poll(&report, 1, START_MS) == 1)
		n = read(ends[0], &found, sizeof(found));
	else if (*pid > 0)
		n = refuse(&found, "INIT-START", "%s: expected a start within %d s, found none",
			   command->name, START_MS / 1000);
	close(ends[0]);
	if (*pid > 0 && n == 0)
		return 0;
	if (*pid > 0 && kill(*pid, SIGKILL) == 0)
		waitpid(*pid, NULL, 0);
	/* The name is a constant, at the same place in both processes. */
	*why = found;
	return -1;
}
