/* The eif program: finds the command and turns its error into one line and an exit status. */
#include <stdarg.h>
#include <string.h>

#include <openssl/crypto.h>

#include "command.h"
#include "room.h"

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv, struct err *err);
} commands[] = {
	{"attach", cmd_attach}, {"build", cmd_build},	  {"describe", cmd_describe},
	{"diff", cmd_diff},	{"extract", cmd_extract}, {"sign", cmd_sign},
	{"strip", cmd_strip},	{"verify", cmd_verify},
};

static const char help[] =
	"usage: eif COMMAND [OPTION]...\n"
	"Enclave images: write, read, measure and sign them.\n"
	"\n"
	"  build      write an image from kernel, command line and ramdisks; print its PCRs\n"
	"  describe   check an image strictly and print all facts about it\n"
	"  extract    write an image's sections to files\n"
	"  verify     compare an image with published measurements, tell what no PCR pins down\n"
	"  diff       say what two images differ in, and why their PCRs do\n"
	"  sign       sign an image, or print the bytes that are to be signed elsewhere\n"
	"  attach     put a signature made elsewhere into an image\n"
	"  strip      give back the image that was signed, bit for bit\n"
	"\n"
	"  --help     this text; eif COMMAND --help tells about one command\n"
	"  --version  name and version of this program\n"
	"\n"
	"Exit status: 0 done, 1 does not verify, 2 usage, 3 malformed input, 4 environment.\n";

int command_bad_option(int opt, char **argv, struct err *err)
{
	return err_set(err, EXIT_USAGE, "EIF-USAGE", "%s: %s: %s expected (see eif %s --help)",
		       argv[0], argv[optind - 1], opt == ':' ? "a value" : "a known option",
		       argv[0]);
}

int command_set_once(const char **slot, const char *option, const char *value, struct err *err)
{
	if (*slot)
		return err_set(err, EXIT_USAGE, "EIF-USAGE", "--%s: one expected, found two",
			       option); /* not what they are: it may be a secret */
	*slot = value;
	return 0;
}

/* DEL, which JSON allows as it is, and jansson with it. */
static int print_without_del(const char *text, size_t size, void *context)
{
	(void)context;
	for (size_t i = 0; i < size; i++) {
		if (text[i] == 0x7f)
			fputs("\\u007f", stdout);
		else
			putchar(text[i]);
	}
	return 0;
}

int command_print_json(const json_t *json, struct err *err)
{
	if (json_dump_callback(json, print_without_del, NULL, JSON_INDENT(2) | JSON_ENSURE_ASCII) <
	    0)
		return err_errno(err, "FILE-WRITE", "standard output");
	putchar('\n');
	return command_flush(err);
}

void command_print_text(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		putchar(text[i] >= 0x20 && text[i] < 0x7f ? text[i] : '?');
}

int command_print_measurements(const struct eif_measurements *measurements, bool as_json,
			       struct err *err)
{
	cleanup_json json_t *json = NULL;
	char hex[HASH_MAX_HEX];

	if (as_json) {
		json_t *inner = eif_measurements_json(measurements, err);

		if (!inner)
			return -1;
		json = json_pack("{s:o}", "Measurements", inner);
		if (!json)
			return err_errno(err, "MEMORY", "measurements");
		return command_print_json(json, err);
	}
	for (int i = 0; i < 3; i++) {
		hash_hex(measurements->pcr[i], SHA384_SIZE, hex);
		printf("PCR%d  %s\n", i, hex);
	}
	if (measurements->has_pcr8) {
		hash_hex(measurements->pcr8, SHA384_SIZE, hex);
		printf("PCR8  %s\n", hex);
	}
	return command_flush(err);
}

int command_publish(struct outfile *out, const struct eif_measurements *measurements, bool as_json,
		    struct err *err)
{
	if (command_print_measurements(measurements, as_json, err) < 0)
		return -1;
	return outfile_commit(out, err);
}

void command_warn(const char *fmt, ...)
{
	va_list args;

	fputs("eif: warning: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
}

int command_flush(struct err *err)
{
	if (fflush(stdout) != 0 || ferror(stdout))
		return err_errno(err, "FILE-WRITE", "standard output");
	return 0;
}

static int dispatch(int argc, char **argv, struct err *err)
{
	const char *name = argc > 1 ? argv[1] : "";

	if (strcmp(name, "--help") == 0) {
		fputs(help, stdout);
		return command_flush(err);
	}
	if (strcmp(name, "--version") == 0) {
		puts("eif (mintmark) " EIF_TOOL_VERSION);
		return command_flush(err);
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].name, name) == 0)
			return commands[i].run(argc - 1, argv + 1, err);
	return err_set(err, EXIT_USAGE, "EIF-USAGE",
		       "a command expected, found '%s' (see eif --help)", name);
}

/*
 * A token's library may use OpenSSL, too, until the very end (SoftHSM does), so OpenSSL must not
 * end before it.
 */
int main(int argc, char **argv)
{
	struct err err = {0};

	OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL);
	if (dispatch(argc, argv, &err) < 0)
		return err_print(&err, "eif");
	return EXIT_OK;
}
