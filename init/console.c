/* Writes lines to the console. Never waits for ever and never passes on a control character. */
#include <poll.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "init.h"

#define PREFIX "mintmark: "

/* Room for x86's longest command line, COMMAND_LINE_SIZE, and some words around it. */
enum { LINE_MAX_BYTES = 2048 + 512 };

enum { SAY_WAIT_MS = 1000, DRAIN_ROUNDS = 150, ROUND_MS = 20 };

void console_open(void)
{
	int fd = open("/dev/console", O_RDWR | O_NOCTTY);

	if (fd < 0)
		fd = open("/dev/null", O_RDWR);
	if (fd < 0)
		fd = open("/", O_PATH);
	for (int target = 0; fd >= 0 && target <= 2; target++)
		if (fd != target)
			dup2(fd, target);
	if (fd > 2)
		close(fd);
}

void console_say(const char *fmt, ...)
{
	char line[LINE_MAX_BYTES] = PREFIX;
	struct pollfd console = {.events = POLLOUT};
	ssize_t n = 0;
	size_t size;
	int fd;
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

	/*
	 * Whoever holds the other end, or shares the terminal, can stop it, and must not be able
	 * to stop init: so the line goes through a description of its own, which never waits. Nor
	 * shall they keep it away: output that they stopped goes on. Another line discipline is
	 * not undone, since that may wait for ever; seccomp.c lets nobody choose one.
	 */
	fd = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	console.fd = fd < 0 ? 1 : fd;
	ioctl(console.fd, TCXONC, TCOON);
	for (size_t at = 0; at < size && n >= 0 && poll(&console, 1, SAY_WAIT_MS) == 1;) {
		n = write(console.fd, line + at, size - at);
		at += n > 0 ? (size_t)n : 0;
	}
	if (fd >= 0)
		close(fd);
}

void console_drain(void)
{
	int left = 1;

	for (int i = 0; i < DRAIN_ROUNDS && left > 0; i++) {
		if (ioctl(1, TIOCOUTQ, &left))
			left = 0;
		/* Once more when nothing is left: the serial port holds some itself. */
		poll(NULL, 0, ROUND_MS);
	}
}
