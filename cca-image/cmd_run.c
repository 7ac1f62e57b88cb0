/*
 * realm run: the command line that leads to a predicted RIM. Only prints it: there is no RMM here
 * to run it under.
 */
#include "parts.h"

#include <sys/stat.h>

static const char help[] =
	"usage: realm run --print --layout FILE --kernel FILE --initrd FILE --memory SIZE --cpus "
	"N\n"
	"                 [OPTION]...\n"
	"Prints the VMM's command line, seeds off, and behind it the RIM that it leads to.\n"
	"\n" PARTS_HELP "  --rmm VERSION       1.0 or 2.0\n"
	"  --hash HASH         sha-256, sha-384 or sha-512\n" COMMAND_HOST_HELP
	"  --print             needed: nothing is started\n"
	"  --help              this text\n"
	"\n"
	"What a layout calls {tree} is the file of --tree; realm tree writes it. What no command line\n"
	"here can say is refused: --ipa-bits, --lpa2, --sve-vl, --pmu-counters.\n";

enum option_id { OPT_RMM = 256, OPT_HASH, OPT_PRINT, OPT_HELP };

static const struct option long_options[] = {
	PARTS_OPTIONS,
	COMMAND_HOST_OPTIONS,
	{"rmm", required_argument, NULL, OPT_RMM},
	{"hash", required_argument, NULL, OPT_HASH},
	{"print", no_argument, NULL, OPT_PRINT},
	{"help", no_argument, NULL, OPT_HELP},
	{NULL, 0, NULL, 0},
};

struct options {
	struct parts_options of;
	struct realm_host host;
	const char *rmm, *hash;
	bool print;
	bool help;
};

static int set_option(struct options *options, int opt, char **argv, struct err *err)
{
	int taken = parts_option(&options->of, opt, optarg, err);

	if (taken == 0)
		taken = command_host_option(&options->host, opt, optarg, err);
	if (taken != 0)
		return taken < 0 ? -1 : 0;
	switch (opt) {
	case OPT_RMM:
		return command_set_once(&options->rmm, "rmm", optarg, err);
	case OPT_HASH:
		return command_set_once(&options->hash, "hash", optarg, err);
	case OPT_PRINT:
		options->print = true;
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
	while ((opt = getopt_long(argc, argv, ":", long_options, NULL)) != -1)
		if (set_option(options, opt, argv, err) < 0)
			return -1;
	if (options->help)
		return 0;
	if (optind < argc)
		return command_usage(argv, "options only", argv[optind], err);
	if (!options->print)
		return command_usage(argv, "--print", "none", err);
	if (!options->rmm || !options->hash)
		return command_usage(argv, "--rmm and --hash", "not both", err);
	if (!options->of.parts.kernel || !options->of.parts.initrd)
		return command_usage(argv, "--kernel and --initrd", "not both", err);
	if (options->host.ipa_bits || options->host.flags || options->host.sve_vl ||
	    options->host.pmu_counters)
		return command_usage(argv, "what the VMM's command line can say",
				     "--ipa-bits, --lpa2, --sve-vl or --pmu-counters", err);
	return parts_check(&options->of, argv, true, err);
}

/* A word of a shell's command line. */
static void print_quoted(const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "_./=,:+-@%";

	if (*text && strspn(text, plain) == strlen(text)) {
		fputs(text, stdout);
		return;
	}
	putchar('\'');
	for (; *text; text++) {
		if (*text == '\'')
			fputs("'\\''", stdout);
		else
			putchar(*text);
	}
	putchar('\'');
}

/* What a placeholder stands for; NULL: it is none, or there is nothing of it. */
static const char *meaning(const struct options *options, const char *name, size_t length,
			   char number[24])
{
	const struct realm_parts *parts = &options->of.parts;
	char hash[16];
	const struct {
		const char *name, *value;
	} words[] = {
		{"kernel", parts->kernel},
		{"initrd", parts->initrd},
		{"tree", parts->tree},
		{"cmdline", parts->cmdline ? parts->cmdline : ""},
	};
	const struct {
		const char *name;
		uint64_t value;
	} numbers[] = {
		{"cpus", options->of.cpus[0]},
		{"memory_mib", options->of.memory[0] >> 20},
		{"breakpoints", options->host.breakpoints},
		{"watchpoints", options->host.watchpoints},
	};

	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i].name) == length && strncmp(words[i].name, name, length) == 0)
			return words[i].value;
	for (unsigned i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (strlen(numbers[i].name) != length || strncmp(numbers[i].name, name, length) != 0)
			continue;
		snprintf(number, 24, "%llu", (unsigned long long)numbers[i].value);
		return number;
	}
	if (length == 4 && strncmp(name, "hash", 4) == 0) {
		snprintf(hash, sizeof(hash), "%s", options->hash);
		snprintf(number, 24, "sha%s", hash + strlen("sha-"));
		return number;
	}
	return NULL;
}

