/* eif sign: one signature, or the bytes that somebody else is to sign. Never changes its input. */
#include <fcntl.h>
#include <getopt.h>

#include "command.h"
#include "draft.h"
#include "signing.h"

static const char help[] =
	"usage: eif sign FILE --key KEY --certificate FILE [OPTION]... -o OUT.eif\n"
	"       eif sign FILE --detached --certificate FILE [--at TIME] [-o OUT]\n"
	"Signs PCR0 of an unsigned image as nitro-cli does, reads the result back, verifies it,\n"
	"and prints its measurements; or writes the bytes that are to be signed elsewhere.\n"
	"\n"
	"  --key KEY               a file in PEM, or pkcs11:..., the URI of a key in a token,\n"
	"                          without its PIN\n"
	"  --certificate FILE      the key's certificate in PEM, its issuer's, and so on\n"
	"  --passphrase-file FILE  the first line is the key's passphrase or the token's PIN\n"
	"  --random-nonce          for tokens that cannot sign deterministically (RFC 6979)\n"
	"  --detached              write what is to be signed (COSE Sig_structure), no image\n"
	"  --at TIME               when the certificates must be valid (default: now):\n"
	"                          YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ\n"
	"  --json                  print the measurements as nitro-cli does\n"
	"  -o, --output FILE       appears whole or not at all; --detached: standard output if "
	"absent\n"
	"  --help                  this text\n";

enum option_id {
	OPT_KEY = 256,
	OPT_CERTIFICATE,
	OPT_PASSPHRASE_FILE,
	OPT_RANDOM_NONCE,
	OPT_DETACHED,
	OPT_AT,
	OPT_JSON,
	OPT_HELP
};

static const struct option long_options[] = {
	{"key", required_argument, NULL, OPT_KEY},
	{"certificate", required_argument, NULL, OPT_CERTIFICATE},
	{"passphrase-file", required_argument, NULL, OPT_PASSPHRASE_FILE},
	{"random-nonce", no_argument, NULL, OPT_RANDOM_NONCE},
	{"detached", no_argument, NULL, OPT_DETACHED},
	{"at", required_argument, NULL, OPT_AT},
	{"json", no_argument, NULL, OPT_JSON},
	{"output", required_argument, NULL, 'o'},
	{"help", no_argument, NULL, OPT_HELP},
	{NULL, 0, NULL, 0},
};

struct options {
	struct signing_words words;
	const char *output;
	bool detached;
	bool json;
	bool help;
};

static int set_option(struct options *options, int opt, char **argv, struct err *err)
{
	struct signing_words *words = &options->words;

	switch (opt) {
	case OPT_KEY:
		return command_set_once(&words->key, "key", optarg, err);
	case OPT_CERTIFICATE:
		return command_set_once(&words->certificate, "certificate", optarg, err);
	case OPT_PASSPHRASE_FILE:
		return command_set_once(&words->passphrase_file, "passphrase-file", optarg, err);
	case OPT_AT:
		return command_set_once(&words->at, "at", optarg, err);
	case 'o':
		return command_set_once(&options->output, "output", optarg, err);
	case OPT_RANDOM_NONCE:
		words->random_nonce = true;
		return 0;
	case OPT_DETACHED:
		options->detached = true;
		return 0;
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

static int missing(const char *what, struct err *err)
{
	return err_set(err, EXIT_USAGE, "EIF-USAGE",
		       "sign: %s expected, found none (see eif sign --help)", what);
}

static int check_options(const struct options *options, struct err *err)
{
	const struct signing_words *words = &options->words;

	if (!words->certificate)
		return missing("--certificate", err);
	if (options->detached &&
	    (words->key || words->passphrase_file || words->random_nonce || options->json))
		return err_set(err, EXIT_USAGE, "EIF-USAGE",
			       "sign: --detached without --key, --passphrase-file, --random-nonce "
			       "and --json expected, found one of them");
	if (!options->detached && !words->key)
		return missing("--key", err);
	if (!options->detached && !options->output)
		return missing("-o", err);
	return 0;
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
			       "sign: one image expected, found %d (see eif sign --help)",
			       argc - optind);
	return check_options(options, err);
}

static int write_bytes(const char *path, const void *data, size_t size, struct err *err)
{
	cleanup_with(outfile_close) struct outfile out = OUTFILE_INIT;

	if (!path) {
		fwrite(data, 1, size, stdout);
		return command_flush(err);
	}
	if (outfile_open(&out, path, err) < 0 || outfile_write(&out, data, size, err) < 0)
		return -1;
	return outfile_commit(&out, err);
}

static int detach(const struct options *options, int fd, const char *path,
		  const struct signing *signing, struct err *err)
{
	struct eif_signer signer;
	size_t size = 0;
	cleanup_free void *bytes = eif_sign_bytes(fd, path, &signing->eif, &size, &signer, err);

	if (!bytes || write_bytes(options->output, bytes, size, err) < 0)
		return -1;
	signing_warn(signing, &signer);
	return 0;
}

static int sign(const struct options *options, const char *path, struct err *err)
{
	cleanup_with(signing_close) struct signing signing = SIGNING_INIT;
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	cleanup_with(outfile_close) struct outfile out = OUTFILE_INIT;
	struct eif_measurements measurements;
	struct eif_signer signer;

	if (fd < 0)
		return err_errno(err, "FILE-OPEN", "%s", path);
	if (signing_open(&options->words, &signing, err) < 0)
		return -1;
	if (options->detached)
		return detach(options, fd, path, &signing, err);
	if (draft_signed(fd, path, &signing.eif, options->output, &out, &measurements, &signer,
			 err) < 0)
		return -1;
	signing_warn(&signing, &signer);
	return command_publish(&out, &measurements, options->json, err);
}

int cmd_sign(int argc, char **argv, struct err *err)
{
	struct options options = {.output = NULL};

	if (parse_options(&options, argc, argv, err) < 0)
		return -1;
	if (options.help) {
		fputs(help, stdout);
		return command_flush(err);
	}
	return sign(&options, argv[optind], err);
}
