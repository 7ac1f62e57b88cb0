/* attest publish and attest sign: what stands beside the images of a release, and who vouches for
 * it. */
#include <getopt.h>
#include <string.h>

#include <openssl/crypto.h>

#include "command.h"

static const char publish_help[] =
	"usage: attest publish FOLDER [--authority DOMAIN] [--builder URI]\n"
	"Writes, into each folder of FOLDER that has a measurements.json, reference values as a "
	"CoRIM\n"
	"(reference.cbor), as plain strings (values.json) and as policies of key services; and\n"
	"FOLDER/provenance.json, an in-toto statement with SLSA provenance about the image and the "
	"files\n"
	"beside it. All of it unsigned, and the same for everybody who has the same measurements "
	"and pins.\n"
	"Where previous.json has the registers of the release before, in any form of reference "
	"values,\n"
	"also policies that take either (policy-rollover*.json): each register that the new one "
	"has\n"
	"must be in it. Without it such policies are removed.\n"
	"\n"
	"  --authority DOMAIN  yours, for the names of our own profile and types (default:\n"
	"                      mintmark.example, which is nobody's)\n"
	"  --builder URI       who builds\n"
	"  --help              this text\n"
	"\n"
	"Exit status: 0 done, 1 does not verify, 2 usage, 3 malformed, 4 environment.\n";

static const char sign_help[] =
	"usage: attest sign FOLDER --key K --signer NAME [OPTION]...\n"
	"Signs what attest publish wrote: each CoRIM as COSE_Sign1 into "
	"FOLDER/signatures/TARGET.cose, and\n"
	"the provenance into FOLDER/signatures/provenance.intoto.jsonl, a DSSE envelope.\n"
	"\n"
	"  --key K              a private key on P-256, P-384, P-521 or Ed25519: a PEM file, or a "
	"URI\n"
	"                       pkcs11:...\n"
	"  --signer NAME        who signs, for people\n"
	"  --passphrase-file F  of the key, or the token's PIN: the file's first line\n"
	"  --random-nonce       for tokens that cannot sign by RFC 6979\n"
	"  --help               this text\n"
	"\n"
	"Exit status: 0 done, 2 usage, 3 malformed, 4 environment.\n";

enum option_id {
	OPT_AUTHORITY = 256,
	OPT_BUILDER,
	OPT_KEY,
	OPT_SIGNER,
	OPT_PASSPHRASE,
	OPT_RANDOM,
	OPT_HELP
};

static const struct option publish_options[] = {
	{"authority", required_argument, NULL, OPT_AUTHORITY},
	{"builder", required_argument, NULL, OPT_BUILDER},
	{"help", no_argument, NULL, OPT_HELP},
	{NULL, 0, NULL, 0},
};

static const struct option sign_options[] = {
	{"key", required_argument, NULL, OPT_KEY},
	{"signer", required_argument, NULL, OPT_SIGNER},
	{"passphrase-file", required_argument, NULL, OPT_PASSPHRASE},
	{"random-nonce", no_argument, NULL, OPT_RANDOM},
	{"help", no_argument, NULL, OPT_HELP},
	{NULL, 0, NULL, 0},
};

struct options {
	const char *authority;
	const char *builder;
	const char *key;
	const char *signer;
	const char *passphrase_file;
	bool random_nonce;
	bool help;
};

static int take_option(struct options *options, int opt, char **argv, struct err *err)
{
	switch (opt) {
	case OPT_AUTHORITY:
		return command_set_once(&options->authority, "authority", optarg, err);
	case OPT_BUILDER:
		return command_set_once(&options->builder, "builder", optarg, err);
	case OPT_KEY:
		return command_set_once(&options->key, "key", optarg, err);
	case OPT_SIGNER:
		return command_set_once(&options->signer, "signer", optarg, err);
	case OPT_PASSPHRASE:
		return command_set_once(&options->passphrase_file, "passphrase-file", optarg, err);
	case OPT_RANDOM:
		options->random_nonce = true;
		return 0;
	case OPT_HELP:
		options->help = true;
		return 0;
	default:
		return command_bad_option(opt, argv, err);
	}
}

static int parse_options(struct options *options, const struct option *known, int argc, char **argv,
			 struct err *err)
{
	int opt;

	opterr = 0;
	while ((opt = getopt_long(argc, argv, ":", known, NULL)) != -1) {
		if (take_option(options, opt, argv, err) < 0)
			return -1;
		if (options->help)
			return 0;
	}
	if (argc - optind == 1)
		return 0;
	return err_set(err, EXIT_USAGE, "ATTEST-USAGE",
		       "%s: one folder expected, found %d (see attest %s "
		       "--help)",
		       argv[0], argc - optind, argv[0]);
}

/* A domain, which stands in URIs as it is. */
static bool is_domain(const char *text)
{
	return text[0] && strlen(text) < 128 &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789.-") == strlen(text);
}

int cmd_publish(int argc, char **argv, struct err *err)
{
	struct attest_publisher publisher = {.authority = ATTEST_AUTHORITY};
	struct options options = {0};

	if (parse_options(&options, publish_options, argc, argv, err) < 0)
		return -1;
	if (options.help) {
		fputs(publish_help, stdout);
		return command_flush(err);
	}
	if (options.authority)
		publisher.authority = options.authority;
	publisher.builder = options.builder;
	if (command_time(NULL, &publisher.now, err) < 0)
		return -1;
	if (!is_domain(publisher.authority))
		return err_set(err, EXIT_USAGE, "ATTEST-USAGE",
			       "--authority: a domain of a-z, 0-9, dots and dashes expected, found "
			       "another");
	return attest_publish(argv[optind], &publisher, err);
}

static int sign_with(const char *folder, const struct options *options, struct err *err)
{
	struct attest_signing signing = {.key = options->key,
					 .name = options->signer,
					 .random_nonce = options->random_nonce};
	char *passphrase = NULL;
	size_t size = 0;
	int result;

	if (command_passphrase(options->passphrase_file, &passphrase, &size, err) < 0)
		return -1;
	signing.passphrase = passphrase;
	result = attest_sign(folder, &signing, err);
	if (passphrase)
		OPENSSL_cleanse(passphrase, size);
	free(passphrase);
	return result;
}

int cmd_sign(int argc, char **argv, struct err *err)
{
	struct options options = {0};

	if (parse_options(&options, sign_options, argc, argv, err) < 0)
		return -1;
	if (options.help) {
		fputs(sign_help, stdout);
		return command_flush(err);
	}
	if (command_need(options.key, "sign", "key", err) < 0 ||
	    command_need(options.signer, "sign", "signer", err) < 0)
		return -1;
	if (!options.signer[0])
		return err_set(err, EXIT_USAGE, "ATTEST-USAGE",
			       "sign --signer: a name of who signs expected, found an empty one");
	return sign_with(argv[optind], &options, err);
}
