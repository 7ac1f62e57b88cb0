/*
 * realm build: image.igvm, of a kernel and what goes with it under a layout, or of given pages; and
 * the plain parts, padded so that every host's rounding gives the same pages.
 */
#include "layout.h"
#include "parts.h"

#include <errno.h>
#include <sys/stat.h>

static const char help[] =
	"usage: realm build --layout FILE --memory SIZE --cpus N --kernel FILE --initrd FILE\n"
	"                   [OPTION]... -o OUT.igvm\n"
	"       realm build --pages ADDRESS=FILE... --required ADDRESS+SIZE... --pc ADDRESS\n"
	"                   [OPTION]... -o OUT.igvm\n"
	"Writes an IGVM image for Arm CCA.\n"
	"\n" PARTS_HELP
	"  --parts DIR         also write kernel, initrd.cpio and image.dtb, padded, and build\n"
	"                      the image of them\n"
	"  --pages ADDRESS=FILE       measured pages from this address on, in rising order\n"
	"  --unmeasured ADDRESS=FILE  pages whose content is not measured\n"
	"  --required ADDRESS+SIZE    memory that the realm needs\n"
	"  --pc ADDRESS, --x0 VALUE ... --x7 VALUE\n"
	"                      the boot processor's registers\n"
	"  --hash HASH         of the policy: sha-256 (default), sha-384 or sha-512\n"
	"  --allow-lfa         the policy allows live firmware activation\n"
	"  --forbid-debug      the policy requires that debugging is off\n"
	"  --no-corim-slot     no slot for a CoRIM document\n"
	"  -o, --output FILE   the image; appears whole or not at all\n"
	"  --help              this text\n";

enum option_id {
	OPT_PARTS = 256,
	OPT_PAGES,
	OPT_UNMEASURED,
	OPT_REQUIRED,
	OPT_PC,
	OPT_HASH,
	OPT_ALLOW_LFA,
	OPT_FORBID_DEBUG,
	OPT_NO_CORIM_SLOT,
	OPT_HELP,
	OPT_X0 = 300,
};

static const struct option long_options[] = {
	PARTS_OPTIONS,
	{"parts", required_argument, NULL, OPT_PARTS},
	{"pages", required_argument, NULL, OPT_PAGES},
	{"unmeasured", required_argument, NULL, OPT_UNMEASURED},
	{"required", required_argument, NULL, OPT_REQUIRED},
	{"pc", required_argument, NULL, OPT_PC},
	{"x0", required_argument, NULL, OPT_X0},
	{"x1", required_argument, NULL, OPT_X0 + 1},
	{"x2", required_argument, NULL, OPT_X0 + 2},
	{"x3", required_argument, NULL, OPT_X0 + 3},
	{"x4", required_argument, NULL, OPT_X0 + 4},
	{"x5", required_argument, NULL, OPT_X0 + 5},
	{"x6", required_argument, NULL, OPT_X0 + 6},
	{"x7", required_argument, NULL, OPT_X0 + 7},
	{"hash", required_argument, NULL, OPT_HASH},
	{"allow-lfa", no_argument, NULL, OPT_ALLOW_LFA},
	{"forbid-debug", no_argument, NULL, OPT_FORBID_DEBUG},
	{"no-corim-slot", no_argument, NULL, OPT_NO_CORIM_SLOT},
	{"output", required_argument, NULL, 'o'},
	{"help", no_argument, NULL, OPT_HELP},
	{NULL, 0, NULL, 0},
};

enum {
	MAX_PARTS = 256,
	PAD = 1 << 16,	 /* the largest page of a host */
	INITRD_LESS = 4, /* kvmtool puts a ramdisk 4 bytes below the device tree */
	ATTRIBUTE_DEBUG = 1,
	MEMORY_CHUNK = 1 << 30, /* REQUIRED_MEMORY counts bytes in 32 bits */
};

struct options {
	struct parts_options of;
	const char *parts_folder, *output;
	struct igvm_part pages[MAX_PARTS];
	size_t page_count;
	struct igvm_memory memory[IGVM_MAX_MEMORY];
	size_t memory_count;
	struct igvm_build build;
	enum hash_algorithm hash;
	bool any_register;
	bool help;
};

/* ADDRESS and what stands behind the character. */
static int split(const char *option, char *text, char at, uint64_t *address, char **rest,
		 struct err *err)
{
	char *sign = strchr(text, at);

	if (!sign || !sign[1])
		return err_set(err, EXIT_USAGE, "REALM-USAGE",
			       "--%s: ADDRESS%c... expected, found %s", option, at, text);
	*sign = '\0';
	*rest = sign + 1;
	return command_number(option, text, 0, INT64_MAX, address, err);
}

static int add_pages(struct options *options, const char *option, char *text, bool unmeasured,
		     struct err *err)
{
	struct igvm_part part = {.unmeasured = unmeasured};
	struct stat st;
	char *path;

