/* attest log: append to a log of releases, check one, prove what is in it. */
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/crypto.h>

#include "command.h"
#include "outfile.h"

static const char help[] =
	"usage: attest log append  --log DIR --key K --origin NAME [WHAT] [--at TIME]\n"
	"       attest log check   --log DIR|PROOF --log-key KEY [--from CHECKPOINT] [--seen F]\n"
	"                          [--json]\n"
	"       attest log prove   --log DIR --log-key KEY --index N|--from CHECKPOINT\n"
	"       attest log witness --log DIR --log-key KEY --key K --origin NAME --state F [--at "
	"TIME]\n"
	"       attest log key     --key K --origin NAME [--of-witness]\n"
	"A log of releases in a folder of plain files, for any web server (C2SP tlog-tiles): who "
	"reads\n"
	"it computes it anew, so that nothing in it can be changed, left out or taken back "
	"unseen.\n"
	"\n"
	"  --log DIR        the log's folder; check takes a proof, too, as prove printed it\n"
	"  --log-key KEY    its public key, NAME+HASH+KEY, as attest log key prints it\n"
	"  --key K          a private key of Ed25519: a PEM file, or a URI pkcs11:...\n"
	"  --passphrase-file F\n"
	"                   of the key, or the token's PIN: the file's first line\n"
	"  --origin NAME    whose key it is: the log's name, or the witness's\n"
	"  --release DIR --version V [--security N]\n"
	"                   append the release in a published folder; N is raised when older ones "
	"must\n"
	"                   not be used any more (default 0)\n"
	"  --withdraw N --reason TEXT\n"
	"                   append that the image of entry N must not be used\n"
	"  --entries F      append the entries in a JSON array\n"
	"                   with none of these three the time alone is signed anew\n"
	"  --from F         a checkpoint that was seen before: the log must continue it, which "
	"prove\n"
	"                   proves to who has no log at hand, and check with the proof checks\n"
	"  --seen F         check of a folder: keeps the checkpoint of the last good log in F, "
	"and\n"
	"                   refuses a log that does not continue it; F is made when there is none\n"
	"  --index N        the entry to prove, counted from 0\n"
	"  --state F        where the witness keeps the checkpoint that it saw last\n"
	"  --of-witness     the key for verifying a witness\n"
	"  --witness KEY    a witness that is known; may be given more than once\n"
	"  --witnesses N    how many of them must have signed (default: all)\n"
	"  --max-log-age N  seconds that the log's and the witnesses' time may be old (default "
	"604800)\n"
	"  --at TIME        in place of now: YYYY-MM-DDThh:mm:ssZ\n"
	"  --json           entries as JSON\n"
	"  --help           this text\n"
	"\n"
	"Exit status: 0 done, 1 does not verify, 2 usage, 3 malformed, 4 environment.\n";

enum {
	WEEK = 7 * 24 * 3600,
	AGE_MOST = 1 << 30,
	ENTRIES_MAX = 64 * 1024 * 1024,
	NOTE_SIZE_MAX = 65536,
	PROOF_SIZE_MAX = 262144,
	PASSPHRASE_MAX = 1024
};

enum option_id {
	OPT_KEY = 256,
	OPT_PASSPHRASE,
	OPT_ORIGIN,
	OPT_RELEASE,
	OPT_VERSION,
	OPT_SECURITY,
	OPT_WITHDRAW,
	OPT_REASON,
	OPT_ENTRIES,
	OPT_FROM,
	OPT_SEEN,
	OPT_INDEX,
	OPT_STATE,
	OPT_OF_WITNESS,
	OPT_AT,
	OPT_JSON,
	OPT_HELP
};

static const struct option long_options[] = {
	LOG_OPTIONS,
	{"key", required_argument, NULL, OPT_KEY},
	{"passphrase-file", required_argument, NULL, OPT_PASSPHRASE},
	{"origin", required_argument, NULL, OPT_ORIGIN},
	{"release", required_argument, NULL, OPT_RELEASE},
	{"version", required_argument, NULL, OPT_VERSION},
	{"security", required_argument, NULL, OPT_SECURITY},
	{"withdraw", required_argument, NULL, OPT_WITHDRAW},
	{"reason", required_argument, NULL, OPT_REASON},
	{"entries", required_argument, NULL, OPT_ENTRIES},
	{"from", required_argument, NULL, OPT_FROM},
	{"seen", required_argument, NULL, OPT_SEEN},
	{"index", required_argument, NULL, OPT_INDEX},
	{"state", required_argument, NULL, OPT_STATE},
	{"of-witness", no_argument, NULL, OPT_OF_WITNESS},
	{"at", required_argument, NULL, OPT_AT},
	{"json", no_argument, NULL, OPT_JSON},
	{"help", no_argument, NULL, OPT_HELP},
	{NULL, 0, NULL, 0},
};

