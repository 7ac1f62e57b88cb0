/*
 * The commands behind the eif program. Each parses its options, calls the library and prints facts
 * to stdout; errors go up to main(), which alone prints them.
 */
#ifndef MINTMARK_EIF_COMMAND_H
#define MINTMARK_EIF_COMMAND_H

#include <stdio.h>

#include <jansson.h>

#include "room.h"
#include "err.h"
#include "outfile.h"

/* argv[0] is the command's own name. 0, or -1 with err set. */
int cmd_attach(int argc, char **argv, struct err *err);
int cmd_build(int argc, char **argv, struct err *err);
int cmd_describe(int argc, char **argv, struct err *err);
int cmd_extract(int argc, char **argv, struct err *err);
int cmd_verify(int argc, char **argv, struct err *err);
int cmd_diff(int argc, char **argv, struct err *err);
int cmd_sign(int argc, char **argv, struct err *err);
int cmd_strip(int argc, char **argv, struct err *err);

/* EIF-USAGE for what getopt_long() returned ('?' or ':') about the word before optind. */
int command_bad_option(int opt, char **argv, struct err *err);

/* Sets *slot, which an option may do once only: EIF-USAGE names the option. */
int command_set_once(const char **slot, const char *option, const char *value, struct err *err);

/* Prints JSON as nitro-cli lays it out, with a newline behind it. */
int command_print_json(const json_t *json, struct err *err);

/* An image's strings may hold what a terminal would act on: only printable ASCII gets through. */
void command_print_text(const char *text, size_t size);

/* Prints PCR0, 1, 2, and 8 if there is one, for people or in the shape of nitro-cli build-enclave.
 */
int command_print_measurements(const struct eif_measurements *measurements, bool as_json,
			       struct err *err);

/* Prints them, and only then gives the image its name: what cannot be told is not there. */
int command_publish(struct outfile *out, const struct eif_measurements *measurements, bool as_json,
		    struct err *err);

/* Prints "eif: warning: TEXT" to stderr. */
void command_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Ends the output: FILE-WRITE when any of it was lost. */
int command_flush(struct err *err);

#endif
