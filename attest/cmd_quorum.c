/* attest rebuilt and attest quorum: who else came to the same release. */
#include <string.h>

#include <openssl/crypto.h>

#include "command.h"
#include "outfile.h"

static const char rebuilt_help[] =
	"usage: attest rebuilt --release DIR --result same|different --key K --builder WHO "
	"[OPTION]...\n"
	"Prints a signed statement that a release was rebuilt (make audit) and came to the same, "
	"or not:\n"
	"an in-toto test result about its SHA256SUMS in a DSSE envelope.\n"
	"\n"
	"  --release DIR        the release's folder\n"
	"  --result R           same or different\n"
	"  --key K              a private key: a PEM file, or a URI pkcs11:...\n"
	"  --builder WHO        where or by whom it was rebuilt, for people\n"
	"  --passphrase-file F  of the key, or the token's PIN: the file's first line\n"
	"  --random-nonce       for tokens that cannot sign by RFC 6979\n"
	"  --help               this text\n"
	"\n"
	"Exit status: 0 done, 2 usage, 4 environment.\n";

static const char quorum_help[] =
	"usage: attest quorum --need N --release DIR --known KEY... STATEMENT...\n"
	"Says whether N of the known keys signed that they rebuilt a release and came to the "
	"same.\n"
	"Statements by other keys, or about other releases, count for nothing, nor do files that "
	"are none,\n"
	"which are named; one by a known key that it came to something else ends it. There may be "
	"any\n"
	"number of them.\n"
	"\n"
	"  --need N       how many must agree\n"
	"  --release DIR  the release's folder, of which SHA256SUMS counts\n"
	"  --known KEY    a rebuilder's public key in PEM; may be given up to 64 times\n"
	"  --help         this text\n"
	"\n"
	"Exit status: 0 enough agree, 1 too few, or one disagrees, 2 usage, 3 malformed, 4 "
	"environment.\n";

enum option_id {
	OPT_RELEASE = 256,
	OPT_RESULT,
	OPT_KEY,
	OPT_BUILDER,
	OPT_PASSPHRASE,
	OPT_RANDOM,
	OPT_NEED,
	OPT_KNOWN,
	OPT_HELP
};

enum { STATEMENT_MAX = 1 << 20, KEY_MAX = 16384 };

static const struct option rebuilt_options[] = {
	{"release", required_argument, NULL, OPT_RELEASE},
	{"result", required_argument, NULL, OPT_RESULT},
	{"key", required_argument, NULL, OPT_KEY},
	{"builder", required_argument, NULL, OPT_BUILDER},
	{"passphrase-file", required_argument, NULL, OPT_PASSPHRASE},
	{"random-nonce", no_argument, NULL, OPT_RANDOM},
	{"help", no_argument, NULL, OPT_HELP},
	{NULL, 0, NULL, 0},
};

static const struct option quorum_options[] = {
	{"release", required_argument, NULL, OPT_RELEASE},
	{"need", required_argument, NULL, OPT_NEED},
	{"known", required_argument, NULL, OPT_KNOWN},
	{"help", no_argument, NULL, OPT_HELP},
	{NULL, 0, NULL, 0},
};

struct options {
	const char *release;
	const char *result;
	const char *key;
	const char *builder;
	const char *passphrase_file;
	const char *need;
	bool random_nonce;
	bool help;
	struct attest_file keys[ATTEST_QUORUM_MAX];
	size_t key_count;
};

static void clear(struct options *options)
{
	for (size_t i = 0; i < options->key_count; i++)
		free((void *)(uintptr_t)options->keys[i].data);
}

static int add_key(struct options *options, const char *path, struct err *err)
{
	struct attest_file file = {.path = path};

	if (options->key_count == ATTEST_QUORUM_MAX)
		return err_set(err, EXIT_USAGE, "ATTEST-USAGE",
			       "--known: at most %d keys expected, found more", ATTEST_QUORUM_MAX);
	file.data = read_small_file(path, KEY_MAX, &file.size, err);
	if (!file.data)
		return -1;
	options->keys[options->key_count++] = file;
	return 0;
}

