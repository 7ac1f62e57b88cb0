/* Reaps, restarts and forwards. Never leaves anything running. */
#include "supervise.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "console.h"
#include "machine.h"

/* Left to the kernel: faults of init itself, which have to end the machine. */
static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS, SIGABRT};

/*
 * Read, but not handed on: SIGCHLD is about init's own children; the other three speak of a
 * terminal that init shares with the command, and would stop the command for ever because nobody
 * is there to continue it.
 */
static const int kept[] = {SIGCHLD, SIGTSTP, SIGTTIN, SIGTTOU};

enum {
	FIRST_WAIT_MS = 100,
	LAST_WAIT_MS = 30000,
	STEADY_MS = 10000, /* what ran so long begins with the first wait again */
	KILL_MS = 2000,	   /* for what cannot be killed yet, waiting for a device perhaps */
	ROUND_MS = 50,
};

/* One command and the process that it is, if it is one. */
struct task {
	const struct command *command;
	pid_t pid;	 /* 0: it does not run */
	int64_t since;	 /* when it was started */
	int64_t due;	 /* when to start it again; 0: not at all */
	int64_t wait_ms; /* how long it last had to wait */
};

struct tasks {
	struct task at[SUPERVISE_MAX];
	size_t count;
};

static bool contains(const int *list, size_t count, int number)
{
	while (count > 0 && list[count - 1] != number)
		count--;
	return count > 0;
}

int supervise_hands_on(int signal, int stop_signal)
{
	if (contains(faults, sizeof(faults) / sizeof(faults[0]), signal) ||
	    contains(kept, sizeof(kept) / sizeof(kept[0]), signal))
		return 0;
	return signal == SIGTERM ? stop_signal : signal;
}

bool supervise_again(enum restart restart, const struct ending *ending)
{
	if (restart == RESTART_ON_FAILURE)
		return ending->by_signal || ending->number != 0;
	return restart == RESTART_ALWAYS;
}

int64_t supervise_wait(int64_t last_ms, int64_t ran_ms)
{
	if (last_ms == 0 || ran_ms >= STEADY_MS)
		return FIRST_WAIT_MS;
	return last_ms * 2 < LAST_WAIT_MS ? last_ms * 2 : LAST_WAIT_MS;
}

/* Blocks every signal that init wants to read, and returns a descriptor that delivers them. */
static int open_signals(struct refusal *why)
{
	sigset_t set;
	int fd;

	sigfillset(&set);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		sigdelset(&set, faults[i]);
	fd = sigprocmask(SIG_SETMASK, &set, NULL) ? -1 : signalfd(-1, &set, SFD_CLOEXEC);
	return fd < 0 ? refuse_errno(why, "INIT-START", "signals") : fd;
}

static struct ending ending_of(int status)
{
	if (WIFSIGNALED(status))
		return (struct ending){.by_signal = true, .number = WTERMSIG(status)};
	return (struct ending){.by_signal = false, .number = WEXITSTATUS(status)};
}

static void plan_restart(struct task *task, const struct ending *ending)
{
	int64_t now = machine_ms();

	task->pid = 0;
	task->due = 0;
	if (supervise_again(task->command->restart, ending)) {
		task->wait_ms = supervise_wait(task->wait_ms, now - task->since);
		task->due = now + task->wait_ms;
	}
	console_say("%s: %s %d%s", task->command->name,
		    ending->by_signal ? "killed by signal" : "exit status", ending->number,
		    task->due ? ", starts again" : "");
}

/* Takes every process that has ended; returns whether the application was among them. */
static bool reap(struct tasks *tasks, struct ending *end)
{
	const struct task *application = &tasks->at[tasks->count - 1];
	bool ended = false;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0 || (pid < 0 && errno == EINTR)) {
		struct ending ending = ending_of(status);

		for (size_t i = 0; pid > 0 && i < tasks->count; i++) {
			if (tasks->at[i].pid != pid)
				continue;
			if (&tasks->at[i] != application)
				plan_restart(&tasks->at[i], &ending);
			else
				*end = ending;
			ended |= &tasks->at[i] == application;
		}
	}
	return ended;
}

static int start(struct task *task, struct refusal *why)
{
	task->due = 0;
	task->since = machine_ms();
	return command_start(task->command, &task->pid, why);
}

/* Starts what is due; returns the milliseconds until something else is, or -1. */
static int start_due(struct tasks *tasks)
{
	static const struct ending failure = {.number = 127};
	int64_t now = machine_ms();
	int64_t next = -1;

	for (size_t i = 0; i < tasks->count; i++) {
		struct task *task = &tasks->at[i];
		struct refusal why;

		if (task->due && task->due <= now && start(task, &why)) {
			console_say("%s: %s: %s", task->command->name, why.name, why.text);
			plan_restart(task, &failure);
		}
		if (task->due && (next < 0 || task->due - now < next))
			next = task->due > now ? task->due - now : 0;
	}
	return (int)next;
}

/* Waits for every process but init, at most so long; returns whether all have ended. */
static bool all_ended(int64_t ms)
{
	int64_t end = machine_ms() + ms;
	pid_t pid;

	do {
		do
			pid = waitpid(-1, NULL, WNOHANG);
		while (pid > 0 || (pid < 0 && errno == EINTR));
		if (pid < 0)
			return true;
		poll(NULL, 0, ROUND_MS);
	} while (machine_ms() < end);
	return false;
}

int supervise(const struct command *const commands[], size_t count, int stop_signal, int grace,
	      struct ending *end, struct refusal *why)
{
	struct tasks tasks = {.count = count};
	const struct task *application = &tasks.at[count - 1];
	int signals = open_signals(why);
	struct pollfd poll_signals = {.fd = signals, .events = POLLIN};
	int64_t kill_at = 0;
	bool ended = false;

	for (size_t i = 0; i < count; i++) {
		tasks.at[i].command = commands[i];
		if (signals < 0 || start(&tasks.at[i], why))
			return -1;
	}
	while (!ended) {
		struct signalfd_siginfo info;
		int64_t left = kill_at - machine_ms();
		int ms = start_due(&tasks);
		int signal;

		if (kill_at && left <= 0) {
			kill(application->pid, SIGKILL);
			kill_at = 0;
		} else if (kill_at && (ms < 0 || ms > left)) {
			ms = (int)left;
		}
		if (poll(&poll_signals, 1, ms) <= 0)
			continue;
		if (read(signals, &info, sizeof(info)) != sizeof(info))
			return refuse_errno(why, "INIT-START", "read signals");
		signal = supervise_hands_on((int)info.ssi_signo, stop_signal);
		if (info.ssi_signo == SIGCHLD)
			ended = reap(&tasks, end);
		else if (signal)
			kill(application->pid, signal);
		if (info.ssi_signo == SIGTERM && !kill_at)
			kill_at = machine_ms() + (int64_t)grace * 1000;
	}
	kill(-1, SIGTERM);
	if (!all_ended((int64_t)grace * 1000)) {
		kill(-1, SIGKILL);
		all_ended(KILL_MS);
	}
	return 0;
}
