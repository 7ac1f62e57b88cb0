/*
 * The rootfs command: parses the command line, calls the library, prints errors. Never decides
 * anything about trees or archives itself.
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "rootfs.h"

static const char usage[] =
	"usage: rootfs pack [SOURCE...] -o OUT.cpio [--manifest OUT.json] [--prefix NAME]\n"
	"                   [--add PATH=FILE[:MODE]]... [--run RECORDS]\n"
	"                   [--platform OS/ARCH[/VARIANT]] [--devices] [--owner-root]\n"
	"                   [--compress none|gzip|zstd] [--limit NAME=VALUE]...\n"
	"       rootfs list FILE [--json]\n"
	"       rootfs verify FILE --manifest M.json\n"
	"       rootfs describe SOURCE... [--json] [--run RECORDS] [--platform ...] [--devices]\n"
	"                   [--owner-root]\n"
	"       rootfs sbom SOURCE... --format spdx|cyclonedx [-o FILE]\n"
	"                   [--component NAME=VERSION=SHA256]... [--platform ...] [--owner-root]\n"
	"       rootfs lint SOURCE... [--json] [--fail] [--platform ...] [--owner-root]\n"
	"       rootfs blobs SOURCE [--platform ...]\n"
	"       rootfs COMMAND --help | --help | --version\n";

#define SOURCES_HELP                                                                               \
	"Several sources are laid over each other in their order. A SOURCE is one of\n"            \
	"  cpio:FILE                           an initramfs, alone; an image's ramdisk 1\n"        \
	"  dir:DIRECTORY                       a folder that is the root\n"                        \
	"  tar:FILE                            a tarball of the root\n"                            \
	"  oci:DIRECTORY[:TAG][@DIGEST]        an image in an OCI layout\n"                        \
	"  oci-archive:FILE[:TAG][@DIGEST]     the same as an archive\n"                           \
	"  docker-archive:FILE[:NAME]          what docker save wrote\n"                           \
	"  debs:LOCK                           Debian packages, as a lock file pins them\n"

#define IMAGE_OPTIONS_HELP                                                                         \
	"      --platform OS/ARCH[/VARIANT]  of the image; needed where there are several\n"       \
	"      --devices            accept all devices in images' layers, not only the usual "     \
	"ones\n"                                                                                   \
	"      --packages FOLDER    where debs: finds packages, each named by its sha256\n"        \
	"      --owner-root         make every owner and group 0\n"                                \
	"      --limit NAME=VALUE   raise or lower a limit: entries, bytes, ratio, layers,\n"      \
	"                           zstd-window, xz-memory\n"

static const char pack_help[] =
	"usage: rootfs pack [SOURCE...] -o OUT.cpio [OPTION]...\n"
	"Writes the canonical newc archive of the root that SOURCE holds.\n" SOURCES_HELP
	"  -o, --output FILE        the archive\n"
	"      --manifest FILE      also write a manifest\n"
	"      --prefix NAME        put the tree under NAME/\n"
	"      --add PATH=FILE[:MODE]  add FILE at the top level, owner 0:0, mode 0644 or octal "
	"MODE;\n"
	"                           with it SOURCE may be left out\n"
	"      --run RECORDS        add the file \"run\": what init starts, by the image's config "
	"and "
	"by\n"
	"                           RECORDS, a file of NUL-terminated name=, arg=, env=, user=, "
	"group=,\n"
	"                           workdir=, stopsignal=, volume=, port= and what docs/rootfs.md "
	"lists\n"
	"      --compress KIND      none (default), gzip or zstd\n" IMAGE_OPTIONS_HELP;

static const char list_help[] =
	"usage: rootfs list FILE [--json]\n"
	"Lists what Linux would unpack from an initramfs, and what it would skip or overwrite.\n";

static const char verify_help[] =
	"usage: rootfs verify FILE --manifest M.json\n"
	"Exits with 0 when FILE is the archive that the manifest describes, with 1 and the first\n"
	"difference when it is not.\n";

static const char describe_help[] =
	"usage: rootfs describe SOURCE... [--json] [--run RECORDS] [OPTION]...\n"
	"Prints the number of entries by type, the bytes of all files and the tree digest; with "
	"--json\n"
	"also the digests that identify each source, an image's config, and the run specification\n"
	"that it and RECORDS give, or that a ramdisk 1 has.\n" SOURCES_HELP IMAGE_OPTIONS_HELP;

static const char blobs_help[] =
	"usage: rootfs blobs SOURCE [--platform OS/ARCH[/VARIANT]]\n"
	"Prints digest, size and media type of each blob that the image needs, as far as is known\n"
	"from those that are there. SOURCE is oci: or oci-archive:.\n";

static const char sbom_help[] =
	"usage: rootfs sbom SOURCE... --format spdx|cyclonedx [OPTION]...\n"
	"Prints a software bill of materials: the packages that dpkg's and apk's databases in "
	"SOURCE\n"
	"name, and the parts beside it. SPDX 2.3 or CycloneDX 1.6, in JSON.\n"
	"  -o, --output FILE        write it to FILE\n"
	"      --component NAME=VERSION=SHA256  a part that is not in the tree, such as the "
	"kernel\n" SOURCES_HELP IMAGE_OPTIONS_HELP;

static const char lint_help[] =
	"usage: rootfs lint SOURCE... [--json] [--fail] [OPTION]...\n"
	"Lists what differs from build to build or had better not be in an image, one line each:\n"
	"severity, class, path, why.\n"
	"      --fail               exit with 1 when something has severity high\n" SOURCES_HELP
		IMAGE_OPTIONS_HELP;

struct addition {
	char *name;
	char *file;
	uint32_t mode;
};

struct arguments {
	const char *format;
	struct rootfs_part *parts;
	char **part_texts; /* what the parts point into */
	size_t part_count;
	bool fail;
	struct rootfs_options options;
	struct rootfs_limits limits;
	const char *output;
	const char *manifest;
	const char *run;
	bool json;
	bool help;
	char **operands;
	int operand_count;
	struct addition *additions;
	size_t addition_count;
};

