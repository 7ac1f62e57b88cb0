/* Fills in refusals. Never prints and never ends anything. */
#include "refusal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int refuse(struct refusal *why, const char *name, const char *fmt, ...)
{
	va_list args;

	why->name = name;
	va_start(args, fmt);
	vsnprintf(why->text, sizeof(why->text), fmt, args);
	va_end(args);
	return -1;
}

int refuse_errno(struct refusal *why, const char *name, const char *fmt, ...)
{
	const char *reason = strerror(errno);
	size_t used;
	va_list args;

	why->name = name;
	va_start(args, fmt);
	vsnprintf(why->text, sizeof(why->text), fmt, args);
	va_end(args);
	used = strlen(why->text);
	snprintf(why->text + used, sizeof(why->text) - used, ": %s", reason);
	return -1;
}
