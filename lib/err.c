/* Errors of one line. Never prints anything but in err_print(). */
#include "err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The controls of ASCII, and those that UTF-8 writes as c2 80 to c2 9f. */
static void make_printable(char *s)
{
	for (unsigned char *p = (unsigned char *)s; *p; p++) {
		if (p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f)
			p[0] = p[1] = '?';
		if (*p < 0x20 || *p == 0x7f)
			*p = '?';
	}
}

__attribute__((format(printf, 4, 0))) static void
fill(struct err *err, int status, const char *name, const char *fmt, va_list args)
{
	err->status = status;
	if (name != err->name)
		snprintf(err->name, sizeof(err->name), "%s", name);
	vsnprintf(err->text, sizeof(err->text), fmt, args);
	make_printable(err->text);
}

int err_set(struct err *err, int status, const char *name, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fill(err, status, name, fmt, args);
	va_end(args);
	return -1;
}

int err_errno(struct err *err, const char *name, const char *fmt, ...)
{
	const char *reason = strerror(errno);
	size_t used;
	va_list args;

	va_start(args, fmt);
	fill(err, EXIT_ENVIRONMENT, name, fmt, args);
	va_end(args);
	used = strnlen(err->text, sizeof(err->text) - strlen(reason) - 3);
	snprintf(err->text + used, sizeof(err->text) - used, ": %s", reason);
	return -1;
}

int err_wrap(struct err *err, const char *fmt, ...)
{
	char inner[sizeof(err->text)];
	size_t used;
	size_t room;
	size_t size;
	va_list args;

	memcpy(inner, err->text, sizeof(inner));
	va_start(args, fmt);
	fill(err, err->status, err->name, fmt, args);
	va_end(args);
	used = strnlen(err->text, sizeof(err->text) / 2);
	memcpy(err->text + used, ": ", 2);
	used += 2;
	/* What was found stands at the end: a long path must not push it out. */
	size = strlen(inner) + 1;
	room = sizeof(err->text) - used;
	if (size > room)
		memcpy(err->text + used, inner + size - room, room);
	else
		memcpy(err->text + used, inner, size);
	return -1;
}

int err_print(const struct err *err, const char *tool)
{
	fprintf(stderr, "%s: %s: %s\n", tool, err->name, err->text);
	return err->status;
}