/* One bit each, so that the options of a command can be summed. */
enum flag {
	OUTPUT = 1,
	MANIFEST = 2,
	PREFIX = 4,
	ADD = 8,
	OWNER_ROOT = 16,
	JSON = 32,
	HELP = 64,
	PLATFORM = 128,
	DEVICES = 256,
	COMPRESS = 512,
	LIMIT = 1024,
	RUN = 2048,
	FORMAT = 4096,
	COMPONENT = 8192,
	FAIL = 16384,
	PACKAGES = 32768,
	SOURCE_OPTIONS = OWNER_ROOT | PLATFORM | DEVICES | LIMIT | PACKAGES,
};

static void free_arguments(struct arguments *a)
{
	for (size_t i = 0; i < a->addition_count; i++)
		free(a->additions[i].name);
	free(a->additions);
	for (size_t i = 0; i < a->part_count; i++)
		free(a->part_texts[i]);
	free(a->part_texts);
	free(a->parts);
}

static int misuse(struct err *err, const char *what, const char *argument)
{
	return err_set(err, EXIT_USAGE, "USAGE", "%s%s%s (see rootfs --help)", what,
		       argument ? ": " : "", argument ? argument : "");
}

/* Takes ":MODE" off the end of file: up to five octal digits, with a leading zero. */
static uint32_t take_mode(char *file)
{
	char *colon = strrchr(file, ':');
	size_t digits = colon ? strspn(colon + 1, "01234567") : 0;

	if (digits == 0 || digits > 5 || colon[1 + digits])
		return 0644;
	*colon = '\0';
	return (uint32_t)strtoul(colon + 1, NULL, 8);
}

static int add_argument(struct arguments *a, const char *argument, struct err *err)
{
	struct addition *more =
		realloc(a->additions, (a->addition_count + 1) * sizeof(*a->additions));
	struct addition addition = {0};
	char *equals;

	if (!more)
		return err_errno(err, "ROOTFS-MEMORY", "--add");
	a->additions = more;
	addition.name = strdup(argument);
	if (!addition.name)
		return err_errno(err, "ROOTFS-MEMORY", "--add");
	more[a->addition_count++] = addition;
	equals = strchr(addition.name, '=');
	if (!equals || !equals[1])
		return misuse(err, "PATH=FILE[:MODE] expected after --add, found", argument);
	*equals = '\0';
	addition.file = equals + 1;
	addition.mode = take_mode(addition.file);
	if (addition.mode > 07777)
		return misuse(err, "a mode up to 7777 expected after --add, found", argument);
	more[a->addition_count - 1] = addition;
	return 0;
}

