/* Reaps, restarts and forwards. Never leaves anything running. */
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include "init.h"

/* Left to the kernel: faults of init itself, which have to end the machine. */
static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS, SIGABRT, 0};

enum {
	FIRST_WAIT_MS = 100,
	LAST_WAIT_MS = 30000,
	STEADY_MS = 10000, /* what ran so long begins with the first wait again */
	KILL_MS = 2000,	   /* for what cannot be killed yet, waiting for a device perhaps */
	ROUND_MS = 50,
};

/* One command and the process that it is. */
struct task {
	const struct command *command;
	pid_t pid;	 /* 0: it does not run */
	int64_t since;	 /* when it began to run, or could not */
	int64_t due;	 /* when to start it again; 0: not at all */
	int64_t wait_ms; /* how long it last had to wait */
};

int supervise_hands_on(int signal, int stop_signal)
{
	/*
	 * SIGCHLD is about init's own children; the other three speak of a terminal that init
	 * shares with the command, and would stop the command for ever because nobody is there to
	 * continue it.
	 */
	if (signal == SIGCHLD || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU)
		return 0;
	return signal == SIGTERM ? stop_signal : signal;
}

int64_t supervise_wait(enum restart restart, const struct ending *end, int64_t last_ms,
		       int64_t ran_ms)
{
	bool failed = end->by_signal || end->number != 0;

	if (restart == RESTART_NEVER || (restart == RESTART_ON_FAILURE && !failed))
		return 0;
	if (last_ms == 0 || ran_ms >= STEADY_MS)
		return FIRST_WAIT_MS;
	return last_ms * 2 < LAST_WAIT_MS ? last_ms * 2 : LAST_WAIT_MS;
}

/* The time that a start takes, or that one which fails takes to do so, is no time that it ran. */
static int start(struct task *task, struct refusal *why)
{
	int result = command_start(task->command, &task->pid, why);

	task->due = 0;
	task->since = machine_ms();
	return result;
}

/* A helper has ended, or did not start: plans what becomes of it. */
static void end_helper(struct task *task, const struct ending *end)
{
	int64_t now = machine_ms();

	task->pid = 0;
	task->wait_ms =
		supervise_wait(task->command->restart, end, task->wait_ms, now - task->since);
	task->due = task->wait_ms ? now + task->wait_ms : 0;
	console_say("%s: %s %d%s", task->command->name,
		    end->by_signal ? "killed by signal" : "exit status", end->number,
		    task->due ? ", starts again" : "");
}

/* Takes what has ended, until that is the application; returns whether it was, and how in end. */
static bool reap(const struct task *application, struct task *tasks, struct ending *end)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		end->by_signal = WIFSIGNALED(status);
		end->number = end->by_signal ? WTERMSIG(status) : WEXITSTATUS(status);
		if (pid == application->pid)
			return true;
		for (struct task *task = tasks; task < application; task++)
			if (task->pid == pid)
				end_helper(task, end);
	}
	return false;
}

/*
 * Starts what has been due the longest, and nothing else: a start may take its time, and meanwhile
 * nobody reaps or reads signals. Returns the milliseconds until it has to be called again, at most
 * so many.
 */
static int64_t start_due(const struct task *application, struct task *tasks, int64_t most)
{
	static const struct ending failure = {.number = 127};
	struct task *first = NULL;
	struct refusal why;
	int64_t left;

	for (struct task *task = tasks; task < application; task++)
		if (task->due && (!first || task->due < first->due))
			first = task;
	left = first ? first->due - machine_ms() : most;
	if (!first || left > 0)
		return left < most ? left : most;
	if (start(first, &why)) {
		console_say("%s: %s: %s", first->command->name, why.name, why.text);
		end_helper(first, &failure);
	}
	return 0;
}

/* Waits for every process but init, at most so long; returns whether all have ended. */
static bool all_ended(int64_t ms)
{
	int64_t end = machine_ms() + ms;
	pid_t pid;

	for (;;) {
		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			;
		if (pid < 0 || machine_ms() >= end)
			return pid < 0;
		poll(NULL, 0, ROUND_MS);
	}
}

/* Until the application has ended. */
static int watch(const struct task *application, struct task *tasks, int signals, int stop_signal,
		 int grace, struct ending *end, struct refusal *why)
{
	struct pollfd ready = {.fd = signals, .events = POLLIN};
	int64_t kill_at = INT64_MAX;

	for (;;) {
		struct signalfd_siginfo info;
		int64_t left = kill_at - machine_ms();
		int signal;

		if (left <= 0) {
			kill(application->pid, SIGKILL);
			kill_at = INT64_MAX;
			continue;
		}
		left = start_due(application, tasks, left < LAST_WAIT_MS ? left : LAST_WAIT_MS);
		if (poll(&ready, 1, (int)left) <= 0)
			continue;
		if (read(signals, &info, sizeof(info)) != sizeof(info))
			return refuse(why, "INIT-START", "read signals: %m");
		signal = supervise_hands_on((int)info.ssi_signo, stop_signal);
		if (signal)
			kill(application->pid, signal);
		else if (reap(application, tasks, end))
			return 0;
		if (info.ssi_signo == SIGTERM && kill_at == INT64_MAX)
			kill_at = machine_ms() + (int64_t)grace * 1000;
	}
}

int supervise(const struct command *const commands[], size_t count, int stop_signal, int grace,
	      struct ending *end, struct refusal *why)
{
	struct task tasks[SUPERVISE_MAX] = {{.pid = 0}};
	int signals;
	sigset_t set;

	/* Every signal but the faults is to be read. */
	sigfillset(&set);
	for (const int *fault = faults; *fault; fault++)
		sigdelset(&set, *fault);
	signals = sigprocmask(SIG_SETMASK, &set, NULL) ? -1 : signalfd(-1, &set, SFD_CLOEXEC);
	if (signals < 0)
		return refuse(why, "INIT-START", "signals: %m");
	for (size_t i = 0; i < count; i++) {
		tasks[i].command = commands[i];
		if (start(&tasks[i], why))
			return -1;
	}
	if (watch(&tasks[count - 1], tasks, signals, stop_signal, grace, end, why))
		return -1;
	kill(-1, SIGTERM);
	if (!all_ended((int64_t)grace * 1000)) {
		kill(-1, SIGKILL);
		all_ended(KILL_MS);
	}
	return 0;
}
