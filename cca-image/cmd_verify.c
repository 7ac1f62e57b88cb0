/*
 * realm verify: an image strictly, and against measurements that were published: each of them is
 * made again under its own conditions. Never believes what it compares with.
 */
#include "command.h"

static const char help[] =
	"usage: realm verify FILE.igvm [--measurements FILE.json] [--json]\n"
	"Checks an image strictly. With published measurements (of realm measure --json, or a\n"
	"measurements.json that has them) those of images are made again and compared.\n"
	"\n"
	"  --measurements FILE  what was published\n"
	"  --json               what was compared\n"
	"  --help               this text\n";

enum option_id { OPT_MEASUREMENTS = 256, OPT_JSON, OPT_HELP };

enum { MAX_PUBLISHED = 16 << 20 };

static const struct option long_options[] = {
	{"measurements", required_argument, NULL, OPT_MEASUREMENTS},
	{"json", no_argument, NULL, OPT_JSON},
	{"help", no_argument, NULL, OPT_HELP},
	{NULL, 0, NULL, 0},
};

struct options {
	const char *image, *measurements;
	bool json;
};

static int malformed(const struct options *options, size_t index, const char *expected,
		     struct err *err)
{
	return err_set(err, EXIT_MALFORMED, "REALM-MEASUREMENTS",
		       "%s: measurement %zu: %s expected, found none", options->measurements, index,
		       expected);
}

static bool take_number(const json_t *params, const char *key, uint8_t *value)
{
	const json_t *member = json_object_get(params, key);

	if (!json_is_integer(member) || json_integer_value(member) < 0 ||
	    json_integer_value(member) > UINT8_MAX)
		return false;
	*value = (uint8_t)json_integer_value(member);
	return true;
}

static bool take_params(const json_t *json, struct realm_params *params)
{
	const char *flags = json_string_value(json_object_get(json, "flags"));
	char *end;

	if (!flags || strncmp(flags, "0x", 2) != 0 || !flags[2])
		return false;
	params->flags = strtoull(flags + 2, &end, 16);
	return !*end && take_number(json, "s2sz", &params->s2sz) &&
	       take_number(json, "sve_vl", &params->sve_vl) &&
	       take_number(json, "num_bps", &params->num_bps) &&
	       take_number(json, "num_wps", &params->num_wps) &&
	       take_number(json, "pmu_num_ctrs", &params->pmu_num_ctrs);
}

/* Both are there only when they are not as usual. */
static bool take_ripas(const json_t *entry, struct igvm_loading *loading)
{
	const json_t *block = json_object_get(entry, "ripas_block");
	const json_t *last = json_object_get(entry, "ripas_last");

	if (block)
		loading->ripas_block = (uint64_t)json_integer_value(block);
	loading->ripas_last = json_is_true(last);
	return rim_entry_size(loading->ripas_block) && (!last || json_is_boolean(last));
}

/* One measurement as realm measure --json has it, or a measurements.json, which says "RIM". */
static int compare(const struct options *options, int fd, const json_t *entry, size_t index,
		   struct err *err)
{
	const char *rmm = json_string_value(json_object_get(entry, "rmm"));
	const char *hash = json_string_value(json_object_get(entry, "hash"));
	const char *published = json_string_value(json_object_get(entry, "RIM"));
	struct igvm_loading loading = {.ripas_block = REALM_ENTRY_MAX};
	unsigned char rim[HASH_MAX_SIZE];
	char hex[HASH_MAX_HEX];

