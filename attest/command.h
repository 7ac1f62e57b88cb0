/*
 * The commands behind the attest program. Each parses its options, calls the library and prints
 * facts to stdout; errors go up to main(), which alone prints them.
 */
#ifndef MINTMARK_ATTEST_COMMAND_H
#define MINTMARK_ATTEST_COMMAND_H

#include <stdio.h>

#include <getopt.h>

#include "room.h"

/* argv[0] is the command's own name. 0, or -1 with err set. */
int cmd_log(int argc, char **argv, struct err *err);
int cmd_policy(int argc, char **argv, struct err *err);
int cmd_publish(int argc, char **argv, struct err *err);
int cmd_quorum(int argc, char **argv, struct err *err);
int cmd_rebuilt(int argc, char **argv, struct err *err);
int cmd_sign(int argc, char **argv, struct err *err);
int cmd_verify(int argc, char **argv, struct err *err);

/* ATTEST-USAGE for what getopt_long() returned ('?' or ':') about the word before optind. */
int command_bad_option(int opt, char **argv, struct err *err);

/* Sets *slot, which an option may do once only: ATTEST-USAGE names the option. */
int command_set_once(const char **slot, const char *option, const char *value, struct err *err);

/* Reads a file with reference values and adds them. */
int command_add_reference(struct attest_references *references, const char *path, struct err *err);

/* ATTEST-USAGE unless a value was given. */
int command_need(const char *value, const char *command, const char *option, struct err *err);

/* A decimal number of at most most; ATTEST-USAGE. */
int command_number(const char *option, const char *text, int64_t most, int64_t *number,
		   struct err *err);

/*
 * YYYY-MM-DDThh:mm:ssZ, or YYYY-MM-DD for its first second, as seconds since 1970; the clock's time
 * for NULL. ATTEST-TIME-FORM.
 */
int command_time(const char *text, int64_t *seconds, struct err *err);

/* Prints JSON with a newline behind it. */
int command_print_json(const json_t *json, struct err *err);

/* Strings of evidence may hold what a terminal would act on: only printable ASCII gets through. */
void command_print_text(const char *text);

/* Prints "attest: warning: TEXT" to stderr. */
void command_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Ends the output: FILE-WRITE when any of it was lost. */
int command_flush(struct err *err);

#endif
