/* eif diff: what two images differ in, as text or as JSON. Never writes a file. */
#include <fcntl.h>
#include <getopt.h>
#include <string.h>

#include "cleanup.h"
#include "command.h"
#include "room.h"

static const char help[] =
	"usage: eif diff A B [--lenient] [--json]\n"
	"Checks two images and tells which sections differ, which words of the command line,\n"
	"which options of the kernel where it carries its configuration, which files in the\n"
	"ramdisks, and for each PCR why it changed.\n"
	"\n"
	"  --lenient  read other versions and foreign quirks, too\n"
	"  --json     the same as JSON\n"
	"  --help     this text\n"
	"\n"
	"Exit status: 0 the same file, 1 they differ, 2 usage, 3 malformed, 4 environment.\n";

enum option_id { OPT_LENIENT = 256, OPT_JSON, OPT_HELP };

static const struct option long_options[] = {
	{"lenient", no_argument, NULL, OPT_LENIENT},
	{"json", no_argument, NULL, OPT_JSON},
	{"help", no_argument, NULL, OPT_HELP},
	{NULL, 0, NULL, 0},
};

struct options {
	bool lenient;
	bool json;
	bool help;
};

static int parse_options(struct options *options, int argc, char **argv, struct err *err)
{
	int opt;

	opterr = 0;
	while ((opt = getopt_long(argc, argv, ":", long_options, NULL)) != -1) {
		switch (opt) {
		case OPT_LENIENT:
			options->lenient = true;
			break;
		case OPT_JSON:
			options->json = true;
			break;
		case OPT_HELP:
			options->help = true;
			return 0;
		default:
			return command_bad_option(opt, argv, err);
		}
	}
	if (argc - optind != 2)
		return err_set(err, EXIT_USAGE, "EIF-USAGE",
			       "diff: two images expected, found %d (see eif diff --help)",
			       argc - optind);
	return 0;
}

static void print_text(const char *text)
{
	if (text)
		command_print_text(text, strlen(text));
}

static void print_string(const json_t *string)
{
	command_print_text(json_string_value(string), json_string_length(string));
}

static void print_value(const json_t *value)
{
	cleanup_free char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

	if (json_is_string(value))
		print_string(value);
	else
		print_text(json_is_null(value) ? "nothing" : text);
}

static void print_pairs(const char *label, const json_t *pairs)
{
	const json_t *pair;
	size_t i;

	json_array_foreach(pairs, i, pair)
	{
		const json_t *values = json_object_get(pair, "values");

		printf("%-10s", label);
		print_text(json_string_value(json_object_get(pair, "what")));
		fputs(": ", stdout);
		print_value(json_array_get(values, 0));
		fputs(" -> ", stdout);
		print_value(json_array_get(values, 1));
		putchar('\n');
	}
}

static void print_list(const char *sign, const json_t *list)
{
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		printf("  %s ", sign);
		print_string(item);
		putchar('\n');
	}
}

static void print_size(const json_t *section)
{
	if (json_is_null(section))
		fputs("none", stdout);
	else
		printf("%lld bytes, %s", json_integer_value(json_object_get(section, "size")),
		       json_string_value(json_object_get(section, "sha256")));
}

static void print_sections(const json_t *sections)
{
	const json_t *section;
	size_t i;

	json_array_foreach(sections, i, section)
	{
		const json_t *values = json_object_get(section, "values");

		printf("%-10s%s\n  - ", "Section",
		       json_string_value(json_object_get(section, "section")));
		print_size(json_array_get(values, 0));
		fputs("\n  + ", stdout);
		print_size(json_array_get(values, 1));
		putchar('\n');
	}
}

static void print_words(const json_t *cmdline)
{
	const json_t *removed = json_object_get(cmdline, "removed");
	const json_t *added = json_object_get(cmdline, "added");

	if (json_is_true(json_object_get(cmdline, "same")))
		return;
	puts("Cmdline");
	if (json_array_size(removed) + json_array_size(added) == 0)
		puts("  the same words in another order, or other white space");
	print_list("-", removed);
	print_list("+", added);
}

static void print_kernel(const json_t *kernel)
{
	const json_t *configured = json_object_get(kernel, "configured");
	const json_t *options = json_object_get(kernel, "options");

	if (json_is_true(json_object_get(kernel, "same")))
		return;
	if (!json_is_true(json_array_get(configured, 0)) ||
	    !json_is_true(json_array_get(configured, 1)))
		printf("%-10snot compared: %s\n", "Options",
		       json_equal(json_array_get(configured, 0), json_array_get(configured, 1))
			       ? "neither kernel carries its configuration"
			       : "only one of the kernels carries its configuration");
	else if (json_array_size(options) == 0)
		printf("%-10sthe same\n", "Options");
	print_pairs("Option", options);
}

