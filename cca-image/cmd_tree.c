/* realm tree: the device tree of a layout as a file. Writes nothing else. */
#include "parts.h"

static const char help[] =
	"usage: realm tree --layout FILE --memory SIZE --cpus N [OPTION]... -o OUT.dtb\n"
	"Writes the device tree that the realm will find, with the zeros behind it that are\n"
	"measured with it.\n"
	"\n" PARTS_HELP "  -o, --output FILE   the device tree; appears whole or not at all\n"
	"  --help              this text\n";

enum option_id { OPT_HELP = 256 };

static const struct option long_options[] = {
	PARTS_OPTIONS,
	{"output", required_argument, NULL, 'o'},
	{"help", no_argument, NULL, OPT_HELP},
	{NULL, 0, NULL, 0},
};

struct options {
	struct parts_options of;
	const char *output;
	bool help;
};

static int parse_options(struct options *options, int argc, char **argv, struct err *err)
{
	int taken;
	int opt;

	opterr = 0;
	while ((opt = getopt_long(argc, argv, ":o:", long_options, NULL)) != -1) {
		if (opt == OPT_HELP) {
			options->help = true;
			return 0;
		}
		taken = opt == 'o' ? 0 : parts_option(&options->of, opt, optarg, err);
		if (opt != 'o' && taken == 0)
			return command_bad_option(opt, argv, err);
		if (taken < 0 ||
		    (opt == 'o' && command_set_once(&options->output, "output", optarg, err) < 0))
			return -1;
	}
	if (optind < argc)
		return command_usage(argv, "options only", argv[optind], err);
	if (!options->output)
		return command_usage(argv, "-o", "none", err);
	return parts_check(&options->of, argv, true, err);
}

static int write_tree(const struct options *options, struct err *err)
{
	cleanup_with(realm_plan_clear) struct realm_plan plan = REALM_PLAN_INIT;
	cleanup_with(outfile_close) struct outfile out = OUTFILE_INIT;
	const struct realm_host host = COMMAND_HOST_INIT;
	struct realm_parts parts =
		parts_with(&options->of, options->of.memory[0], options->of.cpus[0]);

	if (realm_plan(options->of.layouts[0], &parts, &host, HASH_SHA256, &plan, err) < 0 ||
	    outfile_open(&out, options->output, err) < 0 ||
	    outfile_write(&out, plan.tree_data, (size_t)plan.tree_size, err) < 0)
		return -1;
	return outfile_commit(&out, err);
}

int cmd_tree(int argc, char **argv, struct err *err)
{
	struct options options = {.output = NULL};
	int status = parse_options(&options, argc, argv, err);

	if (status == 0)
		status = options.help ? command_help(help, err) : write_tree(&options, err);
	parts_close(&options.of);
	return status;
}