/* NAME=VERSION=SHA256; the version may contain more of '='. */
static int part_argument(struct arguments *a, const char *argument, struct err *err)
{
	struct rootfs_part *parts = reallocarray(a->parts, a->part_count + 1, sizeof(*parts));
	char **texts = reallocarray(a->part_texts, a->part_count + 1, sizeof(*texts));
	char *version;
	char *sha256;

	a->parts = parts ? parts : a->parts;
	a->part_texts = texts ? texts : a->part_texts;
	if (!parts || !texts || !(texts[a->part_count] = strdup(argument)))
		return err_errno(err, "ROOTFS-MEMORY", "--component");
	version = strchr(texts[a->part_count], '=');
	sha256 = strrchr(texts[a->part_count++], '=');
	if (!version || version == sha256)
		return misuse(err, "NAME=VERSION=SHA256 expected after --component, found",
			      argument);
	*version = *sha256 = '\0';
	parts[a->part_count - 1] =
		(struct rootfs_part){texts[a->part_count - 1], version + 1, sha256 + 1};
	return 0;
}

static int set_once(const char **slot, struct err *err)
{
	if (*slot)
		return misuse(err, "each option with one argument once expected, found also",
			      optarg);
	*slot = optarg;
	return 0;
}

static int take_option(struct arguments *a, int option, struct err *err)
{
	switch (option) {
	case OUTPUT:
		return set_once(&a->output, err);
	case MANIFEST:
		return set_once(&a->manifest, err);
	case PREFIX:
		return set_once(&a->options.prefix, err);
	case DEVICES:
		a->options.any_device = true;
		return 0;
	case RUN:
		return set_once(&a->run, err);
	case ADD:
		return add_argument(a, optarg, err);
	case OWNER_ROOT:
		a->options.owner_root = true;
		return 0;
	case COMPRESS:
		return rootfs_compression_parse(optarg, &a->options.compression, err);
	case LIMIT:
		return limits_set(&a->limits, optarg, err);
	case JSON:
		a->json = true;
		return 0;
	case FORMAT:
		return set_once(&a->format, err);
	case COMPONENT:
		return part_argument(a, optarg, err);
	case FAIL:
		a->fail = true;
		return 0;
	case PACKAGES:
		return set_once(&a->options.packages, err);
	case PLATFORM:
		return set_once(&a->options.platform, err);
	default:
		a->help = true;
		return 0;
	}
}

/* Parses what follows the command's name; allowed is the sum of the options that it has. */
static int parse(struct arguments *a, int argc, char **argv, int allowed, struct err *err)
{
	static const struct option options[] = {
		{"output", required_argument, NULL, OUTPUT},
		{"manifest", required_argument, NULL, MANIFEST},
		{"prefix", required_argument, NULL, PREFIX},
		{"add", required_argument, NULL, ADD},
		{"run", required_argument, NULL, RUN},
		{"owner-root", no_argument, NULL, OWNER_ROOT},
		{"compress", required_argument, NULL, COMPRESS},
		{"limit", required_argument, NULL, LIMIT},
		{"json", no_argument, NULL, JSON},
		{"format", required_argument, NULL, FORMAT},
		{"component", required_argument, NULL, COMPONENT},
		{"fail", no_argument, NULL, FAIL},
		{"packages", required_argument, NULL, PACKAGES},
		{"platform", required_argument, NULL, PLATFORM},
		{"devices", no_argument, NULL, DEVICES},
		{"help", no_argument, NULL, HELP},
		{0},
	};
	int option;

	while ((option = getopt_long(argc, argv, ":o:h", options, NULL)) != -1) {
		option = option == 'o' ? OUTPUT : option == 'h' ? HELP : option;
		if (option == ':')
			return misuse(err, "an argument expected after", argv[optind - 1]);
		if (option == '?' || !(option & (allowed | HELP)))
			return misuse(err, "no such option here", argv[optind - 1]);
		if (take_option(a, option, err) < 0)
			return -1;
	}
	a->operands = argv + optind;
	a->operand_count = argc - optind;
	return 0;
}