struct options {
	struct log_words log;
	const char *key;
	const char *passphrase_file;
	const char *origin;
	const char *release;
	const char *version;
	const char *security;
	const char *withdraw;
	const char *reason;
	const char *entries;
	const char *from;
	const char *seen;
	const char *index;
	const char *state;
	const char *at;
	bool of_witness;
	bool json;
	bool help;
	uint32_t given; /* a bit for each of long_options */
	int64_t now;
};

/* What each word takes. An option that it would not look at is refused, as it may ask for a check.
 */
static const struct word {
	const char *word;
	int options[16]; /* ends with 0 */
} word_list[] = {
	{"append",
	 {OPT_LOG, OPT_KEY, OPT_PASSPHRASE, OPT_ORIGIN, OPT_RELEASE, OPT_VERSION, OPT_SECURITY,
	  OPT_WITHDRAW, OPT_REASON, OPT_ENTRIES, OPT_AT}},
	{"check",
	 {OPT_LOG, OPT_LOG_KEY, OPT_FROM, OPT_SEEN, OPT_WITNESS, OPT_WITNESSES, OPT_MAX_LOG_AGE,
	  OPT_AT, OPT_JSON}},
	{"prove",
	 {OPT_LOG, OPT_LOG_KEY, OPT_INDEX, OPT_FROM, OPT_WITNESS, OPT_WITNESSES, OPT_MAX_LOG_AGE,
	  OPT_AT}},
	{"witness", {OPT_LOG, OPT_LOG_KEY, OPT_KEY, OPT_PASSPHRASE, OPT_ORIGIN, OPT_STATE, OPT_AT}},
	{"key", {OPT_KEY, OPT_PASSPHRASE, OPT_ORIGIN, OPT_OF_WITNESS}},
	{NULL, {0}},
};

int command_log_option(struct log_words *words, int opt, struct err *err)
{
	switch (opt) {
	case OPT_LOG:
		return command_set_once(&words->log, "log", optarg, err);
	case OPT_LOG_KEY:
		return command_set_once(&words->key, "log-key", optarg, err);
	case OPT_WITNESSES:
		return command_set_once(&words->needed, "witnesses", optarg, err);
	case OPT_MAX_LOG_AGE:
		return command_set_once(&words->max_age, "max-log-age", optarg, err);
	default:
		if (words->witness_count == sizeof(words->witnesses) / sizeof(words->witnesses[0]))
			return err_set(err, EXIT_USAGE, "ATTEST-USAGE",
				       "--witness: at most 16 of them expected, found more");
		words->witnesses[words->witness_count++] = optarg;
		return 0;
	}
}

int command_log_alone(const struct log_words *words, const char *command, struct err *err)
{
	if (words->log || (!words->witness_count && !words->needed && !words->max_age))
		return 0;
	return err_set(err, EXIT_USAGE, "ATTEST-USAGE",
		       "%s: --witness, --witnesses and --max-log-age with --log expected, found "
		       "them alone",
		       command);
}

int command_log_trust(const struct log_words *words, int64_t now, struct attest_log_trust *trust,
		      struct err *err)
{
	int64_t needed = (int64_t)words->witness_count;

	*trust = (struct attest_log_trust){.key = words->key,
					   .witnesses = words->witnesses,
					   .witness_count = words->witness_count,
					   .now = now,
					   .max_age = WEEK};
	if (words->max_age &&
	    command_number("max-log-age", words->max_age, AGE_MOST, &trust->max_age, err) < 0)
		return -1;
	if (words->needed && command_number("witnesses", words->needed,
					    (int64_t)words->witness_count, &needed, err) < 0)
		return -1;
	trust->witnesses_needed = (size_t)needed;
	return 0;
}

bool command_log_is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 || S_ISDIR(st.st_mode);
}

int command_keep_seen(struct attest_log_seen *seen, const char *path, struct err *err)
{
	if (attest_log_seen_keep(seen, err) < 0)
		return -1;
	if (attest_log_seen_nothing(seen))
		command_warn("%s: no checkpoint was kept before: whatever log is shown first is "
			     "taken, and has to be continued from now on",
			     path);
	return 0;
}

