/* The console: whole lines, from the very first moment. */
#ifndef MINTMARK_CONSOLE_H
#define MINTMARK_CONSOLE_H

/*
 * Puts /dev/console on descriptors 0, 1 and 2. A machine without a console is no reason to refuse:
 * then /dev/null takes its place, or, before devtmpfs is there, a descriptor that swallows nothing
 * and fails every write. Either way no later open() can land on 0, 1 or 2. May be called again.
 */
void console_open(void);

/*
 * Prints "mintmark: ", the text and a newline in one write. Bytes that are not printable ASCII
 * become '?': the text may quote a command line or names that an adversary chose. Waits at most a
 * second for a console that takes nothing, then drops the line.
 */
void console_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Waits until what was written has left the machine, at most three seconds. */
void console_drain(void);

#endif