/* The only operand of a command that has one; what is for the message. */
static const char *operand(const struct arguments *a, const char *what, struct err *err)
{
	if (a->operand_count == 1)
		return a->operands[0];
	if (a->operand_count > 1)
		misuse(err, "one operand expected, found also", a->operands[1]);
	else
		misuse(err, what, NULL);
	return NULL;
}

static struct rootfs *load(const struct arguments *a, struct err *err)
{
	cleanup_rootfs struct rootfs *rootfs = rootfs_new(&a->options, err);

	if (!rootfs)
		return NULL;
	for (int i = 0; i < a->operand_count; i++)
		if (rootfs_read(rootfs, a->operands[i], err) < 0)
			return NULL;
	for (size_t i = 0; i < a->addition_count; i++) {
		const struct addition *add = &a->additions[i];

		if (rootfs_add(rootfs, add->name, add->file, add->mode, err) < 0)
			return NULL;
	}
	if (a->run && rootfs_resolve_run(rootfs, a->run, err) < 0)
		return NULL;
	return steal_ptr(rootfs);
}

static int pack(const struct arguments *a, struct err *err)
{
	cleanup_with(outfile_close) struct outfile manifest = OUTFILE_INIT;
	cleanup_with(outfile_close) struct outfile out = OUTFILE_INIT;
	cleanup_rootfs struct rootfs *rootfs = NULL;

	if (!a->output)
		return misuse(err, "-o OUT.cpio expected", NULL);
	if (a->operand_count == 0 && a->addition_count == 0)
		return misuse(err, "a SOURCE or --add expected", NULL);
	if (a->operand_count == 0 && a->run)
		return misuse(err, "a SOURCE expected with --run", NULL);
	if (a->operand_count == 0 && a->options.prefix)
		return misuse(err, "a SOURCE expected with --prefix", NULL);
	if (a->manifest && strcmp(a->manifest, a->output) == 0)
		return misuse(err, "two files expected for archive and manifest, found", a->output);
	rootfs = load(a, err);
	if (!rootfs || (a->run && rootfs_add_run(rootfs, err) < 0) ||
	    outfile_open(&out, a->output, err) < 0 || rootfs_write_cpio(rootfs, &out, err) < 0)
		return -1;
	if (a->manifest && (outfile_open(&manifest, a->manifest, err) < 0 ||
			    rootfs_write_manifest(rootfs, &manifest, err) < 0))
		return -1;
	if (outfile_commit(&out, err) < 0)
		return -1;
	return a->manifest ? outfile_commit(&manifest, err) : 0;
}

static int list(const struct arguments *a, struct err *err)
{
	const char *file = operand(a, "a FILE expected", err);
	cleanup_rootfs struct rootfs *rootfs = file ? rootfs_new(&a->options, err) : NULL;
	int failed;

	if (!rootfs)
		return -1;
	failed = rootfs_unpack(rootfs, file, err);
	/* The kernel keeps what it had unpacked when it stops. */
	if (failed < 0 && err->status != EXIT_MALFORMED)
		return -1;
	return rootfs_list(rootfs, a->json, stdout, err) < 0 ? -1 : failed;
}

static int verify(const struct arguments *a, struct err *err)
{
	const char *file = operand(a, "FILE and --manifest M.json expected", err);
	cleanup_rootfs struct rootfs *rootfs = NULL;

	if (!file)
		return -1;
	if (!a->manifest)
		return misuse(err, "FILE and --manifest M.json expected", NULL);
	rootfs = rootfs_new(&a->options, err);
	if (!rootfs || rootfs_unpack(rootfs, file, err) < 0)
		return -1;
	return rootfs_verify(rootfs, a->manifest, err);
}

static int describe(const struct arguments *a, struct err *err)
{
	cleanup_rootfs struct rootfs *rootfs = NULL;

	if (a->operand_count == 0)
		return misuse(err, "a SOURCE expected", NULL);
	rootfs = load(a, err);
	if (!rootfs || rootfs_hash(rootfs, err) < 0)
		return -1;
	return rootfs_describe(rootfs, a->json, stdout, err);
}

