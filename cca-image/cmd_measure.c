/*
 * realm measure: the RIMs of an image, or of parts under layouts, for all conditions that were
 * asked for. Writes nothing but what it prints, and a log.
 */
#include "log.h"
#include "parts.h"

static const char help[] =
	"usage: realm measure FILE.igvm [OPTION]...\n"
	"       realm measure --layout FILE... --memory SIZE,... --cpus N,... [OPTION]...\n"
	"Prints the RIM of a realm under each combination of what is given.\n"
	"\n"
	"  --layout FILE       a VMM's layout (several: each of them)\n" PARTS_HELP
	"  --memory SIZE,...   of the realm: 512M,2G\n"
	"  --cpus N,...        virtual processors\n"
	"  --rmm VERSION,...   1.0, 2.0 (default: those of the layout; both for an image)\n"
	"  --hash HASH,...     sha-256, sha-384, sha-512 (default: those of the layout, the\n"
	"                      one of the image's policy)\n" COMMAND_HOST_HELP
	"  --ripas-block SIZE  of an image under RMM 1.0: entries of the translation table at most\n"
	"                      that large, 4K, 2M, 1G or 512G (default: 512G)\n"
	"  --ripas-last        of an image: RIPAS behind everything else\n"
	"  --log FILE          every operation, as a trace for realm replay\n"
	"  --events FILE       the same, as lines of words\n"
	"  --json              with all conditions\n"
	"  --help              this text\n"
	"\n"
	"Breakpoints, watchpoints, SVE and the like are the host's: a token's RIM is another one\n"
	"when they are not as given here.\n";

enum option_id {
	OPT_RMM = 256,
	OPT_HASH,
	OPT_RIPAS_BLOCK,
	OPT_RIPAS_LAST,
	OPT_LOG,
	OPT_EVENTS,
	OPT_JSON,
	OPT_HELP
};

static const struct option long_options[] = {
	PARTS_OPTIONS,
	COMMAND_HOST_OPTIONS,
	{"rmm", required_argument, NULL, OPT_RMM},
	{"hash", required_argument, NULL, OPT_HASH},
	{"ripas-block", required_argument, NULL, OPT_RIPAS_BLOCK},
	{"ripas-last", no_argument, NULL, OPT_RIPAS_LAST},
	{"log", required_argument, NULL, OPT_LOG},
	{"events", required_argument, NULL, OPT_EVENTS},
	{"json", no_argument, NULL, OPT_JSON},
	{"help", no_argument, NULL, OPT_HELP},
	{NULL, 0, NULL, 0},
};

enum { HASHES = 3, RMMS = 2 };

struct options {
	struct parts_options of;
	struct realm_host host;
	bool rmms[RMMS], hashes[HASHES];
	bool any_rmm, any_hash;
	uint64_t ripas_block;
	bool ripas_last;
	const char *log, *events;
	bool json;
	bool help;
	const char *image;
};

struct report {
	const struct options *options;
	json_t *list; /* NULL: lines */
	size_t count;
};

