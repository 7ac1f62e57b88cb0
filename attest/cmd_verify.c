/* attest verify: whether evidence is genuine, fresh, and of an image that was published. */
#include <getopt.h>
#include <string.h>

#include "command.h"
#include "outfile.h"
#include "text.h"

static const char help[] =
	"usage: attest verify --evidence F --reference F... --nonce HEX [OPTION]...\n"
	"Holds a Nitro attestation document or a CCA token against published measurements: chain "
	"of\n"
	"certificates, signature, times, nonce, debug mode, and every register that the reference "
	"names,\n"
	"PCR0, PCR1 and PCR2 in any case. Prints what the evidence says, once all of it was found "
	"good.\n"
	"\n"
	"  --evidence F      the document or token, as bytes or in base64\n"
	"  --reference F     measurements.json, values.json, policy.json, a CoRIM, or what "
	"nitro-cli\n"
	"                    build-enclave printed; given more than once, any of them will do\n"
	"  --reference-key F the public key in PEM that must have signed each reference, which "
	"are CoRIMs\n"
	"                    then; without it nobody looks at their signatures\n"
	"  --nonce HEX       what was sent to the enclave; the evidence must hold it\n"
	"  --accept-replay   in place of --nonce: take any, so that old evidence may be shown "
	"again\n"
	"  --root PEM        the root certificate in place of AWS's, for tests\n"
	"  --platform-key F  the CCA platform's public key in PEM, from its vendor\n"
	"  --at TIME         the time to judge at in place of now: YYYY-MM-DDThh:mm:ssZ, or "
	"document for\n"
	"                    the document's own time, which says nothing about when\n"
	"  --max-age N       seconds that a document may be old (default 300)\n"
	"  --log DIR|PROOF   a log of releases, or a proof of one entry: the image must be in it, "
	"and in a\n"
	"                    log not withdrawn, nor outdated by a release of a higher security "
	"version\n"
	"  --log-key KEY     the log's public key\n"
	"  --seen F          keeps the checkpoint of the last good log in F, whatever it says of "
	"the\n"
	"                    image, and refuses a log that does not continue it; F is made when "
	"there\n"
	"                    is none\n"
	"  --consistency F   with a proof: how its log continues what was seen, as attest log "
	"prove\n"
	"                    --from printed it\n"
	"  --witness KEY, --witnesses N, --max-log-age N\n"
	"                    as of attest log check\n"
	"  --accept-debug-platform\n"
	"                    take tokens of CCA platforms that are not secured\n"
	"  --accept-unsigned-emulator-documents\n"
	"                    take QEMU's documents, which nobody signed and anybody can write: for "
	"tests\n"
	"  --json            the report as JSON\n"
	"  --help            this text\n"
	"\n"
	"Exit status: 0 verified, 1 does not verify, 2 usage, 3 malformed, 4 environment.\n";

enum { PROOF_MAX_SIZE = 262144, PEM_MAX = 16384, MAX_AGE_MOST = 1 << 30 };
enum option_id {
	OPT_EVIDENCE = 256,
	OPT_REFERENCE,
	OPT_REFERENCE_KEY,
	OPT_NONCE,
	OPT_REPLAY,
	OPT_ROOT,
	OPT_PLATFORM_KEY,
	OPT_AT,
	OPT_MAX_AGE,
	OPT_SEEN,
	OPT_CONSISTENCY,
	OPT_DEBUG,
	OPT_EMULATOR,
	OPT_JSON,
	OPT_HELP
};