static int sbom(const struct arguments *a, struct err *err)
{
	cleanup_with(outfile_close) struct outfile out = OUTFILE_INIT;
	cleanup_rootfs struct rootfs *rootfs = NULL;
	cleanup_free char *text = NULL;
	bool spdx = a->format && strcmp(a->format, "spdx") == 0;

	if (a->operand_count == 0)
		return misuse(err, "a SOURCE expected", NULL);
	if (!spdx && !(a->format && strcmp(a->format, "cyclonedx") == 0))
		return misuse(err, "--format spdx or --format cyclonedx expected, found",
			      a->format ? a->format : "none");
	rootfs = load(a, err);
	if (!rootfs)
		return -1;
	text = rootfs_sbom(rootfs, spdx ? ROOTFS_SPDX : ROOTFS_CYCLONEDX, a->parts, a->part_count,
			   err);
	if (!text)
		return -1;
	if (!a->output)
		return puts(text) < 0 ? err_errno(err, "FILE-WRITE", "standard output") : 0;
	if (outfile_open(&out, a->output, err) < 0 ||
	    outfile_write(&out, text, strlen(text), err) < 0 ||
	    outfile_write(&out, "\n", 1, err) < 0)
		return -1;
	return outfile_commit(&out, err);
}

static int lint(const struct arguments *a, struct err *err)
{
	cleanup_rootfs struct rootfs *rootfs = NULL;

	if (a->operand_count == 0)
		return misuse(err, "a SOURCE expected", NULL);
	rootfs = load(a, err);
	return rootfs ? rootfs_lint(rootfs, a->json, a->fail, stdout, err) : -1;
}

static int blobs(const struct arguments *a, struct err *err)
{
	const char *source = operand(a, "a SOURCE expected", err);

	return source ? rootfs_blobs(source, a->options.platform, stdout, err) : -1;
}

static const struct command {
	const char *name;
	int (*run)(const struct arguments *a, struct err *err);
	const char *help;
	int allowed;
} commands[] = {
	{"pack", pack, pack_help,
	 OUTPUT | MANIFEST | PREFIX | ADD | RUN | COMPRESS | SOURCE_OPTIONS},
	{"list", list, list_help, JSON | LIMIT},
	{"verify", verify, verify_help, MANIFEST | LIMIT},
	{"describe", describe, describe_help, JSON | RUN | SOURCE_OPTIONS},
	{"sbom", sbom, sbom_help, FORMAT | COMPONENT | OUTPUT | SOURCE_OPTIONS},
	{"lint", lint, lint_help, JSON | FAIL | SOURCE_OPTIONS},
	{"blobs", blobs, blobs_help, PLATFORM},
};

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(name, commands[i].name) == 0)
			return &commands[i];
	return NULL;
}

static int run(const struct command *command, int argc, char **argv, struct err *err)
{
	cleanup_with(free_arguments) struct arguments a = {.limits = rootfs_default_limits};

	a.options.limits = &a.limits;
	if (parse(&a, argc, argv, command->allowed, err) < 0)
		return -1;
	if (a.help) {
		fputs(command->help, stdout);
		return 0;
	}
	return command->run(&a, err);
}

/* What could not be written may have left the buffer long ago, and its reason errno. */
static int finish_output(struct err *err)
{
	if (fflush(stdout) != 0)
		return err_errno(err, "FILE-WRITE", "standard output");
	if (ferror(stdout))
		return err_set(err, EXIT_ENVIRONMENT, "FILE-WRITE",
			       "standard output: all of it expected to be written, found a part");
	return 0;
}

int main(int argc, char **argv)
{
	const struct command *command = argc > 1 ? find_command(argv[1]) : NULL;
	struct err err = {0};
	int failed = 0;

	if (command)
		failed = run(command, argc - 1, argv + 1, &err);
	else if (argc == 2 && strcmp(argv[1], "--help") == 0)
		fputs(usage, stdout);
	else if (argc == 2 && strcmp(argv[1], "--version") == 0)
		puts("rootfs (mintmark)");
	else
		failed = misuse(&err, "a command expected, found", argc > 1 ? argv[1] : "none");
	if (failed == 0)
		failed = finish_output(&err);
	return failed < 0 ? err_print(&err, "rootfs") : EXIT_OK;
}