	if (options->page_count == MAX_PARTS)
		return err_set(err, EXIT_USAGE, "REALM-USAGE", "--%s: at most %d expected", option,
			       MAX_PARTS);
	if (split(option, text, '=', &part.gpa, &path, err) < 0)
		return -1;
	part.path = path;
	if (stat(path, &st) < 0)
		return err_errno(err, "FILE-OPEN", "%s", path);
	if (!S_ISREG(st.st_mode) || st.st_size == 0)
		return err_set(err, EXIT_MALFORMED, "REALM-INPUT",
			       "%s: a regular file that is not empty expected, found another",
			       path);
	part.size = round_up((uint64_t)st.st_size, REALM_PAGE);
	options->pages[options->page_count++] = part;
	return 0;
}

static int add_required(struct options *options, char *text, struct err *err)
{
	struct igvm_memory memory;
	char *size;

	if (options->memory_count == IGVM_MAX_MEMORY)
		return err_set(err, EXIT_USAGE, "REALM-USAGE", "--required: at most %d expected",
			       IGVM_MAX_MEMORY);
	if (split("required", text, '+', &memory.gpa, &size, err) < 0 ||
	    command_number("required", size, 1, UINT32_MAX, &memory.size, err) < 0)
		return -1;
	options->memory[options->memory_count++] = memory;
	return 0;
}

