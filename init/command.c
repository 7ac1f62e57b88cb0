/* Starts one command. Never falls back to a shell, and hands on no descriptor but 0, 1 and 2. */
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
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

/* The new process: becomes the command, or writes errno to report and ends. */
static _Noreturn void become(char *const argv[], char *const envp[], int report)
{
	sigset_t none;
	int failure;

	sigemptyset(&none);
	if (setsid() >= 0 && sigprocmask(SIG_SETMASK, &none, NULL) == 0)
		execute(argv, envp);
	failure = errno;
	if (write(report, &failure, sizeof(failure)) < 0)
		_exit(126);
	_exit(127);
}

/* Sets *failure to the errno of a command that did not start, or to 0. */
static int read_report(int report, int *failure)
{
	ssize_t n;

	*failure = 0;
	do
		n = read(report, failure, sizeof(*failure));
	while (n < 0 && errno == EINTR);
	return n < 0 ? -1 : 0;
}

int command_start(char *const argv[], char *const envp[], pid_t *pid, struct refusal *why)
{
	int report[2];
	int failure;
	int result;
	pid_t child;

	/* execve() closes the writing end, so that an empty report means a program that runs. */
	if (pipe2(report, O_CLOEXEC))
		return refuse_errno(why, "INIT-START", "pipe");
	child = fork();
	if (child == 0)
		become(argv, envp, report[1]);
	result = child < 0 ? refuse_errno(why, "INIT-START", "fork") : 0;
	close(report[1]);
	if (result == 0 && read_report(report[0], &failure))
		result = refuse_errno(why, "INIT-START", "read the report of the new process");
	close(report[0]);
	if (result)
		return -1;
	if (failure) {
		waitpid(child, NULL, 0);
		errno = failure;
		return refuse_errno(why, "INIT-EXEC",
				    "\"%.200s\": expected a program to start, found", argv[0]);
	}
	*pid = child;
	return 0;
}
