/* eif verify: whether an image is what was published, and what nothing pins down in it. */
#include <fcntl.h>
#include <getopt.h>
#include <string.h>

#include "cleanup.h"
#include "command.h"
#include "room.h"
#include "outfile.h"
#include "signing.h"

static const char help[] =
	"usage: eif verify FILE [--measurements F] [--certificate F] [--at TIME]\n"
	"                  [--lenient] [--json]\n"
	"Checks an image strictly, and its signature if it has one, compares it with published\n"
	"measurements, and lists what an untrusted parent instance could change in the file "
	"without changing a PCR.\n"
	"\n"
	"  --measurements F  what eif describe --json, nitro-cli build-enclave or nitro-cli\n"
	"                    describe-eif printed; all that it says about an image must hold\n"
	"  --certificate F   the certificate, in PEM, that the signature must be by; without it\n"
	"                    a good one by anybody will do\n"
	"  --at TIME         when its certificates must be valid (default: not looked at):\n"
	"                    YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ\n"
	"  --lenient         read other versions and foreign quirks, too, and list what is wrong\n"
	"  --json            the report as JSON\n"
	"  --help            this text\n"
	"\n"
	"Exit status: 0 sound, nothing differs, and the signature, if there is one, is good; 1 otherwise;\n"
	"2 usage, 3 malformed, 4 environment.\n";

enum { EXPECTED_MAX = 4 * 1024 * 1024 };
enum option_id { OPT_MEASUREMENTS = 256, OPT_CERTIFICATE, OPT_AT, OPT_LENIENT, OPT_JSON, OPT_HELP };

static const struct option long_options[] = {
	{"measurements", required_argument, NULL, OPT_MEASUREMENTS},
	{"certificate", required_argument, NULL, OPT_CERTIFICATE},
	{"at", required_argument, NULL, OPT_AT},
	{"lenient", no_argument, NULL, OPT_LENIENT},
	{"json", no_argument, NULL, OPT_JSON},
	{"help", no_argument, NULL, OPT_HELP},
	{NULL, 0, NULL, 0},
};

struct options {
	const char *measurements;
	const char *certificate;
	const char *at;
	bool lenient;
	bool json;
	bool help;
};

static int parse_options(struct options *options, int argc, char **argv, struct err *err)
{
	int opt;

	opterr = 0;
	while ((opt = getopt_long(argc, argv, ":", long_options, NULL)) != -1) {
		int failed = 0;

		switch (opt) {
		case OPT_MEASUREMENTS:
			failed = command_set_once(&options->measurements, "measurements", optarg,
						  err);
			break;
		case OPT_CERTIFICATE:
			failed =
				command_set_once(&options->certificate, "certificate", optarg, err);
			break;
		case OPT_AT:
			failed = command_set_once(&options->at, "at", optarg, err);
			break;
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
			failed = command_bad_option(opt, argv, err);
		}
		if (failed)
			return -1;
	}
	if (argc - optind != 1)
		return err_set(err, EXIT_USAGE, "EIF-USAGE",
			       "verify: one image expected, found %d (see eif verify --help)",
			       argc - optind);
	return 0;
}

static json_t *read_expected(const char *path, struct err *err)
{
	size_t size = 0;
	cleanup_free char *text = read_small_file(path, EXPECTED_MAX, &size, err);

	return text ? eif_expected_parse(text, size, path, err) : NULL;
}

static void print_text(const char *text)
{
	if (text)
		command_print_text(text, strlen(text));
}

static void print_value(const char *label, const json_t *value)
{
	cleanup_free char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

	printf("  %-8s  ", label);
	if (json_is_string(value))
		command_print_text(json_string_value(value), json_string_length(value));
	else
		print_text(text);
	putchar('\n');
}

static const char *member(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static void print_signature(const json_t *signature)
{
	printf("%-10s", "Signature");
	if (!signature)
		puts("none");
	else if (json_is_true(json_object_get(signature, "Good")))
		printf("good%s: %s by %s, %s to %s\n",
		       json_is_true(json_object_get(signature, "Expected"))
			       ? ""
			       : ", but by anybody (no certificate was expected)",
		       member(signature, "Algorithm"), member(signature, "Subject"),
		       member(signature, "NotBefore"), member(signature, "NotAfter"));
	else
		printf("NOT GOOD: %s: %s\n", member(signature, "Name"), member(signature, "Text"));
}

static void print_measurements(const json_t *report)
{
	const json_t *description = json_object_get(report, "Description");
	const json_t *measurements = json_object_get(description, "Measurements");
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)measurements, key, value)
	{
		if (strncmp(key, "PCR", 3) == 0)
			printf("%-10s%s\n", key, json_string_value(value));
	}
	printf("%-10s%s\n", "SHA-256", member(description, "FileSha256"));
	printf("%-10s%s\n", "Structure",
	       json_is_true(json_object_get(report, "Sound"))
		       ? "sound: table, sections and checksum agree on every byte"
		       : "not sound, see the notes");
	print_signature(json_object_get(report, "Signature"));
}

static void print_notes(const json_t *report)
{
	const json_t *note;
	size_t i;

	json_array_foreach(json_object_get(report, "Notes"), i, note)
	{
		printf("%-10s%s: ", "Note", member(note, "name"));
		print_text(member(note, "text"));
		putchar('\n');
	}
}

