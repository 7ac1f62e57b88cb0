/* Writes lines to the console. Never waits for ever and never passes on a control character. */
#include "console.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define PREFIX "mintmark: "

/* Room for x86's longest command line, COMMAND_LINE_SIZE, and some words around it. */
enum { LINE_MAX_BYTES = 2048 + 512 };

enum { SAY_WAIT_MS = 1000, DRAIN_WAIT_S = 3 };

static int open_somewhere(void)
{
	int fd = open("/dev/console", O_RDWR | O_NOCTTY);

	if (fd < 0)
		fd = open("/dev/null", O_RDWR);
	if (fd < 0)
		fd = open("/", O_PATH);
	return fd;
}

void console_open(void)
{
	int fd = open_somewhere();

	if (fd < 0)
		return;
	for (int target = 0; target <= 2; target++)
		if (fd != target)
			dup2(fd, target);
	if (fd > 2)
		close(fd);
}

void console_say(const char *fmt, ...)
{
	char line[LINE_MAX_BYTES] = PREFIX;
	struct pollfd console = {.fd = 1, .events = POLLOUT};
	size_t size;
	va_list args;

	/* One byte stays free, so that the newline fits behind a text that was cut. */
	va_start(args, fmt);
	vsnprintf(line + strlen(PREFIX), sizeof(line) - strlen(PREFIX) - 1, fmt, args);
	va_end(args);
	size = strlen(line);
	for (size_t i = 0; i < size; i++)
		if (line[i] < 0x20 || line[i] > 0x7e)
			line[i] = '?';
	line[size++] = '\n';

	/* Whoever holds the other end can stop a terminal, and must not be able to stop init. */
	if (poll(&console, 1, SAY_WAIT_MS) == 1 && write(1, line, size) < 0)
		return;
}

static void wake(int number)
{
	(void)number;
}

void console_drain(void)
{
	const struct sigaction interrupt = {.sa_handler = wake};
	sigset_t alarms;

	sigemptyset(&alarms);
	sigaddset(&alarms, SIGALRM);
	sigaction(SIGALRM, &interrupt, NULL);
	sigprocmask(SIG_UNBLOCK, &alarms, NULL);
	alarm(DRAIN_WAIT_S);
	tcdrain(1);
	alarm(0);
}
