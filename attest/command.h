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
int cmd_site(int argc, char **argv, struct err *err);
int cmd_verify(int argc, char **argv, struct err *err);

/* ATTEST-USAGE for what getopt_long() returned ('?' or ':') about the word before optind. */
int command_bad_option(int opt, char **argv, struct err *err);

/* Sets *slot, which an option may do once only: ATTEST-USAGE names the option. */
int command_set_once(const char **slot, const char *option, const char *value, struct err *err);

/* Words about reference values, of commands that read some. */
struct reference_words {
	const char *paths[64];
	size_t count;
	const char *key; /* the file with the public key that signed them; NULL */
};

/* Takes a path. */
int command_reference(struct reference_words *words, const char *path, struct err *err);

/* Reads all of them, and warns of a signature that nobody looks at. */
int command_read_references(const struct reference_words *words,
			    struct attest_references *references, struct err *err);

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

/* Words about a log, of commands that read one. */
struct log_words {
	const char *log; /* a folder, or a proof */
	const char *key;
	const char *max_age;
	const char *needed;
	const char *witnesses[16];
	size_t witness_count;
};

enum log_option_id { OPT_LOG = 512, OPT_LOG_KEY, OPT_WITNESS, OPT_WITNESSES, OPT_MAX_LOG_AGE };

#define LOG_OPTIONS                                                                                \
	{"log", required_argument, NULL, OPT_LOG},                                                 \
		{"log-key", required_argument, NULL, OPT_LOG_KEY},                                 \
		{"witness", required_argument, NULL, OPT_WITNESS},                                 \
		{"witnesses", required_argument, NULL, OPT_WITNESSES},                             \
	{                                                                                          \
		"max-log-age", required_argument, NULL, OPT_MAX_LOG_AGE                            \
	}

/* Whether there are any of a log that is not given: ATTEST-USAGE. */
int command_log_alone(const struct log_words *words, const char *command, struct err *err);

/* Takes one of LOG_OPTIONS. */
int command_log_option(struct log_words *words, int opt, struct err *err);

/*
 * What they ask for; now is the time to judge at. Without --max-log-age the log's time may be seven
 * days old.
 */
int command_log_trust(const struct log_words *words, int64_t now, struct attest_log_trust *trust,
		      struct err *err);

/* Whether the log is a folder, or else a proof about one entry. */
bool command_log_is_folder(const char *path);

/* Keeps a checkpoint that was found good, and says so where none was kept before. */
int command_keep_seen(struct attest_log_seen *seen, const char *path, struct err *err);

/* The first line of a file with a passphrase, which the caller wipes out; NULL for no path. */
int command_passphrase(const char *path, char **passphrase, size_t *size, struct err *err);

#endif
