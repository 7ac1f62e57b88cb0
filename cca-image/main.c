/* The realm program: finds the command and turns its error into one line and an exit status. */
#include "command.h"

#include <errno.h>

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv, struct err *err);
} commands[] = {
	{"attach", cmd_attach},	  {"build", cmd_build},	    {"describe", cmd_describe},
	{"extract", cmd_extract}, {"measure", cmd_measure}, {"rem", cmd_rem},
	{"replay", cmd_replay},	  {"run", cmd_run},	    {"strip", cmd_strip},
	{"tree", cmd_tree},	  {"verify", cmd_verify},
};

static const char help[] =
	"usage: realm COMMAND [OPTION]...\n"
	"Realm images for Arm CCA, and the measurements that a realm will have.\n"
	"\n"
	"  build      write image.igvm and the plain parts of a realm\n"
	"  describe   check an image strictly and print all facts about it\n"
	"  extract    write an image's pages to files\n"
	"  verify     check an image, compare it with published measurements\n"
	"  measure    RIMs of an image, or of parts under a VMM's layout\n"
	"  replay     the RIM after each operation of a trace\n"
	"  rem        the REM after each of some extends\n"
	"  tree       write the device tree that a VMM of a layout gives to the realm\n"
	"  run        print the command line that leads to a predicted RIM\n"
	"  attach     put a CoRIM document into an image's slot\n"
	"  strip      take it out again\n"
	"\n"
	"  --help     this text; realm COMMAND --help tells about one command\n"
	"  --version  name and version of this program\n"
	"\n"
	"Exit status: 0 done, 1 does not verify, 2 usage, 3 malformed input, 4 environment.\n";

int command_bad_option(int opt, char **argv, struct err *err)
{
	return err_set(err, EXIT_USAGE, "REALM-USAGE", "%s: %s: %s expected (see realm %s --help)",
		       argv[0], argv[optind - 1], opt == ':' ? "a value" : "a known option",
		       argv[0]);
}

int command_usage(char **argv, const char *expected, const char *found, struct err *err)
{
	return err_set(err, EXIT_USAGE, "REALM-USAGE",
		       "%s: %s expected, found %s (see realm %s --help)", argv[0], expected, found,
		       argv[0]);
}

int command_set_once(const char **slot, const char *option, const char *value, struct err *err)
{
	if (*slot)
		return err_set(err, EXIT_USAGE, "REALM-USAGE", "--%s: one expected, found two",
			       option);
	*slot = value;
	return 0;
}

int command_number(const char *option, const char *text, uint64_t min, uint64_t max,
		   uint64_t *value, struct err *err)
{
	struct err ignored = {0};

	if (text[0] >= '0' && text[0] <= '9' &&
	    realm_expression(text, strlen(text), NULL, 0, value, &ignored) == 0 && *value >= min &&
	    *value <= max)
		return 0;
	return err_set(err, EXIT_USAGE, "REALM-USAGE",
		       "--%s: a number from %llu to %llu expected, found %s", option,
		       (unsigned long long)min, (unsigned long long)max, text);
}

int command_words(const char *option, char *text, char **words, size_t max, size_t *count,
		  struct err *err)
{
	char *rest = text;
	char *word;

	*count = 0;
	while ((word = strsep(&rest, ","))) {
		if (!word[0] || *count == max)
			return err_set(err, EXIT_USAGE, "REALM-USAGE",
				       "--%s: 1 to %zu words between commas expected, found %s",
				       option, max, word[0] ? "more" : "an empty one");
		words[(*count)++] = word;
	}
	return 0;
}

int command_print_json(const json_t *json, struct err *err)
{
	if (json_dumpf(json, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII) < 0)
		return err_errno(err, "FILE-WRITE", "standard output");
	putchar('\n');
	return command_flush(err);
}

int command_open(const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	return fd < 0 ? err_errno(err, "FILE-OPEN", "%s", path) : fd;
}

int command_help(const char *text, struct err *err)
{
	fputs(text, stdout);
	return command_flush(err);
}

int command_flush(struct err *err)
{
	if (fflush(stdout) != 0 || ferror(stdout))
		return err_errno(err, "FILE-WRITE", "standard output");
	return 0;
}

int command_host_option(struct realm_host *host, int opt, const char *value, struct err *err)
{
	int status;

	switch (opt) {
	case OPT_BREAKPOINTS:
		status = command_number("breakpoints", value, 1, 256, &host->breakpoints, err);
		break;
	case OPT_WATCHPOINTS:
		status = command_number("watchpoints", value, 1, 256, &host->watchpoints, err);
		break;
	case OPT_IPA_BITS:
		status = command_number("ipa-bits", value, 32, 52, &host->ipa_bits, err);
		break;
	case OPT_SVE_VL:
		status = command_number("sve-vl", value, 0, 15, &host->sve_vl, err);
		host->flags |= REALM_SVE;
		break;
	case OPT_PMU_COUNTERS:
		status = command_number("pmu-counters", value, 0, 31, &host->pmu_counters, err);
		host->flags |= REALM_PMU;
		break;
	case OPT_LPA2:
		status = 0;
		host->flags |= REALM_LPA2;
		break;
	default:
		return 0;
	}
	return status < 0 ? -1 : 1;
}

static int dispatch(int argc, char **argv, struct err *err)
{
	const char *name = argc > 1 ? argv[1] : "";

	if (strcmp(name, "--help") == 0)
		return command_help(help, err);
	if (strcmp(name, "--version") == 0)
		return command_help("realm (mintmark) " REALM_TOOL_VERSION "\n", err);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].name, name) == 0)
			return commands[i].run(argc - 1, argv + 1, err);
	return err_set(err, EXIT_USAGE, "REALM-USAGE",
		       "a command expected, found '%s' (see realm --help)", name);
}

int main(int argc, char **argv)
{
	struct err err = {0};

	if (dispatch(argc, argv, &err) < 0)
		return err_print(&err, "realm");
	return EXIT_OK;
}
