/* Starts one command. Never falls back to a shell, and hands on no descriptor but 0, 1 and 2. */
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

const char *command_path(char *const envp[])
{
	for (size_t i = 0; envp[i]; i++)
		if (!strncmp(envp[i], "PATH=", 5))
			return envp[i] + 5;
	return COMMAND_DEFAULT_PATH;
}

bool command_candidate(const char **dirs, const char *word, char *path, size_t room)
{
	const char *dir = *dirs;
	size_t size;
	int n;

	if (!dir)
		return false;
	size = strcspn(dir, ":");
	*dirs = dir[size] ? dir + size + 1 : NULL;
	path[0] = '\0';
	if (size == 0 || size >= room)
		return true;
	n = snprintf(path, room, "%.*s/%s", (int)size, dir, word);
	if (n < 0 || (size_t)n >= room)
		path[0] = '\0';
	return true;
}

/* Returns only when the command cannot be started, with errno saying why. */
static void execute(char *const argv[], char *const envp[])
{
	const char *dirs = command_path(envp);
	bool denied = false;
	char path[PATH_MAX];

	if (strchr(argv[0], '/')) {
		execve(argv[0], argv, envp);
		return;
	}
	while (command_candidate(&dirs, argv[0], path, sizeof(path))) {
		if (!path[0])
			continue;
		execve(path, argv, envp);
		if (errno == EACCES)
			denied = true;
		else if (errno != ENOENT && errno != ENOTDIR)
			return;
	}
	errno = denied ? EACCES : ENOENT;
}

/* How far a new process came. */
enum step { SESSION, FOLDER, USER, PROGRAM };

struct report {
	enum step step;
	int failure; /* errno */
};

/* So that the user can open /dev/console and /dev/stdout again, as under Docker. */
static int give_console(uid_t uid)
{
	for (int fd = 0; fd <= 2; fd++) {
		struct stat st;

		if (fstat(fd, &st))
			return -1;
		if (S_ISCHR(st.st_mode) && st.st_rdev == makedev(5, 1) &&
		    fchown(fd, uid, (gid_t)-1))
			return -1;
	}
	return 0;
}

/* All three ids; from another user than root's there is no way back, and no capability left. */
static int become_user(const struct command *command)
{
	bool changes = command->uid != 0 || command->gid != 0 || command->group_count > 0;

	if (!changes)
		return 0;
	if (command->uid != 0 && give_console(command->uid))
		return -1;
	if (setgroups(command->group_count, command->groups) ||
	    setresgid(command->gid, command->gid, command->gid))
		return -1;
	return setresuid(command->uid, command->uid, command->uid);
}

/* Comes back only with the step that failed, and errno saying why. */
static enum step take_steps(const struct command *command)
{
	sigset_t none;

	sigemptyset(&none);
	if (setsid() < 0 || sigprocmask(SIG_SETMASK, &none, NULL))
		return SESSION;
	if (command->workdir && chdir(command->workdir))
		return FOLDER;
	if (become_user(command))
		return USER;
	execute(command->argv, command->envp);
	return PROGRAM;
}

/* The new process: becomes the command, or reports what failed and ends. */
static _Noreturn void become(const struct command *command, int fd)
{
	struct report report;

	report.step = take_steps(command);
	report.failure = errno;
	if (write(fd, &report, sizeof(report)) < 0)
		_exit(126);
	_exit(127);
}

/* A report of a command that started has no failure. */
static int read_report(int fd, struct report *report)
{
	ssize_t n;

	*report = (struct report){.failure = 0};
	do
		n = read(fd, report, sizeof(*report));
	while (n < 0 && errno == EINTR);
	return n < 0 ? -1 : 0;
}

static int refuse_step(const struct command *command, const struct report *report,
		       struct refusal *why)
{
	errno = report->failure;
	switch (report->step) {
	case SESSION:
		break;
	case FOLDER:
		return refuse_errno(why, "INIT-FOLDER", "%.200s: enter the working folder",
				    command->workdir);
	case USER:
		return refuse_errno(why, "INIT-USER", "become user %u, group %u and %zu groups",
				    command->uid, command->gid, command->group_count);
	case PROGRAM:
		return refuse_errno(why, "INIT-EXEC",
				    "\"%.200s\": expected a program to start, found",
				    command->argv[0]);
	}
	return refuse_errno(why, "INIT-START", "session of the new process");
}

int command_start(const struct command *command, pid_t *pid, struct refusal *why)
{
	struct report report;
	int ends[2];
	int result;
	pid_t child;

	/* execve() closes the writing end, so that an empty report means a program that runs. */
	if (pipe2(ends, O_CLOEXEC))
		return refuse_errno(why, "INIT-START", "pipe");
	child = fork();
	if (child == 0)
		become(command, ends[1]);
	result = child < 0 ? refuse_errno(why, "INIT-START", "fork") : 0;
	close(ends[1]);
	if (result == 0 && read_report(ends[0], &report))
		result = refuse_errno(why, "INIT-START", "read the report of the new process");
	close(ends[0]);
	if (result)
		return -1;
	if (report.failure) {
		waitpid(child, NULL, 0);
		return refuse_step(command, &report, why);
	}
	*pid = child;
	return 0;
}
