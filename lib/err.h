/*
 * Errors: one line each, with a stable name, what and where, expected and found.
 *
 * The rule of the house: the error object is a function's last argument. Success leaves it
 * untouched; failure fills it in once and returns -1 (or NULL). Whoever hands an error on may put
 * context in front of it with err_wrap(), and must not print it. Only main.c prints.
 */
#ifndef MINTMARK_ERR_H
#define MINTMARK_ERR_H

/* Exit statuses of every command. */
enum {
	EXIT_OK = 0,
	EXIT_VERIFY = 1,      /* well-formed, but not what was asked for */
	EXIT_USAGE = 2,	      /* the command line is wrong */
	EXIT_MALFORMED = 3,   /* the input is not what it claims to be */
	EXIT_ENVIRONMENT = 4, /* disk, memory, permissions */
};

struct err {
	int status;	 /* one of EXIT_*; 0 as long as nothing has failed */
	char name[40];	 /* stable upper-case name, for instance EIF-CRC */
	char text[1024]; /* what, where, expected and found; no newline */
};

/*
 * Fills in err and returns -1. Bytes of the text that a terminal would act on are replaced by '?',
 * because file names in hostile input end up here.
 */
int err_set(struct err *err, int status, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* As err_set() with EXIT_ENVIRONMENT; adds ": " and the text of errno. */
int err_errno(struct err *err, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts context and ": " in front of the text of an error that was set. Returns -1. */
int err_wrap(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Prints "tool: NAME: text" to stderr and returns the exit status. */
int err_print(const struct err *err, const char *tool);

#endif
