/* eif build: options into an image, signed or not. Writes nothing but it and its measurements. */
#include <fcntl.h>
#include <getopt.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "draft.h"
#include "signing.h"

static const char help[] =
	"usage: eif build --kernel FILE (--cmdline STRING | --cmdline-file FILE | --raw-cmdline "
	"FILE)\n"
	"                 --ramdisk FILE [--ramdisk FILE]... [OPTION]... -o OUT.eif\n"
	"Writes an enclave image and prints PCR0, PCR1 and PCR2, and PCR8 of a signed one.\n"
	"\n"
	"  --kernel FILE          bzImage (x86_64) or uncompressed Image (aarch64)\n"
	"  --cmdline STRING       the kernel's command line\n"
	"  --cmdline-file FILE    the same from a file, less one trailing newline\n"
	"  --raw-cmdline FILE     the same from a file, with every byte of it\n"
	"  --ramdisk FILE         up to 29 of them, in this order\n"
	"  --arch ARCH            x86_64 (default) or aarch64\n"
	"  --name NAME            ImageName in the metadata (default: enclave)\n"
	"  --version VERSION      ImageVersion in the metadata (default: 1.0)\n"
	"  --kernel-version TEXT  KernelVersion in the metadata (default: unknown)\n"
	"  --metadata FILE        a JSON object, becomes CustomMetadata\n"
	"  --raw-metadata FILE    the metadata section's exact bytes, instead of the above\n"
	"  --key KEY, --certificate FILE, --passphrase-file FILE, --random-nonce, --at TIME\n"
	"                         sign the image: see eif sign --help\n"
	"  --no-boot-checks       do not ask whether kernel, ramdisks and command line can boot\n"
	"  --json                 print the measurements as nitro-cli does\n"
	"  -o, --output FILE      the image; appears whole or not at all\n"
	"  --help                 this text\n"
	"\n"
	"Nothing is padded: all ramdisks but the last need a multiple of 4 bytes.\n";

enum option_id {
	OPT_KERNEL = 256,
	OPT_CMDLINE,
	OPT_CMDLINE_FILE,
	OPT_RAW_CMDLINE,
	OPT_RAMDISK,
	OPT_ARCH,
	OPT_NAME,
	OPT_VERSION,
	OPT_KERNEL_VERSION,
	OPT_METADATA,
	OPT_RAW_METADATA,
	OPT_KEY,
	OPT_CERTIFICATE,
	OPT_PASSPHRASE_FILE,
	OPT_AT,
	OPT_RANDOM_NONCE,
	OPT_NO_BOOT_CHECKS,
	OPT_JSON,
	OPT_HELP
};

static const struct option long_options[] = {
	{"kernel", required_argument, NULL, OPT_KERNEL},
	{"cmdline", required_argument, NULL, OPT_CMDLINE},
	{"cmdline-file", required_argument, NULL, OPT_CMDLINE_FILE},
	{"raw-cmdline", required_argument, NULL, OPT_RAW_CMDLINE},
	{"ramdisk", required_argument, NULL, OPT_RAMDISK},
	{"arch", required_argument, NULL, OPT_ARCH},
	{"name", required_argument, NULL, OPT_NAME},
	{"version", required_argument, NULL, OPT_VERSION},
	{"kernel-version", required_argument, NULL, OPT_KERNEL_VERSION},
	{"metadata", required_argument, NULL, OPT_METADATA},
	{"raw-metadata", required_argument, NULL, OPT_RAW_METADATA},
	{"key", required_argument, NULL, OPT_KEY},
	{"certificate", required_argument, NULL, OPT_CERTIFICATE},
	{"passphrase-file", required_argument, NULL, OPT_PASSPHRASE_FILE},
	{"at", required_argument, NULL, OPT_AT},
	{"random-nonce", no_argument, NULL, OPT_RANDOM_NONCE},
	{"no-boot-checks", no_argument, NULL, OPT_NO_BOOT_CHECKS},
	{"json", no_argument, NULL, OPT_JSON},
	{"output", required_argument, NULL, 'o'},
	{"help", no_argument, NULL, OPT_HELP},
	{NULL, 0, NULL, 0},
};

struct options {
	const char *kernel;
	const char *cmdline;
	const char *cmdline_file;
	const char *raw_cmdline;
	const char **ramdisks; /* room for argc of them */
	size_t ramdisk_count;
	const char *arch;
	const char *name;
	const char *version;
	const char *kernel_version;
	const char *metadata;
	const char *raw_metadata;
	const char *output;
	struct signing_words words;
	bool no_boot_checks;
	bool json;
	bool help;
};

