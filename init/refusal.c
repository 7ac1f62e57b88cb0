/* Fills in refusals. Never prints and never ends anything. */
#include <stdarg.h>

#include "init.h"

int refuse(struct refusal *why, const char *name, const char *fmt, ...)
{
	va_list args;

	why->name = name;
	va_start(args, fmt);
	vsnprintf(why->text, sizeof(why->text), fmt, args);
	va_end(args);
	return -1;
}
