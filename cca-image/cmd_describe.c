/* realm describe: facts about one image. Never writes a file. */
#include "command.h"

static const char help[] =
	"usage: realm describe FILE.igvm [--json]\n"
	"Checks an image strictly and prints what is in it. Measures nothing: see realm measure.\n"
	"\n"
	"  --json  all of it\n"
	"  --help  this text\n";

enum option_id { OPT_JSON = 256, OPT_HELP };

static const struct option long_options[] = {
	{"json", no_argument, NULL, OPT_JSON},
	{"help", no_argument, NULL, OPT_HELP},
	{NULL, 0, NULL, 0},
};

static int print_table(const struct igvm_image *image, struct err *err)
{
	enum hash_algorithm hash = HASH_SHA256;
	char hex[HASH_MAX_HEX];

	realm_hash_of_number(image->policy.hash, &hash);
	hash_hex(image->sha256, SHA256_SIZE, hex);
	printf("%-10s%llu\n%-10s%s\n", "Size", (unsigned long long)image->file_size, "SHA-256",
	       hex);
	printf("%-10sIGVM 2, Arm CCA\n%-10s%08lx, correct\n", "Format", "CRC-32",
	       (unsigned long)image->checksum);
	printf("%-10s%s, live firmware activation %s, attributes 0x%llx clear, 0x%llx set\n",
	       "Policy", realm_hash_name(hash), image->policy.lfa ? "allowed" : "not allowed",
	       (unsigned long long)image->policy.zeroes, (unsigned long long)image->policy.ones);
	for (size_t i = 0; i < image->memory_count; i++)
		printf("%-10s0x%llx, %llu bytes\n", "Memory",
		       (unsigned long long)image->memory[i].gpa,
		       (unsigned long long)image->memory[i].size);
	printf("%-10s%llu, of these %llu of zeros, %llu not measured\n", "Pages",
	       (unsigned long long)image->pages, (unsigned long long)image->empty,
	       (unsigned long long)image->unmeasured);
	printf("%-10spc 0x%llx", "Boot", (unsigned long long)image->pc);
	for (unsigned i = 0; i < REALM_GPRS; i++)
		if (image->gprs[i] || i == 0)
			printf(", x%u 0x%llx", i, (unsigned long long)image->gprs[i]);
	printf("\n%-10s", "CoRIM");
	if (!image->corim_slot)
		puts("no slot");
	else if (image->corim_size == 0)
		puts("empty slot");
	else
		printf("%llu bytes, not verified\n", (unsigned long long)image->corim_size);
	return command_flush(err);
}

static int describe(const char *path, bool as_json, struct err *err)
{
	cleanup_close int fd = command_open(path, err);
	cleanup_json json_t *json = NULL;
	struct igvm_image image;

	if (fd < 0 || igvm_read(fd, path, NULL, &image, err) < 0)
		return -1;
	if (!as_json)
		return print_table(&image, err);
	json = igvm_describe(&image, err);
	return json ? command_print_json(json, err) : -1;
}

int cmd_describe(int argc, char **argv, struct err *err)
{
	bool as_json = false;
	int opt;

	opterr = 0;
	while ((opt = getopt_long(argc, argv, ":", long_options, NULL)) != -1) {
		switch (opt) {
		case OPT_JSON:
			as_json = true;
			break;
		case OPT_HELP:
			return command_help(help, err);
		default:
			return command_bad_option(opt, argv, err);
		}
	}
	if (argc - optind != 1)
		return command_usage(argv, "one image", "another number of words", err);
	return describe(argv[optind], as_json, err);
}
