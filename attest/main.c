/* The attest program: finds the command and turns its error into one line and an exit status. */
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include <openssl/crypto.h>

#include "command.h"
#include "outfile.h"

enum { PEM_MAX = 16384 };

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv, struct err *err);
} commands[] = {
	{"log", cmd_log},	{"policy", cmd_policy},	  {"publish", cmd_publish},
	{"quorum", cmd_quorum}, {"rebuilt", cmd_rebuilt}, {"sign", cmd_sign},
	{"site", cmd_site},	{"verify", cmd_verify},
};

static const char help[] =
	"usage: attest COMMAND [OPTION]...\n"
	"Evidence of enclaves and realms: verify it, publish what it is held against.\n"
	"\n"
	"  log        keep a log of releases, check one, prove what is in it\n"
	"  policy     print the policy of a key service about published images\n"
	"  publish    write reference values, policies and provenance into a release folder\n"
	"  quorum     say whether enough others rebuilt a release\n"
	"  rebuilt    sign that a release was rebuilt\n"
	"  sign       sign what publish wrote\n"
	"  site       write pages about releases and their log\n"
	"  verify     hold an attestation document or token against published measurements\n"
	"\n"
	"  --help     this text; attest COMMAND --help tells about one command\n"
	"  --version  name and version of this program\n"
	"\n"
	"Exit status: 0 done, 1 does not verify, 2 usage, 3 malformed input, 4 environment.\n";

int command_bad_option(int opt, char **argv, struct err *err)
{
	return err_set(err, EXIT_USAGE, "ATTEST-USAGE",
		       "%s: %s: %s expected (see attest %s --help)", argv[0], argv[optind - 1],
		       opt == ':' ? "a value" : "a known option", argv[0]);
}

int command_set_once(const char **slot, const char *option, const char *value, struct err *err)
{
	if (*slot)
		return err_set(err, EXIT_USAGE, "ATTEST-USAGE", "--%s: one expected, found two",
			       option);
	*slot = value;
	return 0;
}

int command_reference(struct reference_words *words, const char *path, struct err *err)
{
	const size_t most = sizeof(words->paths) / sizeof(words->paths[0]);

	if (words->count == most)
		return err_set(err, EXIT_USAGE, "ATTEST-USAGE",
			       "--reference: at most %zu expected, found more", most);
	words->paths[words->count++] = path;
	return 0;
}

static int read_reference(const char *path, const struct attest_file *key,
			  struct attest_references *references, struct err *err)
{
	struct attest_file file = {.path = path};
	cleanup_free char *data = read_small_file(path, ATTEST_MAX_REFERENCE, &file.size, err);

	if (!data)
		return -1;
	file.data = data;
	if (key->data)
		return attest_references_add_signed(references, &file, key, err);
	if (attest_reference_is_signed(data, file.size))
		command_warn("%s: nobody looked at the signature: --reference-key does", path);
	return attest_references_add(references, data, file.size, path, err);
}

int command_read_references(const struct reference_words *words,
			    struct attest_references *references, struct err *err)
{
	struct attest_file key = {.path = words->key};
	cleanup_free char *pem = NULL;

	if (words->key) {
		pem = read_small_file(words->key, PEM_MAX, &key.size, err);
		if (!pem)
			return -1;
		key.data = pem;
	}
	for (size_t i = 0; i < words->count; i++)
		if (read_reference(words->paths[i], &key, references, err) < 0)
			return -1;
	return 0;
}

int command_need(const char *value, const char *command, const char *option, struct err *err)
{
	if (value)
		return 0;
	return err_set(err, EXIT_USAGE, "ATTEST-USAGE",
		       "%s: --%s expected, found none (see attest %s --help)", command, option,
		       command);
}

int command_number(const char *option, const char *text, int64_t most, int64_t *number,
		   struct err *err)
{
	long long value;
	char *end;

	errno = 0;
	value = strtoll(text, &end, 10);
	if (errno == 0 && text[0] >= '0' && text[0] <= '9' && !*end && value <= most) {
		*number = value;
		return 0;
	}
	return err_set(err, EXIT_USAGE, "ATTEST-USAGE",
		       "--%s: a number of at most %lld expected, found %s", option, (long long)most,
		       text);
}

int command_time(const char *text, int64_t *seconds, struct err *err)
{
	struct tm tm = {0};
	const char *end;

	if (!text) {
		*seconds = time(NULL);
		return 0;
	}
	end = strptime(text, strlen(text) == 10 ? "%Y-%m-%d" : "%Y-%m-%dT%H:%M:%SZ", &tm);
	if (end && !*end && (strlen(text) == 10 || strlen(text) == 20)) {
		*seconds = timegm(&tm);
		return 0;
	}
	return err_set(err, EXIT_USAGE, "ATTEST-TIME-FORM",
		       "--at: YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ expected, found %s", text);
}

int command_print_json(const json_t *json, struct err *err)
{
	if (json_dumpf(json, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII) < 0)
		return err_errno(err, "FILE-WRITE", "standard output");
	putchar('\n');
	return command_flush(err);
}

void command_print_text(const char *text)
{
	for (; text && *text; text++)
		putchar(*text >= 0x20 && *text < 0x7f ? *text : '?');
}

void command_warn(const char *fmt, ...)
{
	va_list args;

	fputs("attest: warning: ", stderr);
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
		puts("attest (mintmark) " ATTEST_TOOL_VERSION);
		return command_flush(err);
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].name, name) == 0)
			return commands[i].run(argc - 1, argv + 1, err);
	return err_set(err, EXIT_USAGE, "ATTEST-USAGE",
		       "a command expected, found '%s' (see attest --help)", name);
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
		return err_print(&err, "attest");
	return EXIT_OK;
}