static void print_comparison(const json_t *report)
{
	const json_t *differences = json_object_get(report, "Differences");
	const json_t *others = json_object_get(report, "NotCompared");
	const json_t *item;
	size_t i;

	if (!json_is_true(json_object_get(report, "Compared")))
		printf("%-10snothing: no measurements were given\n", "Compared");
	else if (json_array_size(differences) == 0)
		printf("%-10sall that the measurements say about an image\n", "Same");
	json_array_foreach(differences, i, item)
	{
		printf("%-10s", "Differs");
		print_text(member(item, "what"));
		putchar('\n');
		print_value("expected", json_object_get(item, "expected"));
		print_value("found", json_object_get(item, "found"));
	}
	json_array_foreach(others, i, item)
	{
		fputs("Not compared: ", stdout);
		print_text(json_string_value(item));
		putchar('\n');
	}
}

static void print_unpinned(const json_t *report)
{
	const json_t *finding;
	size_t i;

	puts("\nWho may change the file, as an untrusted parent instance may, can do this while "
	     "the\n"
	     "named PCRs stay as they are. Whether the image's init would notice is not to be "
	     "seen\n"
	     "from outside.");
	json_array_foreach(json_object_get(report, "Unpinned"), i, finding)
	{
		const json_t *pcr;
		size_t k;

		printf("\n%s", member(finding, "name"));
		json_array_foreach(json_object_get(finding, "unchanged"), k, pcr)
			printf("%s%s", k ? ", " : " (", json_string_value(pcr));
		printf("%s\n  ", k ? ")" : "");
		print_text(member(finding, "text"));
		puts(".");
	}
}

static int print_report(const json_t *report, const char *path, struct err *err)
{
	printf("%-10s", "File");
	print_text(path);
	putchar('\n');
	print_measurements(report);
	print_notes(report);
	print_comparison(report);
	print_unpinned(report);
	return command_flush(err);
}

/* The first difference in full, the others by name, as far as a line goes. */
static int fail_on_differences(const json_t *report, const char *path, struct err *err)
{
	const json_t *differences = json_object_get(report, "Differences");
	const json_t *first = json_array_get(differences, 0);
	cleanup_free char *expected = NULL;
	cleanup_free char *found = NULL;
	char others[256] = "";
	size_t used = 0;

	if (!first)
		return 0;
	for (size_t i = 1; i < json_array_size(differences) && used < sizeof(others); i++)
		used += (size_t)snprintf(others + used, sizeof(others) - used, "%s%s",
					 i == 1 ? "; also " : ", ",
					 member(json_array_get(differences, i), "what"));
	expected = json_dumps(json_object_get(first, "expected"), JSON_COMPACT | JSON_ENCODE_ANY);
	found = json_dumps(json_object_get(first, "found"), JSON_COMPACT | JSON_ENCODE_ANY);
	return err_set(err, EXIT_VERIFY, "EIF-MEASUREMENT",
		       "%s: %s: %.200s expected, found %.200s%s%s", path, member(first, "what"),
		       expected ? expected : "", found ? found : "", others,
		       used >= sizeof(others) ? " ..." : "");
}

static int fail_on_signature(const json_t *report, const char *path, struct err *err)
{
	const json_t *signature = json_object_get(report, "Signature");

	if (!signature || json_is_true(json_object_get(signature, "Good")))
		return 0;
	return err_set(err, EXIT_VERIFY, member(signature, "Name"), "%s: %s", path,
		       member(signature, "Text"));
}

/* An image that the strict reader refuses is not what was published, whatever it measures. */
static int fail_on_notes(const json_t *report, const char *path, struct err *err)
{
	const json_t *first = json_array_get(json_object_get(report, "Notes"), 0);

	if (!first)
		return 0;
	return err_set(err, EXIT_VERIFY, member(first, "name"), "%s: %s", path,
		       member(first, "text"));
}

static int read_check(const struct options *options, struct eif_signature_check *check, char **pem,
		      int64_t *at, struct err *err)
{
	if (options->at) {
		if (signing_time(options->at, at, err) < 0)
			return -1;
		check->at = at;
	}
	if (options->certificate) {
		check->certificate_path = options->certificate;
		*pem = read_small_file(options->certificate, EIF_MAX_SIGNATURE,
				       &check->certificate_size, err);
		check->certificate = *pem;
		return *pem ? 0 : -1;
	}
	return 0;
}

static int verify(const char *path, const struct options *options, struct err *err)
{
	struct eif_signature_check check = {.at = NULL};
	cleanup_free char *pem = NULL;
	int64_t at;
	cleanup_json json_t *expected = NULL;
	cleanup_json json_t *report = NULL;
	struct eif_verification what = {.lenient = options->lenient};
	cleanup_close int fd = -1;

	if (options->measurements) {
		expected = read_expected(options->measurements, err);
		if (!expected)
			return -1;
	}
	if (read_check(options, &check, &pem, &at, err) < 0)
		return -1;
	if (options->certificate || options->at)
		what.signature = &check;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(err, "FILE-OPEN", "%s", path);
	what.expected = expected;
	report = eif_verify(fd, path, &what, err);
	if (!report)
		return -1;
	if ((options->json ? command_print_json(report, err) : print_report(report, path, err)) < 0)
		return -1;
	if (fail_on_notes(report, path, err) < 0 || fail_on_signature(report, path, err) < 0)
		return -1;
	return fail_on_differences(report, path, err);
}

int cmd_verify(int argc, char **argv, struct err *err)
{
	struct options options = {0};

	if (parse_options(&options, argc, argv, err) < 0)
		return -1;
	if (options.help) {
		fputs(help, stdout);
		return command_flush(err);
	}
	return verify(argv[optind], &options, err);
}
