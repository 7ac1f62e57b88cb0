/* attest policy: a key service's policy about images that were published. */
#include <getopt.h>
#include <string.h>

#include "command.h"
#include "outfile.h"

static const char help[] =
	"usage: attest policy --reference F... [--reference-key F] [--for kms|generic] "
	"[--partition P]\n"
	"                     [--principal ARN]\n"
	"Prints a policy under which an enclave gets a key that runs one of the images in the "
	"references.\n"
	"Give the old and the new release for as long as both run: each is an alternative of its "
	"own, and\n"
	"no mixture of two is accepted. Always with PCR0, PCR1 and PCR2 together, and with "
	"whatever else a\n"
	"reference names, for instance PCR8 or PCR16.\n"
	"\n"
	"  --reference F    measurements.json, values.json, policy.json, a CoRIM, or what "
	"nitro-cli\n"
	"                   build-enclave printed\n"
	"  --reference-key F\n"
	"                   the public key in PEM that must have signed each of them, which are "
	"CoRIMs then;\n"
	"                   without it nobody looks at their signatures\n"
	"  --for WHAT       kms: a key policy of AWS KMS (default); generic: JSON for other "
	"services\n"
	"  --partition P    aws (default), aws-cn or aws-us-gov\n"
	"  --principal ARN  who may ask (default: one to be filled in, which AWS refuses)\n"
	"  --help           this text\n"
	"\n"
	"Exit status: 0 done, 1 no image of the platform, 2 usage, 3 malformed, 4 environment.\n";

enum option_id {
	OPT_REFERENCE = 256,
	OPT_REFERENCE_KEY,
	OPT_FOR,
	OPT_PARTITION,
	OPT_PRINCIPAL,
	OPT_HELP
};

static const struct option long_options[] = {
	{"reference", required_argument, NULL, OPT_REFERENCE},
	{"reference-key", required_argument, NULL, OPT_REFERENCE_KEY},
	{"for", required_argument, NULL, OPT_FOR},
	{"partition", required_argument, NULL, OPT_PARTITION},
	{"principal", required_argument, NULL, OPT_PRINCIPAL},
	{"help", no_argument, NULL, OPT_HELP},
	{NULL, 0, NULL, 0},
};

struct options {
	const char *what;
	const char *partition;
	const char *principal;
	bool help;
	struct reference_words words;
	struct attest_references references;
};

static int take_option(struct options *options, int opt, char **argv, struct err *err)
{
	switch (opt) {
	case OPT_REFERENCE:
		return command_reference(&options->words, optarg, err);
	case OPT_REFERENCE_KEY:
		return command_set_once(&options->words.key, "reference-key", optarg, err);
	case OPT_FOR:
		return command_set_once(&options->what, "for", optarg, err);
	case OPT_PARTITION:
		return command_set_once(&options->partition, "partition", optarg, err);
	case OPT_PRINCIPAL:
		return command_set_once(&options->principal, "principal", optarg, err);
	case OPT_HELP:
		options->help = true;
		return 0;
	default:
		return command_bad_option(opt, argv, err);
	}
}

static bool has_enclave(const struct attest_references *references)
{
	for (size_t i = 0; i < references->count; i++)
		if (references->list[i].platform == ATTEST_NITRO)
			return true;
	return false;
}

static int print_policy(const struct options *options, struct err *err)
{
	struct attest_kms kms = {.partition = options->partition ? options->partition : "aws",
				 .principal = options->principal};
	const char *what = options->what ? options->what : "kms";
	cleanup_json json_t *policy = NULL;

	if (strcmp(what, "kms") == 0)
		policy = attest_policy_kms(&options->references, &kms, err);
	else if (strcmp(what, "generic") == 0)
		policy = attest_policy_generic(&options->references, err);
	else
		return err_set(err, EXIT_USAGE, "ATTEST-USAGE",
			       "--for: kms or generic expected, found %s", what);
	if (!policy)
		return -1;
	if (has_enclave(&options->references))
		fputs("attest: note: PCR0, PCR1 and PCR2 stand together: under one of them alone, "
		      "or PCR8 alone, other code can run\n",
		      stderr);
	return command_print_json(policy, err);
}

static int read_references(struct options *options, struct err *err)
{
	int64_t now;

	if (command_read_references(&options->words, &options->references, err) < 0 ||
	    command_time(NULL, &now, err) < 0)
		return -1;
	return attest_references_valid(&options->references, now, err);
}

static void clear(struct options *options)
{
	attest_references_clear(&options->references);
}

int cmd_policy(int argc, char **argv, struct err *err)
{
	cleanup_with(clear) struct options options = {0};
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
	if (argc > optind)
		return err_set(err, EXIT_USAGE, "ATTEST-USAGE",
			       "policy: options alone expected, found %d words more",
			       argc - optind);
	if (options.words.count == 0)
		return command_need(NULL, "policy", "reference", err);
	if (read_references(&options, err) < 0)
		return -1;
	return print_policy(&options, err);
}