int command_passphrase(const char *path, char **passphrase, size_t *size, struct err *err)
{
	*passphrase = NULL;
	*size = 0;
	if (!path)
		return 0;
	*passphrase = read_small_file(path, PASSPHRASE_MAX, size, err);
	if (!*passphrase)
		return -1;
	(*passphrase)[strcspn(*passphrase, "\n")] = '\0';
	return 0;
}

/* Where an option's word goes; NULL for those without one. */
static const char **slot_of(struct options *options, int opt)
{
	switch (opt) {
	case OPT_KEY:
		return &options->key;
	case OPT_PASSPHRASE:
		return &options->passphrase_file;
	case OPT_ORIGIN:
		return &options->origin;
	case OPT_RELEASE:
		return &options->release;
	case OPT_VERSION:
		return &options->version;
	case OPT_SECURITY:
		return &options->security;
	case OPT_WITHDRAW:
		return &options->withdraw;
	case OPT_REASON:
		return &options->reason;
	case OPT_ENTRIES:
		return &options->entries;
	case OPT_FROM:
		return &options->from;
	case OPT_SEEN:
		return &options->seen;
	case OPT_INDEX:
		return &options->index;
	case OPT_STATE:
		return &options->state;
	case OPT_AT:
		return &options->at;
	default:
		return NULL;
	}
}

static int take_option(struct options *options, int opt, const char *name, char **argv,
		       struct err *err)
{
	const char **slot = slot_of(options, opt);

	if (slot)
		return command_set_once(slot, name, optarg, err);
	if (opt >= OPT_LOG)
		return command_log_option(&options->log, opt, err);
	if (opt == OPT_OF_WITNESS)
		options->of_witness = true;
	else if (opt == OPT_JSON)
		options->json = true;
	else if (opt == OPT_HELP)
		options->help = true;
	else
		return command_bad_option(opt, argv, err);
	return 0;
}

static bool takes(const struct word *word, int opt)
{
	for (size_t i = 0; word->options[i]; i++)
		if (word->options[i] == opt)
			return true;
	return false;
}

static int check_given(const struct options *options, const char *what, struct err *err)
{
	const struct word *word = word_list;

	while (word->word && strcmp(word->word, what) != 0)
		word++;
	if (!word->word)
		return err_set(err, EXIT_USAGE, "ATTEST-USAGE",
			       "log: append, check, prove, witness or key expected, found %s",
			       what);
	for (size_t i = 0; long_options[i].name; i++)
		if ((options->given >> i & 1) && !takes(word, long_options[i].val))
			return err_set(err, EXIT_USAGE, "ATTEST-USAGE",
				       "log %s: its own options expected, found --%s", what,
				       long_options[i].name);
	return 0;
}

static int parse_options(struct options *options, int argc, char **argv, struct err *err)
{
	int index = 0;
	int opt;

	opterr = 0;
	while ((opt = getopt_long(argc, argv, ":", long_options, &index)) != -1) {
		if (take_option(options, opt, long_options[index].name, argv, err) < 0)
			return -1;
		if (options->help)
			return 0;
		options->given |= UINT32_C(1) << index;
	}
	if (argc - optind != 1)
		return err_set(err, EXIT_USAGE, "ATTEST-USAGE",
			       "log: append, check, prove, witness or key expected, found %d words "
			       "(see attest "
			       "log --help)",
			       argc - optind);
	if (check_given(options, argv[optind], err) < 0)
		return -1;
	return command_time(options->at, &options->now, err);
}

static int need(const struct options *options, const char *value, const char *option,
		struct err *err)
{
	(void)options;
	return command_need(value, "log", option, err);
}

static json_t *read_entries(const char *path, struct err *err)
{
	size_t size = 0;
	cleanup_free char *text = read_small_file(path, ENTRIES_MAX, &size, err);
	json_t *list = text ? json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL) : NULL;

	if (list && json_is_array(list))
		return list;
	json_decref(list);
	if (text)
		err_set(err, EXIT_MALFORMED, "ATTEST-LOG-ENTRY",
			"%s: a JSON array expected, found another", path);
	return NULL;
}

static json_t *one_entry(const struct options *options, struct err *err)
{
	int64_t number = 0;

	if (options->release) {
		if (need(options, options->version, "version", err) < 0 ||
		    (options->security &&
		     command_number("security", options->security, AGE_MOST, &number, err) < 0))
			return NULL;
		return attest_log_release(options->release, options->version, number, err);
	}
	if (need(options, options->reason, "reason", err) < 0 ||
	    command_number("withdraw", options->withdraw, AGE_MOST, &number, err) < 0)
		return NULL;
	return attest_log_withdrawal((uint64_t)number, options->reason, err);
}