static int set_option(struct options *options, int opt, char **argv, struct err *err)
{
	int taken = parts_option(&options->of, opt, optarg, err);

	if (taken != 0)
		return taken < 0 ? -1 : 0;
	if (opt >= OPT_X0 && opt < OPT_X0 + REALM_GPRS) {
		options->any_register = true;
		return command_number("x0 to x7", optarg, 0, UINT64_MAX,
				      &options->build.gprs[opt - OPT_X0], err);
	}
	switch (opt) {
	case OPT_PARTS:
		return command_set_once(&options->parts_folder, "parts", optarg, err);
	case OPT_PAGES:
	case OPT_UNMEASURED:
		return add_pages(options, opt == OPT_PAGES ? "pages" : "unmeasured", optarg,
				 opt == OPT_UNMEASURED, err);
	case OPT_REQUIRED:
		return add_required(options, optarg, err);
	case OPT_PC:
		options->any_register = true;
		return command_number("pc", optarg, 0, UINT64_MAX, &options->build.pc, err);
	case OPT_HASH:
		return realm_hash_parse(optarg, &options->hash)
			       ? 0
			       : command_usage(argv, "--hash sha-256, sha-384 or sha-512", optarg,
					       err);
	case OPT_ALLOW_LFA:
		options->build.policy.lfa = 1;
		return 0;
	case OPT_FORBID_DEBUG:
		options->build.policy.zeroes |= ATTRIBUTE_DEBUG;
		return 0;
	case OPT_NO_CORIM_SLOT:
		options->build.corim_slot = false;
		return 0;
	case 'o':
		return command_set_once(&options->output, "output", optarg, err);
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
	while ((opt = getopt_long(argc, argv, ":o:", long_options, NULL)) != -1)
		if (set_option(options, opt, argv, err) < 0)
			return -1;
	if (options->help)
		return 0;
	if (optind < argc)
		return command_usage(argv, "options only", argv[optind], err);
	if (!options->output)
		return command_usage(argv, "-o", "none", err);
	options->build.policy.hash = (uint8_t)realm_hash_number(options->hash);
	if (options->page_count > 0) {
		if (options->of.layout_count > 0 || options->parts_folder ||
		    options->memory_count == 0)
			return command_usage(argv, "--required and no --layout with --pages",
					     "another choice", err);
		return 0;
	}
	if (options->memory_count > 0 || options->any_register)
		return command_usage(argv, "--pages with --required, --pc and --x0", "none", err);
	if (!options->of.parts.kernel || !options->of.parts.initrd)
		return command_usage(argv, "--kernel and --initrd", "not both", err);
	return parts_check(&options->of, argv, true, err);
}

/* ---- plain parts ---- */

static char *join(const char *folder, const char *name, struct err *err)
{
	char *path;

	if (asprintf(&path, "%s/%s", folder, name) < 0) {
		err_errno(err, "MEMORY", "%s", folder);
		return NULL;
	}
	return path;
}

/* A copy with zeros behind it, up to a multiple of PAD less some bytes. */
static int write_padded(const char *from, const char *to, uint64_t less, struct err *err)
{
	cleanup_with(outfile_close) struct outfile out = OUTFILE_INIT;
	cleanup_close int fd = command_open(from, err);
	unsigned char block[PAD];
	uint64_t size = 0;
	ssize_t n;

	if (fd < 0 || outfile_open(&out, to, err) < 0)
		return -1;
	do {
		n = read_at(fd, block, sizeof(block), size, from, err);
		if (n < 0 || outfile_write(&out, block, (size_t)n, err) < 0)
			return -1;
		size += (uint64_t)n;
	} while (n > 0);
	memset(block, 0, sizeof(block));
	if (outfile_write(&out, block, (size_t)(round_up(size + less, PAD) - less - size), err) < 0)
		return -1;
	return outfile_commit(&out, err);
}

static int write_bytes(const char *path, const void *data, size_t size, struct err *err)
{
	cleanup_with(outfile_close) struct outfile out = OUTFILE_INIT;

	if (outfile_open(&out, path, err) < 0 || outfile_write(&out, data, size, err) < 0)
		return -1;
	return outfile_commit(&out, err);
}

/* Puts padded copies in the place of kernel and initrd. */
static int pad_parts(const struct options *options, struct realm_parts *parts, char **kernel,
		     char **initrd, struct err *err)
{
	const char *folder = options->parts_folder;

	if (!folder)
		return 0;
	if (mkdir(folder, 0777) < 0 && errno != EEXIST)
		return err_errno(err, "FILE-CREATE", "%s", folder);
	*kernel = join(folder, "kernel", err);
	if (!*kernel)
		return -1;
	*initrd = join(folder, "initrd.cpio", err);
	if (!*initrd || write_padded(parts->kernel, *kernel, 0, err) < 0 ||
	    write_padded(parts->initrd, *initrd, INITRD_LESS, err) < 0)
		return -1;
	parts->kernel = *kernel;
	parts->initrd = *initrd;
	return 0;
}

/* ---- the image ---- */

static void require(struct options *options, uint64_t base, uint64_t end)
{
	while (base < end && options->memory_count < IGVM_MAX_MEMORY) {
		uint64_t size = end - base < MEMORY_CHUNK ? end - base : MEMORY_CHUNK;

		options->memory[options->memory_count++] =
			(struct igvm_memory){.gpa = base, .size = size};
		base += size;
	}
}

/* Pieces begin at a page in an image: what lies before them in it is zeros that nobody has. */
static int take_plan(struct options *options, const struct realm_plan *plan,
		     const struct realm_parts *parts, struct err *err)
{
	struct piece pieces[PLAN_PIECES];
	size_t count = plan_pieces(plan, parts, pieces);

	if ((plan->ram_end - plan->ram_base) / MEMORY_CHUNK >= IGVM_MAX_MEMORY)
		return err_set(err, EXIT_USAGE, "REALM-MEMORY",
			       "build: memory below %d GiB expected, found more", IGVM_MAX_MEMORY);
	require(options, plan->ram_base, plan->ram_end);
	for (size_t i = 0; i < count; i++) {
		if (pieces[i].skip > 0)
			return err_set(err, EXIT_MALFORMED, "REALM-INPUT",
				       "build: %s at a multiple of the layout's round expected, "
				       "found 0x%llx bytes behind one",
				       pieces[i].what, (unsigned long long)pieces[i].skip);
		options->pages[options->page_count++] = (struct igvm_part){.gpa = pieces[i].base,
									   .size = pieces[i].size,
									   .path = pieces[i].path,
									   .data = pieces[i].data};
	}
	options->build.pc = plan->pc;
	memcpy(options->build.gprs, plan->gprs, sizeof(plan->gprs));
	return 0;
}

static int write_image(struct options *options, struct err *err)
{
	options->build.memory = options->memory;
	options->build.memory_count = options->memory_count;
	options->build.parts = options->pages;
	options->build.part_count = options->page_count;
	return igvm_write(&options->build, options->output, err);
}

static int build_plan(struct options *options, struct err *err)
{
	cleanup_with(realm_plan_clear) struct realm_plan plan = REALM_PLAN_INIT;
	const struct realm_host host = COMMAND_HOST_INIT;
	struct realm_parts parts =
		parts_with(&options->of, options->of.memory[0], options->of.cpus[0]);
	cleanup_free char *kernel = NULL;
	cleanup_free char *initrd = NULL;
	cleanup_free char *tree = NULL;

	if (pad_parts(options, &parts, &kernel, &initrd, err) < 0 ||
	    realm_plan(options->of.layouts[0], &parts, &host, options->hash, &plan, err) < 0)
		return -1;
	if (options->parts_folder) {
		tree = join(options->parts_folder, "image.dtb", err);
		if (!tree || write_bytes(tree, plan.tree_data, (size_t)plan.tree_size, err) < 0)
			return -1;
	}
	if (take_plan(options, &plan, &parts, err) < 0)
		return -1;
	return write_image(options, err);
}

int cmd_build(int argc, char **argv, struct err *err)
{
	cleanup_free struct options *options = calloc(1, sizeof(*options));
	int status;

	if (!options)
		return err_errno(err, "MEMORY", "options");
	options->hash = HASH_SHA256;
	options->build.corim_slot = true;
	status = parse_options(options, argc, argv, err);
	if (status == 0 && options->help)
		status = command_help(help, err);
	else if (status == 0)
		status = options->page_count > 0 ? write_image(options, err)
						 : build_plan(options, err);
	parts_close(&options->of);
	return status;
}
