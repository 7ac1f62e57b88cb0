/* eif extract: the sections of one image as files. Prints nothing but help. */
#include <fcntl.h>
#include <getopt.h>
#include <stdbool.h>

#include "cleanup.h"
#include "command.h"
#include "eif.h"

static const char help[] =
	"usage: eif extract FILE DIR [--lenient]\n"
	"Checks an image strictly and writes kernel, cmdline, ramdisk0, ramdisk1, ...,\n"
	"metadata.json and, if there is one, signature into DIR. Overwrites nothing.\n"
	"\n"
	"  --lenient  read other versions and foreign quirks, too\n"
	"  --help     this text\n";

enum option_id { OPT_LENIENT = 256, OPT_HELP };

static const struct option long_options[] = {
	{"lenient", no_argument, NULL, OPT_LENIENT},
	{"help", no_argument, NULL, OPT_HELP},
	{NULL, 0, NULL, 0},
};

static int parse_options(bool *lenient, bool *wants_help, int argc, char **argv, struct err *err)
{
	int opt;

	opterr = 0;
	while ((opt = getopt_long(argc, argv, ":", long_options, NULL)) != -1) {
		switch (opt) {
		case OPT_LENIENT:
			*lenient = true;
			break;
		case OPT_HELP:
			*wants_help = true;
			return 0;
		default:
			return command_bad_option(opt, argv, err);
		}
	}
	if (argc - optind != 2)
		return err_set(err, EXIT_USAGE, "EIF-USAGE",
			       "extract: an image and a folder expected, found %d words (see eif "
			       "extract --help)",
			       argc - optind);
	return 0;
}

int cmd_extract(int argc, char **argv, struct err *err)
{
	cleanup_close int fd = -1;
	bool wants_help = false;
	bool lenient = false;

	if (parse_options(&lenient, &wants_help, argc, argv, err) < 0)
		return -1;
	if (wants_help) {
		fputs(help, stdout);
		return command_flush(err);
	}
	fd = open(argv[optind], O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(err, "FILE-OPEN", "%s", argv[optind]);
	return eif_extract(fd, argv[optind], argv[optind + 1], lenient, err);
}