static const struct option long_options[] = {
	{"evidence", required_argument, NULL, OPT_EVIDENCE},
	{"reference", required_argument, NULL, OPT_REFERENCE},
	{"reference-key", required_argument, NULL, OPT_REFERENCE_KEY},
	{"nonce", required_argument, NULL, OPT_NONCE},
	{"accept-replay", no_argument, NULL, OPT_REPLAY},
	{"root", required_argument, NULL, OPT_ROOT},
	{"platform-key", required_argument, NULL, OPT_PLATFORM_KEY},
	{"at", required_argument, NULL, OPT_AT},
	{"max-age", required_argument, NULL, OPT_MAX_AGE},
	LOG_OPTIONS,
	{"seen", required_argument, NULL, OPT_SEEN},
	{"consistency", required_argument, NULL, OPT_CONSISTENCY},
	{"accept-debug-platform", no_argument, NULL, OPT_DEBUG},
	{"accept-unsigned-emulator-documents", no_argument, NULL, OPT_EMULATOR},
	{"json", no_argument, NULL, OPT_JSON},
	{"help", no_argument, NULL, OPT_HELP},
	{NULL, 0, NULL, 0},
};

struct options {
	const char *evidence;
	const char *nonce;
	const char *root;
	const char *platform_key;
	const char *at;
	const char *max_age;
	const char *seen;
	const char *consistency;
	bool replay;
	bool json;
	bool help;
	struct log_words log;
	struct reference_words words;
	struct attest_references references;
	struct attest_expectation expectation;
};

static int take_option(struct options *options, int opt, char **argv, struct err *err)
{
	if (opt >= OPT_LOG)
		return command_log_option(&options->log, opt, err);
	switch (opt) {
	case OPT_EVIDENCE:
		return command_set_once(&options->evidence, "evidence", optarg, err);
	case OPT_REFERENCE:
		return command_reference(&options->words, optarg, err);
	case OPT_REFERENCE_KEY:
		return command_set_once(&options->words.key, "reference-key", optarg, err);
	case OPT_NONCE:
		return command_set_once(&options->nonce, "nonce", optarg, err);
	case OPT_REPLAY:
		options->replay = true;
		return 0;
	case OPT_ROOT:
		return command_set_once(&options->root, "root", optarg, err);
	case OPT_PLATFORM_KEY:
		return command_set_once(&options->platform_key, "platform-key", optarg, err);
	case OPT_AT:
		return command_set_once(&options->at, "at", optarg, err);
	case OPT_MAX_AGE:
		return command_set_once(&options->max_age, "max-age", optarg, err);
	case OPT_SEEN:
		return command_set_once(&options->seen, "seen", optarg, err);
	case OPT_CONSISTENCY:
		return command_set_once(&options->consistency, "consistency", optarg, err);
	case OPT_DEBUG:
		options->expectation.accept_debug_platform = true;
		return 0;
	case OPT_EMULATOR:
		options->expectation.accept_unsigned_emulator_documents = true;
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

static int check_options(const struct options *options, int rest, struct err *err)
{
	if (rest > 0)
		return err_set(
			err, EXIT_USAGE, "ATTEST-USAGE",
			"verify: options alone expected, found %d words more (see attest verify "
			"--help)",
			rest);
	if (command_need(options->evidence, "verify", "evidence", err) < 0)
		return -1;
	if (options->words.count == 0)
		return command_need(NULL, "verify", "reference", err);
	if (!options->log.log != !options->log.key)
		return err_set(err, EXIT_USAGE, "ATTEST-USAGE",
			       "verify: --log and --log-key together expected, found one of them");
	if (command_log_alone(&options->log, "verify", err) < 0)
		return -1;
	if (options->seen && !options->log.log)
		return err_set(err, EXIT_USAGE, "ATTEST-USAGE",
			       "verify: --seen with --log expected, found it alone");
	if (options->consistency && (!options->seen || command_log_is_folder(options->log.log)))
		return err_set(err, EXIT_USAGE, "ATTEST-USAGE",
			       "verify: --consistency with --seen and a proof as --log expected, "
			       "found it with less or with a folder");
	if (!options->nonce != options->replay)
		return err_set(err, EXIT_USAGE, "ATTEST-USAGE",
			       "verify: either --nonce or --accept-replay expected, found %s",
			       options->replay ? "both" : "neither");
	return 0;
}

static int parse_options(struct options *options, int argc, char **argv, struct err *err)
{
	int opt;

	opterr = 0;
	while ((opt = getopt_long(argc, argv, ":", long_options, NULL)) != -1) {
		if (take_option(options, opt, argv, err) < 0)
			return -1;
		if (options->help)
			return 0;
	}
	return check_options(options, argc - optind, err);
}

static int read_nonce(const struct options *options, unsigned char *nonce,
		      struct attest_expectation *expectation, struct err *err)
{
	size_t size;

	if (!options->nonce)
		return 0;
	size = strlen(options->nonce) / 2;
	if (size == 0 || size > ATTEST_MAX_NONCE || !hex_decode(options->nonce, nonce, size))
		return err_set(err, EXIT_USAGE, "ATTEST-USAGE",
			       "--nonce: 1 to %d bytes in hexadecimal expected, found another",
			       ATTEST_MAX_NONCE);
	expectation->nonce = nonce;
	expectation->nonce_size = size;
	return 0;
}

static int read_times(const struct options *options, struct attest_expectation *expectation,
		      struct err *err)
{
	expectation->max_age = ATTEST_MAX_AGE;
	if (options->max_age && command_number("max-age", options->max_age, MAX_AGE_MOST,
					       &expectation->max_age, err) < 0)
		return -1;
	if (options->at && strcmp(options->at, "document") == 0) {
		expectation->at_document_time = true;
		return command_time(NULL, &expectation->now, err);
	}
	return command_time(options->at, &expectation->now, err);
}

static void print_member(const char *label, const json_t *value)
{
	printf("%-18s", label);
	if (json_is_string(value))
		command_print_text(json_string_value(value));
	else if (json_is_integer(value))
		printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else
		fputs("none", stdout);
	putchar('\n');
}

static int print_report(const json_t *report, struct err *err)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)report, key, value)
	{
		const char *inner_key;
		json_t *inner;

		if (json_is_string(value) || json_is_null(value))
			print_member(key, value);
		json_object_foreach(value, inner_key, inner)
		{
			if (!json_is_object(inner))
				print_member(inner_key, inner);
		}
	}
	puts("Verified");
	return command_flush(err);
}

