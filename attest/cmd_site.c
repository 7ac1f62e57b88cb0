/* attest site: pages about a log and its releases. */
#include <string.h>

#include "command.h"

static const char help[] =
	"usage: attest site --out DIR [--log DIR --log-key KEY] [OPTION]... [RELEASE]...\n"
	"Writes static pages about releases, oldest first, into the new folder --out: "
	"measurements, how to\n"
	"verify, sizes, and what changed between two releases. The same log and releases give the "
	"same\n"
	"bytes. Every file of a release is held against its SHA256SUMS, and that against the log. "
	"Beside a\n"
	"RELEASE, RELEASE.boot.json may hold what make bench BENCH=boot wrote.\n"
	"\n"
	"  --out DIR      the name of the site's folder, which must not be there\n"
	"  --title TEXT   what the site is called (default: Measurements)\n"
	"  --files URL    where the release folders are to be had, each below its name\n"
	"  --log DIR      the log: every RELEASE must be in it, and releases stand in its order\n"
	"  --log-key KEY  its public key, NAME+HASH+KEY\n"
	"  --witness KEY, --witnesses N\n"
	"                 as of attest log\n"
	"  --help         this text\n"
	"\n"
	"Exit status: 0 done, 1 does not verify, 2 usage, 3 malformed, 4 environment.\n";

enum option_id { OPT_OUT = 256, OPT_TITLE, OPT_FILES, OPT_HELP };

static const struct option long_options[] = {
	LOG_OPTIONS,
	{"out", required_argument, NULL, OPT_OUT},
	{"title", required_argument, NULL, OPT_TITLE},
	{"files", required_argument, NULL, OPT_FILES},
	{"help", no_argument, NULL, OPT_HELP},
	{NULL, 0, NULL, 0},
};

struct options {
	struct log_words log;
	const char *out;
	const char *title;
	const char *files;
	bool help;
};

static int take_option(struct options *options, int opt, char **argv, struct err *err)
{
	switch (opt) {
	case OPT_OUT:
		return command_set_once(&options->out, "out", optarg, err);
	case OPT_TITLE:
		return command_set_once(&options->title, "title", optarg, err);
	case OPT_FILES:
		return command_set_once(&options->files, "files", optarg, err);
	case OPT_HELP:
		options->help = true;
		return 0;
	case OPT_LOG:
	case OPT_LOG_KEY:
	case OPT_WITNESS:
	case OPT_WITNESSES:
		return command_log_option(&options->log, opt, err);
	default:
		return command_bad_option(opt, argv, err);
	}
}

/* An address that a browser follows to files and to nothing else; it stands in a page as it is. */
static bool is_address(const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "-._~/%";
	const char *rest = text;

	if (strncmp(text, "https://", 8) == 0)
		rest += 8;
	else if (strncmp(text, "http://", 7) == 0)
		rest += 7;
	/* A port belongs to a host. */
	if (rest > text) {
		rest += strspn(rest,
			       "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.");
		if (*rest == ':')
			rest += 1 + strspn(rest + 1, "0123456789");
	}
	return *text && rest[strspn(rest, plain)] == '\0';
}

static int check_options(const struct options *options, int count, struct err *err)
{
	if (command_need(options->out, "site", "out", err) < 0 ||
	    (options->log.key && command_need(options->log.log, "site", "log", err) < 0) ||
	    (options->log.log && command_need(options->log.key, "site", "log-key", err) < 0))
		return -1;
	if (command_log_alone(&options->log, "site", err) < 0)
		return -1;
	if (!options->log.log && count == 0)
		return err_set(err, EXIT_USAGE, "ATTEST-USAGE",
			       "site: a RELEASE or --log expected, found neither (see attest site "
			       "--help)");
	if (options->files && !is_address(options->files))
		return err_set(err, EXIT_USAGE, "ATTEST-USAGE",
			       "--files: https://HOST/PATH, http://HOST/PATH or a relative PATH "
			       "expected, found another");
	return 0;
}

/* Paths may end in slashes, as a shell completes them. */
static void cut_slashes(char *path)
{
	size_t size = strlen(path);

	while (size > 1 && path[size - 1] == '/')
		path[--size] = '\0';
}

static int write_site(const struct options *options, char **releases, size_t count, struct err *err)
{
	struct attest_log_trust trust;
	struct attest_site site = {.title = options->title ? options->title : "Measurements",
				   .files = options->files,
				   .log = options->log.log,
				   .trust = &trust,
				   .releases = (const char *const *)releases,
				   .release_count = count};

	if (command_log_trust(&options->log, 0, &trust, err) < 0)
		return -1;
	/* The time of a log is shown, not judged: a page has no clock. */
	trust.max_age = -1;
	return attest_site(options->out, &site, err);
}

int cmd_site(int argc, char **argv, struct err *err)
{
	struct options options = {0};
	int opt;

	opterr = 0;
	while ((opt = getopt_long(argc, argv, ":", long_options, NULL)) != -1) {
		if (take_option(&options, opt, argv, err) < 0)
			return -1;
		if (options.help) {
			fputs(help, stdout);
			return command_flush(err);
		}
	}
	if (check_options(&options, argc - optind, err) < 0)
		return -1;
	for (int i = optind; i < argc; i++)
		cut_slashes(argv[i]);
	return write_site(&options, argv + optind, (size_t)(argc - optind), err);
}
