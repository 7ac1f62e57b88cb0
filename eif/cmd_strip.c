/* eif strip: the image that was signed. Says nothing about whether the signature was good. */
#include <fcntl.h>
#include <getopt.h>

#include "command.h"
#include "draft.h"

static const char help[] =
	"usage: eif strip FILE [--json] -o OUT.eif\n"
	"Writes the unsigned image that a signed one was made from, bit for bit, and prints its\n"
	"measurements. The signature is not verified.\n"
	"\n"
	"  --json             print the measurements as nitro-cli does\n"
	"  -o, --output FILE  the unsigned image; appears whole or not at all\n"
	"  --help             this text\n";

enum option_id { OPT_JSON = 256, OPT_HELP };

static const struct option long_options[] = {
	{"json", no_argument, NULL, OPT_JSON},
	{"output", required_argument, NULL, 'o'},
	{"help", no_argument, NULL, OPT_HELP},
	{NULL, 0, NULL, 0},
};

struct options {
	const char *output;
	bool json;
	bool help;
};

static int parse_options(struct options *options, int argc, char **argv, struct err *err)
{
	int opt;

	opterr = 0;
	while ((opt = getopt_long(argc, argv, ":o:", long_options, NULL)) != -1) {
		switch (opt) {
		case OPT_JSON:
			options->json = true;
			break;
		case OPT_HELP:
			options->help = true;
			return 0;
		case 'o':
			if (command_set_once(&options->output, "output", optarg, err) < 0)
				return -1;
			break;
		default:
			return command_bad_option(opt, argv, err);
		}
	}
	if (argc - optind != 1 || !options->output)
		return err_set(err, EXIT_USAGE, "EIF-USAGE",
			       "strip: one image and -o expected, found %d and %s (see eif strip "
			       "--help)",
			       argc - optind, options->output ? options->output : "none");
	return 0;
}

static int strip(const struct options *options, const char *path, struct err *err)
{
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	cleanup_with(outfile_close) struct outfile out = OUTFILE_INIT;
	struct eif_measurements measurements;

	if (fd < 0)
		return err_errno(err, "FILE-OPEN", "%s", path);
	if (draft_stripped(fd, path, options->output, &out, &measurements, err) < 0)
		return -1;
	return command_publish(&out, &measurements, options->json, err);
}

int cmd_strip(int argc, char **argv, struct err *err)
{
	struct options options = {.output = NULL};

	if (parse_options(&options, argc, argv, err) < 0)
		return -1;
	if (options.help) {
		fputs(help, stdout);
		return command_flush(err);
	}
	return strip(&options, argv[optind], err);
}
