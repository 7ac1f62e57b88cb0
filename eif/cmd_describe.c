/* eif describe: facts about one image, as a table or as JSON. Never writes a file. */
#include <fcntl.h>
#include <getopt.h>
#include <string.h>

#include "command.h"
#include "eif.h"

static const char help[] =
	"usage: eif describe FILE [--lenient] [--json [--set KEY=STRING]...]\n"
	"Checks an image strictly and prints its sections, metadata and measurements.\n"
	"A signature is not verified: PCR8 says which certificate the image carries.\n"
	"\n"
	"  --lenient          read other versions and foreign quirks, too, and list what is wrong\n"
	"  --json             a superset of what nitro-cli describe-eif prints\n"
	"  --set KEY=STRING   adds a member to the JSON; any number of them, printed sorted\n"
	"  --help             this text\n";

enum option_id { OPT_JSON = 256, OPT_LENIENT, OPT_SET, OPT_HELP };

static const struct option long_options[] = {
	{"json", no_argument, NULL, OPT_JSON},
	{"lenient", no_argument, NULL, OPT_LENIENT},
	{"set", required_argument, NULL, OPT_SET},
	{"help", no_argument, NULL, OPT_HELP},
	{NULL, 0, NULL, 0},
};

struct options {
	bool json;
	bool lenient;
	bool help;
	json_t *set; /* object of strings */
};

/* KEY=STRING, where KEY is new and means nothing yet. */
static int add_set(struct options *options, const char *arg, struct err *err)
{
	const char *equals = strchr(arg, '=');
	cleanup_free char *key = NULL;

	if (!equals || equals == arg)
		return err_set(err, EXIT_USAGE, "EIF-USAGE", "--set: KEY=STRING expected, found %s",
			       arg);
	key = strndup(arg, (size_t)(equals - arg));
	if (!key)
		return err_errno(err, "MEMORY", "options");
	if (eif_describe_knows(key) || json_object_get(options->set, key))
		return err_set(err, EXIT_USAGE, "EIF-USAGE",
			       "--set: a name of its own expected, found %s, which exists already",
			       key);
	if (json_object_set_new(options->set, key, json_string(equals + 1)) < 0)
		return err_set(err, EXIT_USAGE, "EIF-USAGE", "--set %s: UTF-8 expected, found %s",
			       key, equals + 1);
	return 0;
}

