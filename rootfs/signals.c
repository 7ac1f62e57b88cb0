/*
 * The names of signals. The numbers are Linux's on x86_64 and arm64, whatever the host has: what
 * is written here is measured.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "runspec.h"

enum { RTMIN = 34 };

static const struct {
	const char *name;
	int number;
} names[] = {
	{"ABRT", 6},	{"ALRM", 14},	{"BUS", 7},   {"CHLD", 17}, {"CLD", 17},  {"CONT", 18},
	{"FPE", 8},	{"HUP", 1},	{"ILL", 4},   {"INT", 2},   {"IO", 29},	  {"IOT", 6},
	{"KILL", 9},	{"PIPE", 13},	{"POLL", 29}, {"PROF", 27}, {"PWR", 30},  {"QUIT", 3},
	{"SEGV", 11},	{"STKFLT", 16}, {"STOP", 19}, {"SYS", 31},  {"TERM", 15}, {"TRAP", 5},
	{"TSTP", 20},	{"TTIN", 21},	{"TTOU", 22}, {"URG", 23},  {"USR1", 10}, {"USR2", 12},
	{"VTALRM", 26}, {"WINCH", 28},	{"XCPU", 24}, {"XFSZ", 25},
};

/* One or two digits; -1 for something else. */
static int small_number(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return digits > 0 && digits <= 2 && !text[digits] ? atoi(text) : -1;
}

/* RTMIN, RTMIN+n, RTMAX, RTMAX-n. */
static int real_time(const char *text)
{
	bool last = strncasecmp(text, "RTMAX", 5) == 0;
	int distance;

	if (!last && strncasecmp(text, "RTMIN", 5) != 0)
		return -1;
	text += 5;
	distance = *text == (last ? '-' : '+') ? small_number(text + 1) : *text ? -1 : 0;
	if (distance < 0 || distance > SIGNAL_MAX - RTMIN)
		return -1;
	return last ? SIGNAL_MAX - distance : RTMIN + distance;
}

int signal_number(const char *text, int *number)
{
	int found = small_number(text);

	if (found < 0 && strncasecmp(text, "SIG", 3) == 0)
		text += 3;
	if (found < 0)
		found = real_time(text);
	for (size_t i = 0; found < 0 && i < sizeof(names) / sizeof(names[0]); i++)
		if (strcasecmp(text, names[i].name) == 0)
			found = names[i].number;
	if (found < 1 || found > SIGNAL_MAX)
		return -1;
	*number = found;
	return 0;
}
