/*
 * Supervises one command as process 1 of a namespace: itself once more, which leaves COUNT orphans
 * behind, one after the other, and at last one that takes no notice of being asked to end. Says how
 * many of them were still there at its end, how it ended and whether anybody is left after that.
 * Refuses to be anything but process 1, because supervision ends with a signal to everybody.
 */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "init.h"

enum { EXIT_AT_END = 7 };

/* Processes beside these two: orphans, most of them dead, and nobody has asked after them. */
static int count_others(void)
{
	int count = 0;
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	while (proc && (entry = readdir(proc)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
		    atoi(entry->d_name) != 1 && atoi(entry->d_name) != getpid())
			count++;
	if (proc)
		closedir(proc);
	return count;
}

static int leave_orphans(long count)
{
	int left = 1;
	pid_t deaf;

	for (long i = 0; i < count; i++) {
		pid_t child = fork();

		if (child < 0)
			return 1;
		if (child == 0)
			_exit(fork() < 0);
		int status;

		if (waitpid(child, &status, 0) != child || status)
			return 1;
	}
	/* Process 1 has run all the time; what it has not seen yet is little. */
	for (int tries = 0; tries < 1000 && left > 0; tries++) {
		usleep(10000);
		left = count_others();
	}
	dprintf(1, "storm: %ld orphans, %d left\n", count, left);
	/* It does not listen from its very start. */
	signal(SIGTERM, SIG_IGN);
	deaf = fork();
	while (deaf == 0)
		pause();
	return deaf < 0 ? 1 : EXIT_AT_END;
}

int main(int argc, char *argv[])
{
	char *envp[] = {NULL};
	char *words[] = {argv[0], argc > 1 ? argv[1] : NULL, NULL};
	const struct command storm = {
		.name = "storm", .argv = words, .envp = envp, .umask = 022, .caps = UINT64_MAX};
	const struct command *const commands[] = {&storm};
	struct ending end;
	struct refusal why;

	if (argc != 2)
		return 2;
	if (getpid() != 1)
		return leave_orphans(strtol(argv[1], NULL, 10));
	if (supervise(commands, 1, 15, 1, &end, &why))
		dprintf(1, "storm: %s: %s\n", why.name, why.text);
	else
		dprintf(1, "storm: %s %d\n", end.by_signal ? "signal" : "status", end.number);
	/* Process 1 itself does not count. */
	dprintf(1, "storm: %s left\n", kill(-1, 0) && errno == ESRCH ? "nobody" : "somebody");
	return 0;
}