/* What is appended, the caller's. */
static json_t *entries_of(const struct options *options, struct err *err)
{
	json_t *list;
	json_t *entry;

	if (!!options->release + !!options->withdraw + !!options->entries > 1) {
		err_set(err, EXIT_USAGE, "ATTEST-USAGE",
			"log append: one of --release, --withdraw and --entries expected, found "
			"more");
		return NULL;
	}
	if (options->entries)
		return read_entries(options->entries, err);
	list = json_array();
	if (!options->release && !options->withdraw)
		return list;
	entry = one_entry(options, err);
	if (entry && json_array_append_new(list, entry) == 0)
		return list;
	json_decref(list);
	return NULL;
}

/* A keeper whose passphrase the caller wipes out. */
static int keeper_of(const struct options *options, struct attest_log_keeper *keeper,
		     char **passphrase, size_t *size, struct err *err)
{
	if (need(options, options->key, "key", err) < 0 ||
	    need(options, options->origin, "origin", err) < 0 ||
	    command_passphrase(options->passphrase_file, passphrase, size, err) < 0)
		return -1;
	*keeper = (struct attest_log_keeper){.key = options->key,
					     .passphrase = *passphrase,
					     .origin = options->origin,
					     .now = options->now};
	return 0;
}

static void wipe(char *passphrase, size_t size)
{
	if (passphrase)
		OPENSSL_cleanse(passphrase, size);
	free(passphrase);
}

static int append(const struct options *options, const struct attest_log_keeper *keeper,
		  struct err *err)
{
	cleanup_json json_t *entries = NULL;

	if (need(options, options->log.log, "log", err) < 0)
		return -1;
	entries = entries_of(options, err);
	return entries ? attest_log_append(options->log.log, keeper, entries, err) : -1;
}

static int print_key(const struct options *options, const struct attest_log_keeper *keeper,
		     struct err *err)
{
	cleanup_free char *text = attest_log_key(keeper, options->of_witness, err);

	if (!text)
		return -1;
	puts(text);
	return command_flush(err);
}

static int witness(const struct options *options, const struct attest_log_keeper *keeper,
		   struct err *err)
{
	if (need(options, options->log.log, "log", err) < 0 ||
	    need(options, options->log.key, "log-key", err) < 0 ||
	    need(options, options->state, "state", err) < 0)
		return -1;
	return attest_log_witness(options->log.log, options->log.key, options->state, keeper, err);
}

static int with_key(const char *what, const struct options *options, struct err *err)
{
	struct attest_log_keeper keeper;
	char *passphrase = NULL;
	size_t size = 0;
	int result = keeper_of(options, &keeper, &passphrase, &size, err);

	if (result == 0 && strcmp(what, "append") == 0)
		result = append(options, &keeper, err);
	else if (result == 0 && strcmp(what, "key") == 0)
		result = print_key(options, &keeper, err);
	else if (result == 0)
		result = witness(options, &keeper, err);
	wipe(passphrase, size);
	return result;
}

static void print_entry(const json_t *entry, size_t i)
{
	const char *type = json_string_value(json_object_get(entry, "type"));

	printf("%6zu  ", i);
	command_print_text(type);
	putchar(' ');
	if (type && strcmp(type, "release") == 0) {
		command_print_text(json_string_value(json_object_get(entry, "name")));
		putchar(' ');
		command_print_text(json_string_value(json_object_get(entry, "version")));
		printf(" (security %" JSON_INTEGER_FORMAT ")\n",
		       json_integer_value(json_object_get(entry, "security")));
	} else {
		printf("of %" JSON_INTEGER_FORMAT ": ",
		       json_integer_value(json_object_get(entry, "entry")));
		command_print_text(json_string_value(json_object_get(entry, "reason")));
		putchar('\n');
	}
}

static int print_entries(struct attest_log *log, bool as_json, struct err *err)
{
	cleanup_json json_t *entries = attest_log_entries(log, err);
	const json_t *entry;
	size_t i;

	if (!entries)
		return -1;
	if (as_json)
		return command_print_json(entries, err);
	json_array_foreach(entries, i, entry) print_entry(entry, i);
	printf("%zu entries, all as signed\n", json_array_size(entries));
	return command_flush(err);
}

