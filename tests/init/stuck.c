/*
 * Supervises, as process 1 of a namespace, COUNT helpers that end at once and whose every further
 * start comes to nothing: on its way the new process stops itself. Says how often init was deaf for
 * longer than one start, how it backed off, and what it did after the application's end. Time is
 * what this program says, so that a start that hangs costs none. Refuses to be anything but process
 * 1, because supervision ends with a signal to everybody.
 */
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "init.h"

enum { STARTS = 12, HELPERS_MAX = 8, EXIT_AT_END = 7 };

/* What process 1 and the processes that it starts both see. */
struct started {
	atomic_int count;
	pid_t pids[HELPERS_MAX + 1]; /* of the first start of each, the application's last */
};

static struct started *started;
static int helpers;
static int bell; /* a byte written here ends the application */

static int64_t now = 1000000;
static int64_t waited[STARTS]; /* before each start that hung, since the one before */
static int64_t free_since;
static int hung;
static int unheard; /* starts that hung since init last looked for signals */
static int most_unheard;
static int late; /* starts that hung after the application's end */

int64_t machine_ms(void)
{
	return now;
}

/* Called once by each new process, before it runs its program. */
pid_t setsid(void)
{
	int number = atomic_fetch_add(&started->count, 1);

	if (number > helpers)
		raise(SIGSTOP);
	else
		started->pids[number] = getpid();
	return (pid_t)syscall(SYS_setsid);
}

static void await_end(pid_t pid)
{
	siginfo_t info;

	waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
}

/* A start that hangs. By the first the helpers have all ended; the last outlives the application.
 */
static void hang(int ms)
{
	if (hung < STARTS)
		waited[hung] = now - free_since;
	now += ms;
	free_since = now;
	if (++unheard > most_unheard)
		most_unheard = unheard;
	if (hung == 0)
		for (int i = 0; i < helpers; i++)
			await_end(started->pids[i]);
	if (++hung > STARTS)
		late++;
	if (hung == STARTS && write(bell, "", 1) == 1)
		await_end(started->pids[helpers]);
}

/* Waits for real only where something is sure to come: of a new process, a word or its stop. */
int poll(struct pollfd *polled, nfds_t count, int ms)
{
	const struct timespec moment = {.tv_nsec = 1000000};
	struct stat st = {.st_mode = 0};
	siginfo_t info;
	int ready;

	if (count == 0 || polled->events == POLLOUT) {
		now += count == 0 ? ms : 0;
		return ppoll(polled, count, &moment, NULL);
	}
	fstat(polled->fd, &st);
	for (;;) {
		ready = ppoll(polled, count, &moment, NULL);
		if (ready != 0)
			break;
		info.si_pid = 0;
		if (!S_ISFIFO(st.st_mode)) {
			now += ms;
			break;
		}
		if (waitid(P_ALL, 0, &info, WSTOPPED | WNOWAIT | WNOHANG) == 0 && info.si_pid) {
			hang(ms);
			break;
		}
	}
	if (!S_ISFIFO(st.st_mode))
		unheard = 0;
	return ready;
}

int main(int argc, char *argv[])
{
	char *envp[] = {NULL};
	char end_of_bell[16];
	char *words[] = {argv[0], end_of_bell, NULL};
	char *none[] = {"/bin/true", NULL};
	struct command commands[HELPERS_MAX + 1];
	const struct command *list[HELPERS_MAX + 1];
	struct ending end;
	struct refusal why;
	int ends[2];
	char byte;

	if (argc != 2)
		return 2;
	if (getpid() != 1)
		return read(atoi(argv[1]), &byte, 1) == 1 ? EXIT_AT_END : 1;
	helpers = atoi(argv[1]);
	started = mmap(NULL, sizeof(*started), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	if (helpers < 1 || helpers > HELPERS_MAX || started == MAP_FAILED || pipe(ends))
		return 2;
	bell = ends[1];
	snprintf(end_of_bell, sizeof(end_of_bell), "%d", ends[0]);
	for (int i = 0; i <= helpers; i++) {
		commands[i] = (struct command){.restart = RESTART_ALWAYS,
					       .argv = i < helpers ? none : words,
					       .envp = envp,
					       .umask = 022,
					       .caps = UINT64_MAX};
		snprintf(commands[i].name, sizeof(commands[i].name), "number %d", i);
		list[i] = &commands[i];
	}
	if (supervise(list, (size_t)helpers + 1, SIGTERM, 1, &end, &why))
		dprintf(1, "stuck: %s: %s\n", why.name, why.text);
	else
		dprintf(1, "stuck: %s %d\n", end.by_signal ? "signal" : "status", end.number);
	dprintf(1, "stuck: %d hung, at most %d in a row, %d after the end\nstuck: waited", hung,
		most_unheard, late);
	for (int i = 1; i < STARTS; i++)
		dprintf(1, " %d", (int)waited[i]);
	dprintf(1, "\n");
	return 0;
}
