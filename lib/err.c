/* Errors of one line. Never prints anything but in err_print(). */
#include "err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void make_printable(char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			*s = '?';
}

static void fill(struct err *err, int status, const char *name, const char *fmt, va_list args)
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
	used = strlen(err->text);
	snprintf(err->text + used, sizeof(err->text) - used, ": %s", reason);
	return -1;
}

int err_wrap(struct err *err, const char *fmt, ...)
{
	char inner[sizeof(err->text)];
	size_t used;
	va_list args;

	memcpy(inner, err->text, sizeof(inner));
	va_start(args, fmt);
	fill(err, err->status, err->name, fmt, args);
	va_end(args);
	used = strnlen(err->text, sizeof(err->text) - 3);
	memcpy(err->text + used, ": ", 3);
	strncat(err->text, inner, sizeof(err->text) - used - 3);
	return -1;
}

int err_print(const struct err *err, const char *tool)
{
	fprintf(stderr, "%s: %s: %s\n", tool, err->name, err->text);
	return err->status;
}