static const char **slot_of(struct options *options, int opt)
{
	switch (opt) {
	case OPT_KERNEL:
		return &options->kernel;
	case OPT_CMDLINE:
		return &options->cmdline;
	case OPT_CMDLINE_FILE:
		return &options->cmdline_file;
	case OPT_RAW_CMDLINE:
		return &options->raw_cmdline;
	case OPT_ARCH:
		return &options->arch;
	case OPT_NAME:
		return &options->name;
	case OPT_VERSION:
		return &options->version;
	case OPT_KERNEL_VERSION:
		return &options->kernel_version;
	case OPT_METADATA:
		return &options->metadata;
	case OPT_RAW_METADATA:
		return &options->raw_metadata;
	case OPT_KEY:
		return &options->words.key;
	case OPT_CERTIFICATE:
		return &options->words.certificate;
	case OPT_PASSPHRASE_FILE:
		return &options->words.passphrase_file;
	case OPT_AT:
		return &options->words.at;
	case 'o':
		return &options->output;
	default:
		return NULL;
	}
}

static int set_option(struct options *options, int opt, int index, char **argv, struct err *err)
{
	const char **slot = slot_of(options, opt);

	if (slot)
		return command_set_once(slot, opt == 'o' ? "output" : long_options[index].name,
					optarg, err);
	switch (opt) {
	case OPT_RAMDISK:
		options->ramdisks[options->ramdisk_count++] = optarg;
		return 0;
	case OPT_RANDOM_NONCE:
		options->words.random_nonce = true;
		return 0;
	case OPT_NO_BOOT_CHECKS:
		options->no_boot_checks = true;
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

static int missing(const char *what, struct err *err)
{
	return err_set(err, EXIT_USAGE, "EIF-USAGE",
		       "build: %s expected, found none (see eif build --help)", what);
}

static int check_signing(const struct signing_words *words, struct err *err)
{
	bool any = words->key || words->certificate || words->passphrase_file || words->at ||
		   words->random_nonce;

	if (any && !(words->key && words->certificate))
		return err_set(err, EXIT_USAGE, "EIF-USAGE",
			       "build: --key and --certificate for a signed image expected, found "
			       "one of them, or neither");
	return 0;
}

static int check_options(const struct options *options, struct err *err)
{
	bool own =
		options->name || options->version || options->kernel_version || options->metadata;
	int cmdlines = !!options->cmdline + !!options->cmdline_file + !!options->raw_cmdline;

	if (!options->kernel)
		return missing("--kernel", err);
	if (cmdlines == 0)
		return missing("--cmdline, --cmdline-file or --raw-cmdline", err);
	if (options->ramdisk_count == 0)
		return missing("--ramdisk", err);
	if (!options->output)
		return missing("-o", err);
	if (cmdlines > 1)
		return err_set(
			err, EXIT_USAGE, "EIF-USAGE",
			"build: one of --cmdline, --cmdline-file and --raw-cmdline expected, "
			"found %d",
			cmdlines);
	if (options->raw_metadata && own)
		return err_set(err, EXIT_USAGE, "EIF-USAGE",
			       "build: --raw-metadata alone expected, found --name, --version, "
			       "--kernel-version or --metadata beside it");
	if (check_signing(&options->words, err) < 0)
		return -1;
	if (options->arch && strcmp(options->arch, "x86_64") != 0 &&
	    strcmp(options->arch, "aarch64") != 0)
		return err_set(err, EXIT_USAGE, "EIF-USAGE",
			       "--arch: x86_64 or aarch64 expected, found %s", options->arch);
	return 0;
}

static int parse_options(struct options *options, int argc, char **argv, struct err *err)
{
	int index = 0;
	int opt;

	opterr = 0;
	while ((opt = getopt_long(argc, argv, ":o:", long_options, &index)) != -1)
		if (set_option(options, opt, index, argv, err) < 0)
			return -1;
	if (options->help)
		return 0;
	if (optind < argc)
		return err_set(err, EXIT_USAGE, "EIF-USAGE",
			       "build: options only expected, found %s", argv[optind]);
	return check_options(options, err);
}

/* The command line's bytes, owned by the caller. */
static char *load_cmdline(const struct options *options, size_t *size, struct err *err)
{
	char *text;

	if (options->cmdline) {
		text = strdup(options->cmdline);
		if (!text)
			err_errno(err, "MEMORY", "command line");
		else
			*size = strlen(text);
		return text;
	}
	if (options->raw_cmdline)
		return read_small_file(options->raw_cmdline, EIF_MAX_CMDLINE, size, err);
	text = read_small_file(options->cmdline_file, EIF_MAX_CMDLINE + 1, size, err);
	if (text && *size > 0 && text[*size - 1] == '\n')
		(*size)--;
	return text;
}

/* The metadata section's bytes, owned by the caller. */
static char *load_metadata(const struct options *options, size_t *size, struct err *err)
{
	struct eif_identity identity = {
		.name = options->name ? options->name : "enclave",
		.version = options->version ? options->version : "1.0",
		.kernel_version = options->kernel_version ? options->kernel_version : "unknown",
	};
	cleanup_free char *custom = NULL;
	char *text;

	if (options->raw_metadata)
		return read_small_file(options->raw_metadata, EIF_MAX_METADATA, size, err);
	if (options->metadata) {
		custom = read_small_file(options->metadata, EIF_MAX_METADATA, &identity.custom_size,
					 err);
		if (!custom)
			return NULL;
		identity.custom = custom;
	}
	text = eif_metadata_compose(&identity, size, err);
	if (!text && custom)
		err_wrap(err, "%s", options->metadata);
	return text;
}

/*
 * A file without a name in the folder of the output, where there is room for an image: whatever
 * interrupts us leaves nothing of it. Some file systems give it a name for a moment.
 */
static int open_nameless(const char *beside, struct err *err)
{
	const char *slash = strrchr(beside, '/');
	int length = slash ? (int)(slash - beside) + 1 : 0;
	cleanup_free char *folder = NULL;
	cleanup_free char *path = NULL;
	int fd;

	if (asprintf(&folder, "%.*s.", length, beside) < 0)
		folder = NULL;
	if (asprintf(&path, "%.*s.eif.XXXXXX", length, beside) < 0)
		path = NULL;
	if (!folder || !path)
		return err_errno(err, "MEMORY", "%s", beside);
	fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0)
		return fd;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return err_errno(err, "FILE-CREATE", "%s", beside);
	unlink(path);
	return fd;
}

/* Certificates and key are looked at before anything is written. */
static int write_signed(const struct eif_build *plan, const struct options *options,
			struct outfile *out, struct eif_measurements *measurements, struct err *err)
{
	cleanup_with(signing_close) struct signing signing = SIGNING_INIT;
	cleanup_with(outfile_close) struct outfile whole = OUTFILE_INIT;
	struct eif_signer signer;

	if (signing_open(&options->words, &signing, err) < 0 ||
	    draft_check_signing(&signing.eif, err) < 0)
		return -1;
	whole.fd = open_nameless(options->output, err);
	whole.path = strdup(options->output);
	if (whole.fd < 0)
		return -1;
	if (!whole.path)
		return err_errno(err, "MEMORY", "%s", options->output);
	if (draft_write(plan, options->output, &whole, measurements, err) < 0)
		return -1;
	if (lseek(whole.fd, 0, SEEK_SET) < 0)
		return err_errno(err, "FILE-READ", "%s", options->output);
	if (draft_signed(whole.fd, options->output, &signing.eif, options->output, out,
			 measurements, &signer, err) < 0)
		return -1;
	signing_warn(&signing, &signer);
	return 0;
}

static int build(const struct options *options, struct err *err)
{
	struct eif_build plan = {
		.arch = options->arch && strcmp(options->arch, "aarch64") == 0 ? EIF_AARCH64
									       : EIF_X86_64,
		.kernel = options->kernel,
		.ramdisks = options->ramdisks,
		.ramdisk_count = options->ramdisk_count,
		.boot_checks = !options->no_boot_checks,
	};
	cleanup_free char *cmdline = load_cmdline(options, &plan.cmdline_size, err);
	cleanup_free char *metadata = NULL;
	cleanup_with(outfile_close) struct outfile out = OUTFILE_INIT;
	struct eif_measurements measurements;

	if (!cmdline)
		return -1;
	metadata = load_metadata(options, &plan.metadata_size, err);
	if (!metadata)
		return -1;
	plan.cmdline = cmdline;
	plan.metadata = metadata;
	if ((options->words.key
		     ? write_signed(&plan, options, &out, &measurements, err)
		     : draft_write(&plan, options->output, &out, &measurements, err)) < 0)
		return -1;
	return command_publish(&out, &measurements, options->json, err);
}

int cmd_build(int argc, char **argv, struct err *err)
{
	cleanup_free const char **ramdisks = calloc((size_t)argc, sizeof(*ramdisks));
	struct options options = {.ramdisks = ramdisks};

	if (!ramdisks)
		return err_errno(err, "MEMORY", "options");
	if (parse_options(&options, argc, argv, err) < 0)
		return -1;
	if (options.help) {
		fputs(help, stdout);
		return command_flush(err);
	}
	return build(&options, err);
}
