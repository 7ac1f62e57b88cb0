/* eif attach: a signature made elsewhere, put into an image. Never writes one that is not good. */
#include <fcntl.h>
#include <getopt.h>

#include "command.h"
#include "draft.h"
#include "signing.h"

static const char help[] =
	"usage: eif attach FILE --signature FILE --certificate FILE [OPTION]... -o OUT.eif\n"
	"Puts a signature of the bytes that eif sign --detached writes into an unsigned image,\n"
	"verifies it, and prints the measurements.\n"
	"\n"
	"  --signature FILE    ECDSA: r and s one after the other, or both as DER\n"
	"  --certificate FILE  the certificate of the key in PEM, its issuer's, and so on\n"
	"  --at TIME           when the certificates must be valid (default: now):\n"
	"                      YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ\n"
	"  --json              print the measurements as nitro-cli does\n"
	"  -o, --output FILE   the signed image; appears whole or not at all\n"
	"  --help              this text\n";

enum option_id { OPT_SIGNATURE = 256, OPT_CERTIFICATE, OPT_AT, OPT_JSON, OPT_HELP };

static const struct option long_options[] = {
	{"signature", required_argument, NULL, OPT_SIGNATURE},
	{"certificate", required_argument, NULL, OPT_CERTIFICATE},
	{"at", required_argument, NULL, OPT_AT},
	{"json", no_argument, NULL, OPT_JSON},
	{"output", required_argument, NULL, 'o'},
	{"help", no_argument, NULL, OPT_HELP},
	{NULL, 0, NULL, 0},
};

struct options {
	struct signing_words words;
	const char *output;
	bool json;
	bool help;
};

static int set_option(struct options *options, int opt, char **argv, struct err *err)
{
	struct signing_words *words = &options->words;

	switch (opt) {
	case OPT_SIGNATURE:
		return command_set_once(&words->signature, "signature", optarg, err);
	case OPT_CERTIFICATE:
		return command_set_once(&words->certificate, "certificate", optarg, err);
	case OPT_AT:
		return command_set_once(&words->at, "at", optarg, err);
	case 'o':
		return command_set_once(&options->output, "output", optarg, err);
	case OPT_JSON:
		options->json = true;
		return 0;
	case OPT_HELP:
		options->help = true;
		return 0;
	default:
		return command_bad_option(opt, argv, err);
	}
}

static int parse_options(struct options *options, int argc, char **argv, struct err *err)
{
	int opt;

	opterr = 0;
	while ((opt = getopt_long(argc, argv, ":o:", long_options, NULL)) != -1)
		if (set_option(options, opt, argv, err) < 0)
			return -1;
	if (options->help)
		return 0;
	if (argc - optind != 1)
		return err_set(err, EXIT_USAGE, "EIF-USAGE",
			       "attach: one image expected, found %d (see eif attach --help)",
			       argc - optind);
	if (!options->words.signature || !options->words.certificate || !options->output)
		return err_set(err, EXIT_USAGE, "EIF-USAGE",
			       "attach: --signature, --certificate and -o expected, found fewer "
			       "(see eif attach --help)");
	return 0;
}

static int attach(const struct options *options, const char *path, struct err *err)
{
	cleanup_with(signing_close) struct signing signing = SIGNING_INIT;
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	cleanup_with(outfile_close) struct outfile out = OUTFILE_INIT;
	struct eif_measurements measurements;
	struct eif_signer signer;

	if (fd < 0)
		return err_errno(err, "FILE-OPEN", "%s", path);
	if (signing_open(&options->words, &signing, err) < 0 ||
	    draft_signed(fd, path, &signing.eif, options->output, &out, &measurements, &signer,
			 err) < 0)
		return -1;
	signing_warn(&signing, &signer);
	return command_publish(&out, &measurements, options->json, err);
}

int cmd_attach(int argc, char **argv, struct err *err)
{
	struct options options = {.output = NULL};

	if (parse_options(&options, argc, argv, err) < 0)
		return -1;
	if (options.help) {
		fputs(help, stdout);
		return command_flush(err);
	}
	return attach(&options, argv[optind], err);
}
