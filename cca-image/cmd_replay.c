/* realm replay: the RIM after each operation of a trace. Writes nothing else to stdout. */
#include "command.h"

static const char help[] =
	"usage: realm replay TRACE.json [--rmm 1.0|2.0] [--check]\n"
	"Prints the RIM after REALM_CREATE and after each operation, one line each, of all traces\n"
	"in the file (schema rim-traces/1, or the log that realm measure --log writes).\n"
	"\n"
	"  --rmm VERSION  whose rules: 1.0 (default), or 2.0, where RIPAS leaves no trace\n"
	"  --check        compare with the values in the trace; exit 1 at the first that differs\n"
	"  --help         this text\n";

enum option_id { OPT_RMM = 256, OPT_CHECK, OPT_HELP };

static const struct option long_options[] = {
	{"rmm", required_argument, NULL, OPT_RMM},
	{"check", no_argument, NULL, OPT_CHECK},
	{"help", no_argument, NULL, OPT_HELP},
	{NULL, 0, NULL, 0},
};

static int print_value(void *context, const unsigned char *rim, size_t size, struct err *err)
{
	char hex[HASH_MAX_HEX];

	(void)context;
	(void)err;
	hash_hex(rim, size, hex);
	puts(hex);
	return 0;
}

int cmd_replay(int argc, char **argv, struct err *err)
{
	struct realm_replay replay = {.rmm = REALM_RMM_1, .value = print_value};
	int opt;

	opterr = 0;
	while ((opt = getopt_long(argc, argv, ":", long_options, NULL)) != -1) {
		switch (opt) {
		case OPT_RMM:
			if (!realm_rmm_parse(optarg, &replay.rmm))
				return command_usage(argv, "--rmm 1.0 or 2.0", optarg, err);
			break;
		case OPT_CHECK:
			replay.check = true;
			break;
		case OPT_HELP:
			return command_help(help, err);
		default:
			return command_bad_option(opt, argv, err);
		}
	}
	if (argc - optind != 1)
		return command_usage(argv, "one trace", "another number of words", err);
	if (realm_replay(argv[optind], &replay, err) < 0) {
		fflush(stdout);
		return -1;
	}
	return command_flush(err);
}
