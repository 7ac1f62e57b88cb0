/* Reaps and forwards. Never starts anything, and leaves nothing running. */
#include "supervise.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* Left to the kernel: faults of init itself, which have to end the machine. */
static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS, SIGABRT};

/*
 * Read, but not handed on: SIGCHLD is about init's own children; the other three speak of a
 * terminal that init shares with the command, and would stop the command for ever because nobody
 * is there to continue it.
 */
static const int kept[] = {SIGCHLD, SIGTSTP, SIGTTIN, SIGTTOU};

enum { LEFTOVER_ROUNDS = 20, LEFTOVER_ROUND_MS = 100 };

int supervise_hands_on(int signal, int stop_signal)
{
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		if (signal == faults[i])
			return 0;
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (signal == kept[i])
			return 0;
	return signal == SIGTERM ? stop_signal : signal;
}

int supervise_signals(struct refusal *why)
{
	sigset_t set;
	int fd;

	sigfillset(&set);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		sigdelset(&set, faults[i]);
	if (sigprocmask(SIG_SETMASK, &set, NULL))
		return refuse_errno(why, "INIT-START", "block signals");
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (fd < 0)
		return refuse_errno(why, "INIT-START", "signalfd");
	return fd;
}

static struct ending ending_of(int status)
{
	if (WIFSIGNALED(status))
		return (struct ending){.by_signal = true, .number = WTERMSIG(status)};
	return (struct ending){.by_signal = false, .number = WEXITSTATUS(status)};
}

/* Takes every process that has ended; returns whether the command was among them. */
static bool reap(pid_t command, struct ending *end)
{
	bool ended = false;

	for (;;) {
		int status;
		pid_t pid = waitpid(-1, &status, WNOHANG);

		if (pid < 0 && errno == EINTR)
			continue;
		if (pid <= 0)
			return ended;
		if (pid == command) {
			*end = ending_of(status);
			ended = true;
		}
	}
}

static void end_leftovers(void)
{
	kill(-1, SIGKILL);
	for (int round = 0; round < LEFTOVER_ROUNDS; round++) {
		pid_t pid;

		do
			pid = waitpid(-1, NULL, WNOHANG);
		while (pid > 0 || (pid < 0 && errno == EINTR));
		if (pid < 0)
			return;
		/* Something that cannot be killed yet, waiting for a device perhaps. */
		poll(NULL, 0, LEFTOVER_ROUND_MS);
	}
}

int supervise(pid_t command, int stop_signal, int signals, struct ending *end, struct refusal *why)
{
	bool ended = false;

	while (!ended) {
		struct signalfd_siginfo info;
		ssize_t n = read(signals, &info, sizeof(info));
		int signal;

		if (n < 0 && errno == EINTR)
			continue;
		if (n != sizeof(info))
			return refuse_errno(why, "INIT-START", "read signals");
		signal = supervise_hands_on((int)info.ssi_signo, stop_signal);
		if (info.ssi_signo == SIGCHLD)
			ended = reap(command, end);
		else if (signal)
			kill(command, signal);
	}
	end_leftovers();
	return 0;
}
