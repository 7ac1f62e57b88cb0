/*
 * Refusals: why the machine must not go on. A function that can refuse takes the refusal as its
 * last argument, leaves it untouched on success, and on failure fills it in and returns -1.
 * Only main.c prints one; printing one always ends the machine.
 */
#ifndef MINTMARK_REFUSAL_H
#define MINTMARK_REFUSAL_H

struct refusal {
	const char *name; /* stable, a string constant, for instance INIT-ROOT */
	char text[640];	  /* what, expected, found; may hold bytes that are not printable */
};

/* Fills in why and returns -1. "%m" stands for what errno says. */
int refuse(struct refusal *why, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
