/* realm attach, realm strip: the slot for a CoRIM document in an image, which no RMM measures. */
#include "command.h"

static const char attach_help[] =
	"usage: realm attach FILE.igvm --corim DOCUMENT -o OUT.igvm\n"
	"Puts a CoRIM document into the empty slot of an image, at its end. No RIM changes.\n"
	"The document begins as an unsigned CoRIM (CBOR tag 501); nothing else of it is looked "
	"at.\n"
	"\n"
	"  --corim DOCUMENT  at most 1 MiB\n"
	"  -o, --output FILE the image with it; appears whole or not at all\n"
	"  --help            this text\n";

static const char strip_help[] =
	"usage: realm strip FILE.igvm -o OUT.igvm\n"
	"Takes the document out again: gives back the image before realm attach, bit for bit.\n"
	"\n"
	"  -o, --output FILE the image without it; appears whole or not at all\n"
	"  --help            this text\n";

enum option_id { OPT_CORIM = 256, OPT_HELP };

static const struct option long_options[] = {
	{"output", required_argument, NULL, 'o'},
	{"help", no_argument, NULL, OPT_HELP},
	{"corim", required_argument, NULL, OPT_CORIM},
	{NULL, 0, NULL, 0},
};

struct options {
	const char *corim, *output;
	bool help;
};

static int parse_options(struct options *options, bool attach, int argc, char **argv,
			 struct err *err)
{
	int opt;

	opterr = 0;
	while ((opt = getopt_long(argc, argv, ":o:", long_options, NULL)) != -1) {
		if (opt == OPT_HELP) {
			options->help = true;
			return 0;
		}
		if (opt != 'o' && (opt != OPT_CORIM || !attach))
			return command_bad_option(opt, argv, err);
		if (command_set_once(opt == 'o' ? &options->output : &options->corim,
				     opt == 'o' ? "output" : "corim", optarg, err) < 0)
			return -1;
	}
	if (argc - optind != 1)
		return command_usage(argv, "one image", "another number of words", err);
	if (!options->output)
		return command_usage(argv, "-o", "none", err);
	if (attach && !options->corim)
		return command_usage(argv, "--corim", "none", err);
	return 0;
}

static int check_document(const char *path, const unsigned char *data, size_t size, struct err *err)
{
	static const unsigned char tag[] = {0xd9, 0x01, 0xf5}; /* 501 */

	if (size > sizeof(tag) && memcmp(data, tag, sizeof(tag)) == 0)
		return 0;
	return err_set(err, EXIT_MALFORMED, "REALM-CORIM",
		       "%s: an unsigned CoRIM (CBOR tag 501) expected, found another beginning",
		       path);
}

int cmd_attach(int argc, char **argv, struct err *err)
{
	cleanup_free unsigned char *data = NULL;
	struct options options = {.help = false};
	cleanup_close int fd = -1;
	size_t size;

	if (parse_options(&options, true, argc, argv, err) < 0)
		return -1;
	if (options.help)
		return command_help(attach_help, err);
	data = read_small_file(options.corim, 1 << 20, &size, err);
	if (!data || check_document(options.corim, data, size, err) < 0)
		return -1;
	fd = command_open(argv[optind], err);
	return fd < 0 ? -1 : igvm_set_corim(fd, argv[optind], data, size, options.output, err);
}

int cmd_strip(int argc, char **argv, struct err *err)
{
	struct options options = {.help = false};
	cleanup_close int fd = -1;

	if (parse_options(&options, false, argc, argv, err) < 0)
		return -1;
	if (options.help)
		return command_help(strip_help, err);
	fd = command_open(argv[optind], err);
	return fd < 0 ? -1 : igvm_set_corim(fd, argv[optind], NULL, 0, options.output, err);
}
