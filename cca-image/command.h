/*
 * The commands behind the realm program. Each parses its options, calls the library and prints
 * facts to stdout; errors go up to main(), which alone prints them.
 */
#ifndef MINTMARK_REALM_COMMAND_H
#define MINTMARK_REALM_COMMAND_H

#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "outfile.h"
#include "room.h"

/* argv[0] is the command's own name. 0, or -1 with err set. */
int cmd_attach(int argc, char **argv, struct err *err);
int cmd_build(int argc, char **argv, struct err *err);
int cmd_describe(int argc, char **argv, struct err *err);
int cmd_extract(int argc, char **argv, struct err *err);
int cmd_measure(int argc, char **argv, struct err *err);
int cmd_rem(int argc, char **argv, struct err *err);
int cmd_replay(int argc, char **argv, struct err *err);
int cmd_run(int argc, char **argv, struct err *err);
int cmd_strip(int argc, char **argv, struct err *err);
int cmd_tree(int argc, char **argv, struct err *err);
int cmd_verify(int argc, char **argv, struct err *err);

/* REALM-USAGE for what getopt_long() returned ('?' or ':') about the word before optind. */
int command_bad_option(int opt, char **argv, struct err *err);

/* REALM-USAGE: "COMMAND: EXPECTED expected, found FOUND (see realm COMMAND --help)". */
int command_usage(char **argv, const char *expected, const char *found, struct err *err);

/* Sets *slot, which an option may do once only: REALM-USAGE names the option. */
int command_set_once(const char **slot, const char *option, const char *value, struct err *err);

/* A number, decimal or 0x, with K, M or G behind it, from min to max. REALM-USAGE. */
int command_number(const char *option, const char *text, uint64_t min, uint64_t max,
		   uint64_t *value, struct err *err);

/* Words between commas, at most max of them; the words are cut out of text. */
int command_words(const char *option, char *text, char **words, size_t max, size_t *count,
		  struct err *err);

int command_print_json(const json_t *json, struct err *err);

/* Opens an image for reading. FILE-OPEN. */
int command_open(const char *path, struct err *err);

/* Prints help and ends the output. */
int command_help(const char *help, struct err *err);

/* Ends the output: FILE-WRITE when any of it was lost. */
int command_flush(struct err *err);

/* The options of all commands that measure: to be put into a table of options. */
enum {
	OPT_BREAKPOINTS = 512,
	OPT_WATCHPOINTS,
	OPT_IPA_BITS,
	OPT_SVE_VL,
	OPT_PMU_COUNTERS,
	OPT_LPA2,
};
#define COMMAND_HOST_OPTIONS                                                                       \
	{"breakpoints", required_argument, NULL, OPT_BREAKPOINTS},                                 \
		{"watchpoints", required_argument, NULL, OPT_WATCHPOINTS},                         \
		{"ipa-bits", required_argument, NULL, OPT_IPA_BITS},                               \
		{"sve-vl", required_argument, NULL, OPT_SVE_VL},                                   \
		{"pmu-counters", required_argument, NULL, OPT_PMU_COUNTERS},                       \
	{                                                                                          \
		"lpa2", no_argument, NULL, OPT_LPA2                                                \
	}
#define COMMAND_HOST_HELP                                                                          \
	"  --breakpoints N     of the processor, as many as it has (default: 2)\n"                 \
	"  --watchpoints N     likewise (default: 2)\n"                                            \
	"  --ipa-bits N        of the realm's address space (default: the layout's rule)\n"        \
	"  --lpa2              52-bit addresses\n"                                                 \
	"  --sve-vl N          SVE with vectors of (N + 1) * 128 bits\n"                           \
	"  --pmu-counters N    a performance monitor with as many counters\n"

/* 1 when it was one of these options, 0 when not, -1 with REALM-USAGE. */
int command_host_option(struct realm_host *host, int opt, const char *value, struct err *err);

/* What they are when nothing is said. */
#define COMMAND_HOST_INIT ((struct realm_host){.breakpoints = 2, .watchpoints = 2})

#endif