	if (!published)
		published = json_string_value(json_object_get(entry, "rim"));
	if (!rmm || !realm_rmm_parse(rmm, &loading.rmm))
		return malformed(options, index, "rmm", err);
	if (!hash || !realm_hash_parse(hash, &loading.params.hash))
		return malformed(options, index, "hash", err);
	if (!published)
		return malformed(options, index, "rim", err);
	if (!take_params(json_object_get(entry, "params"), &loading.params))
		return malformed(options, index, "params", err);
	if (!take_ripas(entry, &loading))
		return malformed(options, index,
				 "ripas_block of 4K, 2M, 1G or 512G in bytes, ripas_last of true or "
				 "false",
				 err);
	if (igvm_measure(fd, options->image, &loading, NULL, rim, err) < 0)
		return -1;
	hash_hex(rim, hash_size(loading.params.hash), hex);
	if (strcmp(hex, published) != 0)
		return err_set(err, EXIT_VERIFY, "REALM-RIM",
			       "%s: RIM under RMM %s with %s: %.128s expected, found %s",
			       options->image, rmm, hash, published, hex);
	return 0;
}

static int compare_all(const struct options *options, int fd, const json_t *list, size_t *compared,
		       struct err *err)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *entry = json_array_get(list, i);
		const char *vmm = json_string_value(json_object_get(entry, "vmm"));

		if (!vmm)
			return malformed(options, i, "vmm", err);
		if (strcmp(vmm, "igvm") != 0)
			continue;
		if (compare(options, fd, entry, i, err) < 0)
			return -1;
		(*compared)++;
	}
	return 0;
}

static int compare_published(const struct options *options, int fd, size_t *compared,
			     struct err *err)
{
	cleanup_free char *text = NULL;
	cleanup_json json_t *json = NULL;
	const json_t *list;
	json_error_t reason;
	size_t size;

	text = read_small_file(options->measurements, MAX_PUBLISHED, &size, err);
	if (!text)
		return -1;
	json = json_loadb(text, size, JSON_REJECT_DUPLICATES, &reason);
	if (!json)
		return err_set(err, EXIT_MALFORMED, "REALM-MEASUREMENTS",
			       "%s: line %d: JSON expected: %s", options->measurements, reason.line,
			       reason.text);
	list = json_object_get(json, "measurements");
	if (!list)
		list = json_object_get(json, "ImageMeasurements");
	if (!json_is_array(list))
		return err_set(err, EXIT_MALFORMED, "REALM-MEASUREMENTS",
			       "%s: an array of measurements expected, found none",
			       options->measurements);
	if (compare_all(options, fd, list, compared, err) < 0)
		return -1;
	if (*compared == 0)
		return err_set(err, EXIT_VERIFY, "REALM-RIM",
			       "%s: a measurement of an image expected, found none",
			       options->measurements);
	return 0;
}

static int verify(const struct options *options, struct err *err)
{
	cleanup_close int fd = command_open(options->image, err);
	cleanup_json json_t *json = NULL;
	struct igvm_image image;
	size_t compared = 0;

	if (fd < 0 || igvm_read(fd, options->image, NULL, &image, err) < 0 ||
	    (options->json && igvm_digest(fd, options->image, &image, err) < 0))
		return -1;
	if (options->measurements && compare_published(options, fd, &compared, err) < 0)
		return -1;
	if (options->json) {
		json = json_pack("{s:b, s:I, s:o*}", "Sound", 1, "Compared", (json_int_t)compared,
				 "Description", igvm_describe(&image, err));
		return json ? command_print_json(json, err) : -1;
	}
	printf("%s: sound, %zu measurements compared\n", options->image, compared);
	return command_flush(err);
}

int cmd_verify(int argc, char **argv, struct err *err)
{
	struct options options = {.json = false};
	int opt;

	opterr = 0;
	while ((opt = getopt_long(argc, argv, ":", long_options, NULL)) != -1) {
		switch (opt) {
		case OPT_MEASUREMENTS:
			if (command_set_once(&options.measurements, "measurements", optarg, err) <
			    0)
				return -1;
			break;
		case OPT_JSON:
			options.json = true;
			break;
		case OPT_HELP:
			return command_help(help, err);
		default:
			return command_bad_option(opt, argv, err);
		}
	}
	if (argc - optind != 1)
		return command_usage(argv, "one image", "another number of words", err);
	options.image = argv[optind];
	return verify(&options, err);
}