static json_t *check_consistency(const char *text, size_t size, const char *path,
				 const struct attest_log_trust *trust, struct err *err)
{
	struct attest_file older = {.path = path};
	cleanup_free char *data = NULL;

	if (command_need(path, "log", "from", err) < 0)
		return NULL;
	older.data = data = read_small_file(path, NOTE_SIZE_MAX, &older.size, err);
	return data ? attest_log_prove_from_check(text, size, &older, trust, err) : NULL;
}

/* A proof of an entry, or one that the log continues a checkpoint. */
static int check_proof(const struct options *options, const struct attest_log_trust *trust,
		       struct err *err)
{
	size_t size = 0;
	cleanup_free char *text = read_small_file(options->log.log, PROOF_SIZE_MAX, &size, err);
	cleanup_json json_t *said = NULL;

	if (!text)
		return -1;
	if (options->seen)
		return err_set(err, EXIT_USAGE, "ATTEST-USAGE",
			       "%s: with --seen a log's folder expected, found a file",
			       options->log.log);
	if (strncmp(text, "old ", 4) == 0)
		said = check_consistency(text, size, options->from, trust, err);
	else if (!options->from)
		said = attest_log_prove_check(text, size, trust, err);
	else
		return err_set(err, EXIT_USAGE, "ATTEST-USAGE",
			       "%s: a log, or a proof that it continues the checkpoint of --from, "
			       "expected, found another",
			       options->log.log);
	return said ? command_print_json(said, err) : -1;
}

static void cleanup_log_at(struct attest_log **log)
{
	attest_log_close(*log);
}

static void cleanup_seen_at(struct attest_log_seen **seen)
{
	attest_log_seen_close(*seen);
}

static int check(const struct options *options, const struct attest_log_trust *trust,
		 struct err *err)
{
	cleanup_with(cleanup_seen_at) struct attest_log_seen *seen = NULL;
	cleanup_with(cleanup_log_at) struct attest_log *log = NULL;
	cleanup_free char *older = NULL;
	size_t size = 0;

	/* First: else another reader could see a longer log than the one that was read here. */
	if (options->seen && !(seen = attest_log_seen_open(options->seen, err)))
		return -1;
	log = attest_log_open(options->log.log, trust, err);
	if (!log)
		return -1;
	if (options->from) {
		older = read_small_file(options->from, NOTE_SIZE_MAX, &size, err);
		if (!older || attest_log_continues(log, older, size, err) < 0)
			return -1;
	}
	if (seen && (attest_log_seen_check(seen, log, err) < 0 ||
		     command_keep_seen(seen, options->seen, err) < 0))
		return -1;
	return print_entries(log, options->json, err);
}

static int prove(const struct options *options, const struct attest_log_trust *trust,
		 struct err *err)
{
	cleanup_with(cleanup_log_at) struct attest_log *log = NULL;
	cleanup_free char *older = NULL;
	cleanup_free char *proof = NULL;
	int64_t index = 0;
	size_t size = 0;

	if (!options->index == !options->from)
		return err_set(err, EXIT_USAGE, "ATTEST-USAGE",
			       "log prove: either --index or --from expected, found %s",
			       options->index ? "both" : "neither");
	log = attest_log_open(options->log.log, trust, err);
	if (!log)
		return -1;
	if (options->from) {
		older = read_small_file(options->from, NOTE_SIZE_MAX, &size, err);
		proof = older ? attest_log_prove_from(log, older, size, err) : NULL;
	} else if (command_number("index", options->index, AGE_MOST, &index, err) == 0) {
		proof = attest_log_prove(log, (uint64_t)index, err);
	}
	if (!proof)
		return -1;
	fputs(proof, stdout);
	return command_flush(err);
}

static int read_log(const char *what, const struct options *options, struct err *err)
{
	struct attest_log_trust trust;

	if (need(options, options->log.log, "log", err) < 0 ||
	    need(options, options->log.key, "log-key", err) < 0 ||
	    command_log_trust(&options->log, options->now, &trust, err) < 0)
		return -1;
	if (strcmp(what, "prove") == 0)
		return prove(options, &trust, err);
	if (!command_log_is_folder(options->log.log))
		return check_proof(options, &trust, err);
	return check(options, &trust, err);
}

int cmd_log(int argc, char **argv, struct err *err)
{
	struct options options = {0};
	const char *what;

	if (parse_options(&options, argc, argv, err) < 0)
		return -1;
	if (options.help) {
		fputs(help, stdout);
		return command_flush(err);
	}
	what = argv[optind];
	if (strcmp(what, "append") == 0 || strcmp(what, "key") == 0 || strcmp(what, "witness") == 0)
		return with_key(what, &options, err);
	return read_log(what, &options, err);
}