static void print_changed(const json_t *changed)
{
	const json_t *file;
	size_t i;

	json_array_foreach(changed, i, file)
	{
		const json_t *aspect;
		size_t k;

		fputs("  ! ", stdout);
		print_text(json_string_value(json_object_get(file, "path")));
		json_array_foreach(json_object_get(file, "what"), k, aspect)
			printf("%s%s", k ? ", " : ": ", json_string_value(aspect));
		putchar('\n');
	}
}

static void print_unlisted(const json_t *unlisted)
{
	const json_t *rest;
	size_t i;

	json_array_foreach(unlisted, i, rest)
	{
		if (!json_is_null(rest))
			printf("  ? %s: from byte %lld on not listed (%s), all: %lld bytes, %s\n",
			       i ? "second" : "first",
			       json_integer_value(json_object_get(rest, "from")),
			       json_string_value(json_object_get(rest, "why")),
			       json_integer_value(json_object_get(rest, "bytes")),
			       json_string_value(json_object_get(rest, "sha256")));
	}
}

static bool is_listed(const json_t *ramdisk)
{
	const json_t *unlisted = json_object_get(ramdisk, "unlisted");

	return json_is_null(json_array_get(unlisted, 0)) &&
	       json_is_null(json_array_get(unlisted, 1));
}

static void print_files(const json_t *files)
{
	const json_t *ramdisk;
	size_t i;

	json_array_foreach(files, i, ramdisk)
	{
		const json_t *removed = json_object_get(ramdisk, "removed");
		const json_t *added = json_object_get(ramdisk, "added");
		const json_t *changed = json_object_get(ramdisk, "changed");

		printf("%-10sramdisk %lld\n", "Files",
		       json_integer_value(json_object_get(ramdisk, "ramdisk")));
		if (json_array_size(removed) + json_array_size(added) + json_array_size(changed) ==
		    0)
			puts(is_listed(ramdisk)
				     ? "  no file differs: order, padding, inode numbers or "
				       "compression"
				     : "  no listed file differs, but not all is listed");
		print_list("-", removed);
		print_list("+", added);
		print_changed(changed);
		print_unlisted(json_object_get(ramdisk, "unlisted"));
	}
}

static void print_measurements(const json_t *measurements)
{
	const json_t *measurement;
	size_t i;

	json_array_foreach(measurements, i, measurement)
	{
		const json_t *why = json_object_get(measurement, "why");
		const json_t *reason;
		size_t k;

		printf("%-10s%s", json_string_value(json_object_get(measurement, "pcr")),
		       json_is_true(json_object_get(measurement, "same")) ? "same" : "changed");
		json_array_foreach(why, k, reason)
			printf("%s%s", k ? ", " : ": ", json_string_value(reason));
		putchar('\n');
	}
}

static int print_report(const json_t *report, struct err *err)
{
	print_pairs("Header", json_object_get(report, "Header"));
	print_sections(json_object_get(report, "Sections"));
	print_pairs("Metadata", json_object_get(report, "Metadata"));
	print_words(json_object_get(report, "Cmdline"));
	print_kernel(json_object_get(report, "Kernel"));
	print_files(json_object_get(report, "Files"));
	print_measurements(json_object_get(report, "Measurements"));
	return command_flush(err);
}

static int diff(char **paths, const struct options *options, struct err *err)
{
	cleanup_close int a = open(paths[0], O_RDONLY | O_CLOEXEC);
	cleanup_close int b = -1;
	cleanup_json json_t *report = NULL;

	if (a < 0)
		return err_errno(err, "FILE-OPEN", "%s", paths[0]);
	b = open(paths[1], O_RDONLY | O_CLOEXEC);
	if (b < 0)
		return err_errno(err, "FILE-OPEN", "%s", paths[1]);
	report = eif_diff(a, paths[0], b, paths[1], options->lenient, err);
	if (!report ||
	    (options->json ? command_print_json(report, err) : print_report(report, err)) < 0)
		return -1;
	if (json_is_true(json_object_get(report, "Same")))
		return 0;
	return err_set(err, EXIT_VERIFY, "EIF-DIFFERENT",
		       "%s: the same image as %s expected, found another one", paths[1], paths[0]);
}

int cmd_diff(int argc, char **argv, struct err *err)
{
	struct options options = {0};

	if (parse_options(&options, argc, argv, err) < 0)
		return -1;
	if (options.help) {
		fputs(help, stdout);
		return command_flush(err);
	}
	return diff(argv + optind, &options, err);
}