static void warn(const json_t *report)
{
	const char *signer = json_string_value(json_object_get(report, "Signer"));
	const char *freshness = json_string_value(json_object_get(report, "Freshness"));

	if (signer && strcmp(signer, "nobody") == 0)
		command_warn("nobody signed this document: anybody can have written it");
	if (freshness && strcmp(freshness, "none") == 0)
		command_warn("nothing shows that this evidence is fresh");
}

static int print_refusal(const struct err *refusal, struct err *err)
{
	cleanup_json json_t *json = json_pack("{s:b, s:s, s:s}", "Verified", 0, "Name",
					      refusal->name, "Text", refusal->text);

	if (!json)
		json = json_pack("{s:b, s:s}", "Verified", 0, "Name", refusal->name);
	return json ? command_print_json(json, err) : no_memory(err);
}

static void cleanup_log_at(struct attest_log **log)
{
	attest_log_close(*log);
}

static void cleanup_seen_at(struct attest_log_seen **seen)
{
	attest_log_seen_close(*seen);
}

static int check_seen_proof(const struct options *options, struct attest_log_seen *seen,
			    const struct attest_file *proof, const struct attest_log_trust *trust,
			    struct err *err)
{
	struct attest_file consistency = {.path = options->consistency};
	cleanup_free char *text = NULL;

	if (consistency.path) {
		text = read_small_file(consistency.path, PROOF_MAX_SIZE, &consistency.size, err);
		if (!text)
			return -1;
	}
	consistency.data = text;
	return attest_log_seen_check_proof(seen, proof, text ? &consistency : NULL, trust, err);
}

/*
 * Before the log is asked about the image: a withdrawal that was shown once must not be forgotten
 * because of what it says.
 */
static int keep_seen(const struct options *options, struct attest_log_seen *seen, struct err *err)
{
	return seen ? command_keep_seen(seen, options->seen, err) : 0;
}