static int take_option(struct options *options, int opt, char **argv, struct err *err)
{
	switch (opt) {
	case OPT_RELEASE:
		return command_set_once(&options->release, "release", optarg, err);
	case OPT_RESULT:
		return command_set_once(&options->result, "result", optarg, err);
	case OPT_KEY:
		return command_set_once(&options->key, "key", optarg, err);
	case OPT_BUILDER:
		return command_set_once(&options->builder, "builder", optarg, err);
	case OPT_PASSPHRASE:
		return command_set_once(&options->passphrase_file, "passphrase-file", optarg, err);
	case OPT_NEED:
		return command_set_once(&options->need, "need", optarg, err);
	case OPT_KNOWN:
		return add_key(options, optarg, err);
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
	return command_need(options->release, argv[0], "release", err);
}

static char *sums_of(const struct options *options, struct err *err)
{
	char *path = NULL;

	if (asprintf(&path, "%s/SHA256SUMS", options->release) >= 0)
		return path;
	no_memory(err);
	return NULL;
}

static int print_statement(const struct options *options, struct err *err)
{
	struct attest_signing signing = {.key = options->key,
					 .name = options->builder,
					 .random_nonce = options->random_nonce};
	cleanup_free char *sums = sums_of(options, err);
	cleanup_free char *text = NULL;
	char *passphrase = NULL;
	size_t size = 0;

	if (!sums || command_passphrase(options->passphrase_file, &passphrase, &size, err) < 0)
		return -1;
	signing.passphrase = passphrase;
	text = attest_rebuilt(sums, strcmp(options->result, "same") == 0, options->builder,
			      &signing, err);
	if (passphrase)
		OPENSSL_cleanse(passphrase, size);
	free(passphrase);
	if (!text)
		return -1;
	fputs(text, stdout);
	return command_flush(err);
}

int cmd_rebuilt(int argc, char **argv, struct err *err)
{
	cleanup_with(clear) struct options options = {0};

	if (parse_options(&options, rebuilt_options, argc, argv, err) < 0)
		return -1;
	if (options.help) {
		fputs(rebuilt_help, stdout);
		return command_flush(err);
	}
	if (command_need(options.key, "rebuilt", "key", err) < 0 ||
	    command_need(options.builder, "rebuilt", "builder", err) < 0 ||
	    command_need(options.result, "rebuilt", "result", err) < 0)
		return -1;
	if (argc != optind ||
	    (strcmp(options.result, "same") != 0 && strcmp(options.result, "different") != 0))
		return err_set(err, EXIT_USAGE, "ATTEST-USAGE",
			       "rebuilt: options alone and --result same or different expected, "
			       "found another");
	return print_statement(&options, err);
}

static void cleanup_quorum_at(struct attest_quorum **quorum)
{
	attest_quorum_close(*quorum);
}

/* One file: anybody may have put it there, so that one which is no statement is no reason to end.
 */
static int add_statement(struct attest_quorum *quorum, const char *path, struct err *err)
{
	struct attest_file file = {.path = path};
	struct err one = {0};
	cleanup_free char *data = read_small_file(path, STATEMENT_MAX, &file.size, &one);

	file.data = data;
	if (data && attest_quorum_add(quorum, &file, &one) == 0)
		return 0;
	if (one.status != EXIT_MALFORMED) {
		*err = one;
		return -1;
	}
	command_warn("%s", one.text);
	return 0;
}

static int decide(const struct options *options, char **paths, struct err *err)
{
	cleanup_free char *sums = sums_of(options, err);
	cleanup_with(cleanup_quorum_at) struct attest_quorum *quorum = NULL;
	int64_t need = 0;
	size_t found;

	if (!sums || command_number("need", options->need, ATTEST_QUORUM_MAX, &need, err) < 0)
		return -1;
	if (need < 1)
		return err_set(err, EXIT_USAGE, "ATTEST-USAGE",
			       "--need: at least 1 expected, found 0");
	quorum = attest_quorum_open(sums, options->keys, options->key_count, err);
	if (!quorum)
		return -1;
	for (; *paths; paths++)
		if (add_statement(quorum, *paths, err) < 0)
			return -1;
	if (attest_quorum_reached(quorum, (size_t)need, &found, err) < 0)
		return -1;
	printf("%zu of %zu known keys came to the same, %lld needed\n", found, options->key_count,
	       (long long)need);
	return command_flush(err);
}

int cmd_quorum(int argc, char **argv, struct err *err)
{
	cleanup_with(clear) struct options options = {0};

	if (parse_options(&options, quorum_options, argc, argv, err) < 0)
		return -1;
	if (options.help) {
		fputs(quorum_help, stdout);
		return command_flush(err);
	}
	if (command_need(options.need, "quorum", "need", err) < 0)
		return -1;
	return decide(&options, argv + optind, err);
}