static int parse_options(struct options *options, int argc, char **argv, struct err *err)
{
	int opt;

	opterr = 0;
	while ((opt = getopt_long(argc, argv, ":", long_options, NULL)) != -1) {
		switch (opt) {
		case OPT_JSON:
			options->json = true;
			break;
		case OPT_LENIENT:
			options->lenient = true;
			break;
		case OPT_SET:
			if (add_set(options, optarg, err) < 0)
				return -1;
			break;
		case OPT_HELP:
			options->help = true;
			return 0;
		default:
			return command_bad_option(opt, argv, err);
		}
	}
	if (argc - optind != 1)
		return err_set(err, EXIT_USAGE, "EIF-USAGE",
			       "describe: one image expected, found %d (see eif describe --help)",
			       argc - optind);
	if (json_object_size(options->set) > 0 && !options->json)
		return err_set(err, EXIT_USAGE, "EIF-USAGE",
			       "--set: --json expected beside it, found none");
	return 0;
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted, so that the order of the options leaves no trace. */
static int append_set(json_t *json, json_t *set, struct err *err)
{
	size_t count = json_object_size(set);
	cleanup_free const char **keys = calloc(count + 1, sizeof(*keys));
	size_t used = 0;
	const char *key;
	json_t *value;
	int failed = keys ? 0 : -1;

	if (keys) {
		json_object_foreach(set, key, value) keys[used++] = key;
		qsort(keys, used, sizeof(*keys), compare_keys);
	}
	for (size_t i = 0; i < used; i++)
		failed |= json_object_set(json, keys[i], json_object_get(set, keys[i]));
	return failed ? err_errno(err, "MEMORY", "description") : 0;
}

static int print_json(const struct eif_image *image, json_t *set, struct err *err)
{
	cleanup_json json_t *json = eif_describe(image, err);

	if (!json || append_set(json, set, err) < 0)
		return -1;
	return command_print_json(json, err);
}

static void print_text(const char *label, const char *text, size_t size)
{
	printf("%-10s", label);
	command_print_text(text, size);
	putchar('\n');
}

static void print_member(const char *label, const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	print_text(label, json_string_value(value), json_string_length(value));
}

static void print_digest(const char *label, const unsigned char *digest, size_t size)
{
	char hex[HASH_MAX_HEX];

	hash_hex(digest, size, hex);
	printf("%-10s%s\n", label, hex);
}

static void print_sections(const struct eif_image *image)
{
	char hex[HASH_MAX_HEX];

	printf("\n%7s  %-9s  %-11s  %12s  %12s  %s\n", "SECTION", "TYPE", "FORMAT", "OFFSET",
	       "SIZE", "SHA-256");
	for (unsigned i = 0; i < image->section_count; i++) {
		const struct eif_section *section = &image->sections[i];

		hash_hex(section->sha256, SHA256_SIZE, hex);
		printf("%7u  %-9s  %-11s  %12llu  %12llu  %s\n", i, eif_type_name(section->type),
		       section->format ? section->format : "", (unsigned long long)section->offset,
		       (unsigned long long)section->size, hex);
	}
}

static void print_notes(const json_t *notes)
{
	const json_t *note;
	size_t i;

	json_array_foreach(notes, i, note)
	{
		const char *name = json_string_value(json_object_get(note, "name"));
		const char *text = json_string_value(json_object_get(note, "text"));

		printf("%-10s%s: ", "Note", name);
		command_print_text(text, strlen(text));
		putchar('\n');
	}
}

static int print_table(const struct eif_image *image, const char *path, struct err *err)
{
	const struct eif_measurements *measurements = &image->measurements;
	const json_t *built = json_object_get(image->metadata, "BuildMetadata");
	static const char *const names[] = {"PCR0", "PCR1", "PCR2"};

	print_text("File", path, strlen(path));
	printf("%-10s%llu\n", "Size", (unsigned long long)image->file_size);
	print_digest("SHA-256", image->file_sha256, SHA256_SIZE);
	printf("%-10sEIF %u, %s\n", "Format", image->version, eif_arch_name(image->arch));
	printf("%-10s%08lx%s\n", "CRC-32", (unsigned long)image->crc,
	       image->notes ? "" : ", correct");
	printf("%-10s%s\n", "Signed", measurements->has_pcr8 ? "yes, not verified" : "no");
	printf("%-10s%llu bytes in no PCR\n", "Free", (unsigned long long)eif_unmeasured(image));
	print_notes(image->notes);
	print_member("Name", image->metadata, "ImageName");
	print_member("Version", image->metadata, "ImageVersion");
	print_member("Built", built, "BuildTime");
	print_member("Tool", built, "BuildTool");
	print_member("Kernel", built, "KernelVersion");
	print_text("Cmdline", image->cmdline, image->cmdline_size);
	print_sections(image);
	putchar('\n');
	for (int i = 0; i < 3; i++)
		print_digest(names[i], measurements->pcr[i], SHA384_SIZE);
	if (measurements->has_pcr8)
		print_digest("PCR8", measurements->pcr8, SHA384_SIZE);
	return command_flush(err);
}

static int describe(const char *path, const struct options *options, struct err *err)
{
	cleanup_with(eif_image_clear) struct eif_image image = EIF_IMAGE_INIT;
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_errno(err, "FILE-OPEN", "%s", path);
	if ((options->lenient ? eif_read_lenient(fd, path, NULL, &image, err)
			      : eif_read(fd, path, NULL, &image, err)) < 0)
		return -1;
	return options->json ? print_json(&image, options->set, err)
			     : print_table(&image, path, err);
}

int cmd_describe(int argc, char **argv, struct err *err)
{
	cleanup_json json_t *set = json_object();
	struct options options = {.set = set};

	if (!set)
		return err_errno(err, "MEMORY", "options");
	if (parse_options(&options, argc, argv, err) < 0)
		return -1;
	if (options.help) {
		fputs(help, stdout);
		return command_flush(err);
	}
	return describe(argv[optind], &options, err);
}