static int add_rmms(struct options *options, char *text, struct err *err)
{
	char *words[RMMS];
	enum realm_rmm rmm;
	size_t count;

	if (command_words("rmm", text, words, RMMS, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (!realm_rmm_parse(words[i], &rmm))
			return err_set(err, EXIT_USAGE, "REALM-USAGE",
				       "--rmm: 1.0 or 2.0 expected, found %s", words[i]);
		options->rmms[rmm] = options->any_rmm = true;
	}
	return 0;
}

static int add_hashes(struct options *options, char *text, struct err *err)
{
	char *words[HASHES];
	enum hash_algorithm hash;
	size_t count;

	if (command_words("hash", text, words, HASHES, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (!realm_hash_parse(words[i], &hash))
			return err_set(err, EXIT_USAGE, "REALM-USAGE",
				       "--hash: sha-256, sha-384 or sha-512 expected, found %s",
				       words[i]);
		options->hashes[hash] = options->any_hash = true;
	}
	return 0;
}

static int set_option(struct options *options, int opt, char **argv, struct err *err)
{
	int taken = parts_option(&options->of, opt, optarg, err);

	if (taken == 0)
		taken = command_host_option(&options->host, opt, optarg, err);
	if (taken != 0)
		return taken < 0 ? -1 : 0;
	switch (opt) {
	case OPT_RMM:
		return add_rmms(options, optarg, err);
	case OPT_HASH:
		return add_hashes(options, optarg, err);
	case OPT_RIPAS_BLOCK:
		return command_number("ripas-block", optarg, REALM_PAGE, REALM_ENTRY_MAX,
				      &options->ripas_block, err);
	case OPT_RIPAS_LAST:
		options->ripas_last = true;
		return 0;
	case OPT_LOG:
		return command_set_once(&options->log, "log", optarg, err);
	case OPT_EVENTS:
		return command_set_once(&options->events, "events", optarg, err);
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

static int check_options(const struct options *options, char **argv, struct err *err)
{
	const struct parts_options *of = &options->of;

	if (!rim_entry_size(options->ripas_block))
		return command_usage(argv, "4K, 2M, 1G or 512G for --ripas-block", "another", err);
	if (!options->image && (options->ripas_last || options->ripas_block != REALM_ENTRY_MAX))
		return command_usage(argv, "an image with --ripas-block, --ripas-last", "none",
				     err);
	if (!options->image)
		return parts_check(of, argv, false, err);
	if (of->layout_count || of->memory_count || of->cpu_count || of->parts.kernel ||
	    of->parts.initrd || of->parts.tree || of->parts.cmdline)
		return command_usage(argv, "an image, or layout and parts", "both", err);
	return 0;
}

static int parse_options(struct options *options, int argc, char **argv, struct err *err)
{
	int opt;

	opterr = 0;
	while ((opt = getopt_long(argc, argv, ":", long_options, NULL)) != -1)
		if (set_option(options, opt, argv, err) < 0)
			return -1;
	if (options->help)
		return 0;
	if (argc - optind > 1)
		return command_usage(argv, "one image at most", "more", err);
	options->image = argv[optind];
	return check_options(options, argv, err);
}

/* One measurement that was made: its conditions and its value. */
struct result {
	const char *layout, *vmm;
	enum realm_rmm rmm;
	const struct realm_params *params;
	uint64_t memory, cpus;		    /* 0 for an image */
	const struct igvm_loading *loading; /* NULL but for an image */
	const unsigned char *rim;
};

/* How RIPAS is set, as far as it is not as usual: realm verify needs to know. */
static void add_ripas(json_t *json, const struct igvm_loading *loading)
{
	if (loading->ripas_block != REALM_ENTRY_MAX)
		json_object_set_new(json, "ripas_block",
				    json_integer((json_int_t)loading->ripas_block));
	if (loading->ripas_last)
		json_object_set_new(json, "ripas_last", json_true());
}

static int add_json(json_t *list, const struct result *result, const char *hex, struct err *err)
{
	json_t *json = json_pack("{s:s, s:s, s:s, s:s}", "layout", result->layout, "vmm",
				 result->vmm, "rmm", realm_rmm_name(result->rmm), "hash",
				 realm_hash_name(result->params->hash));

	if (result->cpus)
		json_object_set_new(json, "cpus", json_integer((json_int_t)result->cpus));
	if (result->memory)
		json_object_set_new(json, "memory", json_integer((json_int_t)result->memory));
	json_object_set_new(json, "params", realm_params_json(result->params));
	if (result->loading)
		add_ripas(json, result->loading);
	if (json_object_set_new(json, "rim", json_string(hex)) < 0 ||
	    json_array_append_new(list, json) < 0)
		return err_errno(err, "MEMORY", "measurements");
	return 0;
}

static int tell(struct report *report, const struct result *result, struct err *err)
{
	char hex[HASH_MAX_HEX];

	hash_hex(result->rim, hash_size(result->params->hash), hex);
	if (++report->count > REALM_MAX_MATRIX)
		return err_set(err, EXIT_USAGE, "REALM-USAGE",
			       "measure: at most %d combinations expected, found more",
			       REALM_MAX_MATRIX);
	if (report->list)
		return add_json(report->list, result, hex, err);
	printf("%-14s  RMM %s  %s", result->layout, realm_rmm_name(result->rmm),
	       realm_hash_name(result->params->hash));
	if (result->cpus)
		printf("  %3llu CPU  %6llu MiB", (unsigned long long)result->cpus,
		       (unsigned long long)(result->memory >> 20));
	printf("  %s\n", hex);
	return 0;
}

/* Both logs see the same events. */
struct logs {
	struct log log, events;
	const struct options *options;
};

static int log_both(void *context, const struct realm_event *event, const struct realm_rim *rim,
		    struct err *err)
{
	struct logs *logs = context;

	if (logs->options->log && log_event(&logs->log, event, rim, err) < 0)
		return -1;
	return logs->options->events ? log_event(&logs->events, event, rim, err) : 0;
}

static int open_logs(struct logs *logs, const struct options *options, size_t before,
		     enum realm_rmm rmm, const struct realm_params *params, struct err *err)
{
	logs->options = options;
	if ((options->log || options->events) && before > 0)
		return err_set(err, EXIT_USAGE, "REALM-USAGE",
			       "--log, --events: one combination expected, found more");
	if (options->log && log_open(&logs->log, options->log, LOG_TRACE, rmm, params, err) < 0)
		return -1;
	return options->events
		       ? log_open(&logs->events, options->events, LOG_LINES, rmm, params, err)
		       : 0;
}

static int commit_logs(struct logs *logs, const struct result *result, struct err *err)
{
	size_t size = hash_size(result->params->hash);

	if (logs->options->log && log_commit(&logs->log, result->rmm, result->rim, size, err) < 0)
		return -1;
	return logs->options->events
		       ? log_commit(&logs->events, result->rmm, result->rim, size, err)
		       : 0;
}

static void close_logs(struct logs *logs)
{
	log_close(&logs->log);
	log_close(&logs->events);
}

static int measure_parts(const struct options *options, const struct realm_layout *layout,
			 const struct realm_parts *parts, enum realm_rmm rmm,
			 enum hash_algorithm hash, struct report *report, struct err *err)
{
	cleanup_with(close_logs) struct logs logs = {.log = LOG_INIT, .events = LOG_INIT};
	cleanup_with(realm_plan_clear) struct realm_plan plan = REALM_PLAN_INIT;
	const struct realm_watcher watcher = {log_both, &logs};
	unsigned char rim[HASH_MAX_SIZE];
	struct result result = {
		.layout = realm_layout_get(layout, "name"),
		.vmm = realm_layout_get(layout, "vmm"),
		.rmm = rmm,
		.params = &plan.params,
		.memory = parts->memory,
		.cpus = parts->cpus,
		.rim = rim,
	};

	if (realm_plan(layout, parts, &options->host, hash, &plan, err) < 0 ||
	    open_logs(&logs, options, report->count, rmm, &plan.params, err) < 0 ||
	    realm_measure(layout, parts, &plan, rmm, &watcher, rim, err) < 0 ||
	    commit_logs(&logs, &result, err) < 0)
		return -1;
	return tell(report, &result, err);
}

/* Whether a combination was asked for, by name or by saying nothing. */
static bool wants(const struct options *options, enum realm_rmm rmm, enum hash_algorithm hash)
{
	return (!options->any_rmm || options->rmms[rmm]) &&
	       (!options->any_hash || options->hashes[hash]);
}

static int measure_sizes(const struct options *options, const struct realm_layout *layout,
			 enum realm_rmm rmm, enum hash_algorithm hash, struct report *report,
			 struct err *err)
{
	const struct parts_options *of = &options->of;

	for (size_t i = 0; i < of->memory_count * of->cpu_count; i++) {
		struct realm_parts parts =
			parts_with(of, of->memory[i / of->cpu_count], of->cpus[i % of->cpu_count]);

		if (measure_parts(options, layout, &parts, rmm, hash, report, err) < 0)
			return -1;
	}
	return 0;
}

/* What nobody asked for by both names is left out when it cannot be; something must be left. */
static int measure_layout(const struct options *options, const struct realm_layout *layout,
			  struct report *report, struct err *err)
{
	size_t before = report->count;
	struct err reason = {0};

	for (unsigned i = 0; i < RMMS * HASHES; i++) {
		enum realm_rmm rmm = (enum realm_rmm)(i / HASHES);
		enum hash_algorithm hash = (enum hash_algorithm)(i % HASHES);

		if (!wants(options, rmm, hash))
			continue;
		if (realm_layout_allows(layout, rmm, hash, &reason) == 0) {
			if (measure_sizes(options, layout, rmm, hash, report, err) < 0)
				return -1;
		} else if (options->any_rmm && options->any_hash) {
			*err = reason;
			return -1;
		}
	}
	if (report->count == before && reason.status) {
		*err = reason;
		return -1;
	}
	return 0;
}

static struct realm_params params_of(const struct realm_host *host, enum hash_algorithm hash)
{
	return (struct realm_params){
		.flags = host->flags,
		.s2sz = (uint8_t)(host->ipa_bits ? host->ipa_bits : 48),
		.sve_vl = (uint8_t)host->sve_vl,
		.num_bps = (uint8_t)(host->breakpoints - 1),
		.num_wps = (uint8_t)(host->watchpoints - 1),
		.pmu_num_ctrs = (uint8_t)host->pmu_counters,
		.hash = hash,
	};
}

static int measure_image(const struct options *options, int fd, enum realm_rmm rmm,
			 enum hash_algorithm hash, struct report *report, struct err *err)
{
	cleanup_with(close_logs) struct logs logs = {.log = LOG_INIT, .events = LOG_INIT};
	const struct realm_watcher watcher = {log_both, &logs};
	const struct igvm_loading loading = {
		.rmm = rmm,
		.params = params_of(&options->host, hash),
		.ripas_block = options->ripas_block,
		.ripas_last = options->ripas_last,
	};
	unsigned char rim[HASH_MAX_SIZE];
	struct result result = {
		.layout = "igvm",
		.vmm = "igvm",
		.rmm = rmm,
		.params = &loading.params,
		.loading = &loading,
		.rim = rim,
	};

	if (open_logs(&logs, options, report->count, rmm, &loading.params, err) < 0 ||
	    igvm_measure(fd, options->image, &loading, &watcher, rim, err) < 0 ||
	    commit_logs(&logs, &result, err) < 0)
		return -1;
	return tell(report, &result, err);
}

/* The policy's hash, unless another was asked for. */
static int measure_images(const struct options *options, struct report *report, struct err *err)
{
	cleanup_close int fd = command_open(options->image, err);
	enum hash_algorithm policy = HASH_SHA256;
	struct igvm_image image;

	if (fd < 0 || igvm_read(fd, options->image, NULL, &image, err) < 0)
		return -1;
	realm_hash_of_number(image.policy.hash, &policy);
	for (unsigned i = 0; i < RMMS * HASHES; i++) {
		enum realm_rmm rmm = (enum realm_rmm)(i / HASHES);
		enum hash_algorithm hash = (enum hash_algorithm)(i % HASHES);
		bool none = rmm == REALM_RMM_1 && hash == HASH_SHA384;

		if (options->any_rmm ? !options->rmms[rmm] : none)
			continue;
		if (options->any_hash ? !options->hashes[hash] : hash != policy)
			continue;
		if (none && !options->any_rmm)
			continue;
		if (measure_image(options, fd, rmm, hash, report, err) < 0)
			return -1;
	}
	return 0;
}

static int print_report(struct report *report, struct err *err)
{
	cleanup_json json_t *json = NULL;
	const json_t *only = json_array_get(report->list, 0);

	if (!report->list)
		return command_flush(err);
	json = json_pack("{s:O}", "measurements", report->list);
	if (report->count == 1)
		json_object_set(json, "rim", json_object_get(only, "rim"));
	return json ? command_print_json(json, err) : err_errno(err, "MEMORY", "measurements");
}

static int measure(const struct options *options, struct err *err)
{
	cleanup_json json_t *list = options->json ? json_array() : NULL;
	struct report report = {.options = options, .list = list};

	if (options->image && measure_images(options, &report, err) < 0)
		return -1;
	for (size_t i = 0; i < options->of.layout_count; i++)
		if (measure_layout(options, options->of.layouts[i], &report, err) < 0)
			return -1;
	if (report.count == 0)
		return err_set(err, EXIT_USAGE, "REALM-USAGE",
			       "measure: RMM and hash that go together expected, found none");
	return print_report(&report, err);
}

int cmd_measure(int argc, char **argv, struct err *err)
{
	struct options options = {.host = COMMAND_HOST_INIT, .ripas_block = REALM_ENTRY_MAX};
	int status = parse_options(&options, argc, argv, err);

	if (status == 0)
		status = options.help ? command_help(help, err) : measure(&options, err);
	parts_close(&options.of);
	return status;
}