/* A proof tells that the image was released; what was said of it later, a whole log alone. */
static json_t *find_in_proof(const struct options *options, struct attest_log_seen *seen,
			     const struct attest_log_trust *trust, const json_t *measurements,
			     struct err *err)
{
	struct attest_file proof = {.path = options->log.log};
	cleanup_free char *text = read_small_file(proof.path, PROOF_MAX_SIZE, &proof.size, err);
	cleanup_json json_t *entry = NULL;

	proof.data = text;
	if (!text || (seen && check_seen_proof(options, seen, &proof, trust, err) < 0))
		return NULL;
	entry = attest_log_prove_check(text, proof.size, trust, err);
	if (!entry || keep_seen(options, seen, err) < 0 ||
	    attest_log_matches(entry, measurements, err) < 0)
		return NULL;
	command_warn("a proof does not tell whether the release was withdrawn or outdated: a "
		     "whole log does");
	return json_incref(entry);
}

static json_t *find_in_log(const struct options *options, struct attest_log_seen *seen,
			   const struct attest_log_trust *trust, const json_t *measurements,
			   struct err *err)
{
	cleanup_with(cleanup_log_at) struct attest_log *log =
		attest_log_open(options->log.log, trust, err);

	if (!log || (seen && attest_log_seen_check(seen, log, err) < 0) ||
	    keep_seen(options, seen, err) < 0)
		return NULL;
	return attest_log_find(log, measurements, err);
}

static int check_log(const struct options *options, int64_t now, json_t *report, struct err *err)
{
	const json_t *measurements = json_object_get(report, "Measurements");
	cleanup_with(cleanup_seen_at) struct attest_log_seen *seen = NULL;
	struct attest_log_trust trust;
	json_t *entry;

	if (!options->log.log)
		return 0;
	if (command_log_trust(&options->log, now, &trust, err) < 0)
		return -1;
	if (options->seen && !(seen = attest_log_seen_open(options->seen, err)))
		return -1;
	if (command_log_is_folder(options->log.log))
		entry = find_in_log(options, seen, &trust, measurements, err);
	else
		entry = find_in_proof(options, seen, &trust, measurements, err);
	return entry && json_object_set_new(report, "Release", entry) == 0 ? 0 : -1;
}

static int verify(struct options *options, struct err *err)
{
	struct attest_expectation expectation = options->expectation;
	unsigned char nonce[ATTEST_MAX_NONCE];
	cleanup_free char *evidence = NULL;
	cleanup_free char *root = NULL;
	cleanup_free char *key = NULL;
	cleanup_json json_t *report = NULL;
	struct err ignored = {0};
	size_t size = 0;

	expectation.references = &options->references;
	if (read_nonce(options, nonce, &expectation, err) < 0 ||
	    read_times(options, &expectation, err) < 0 ||
	    command_read_references(&options->words, &options->references, err) < 0)
		return -1;
	evidence = read_small_file(options->evidence, ATTEST_MAX_EVIDENCE, &size, err);
	if (!evidence)
		return -1;
	if (options->root)
		expectation.root = root =
			read_small_file(options->root, PEM_MAX, &expectation.root_size, err);
	if (options->root && !root)
		return -1;
	if (options->platform_key)
		expectation.platform_key = key = read_small_file(
			options->platform_key, PEM_MAX, &expectation.platform_key_size, err);
	if (options->platform_key && !key)
		return -1;
	report = attest_verify(evidence, size, &expectation, err);
	if (!report || check_log(options, expectation.now, report, err) < 0) {
		if (options->json)
			print_refusal(err, &ignored);
		return -1;
	}
	warn(report);
	return options->json ? command_print_json(report, err) : print_report(report, err);
}

static void clear(struct options *options)
{
	attest_references_clear(&options->references);
}

int cmd_verify(int argc, char **argv, struct err *err)
{
	cleanup_with(clear) struct options options = {0};

	if (parse_options(&options, argc, argv, err) < 0)
		return -1;
	if (options.help) {
		fputs(help, stdout);
		return command_flush(err);
	}
	return verify(&options, err);
}
