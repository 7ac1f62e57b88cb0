/* realm extract: the pages of one image as files. Prints nothing but help. */
#include "command.h"

static const char help[] =
	"usage: realm extract FILE.igvm DIR\n"
	"Checks an image strictly and writes pages-ADDRESS (one file for each run of pages),\n"
	"image.json and, if there are any, document.corim and signature.cose into DIR.\n"
	"Overwrites nothing.\n"
	"\n"
	"  --help  this text\n";

enum option_id { OPT_HELP = 256 };

static const struct option long_options[] = {
	{"help", no_argument, NULL, OPT_HELP},
	{NULL, 0, NULL, 0},
};

int cmd_extract(int argc, char **argv, struct err *err)
{
	cleanup_close int fd = -1;
	int opt;

	opterr = 0;
	while ((opt = getopt_long(argc, argv, ":", long_options, NULL)) != -1) {
		if (opt == OPT_HELP)
			return command_help(help, err);
		return command_bad_option(opt, argv, err);
	}
	if (argc - optind != 2)
		return command_usage(argv, "an image and a folder", "another number of words", err);
	fd = command_open(argv[optind], err);
	return fd < 0 ? -1 : igvm_extract(fd, argv[optind], argv[optind + 1], err);
}