/* One word of the layout's command, with its placeholders filled in. */
static int print_word(const struct options *options, const char *word, size_t length,
		      struct err *err)
{
	char text[4096];
	size_t used = 0;

	for (size_t i = 0; i < length;) {
		const char *close = word[i] == '{' ? memchr(word + i, '}', length - i) : NULL;
		char number[24];
		const char *value;
		size_t size;

		if (!close) {
			text[used++] = word[i++];
		} else {
			value = meaning(options, word + i + 1, (size_t)(close - word) - i - 1,
					number);
			if (!value)
				return err_set(err, EXIT_USAGE, "REALM-USAGE",
					       "run: --tree and the like for %.*s expected, found "
					       "none",
					       (int)length, word);
			size = strlen(value);
			if (size >= sizeof(text) - used - 1)
				return err_set(err, EXIT_USAGE, "REALM-USAGE",
					       "run: a shorter word expected");
			memcpy(text + used, value, size);
			used += size;
			i = (size_t)(close - word) + 1;
		}
		if (used >= sizeof(text) - 1)
			return err_set(err, EXIT_USAGE, "REALM-USAGE",
				       "run: a shorter word expected");
	}
	text[used] = '\0';
	print_quoted(text);
	return 0;
}

static int print_command(const struct options *options, const char *command, struct err *err)
{
	while (*command) {
		size_t length = strcspn(command, " ");

		if (print_word(options, command, length, err) < 0)
			return -1;
		command += length;
		command += strspn(command, " ");
		putchar(*command ? ' ' : '\n');
	}
	return 0;
}

/* QEMU loads a tree as long as its file is; the RIM has it with the zeros that realm tree puts behind it. */
static int check_tree(const struct options *options, const struct realm_layout *layout,
		      const struct realm_plan *plan, struct err *err)
{
	const char *path = options->of.parts.tree;
	struct stat st;

	if (!path || strcmp(realm_layout_get(layout, "vmm"), "qemu") != 0)
		return 0;
	if (stat(path, &st) < 0)
		return err_errno(err, "REALM-TREE", "%s", path);
	if ((uint64_t)st.st_size != plan->tree_size)
		return err_set(err, EXIT_USAGE, "REALM-TREE",
			       "%s: %llu bytes expected, with zeros behind the tree as realm tree "
			       "writes it, found %llu",
			       path, (unsigned long long)plan->tree_size,
			       (unsigned long long)st.st_size);
	return 0;
}

static int print_run(const struct options *options, struct err *err)
{
	const struct realm_layout *layout = options->of.layouts[0];
	const char *command = realm_layout_get(layout, "command");
	cleanup_with(realm_plan_clear) struct realm_plan plan = REALM_PLAN_INIT;
	struct realm_parts parts =
		parts_with(&options->of, options->of.memory[0], options->of.cpus[0]);
	unsigned char rim[HASH_MAX_SIZE];
	enum hash_algorithm hash;
	enum realm_rmm rmm;
	char hex[HASH_MAX_HEX];

	if (!realm_rmm_parse(options->rmm, &rmm) || !realm_hash_parse(options->hash, &hash))
		return err_set(err, EXIT_USAGE, "REALM-USAGE",
			       "run: --rmm 1.0 or 2.0, --hash sha-256, sha-384 or sha-512 "
			       "expected, found %s and %s",
			       options->rmm, options->hash);
	if (!command)
		return err_set(err, EXIT_USAGE, "REALM-USAGE",
			       "run: a layout with a command expected, found %s, which has none",
			       realm_layout_get(layout, "name"));
	if (realm_plan(layout, &parts, &options->host, hash, &plan, err) < 0 ||
	    check_tree(options, layout, &plan, err) < 0 ||
	    realm_measure(layout, &parts, &plan, rmm, NULL, rim, err) < 0 ||
	    print_command(options, command, err) < 0)
		return -1;
	if (!strstr(command, "{breakpoints}"))
		printf("# on a processor with %llu breakpoints and %llu watchpoints\n",
		       (unsigned long long)options->host.breakpoints,
		       (unsigned long long)options->host.watchpoints);
	hash_hex(rim, hash_size(hash), hex);
	printf("# RIM under RMM %s: %s\n", realm_rmm_name(rmm), hex);
	return command_flush(err);
}

int cmd_run(int argc, char **argv, struct err *err)
{
	struct options options = {.host = COMMAND_HOST_INIT};
	int status = parse_options(&options, argc, argv, err);

	if (status == 0)
		status = options.help ? command_help(help, err) : print_run(&options, err);
	parts_close(&options.of);
	return status;
}
