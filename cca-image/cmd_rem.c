/* realm rem: the REM after each of a list of extends. Reads no files. */
#include "command.h"

static const char help[] =
	"usage: realm rem --hash sha-256|sha-384|sha-512 VALUE... [--json]\n"
	"Prints what an extensible measurement is after each extend, one line each.\n"
	"\n"
	"  VALUE        hexadecimal of 1 to 64 bytes, in the order of memory (x3 to x10)\n"
	"  --hash HASH  that of the realm\n"
	"  --json       the last value, and the list\n"
	"  --help       this text\n"
	"\n"
	"Extend whole 64-byte values only: of shorter ones the specification and the reference\n"
	"implementation of the RMM are said to disagree.\n";

enum option_id { OPT_HASH = 256, OPT_JSON, OPT_HELP };

static const struct option long_options[] = {
	{"hash", required_argument, NULL, OPT_HASH},
	{"json", no_argument, NULL, OPT_JSON},
	{"help", no_argument, NULL, OPT_HELP},
	{NULL, 0, NULL, 0},
};

static int unhex(const char *text, unsigned char *out, size_t *size, struct err *err)
{
	size_t length = strlen(text);

	if (length < 2 || length > 2 * REALM_REM_MAX || length % 2 ||
	    strspn(text, "0123456789abcdefABCDEF") != length)
		return err_set(err, EXIT_USAGE, "REALM-USAGE",
			       "rem: hexadecimal of 1 to %d bytes expected, found '%.140s'",
			       REALM_REM_MAX, text);
	*size = length / 2;
	for (size_t i = 0; i < *size; i++) {
		char byte[3] = {text[2 * i], text[2 * i + 1], 0};

		out[i] = (unsigned char)strtoul(byte, NULL, 16);
	}
	return 0;
}

static int extend_all(enum hash_algorithm hash, char **words, bool as_json, struct err *err)
{
	cleanup_json json_t *steps = json_array();
	unsigned char rem[HASH_MAX_SIZE] = {0};
	unsigned char value[REALM_REM_MAX];
	char hex[HASH_MAX_HEX];
	cleanup_json json_t *json = NULL;
	size_t size = 0;

	hash_hex(rem, hash_size(hash), hex);
	for (; *words; words++) {
		if (unhex(*words, value, &size, err) < 0 ||
		    realm_rem_extend(hash, rem, value, size, err) < 0)
			return -1;
		hash_hex(rem, hash_size(hash), hex);
		if (!as_json)
			puts(hex);
		else if (json_array_append_new(
				 steps, json_pack("{s:s, s:s}", "value", *words, "rem", hex)) < 0)
			return err_errno(err, "MEMORY", "extends");
	}
	if (!as_json)
		return command_flush(err);
	json = json_pack("{s:s, s:O, s:s}", "hash", realm_hash_name(hash), "extends", steps, "rem",
			 hex);
	return json ? command_print_json(json, err) : err_errno(err, "MEMORY", "extends");
}

int cmd_rem(int argc, char **argv, struct err *err)
{
	enum hash_algorithm hash = HASH_SHA256;
	const char *name = NULL;
	bool as_json = false;
	int opt;

	opterr = 0;
	while ((opt = getopt_long(argc, argv, ":", long_options, NULL)) != -1) {
		switch (opt) {
		case OPT_HASH:
			if (command_set_once(&name, "hash", optarg, err) < 0)
				return -1;
			break;
		case OPT_JSON:
			as_json = true;
			break;
		case OPT_HELP:
			return command_help(help, err);
		default:
			return command_bad_option(opt, argv, err);
		}
	}
	if (!name || !realm_hash_parse(name, &hash))
		return command_usage(argv, "--hash sha-256, sha-384 or sha-512",
				     name ? name : "none", err);
	return extend_all(hash, argv + optind, as_json, err);
}
