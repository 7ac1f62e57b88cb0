/*
 * Asks a running enclave's responder for an attestation document, through the unix socket of
 * vhost-device-vsock, and prints what the document says. Never checks a signature or a
 * certificate: what an emulator signs is worth nothing, and this is a test's tool.
 */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cbor.h>

#include "cleanup.h"
#include "err.h"
#include "outfile.h"

enum {
	FIELD_MAX = 1024, /* no field is longer, and no one of ours */
	FIELDS = 3,
	DOCUMENT_MAX = 16 * 1024, /* more than the security module can answer, 0x3000 */
	PCRS = 17,
	PCR_SIZE = 48,
	MODULE_ID_MAX = 128,
	WAIT_SECONDS = 60,
	/* Tag 18 in its one byte. Taken off by hand: libcbor 0.8 and 0.10 call it malformed. */
	COSE_SIGN1_TAG = 0xd2,
};

static const char usage[] =
	"usage: ask SOCKET PORT NONCEHEX [-o DOC] [--json] [--user-data HEX] [--public-key HEX]\n";

/* What a document carries for whoever asks for it. */
enum { NONCE, USER_DATA, PUBLIC_KEY };

static const struct {
	const char *name;
	size_t most; /* what the responder takes */
} fields[FIELDS] = {{"nonce", 512}, {"user_data", 512}, {"public_key", 1024}};

struct field {
	uint8_t data[FIELD_MAX];
	size_t size;
};

struct request {
	const char *socket;
	unsigned int port;
	const char *output; /* NULL: write no file */
	bool json;
	bool long_form;
	struct field fields[FIELDS];
};

/* What is printed of a document. It names PCRs that are locked: on a board without an image, none. */
struct facts {
	struct field fields[FIELDS];
	char module_id[MODULE_ID_MAX + 1];
	bool has_pcr[PCRS];
	uint8_t pcrs[PCRS][PCR_SIZE];
};

static void cleanup_item_at(cbor_item_t **item)
{
	if (*item)
		cbor_decref(item);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static int parse_field(const char *hex, unsigned int which, struct request *req, struct err *err)
{
	struct field *field = &req->fields[which];
	size_t size = strlen(hex);

	if (size % 2 || size / 2 > fields[which].most)
		return err_set(err, EXIT_USAGE, "ASK-USAGE",
			       "%s: expected an even number of digits up to %zu, found %zu",
			       fields[which].name, 2 * fields[which].most, size);
	for (size_t i = 0; i < size; i += 2) {
		int high = hex_digit(hex[i]);
		int low = hex_digit(hex[i + 1]);

		if (high < 0 || low < 0)
			return err_set(err, EXIT_USAGE, "ASK-USAGE",
				       "%s: expected hexadecimal digits, found \"%.2s\"",
				       fields[which].name, hex + i);
		field->data[i / 2] = (uint8_t)(high << 4 | low);
	}
	field->size = size / 2;
	return 0;
}

static int parse_port(const char *text, struct request *req, struct err *err)
{
	unsigned long port;
	char *end;

	errno = 0;
	port = strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end || errno || port > UINT32_MAX)
		return err_set(err, EXIT_USAGE, "ASK-USAGE",
			       "port: expected a number below 2^32, found \"%s\"", text);
	req->port = (unsigned int)port;
	return 0;
}

static int parse_arguments(int argc, char *argv[], struct request *req, struct err *err)
{
	static const struct option options[] = {
		{"json", no_argument, NULL, 'j'},
		{"user-data", required_argument, NULL, 'u'},
		{"public-key", required_argument, NULL, 'k'},
		{NULL, 0, NULL, 0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "o:", options, NULL)) != -1) {
		if (c == 'j')
			req->json = true;
		else if (c == 'o')
			req->output = optarg;
		else if (c != 'u' && c != 'k')
			return err_set(err, EXIT_USAGE, "ASK-USAGE", "%.*s",
				       (int)strcspn(usage, "\n"), usage);
		else if (parse_field(optarg, c == 'u' ? USER_DATA : PUBLIC_KEY, req, err))
			return -1;
		else
			req->long_form = true;
	}
	if (argc - optind != 3)
		return err_set(err, EXIT_USAGE, "ASK-USAGE",
			       "expected SOCKET PORT NONCEHEX, found %d arguments", argc - optind);
	req->socket = argv[optind];
	if (parse_port(argv[optind + 1], req, err))
		return -1;
	return parse_field(argv[optind + 2], NONCE, req, err);
}

static int send_all(int fd, const void *data, size_t size, struct err *err)
{
	const uint8_t *p = data;

	while (size > 0) {
		ssize_t n = send(fd, p, size, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, "ASK-SEND", "the enclave's connection");
		p += n;
		size -= (size_t)n;
	}
	return 0;
}

static int receive_all(int fd, void *data, size_t size, const char *what, struct err *err)
{
	uint8_t *p = data;
	size_t left = size;

	while (left > 0) {
		ssize_t n = recv(fd, p, left, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, "ASK-RECEIVE", "%s", what);
		if (n == 0)
			return err_set(err, EXIT_ENVIRONMENT, "ASK-SHORT",
				       "%s: expected %zu bytes, found %zu and the end", what, size,
				       size - left);
		p += n;
		left -= (size_t)n;
	}
	return 0;
}

/* Returns a connected socket, or -1. */
static int connect_socket(const char *path, struct err *err)
{
	const struct timeval limit = {.tv_sec = WAIT_SECONDS};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	cleanup_close int fd = -1;

	if (strlen(path) >= sizeof(address.sun_path))
		return err_set(err, EXIT_USAGE, "ASK-USAGE",
			       "%s: expected a path of less than %zu bytes, found %zu", path,
			       sizeof(address.sun_path), strlen(path));
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_errno(err, "ASK-CONNECT", "%s", path);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) ||
	    connect(fd, (const struct sockaddr *)&address, sizeof(address)))
		return err_errno(err, "ASK-CONNECT", "%s", path);
	return steal_fd(&fd);
}

/* The device's greeting: "CONNECT PORT" and "OK NUMBER", each with a newline. */
static int greet(int fd, unsigned int port, struct err *err)
{
	char line[32];
	size_t size = 0;
	int n = snprintf(line, sizeof(line), "CONNECT %u\n", port);

	if (send_all(fd, line, (size_t)n, err))
		return -1;
	do {
		if (size == sizeof(line) - 1)
			return err_set(err, EXIT_ENVIRONMENT, "ASK-GREETING",
				       "port %u: expected \"OK NUMBER\", found \"%.31s\"", port,
				       line);
		if (receive_all(fd, line + size, 1, "greeting", err))
			return err_wrap(err, "port %u", port);
		line[++size] = '\0';
	} while (line[size - 1] != '\n');
	if (strncmp(line, "OK ", 3))
		return err_set(err, EXIT_ENVIRONMENT, "ASK-GREETING",
			       "port %u: expected \"OK NUMBER\", found \"%.*s\"", port,
			       (int)(size - 1), line);
	return 0;
}

static size_t put_number(uint8_t *data, size_t number)
{
	data[0] = (uint8_t)(number >> 8);
	data[1] = (uint8_t)number;
	return 2;
}

/* The nonce alone, or all three fields behind their lengths and a number that no nonce has. */
static int send_request(int fd, const struct request *req, struct err *err)
{
	uint8_t lengths[8];
	size_t size = req->long_form ? put_number(lengths, 0xffff) : 0;
	size_t count = req->long_form ? FIELDS : 1;

	for (size_t i = 0; i < count; i++)
		size += put_number(lengths + size, req->fields[i].size);
	if (send_all(fd, lengths, size, err))
		return -1;
	for (size_t i = 0; i < count; i++)
		if (send_all(fd, req->fields[i].data, req->fields[i].size, err))
			return -1;
	return 0;
}

/* Sends the request and receives the document; *size is its size. */
static int fetch(int fd, const struct request *req, uint8_t document[DOCUMENT_MAX], size_t *size,
		 struct err *err)
{
	uint8_t answer[4];

	if (send_request(fd, req, err) ||
	    receive_all(fd, answer, sizeof(answer), "the answer's length", err))
		return -1;
	*size = (size_t)answer[0] << 24 | (size_t)answer[1] << 16 | (size_t)answer[2] << 8 |
		answer[3];
	if (*size == 0)
		return err_set(err, EXIT_ENVIRONMENT, "ASK-REFUSED",
			       "the answer: expected a document, found none: the security module "
			       "refused");
	if (*size > DOCUMENT_MAX)
		return err_set(err, EXIT_MALFORMED, "ASK-LENGTH",
			       "the answer: expected at most %d bytes, found %zu", DOCUMENT_MAX,
			       *size);
	return receive_all(fd, document, *size, "the document", err);
}

static int write_document(const char *path, const uint8_t *data, size_t size, struct err *err)
{
	cleanup_with(outfile_close) struct outfile out = OUTFILE_INIT;

	if (outfile_open(&out, path, err) || outfile_write(&out, data, size, err))
		return -1;
	return outfile_commit(&out, err);
}

/* Decodes one item that fills size bytes exactly. Returns NULL on failure. */
static cbor_item_t *decode(const uint8_t *data, size_t size, const char *what, struct err *err)
{
	struct cbor_load_result result;
	cbor_item_t *item = cbor_load(data, size, &result);

	if (!item) {
		err_set(err, EXIT_MALFORMED, "ASK-CBOR",
			"%s: offset %zu: expected CBOR, found error %d", what,
			result.error.position, (int)result.error.code);
		return NULL;
	}
	if (result.read != size) {
		err_set(err, EXIT_MALFORMED, "ASK-CBOR",
			"%s: expected an item of %zu bytes, found one of %zu and others behind",
			what, size, result.read);
		cbor_decref(&item);
	}
	return item;
}

static bool is_bytes(const cbor_item_t *item)
{
	return item && cbor_isa_bytestring(item) && cbor_bytestring_is_definite(item);
}

/* The payload of a COSE_Sign1 (RFC 9052, section 4.2): a byte string inside it, or NULL. */
static const cbor_item_t *find_payload(const cbor_item_t *sign1, struct err *err)
{
	cbor_item_t **parts;

	if (!cbor_isa_array(sign1) || cbor_array_size(sign1) != 4) {
		err_set(err, EXIT_MALFORMED, "ASK-COSE",
			"the document: expected an array of 4, found major type %d",
			(int)cbor_typeof(sign1));
		return NULL;
	}
	parts = cbor_array_handle(sign1);
	if (!is_bytes(parts[0]) || !cbor_isa_map(parts[1]) || !is_bytes(parts[2]) ||
	    !is_bytes(parts[3])) {
		err_set(err, EXIT_MALFORMED, "ASK-COSE",
			"the document: expected bytes, map, bytes, bytes, found major types "
			"%d, %d, %d, %d",
			(int)cbor_typeof(parts[0]), (int)cbor_typeof(parts[1]),
			(int)cbor_typeof(parts[2]), (int)cbor_typeof(parts[3]));
		return NULL;
	}
	return parts[2];
}

static bool key_is_text(const cbor_item_t *key, const char *text)
{
	return cbor_isa_string(key) && cbor_string_is_definite(key) &&
	       cbor_string_length(key) == strlen(text) &&
	       !memcmp(cbor_string_handle(key), text, strlen(text));
}

static bool key_is_number(const cbor_item_t *key, unsigned int number)
{
	return cbor_isa_uint(key) && cbor_get_int(key) == number;
}

/* The value under a text key, or under a number where text is NULL. A key may stand there once. */
static int look_up(const cbor_item_t *map, const char *text, unsigned int number,
		   const cbor_item_t **value, struct err *err)
{
	struct cbor_pair *pairs = cbor_map_handle(map);

	*value = NULL;
	for (size_t i = 0; i < cbor_map_size(map); i++) {
		const cbor_item_t *key = pairs[i].key;

		if (text ? !key_is_text(key, text) : !key_is_number(key, number))
			continue;
		if (*value)
			return err_set(err, EXIT_MALFORMED, "ASK-DUPLICATE",
				       "the payload: expected a key once, found %s %u again",
				       text ? text : "PCR", number);
		*value = pairs[i].value;
	}
	return 0;
}

/* An absent field and null are the same as an empty one. */
static int read_field(const cbor_item_t *payload, unsigned int which, struct facts *facts,
		      struct err *err)
{
	struct field *field = &facts->fields[which];
	const cbor_item_t *value;

	if (look_up(payload, fields[which].name, 0, &value, err))
		return -1;
	if (!value || cbor_is_null(value))
		return 0;
	if (!is_bytes(value) || cbor_bytestring_length(value) > FIELD_MAX)
		return err_set(err, EXIT_MALFORMED, "ASK-FIELD",
			       "the payload's %s: expected null or at most %d bytes, found "
			       "major type %d or more",
			       fields[which].name, FIELD_MAX, (int)cbor_typeof(value));
	field->size = cbor_bytestring_length(value);
	memcpy(field->data, cbor_bytestring_handle(value), field->size);
	return 0;
}

static int read_module_id(const cbor_item_t *payload, struct facts *facts, struct err *err)
{
	const cbor_item_t *value;
	size_t size;

	if (look_up(payload, "module_id", 0, &value, err))
		return -1;
	if (!value || !cbor_isa_string(value) || !cbor_string_is_definite(value))
		return err_set(err, EXIT_MALFORMED, "ASK-MODULE",
			       "the payload: expected a text module_id, found none");
	size = cbor_string_length(value);
	if (size == 0 || size > MODULE_ID_MAX)
		return err_set(err, EXIT_MALFORMED, "ASK-MODULE",
			       "the payload's module_id: expected 1 to %d bytes, found %zu",
			       MODULE_ID_MAX, size);
	memcpy(facts->module_id, cbor_string_handle(value), size);
	/* So that it can be printed as it is, in JSON too. */
	for (size_t i = 0; i < size; i++) {
		char c = facts->module_id[i];

		if (c < 0x20 || c > 0x7e || c == '"' || c == '\\')
			return err_set(err, EXIT_MALFORMED, "ASK-MODULE",
				       "the payload's module_id: byte %zu: expected plain ASCII, "
				       "found 0x%02x",
				       i, (unsigned int)(unsigned char)c);
	}
	return 0;
}

static int read_pcrs(const cbor_item_t *payload, struct facts *facts, struct err *err)
{
	const cbor_item_t *pcrs;

	if (look_up(payload, "pcrs", 0, &pcrs, err))
		return -1;
	if (!pcrs || !cbor_isa_map(pcrs))
		return err_set(err, EXIT_MALFORMED, "ASK-PCRS",
			       "the payload: expected a map pcrs, found none");
	for (unsigned int i = 0; i < PCRS; i++) {
		const cbor_item_t *value;

		if (look_up(pcrs, NULL, i, &value, err))
			return -1;
		facts->has_pcr[i] = value;
		if (!value)
			continue;
		if (!is_bytes(value) || cbor_bytestring_length(value) != PCR_SIZE)
			return err_set(err, EXIT_MALFORMED, "ASK-PCRS",
				       "the payload: expected PCR%u of %d bytes, found something else",
				       i, PCR_SIZE);
		memcpy(facts->pcrs[i], cbor_bytestring_handle(value), PCR_SIZE);
	}
	return 0;
}

static int read_payload(const cbor_item_t *payload, struct facts *facts, struct err *err)
{
	if (!cbor_isa_map(payload))
		return err_set(err, EXIT_MALFORMED, "ASK-PAYLOAD",
			       "the payload: expected a map, found major type %d",
			       (int)cbor_typeof(payload));
	for (unsigned int i = 0; i < FIELDS; i++)
		if (read_field(payload, i, facts, err))
			return -1;
	if (read_module_id(payload, facts, err))
		return -1;
	return read_pcrs(payload, facts, err);
}

static int read_document(const uint8_t *data, size_t size, struct facts *facts, struct err *err)
{
	cleanup_with(cleanup_item_at) cbor_item_t *document = NULL;
	cleanup_with(cleanup_item_at) cbor_item_t *payload = NULL;
	const cbor_item_t *bytes;

	if (size > 0 && data[0] == COSE_SIGN1_TAG) {
		data++;
		size--;
	}
	document = decode(data, size, "the document", err);
	if (!document)
		return -1;
	bytes = find_payload(document, err);
	if (!bytes)
		return -1;
	payload = decode(cbor_bytestring_handle(bytes), cbor_bytestring_length(bytes),
			 "the payload", err);
	if (!payload)
		return -1;
	return read_payload(payload, facts, err);
}

static void print_hex(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		printf("%02x", data[i]);
}

static bool is_zero(const uint8_t pcr[PCR_SIZE])
{
	for (size_t i = 0; i < PCR_SIZE; i++)
		if (pcr[i])
			return false;
	return true;
}

/* The three, and of the others what is not empty. */
static bool is_shown(const struct facts *facts, unsigned int pcr)
{
	return facts->has_pcr[pcr] && (pcr <= 2 || !is_zero(facts->pcrs[pcr]));
}

static void print_text(const struct facts *facts)
{
	for (unsigned int i = 0; i < FIELDS; i++) {
		printf("%s ", fields[i].name);
		print_hex(facts->fields[i].data, facts->fields[i].size);
		putchar('\n');
	}
	printf("module_id %s\n", facts->module_id);
	for (unsigned int i = 0; i < PCRS; i++) {
		if (!is_shown(facts, i))
			continue;
		printf("PCR%u ", i);
		print_hex(facts->pcrs[i], PCR_SIZE);
		putchar('\n');
	}
}

static void print_json(const struct facts *facts)
{
	printf("{\"module_id\": \"%s\"", facts->module_id);
	for (unsigned int i = 0; i < FIELDS; i++) {
		printf(", \"%s\": \"", fields[i].name);
		print_hex(facts->fields[i].data, facts->fields[i].size);
		putchar('"');
	}
	for (unsigned int i = 0; i < PCRS; i++) {
		if (!is_shown(facts, i))
			continue;
		printf(", \"PCR%u\": \"", i);
		print_hex(facts->pcrs[i], PCR_SIZE);
		putchar('"');
	}
	printf("}\n");
}

static int check_fields(const struct request *req, const struct facts *facts, struct err *err)
{
	for (unsigned int i = 0; i < FIELDS; i++) {
		const struct field *sent = &req->fields[i];
		const struct field *found = &facts->fields[i];

		if (found->size != sent->size || memcmp(found->data, sent->data, sent->size))
			return err_set(err, EXIT_VERIFY, "ASK-FIELD",
				       "the payload's %s: expected the %zu bytes that were sent, "
				       "found %zu others",
				       fields[i].name, sent->size, found->size);
	}
	return 0;
}

static int ask(const struct request *req, struct err *err)
{
	uint8_t document[DOCUMENT_MAX];
	struct facts facts = {.module_id = ""};
	cleanup_close int fd = connect_socket(req->socket, err);
	size_t size;

	if (fd < 0 || greet(fd, req->port, err) || fetch(fd, req, document, &size, err))
		return -1;
	if (req->output && write_document(req->output, document, size, err))
		return -1;
	if (read_document(document, size, &facts, err))
		return -1;
	if (req->json)
		print_json(&facts);
	else
		print_text(&facts);
	if (fflush(stdout))
		return err_errno(err, "ASK-PRINT", "standard output");
	return check_fields(req, &facts, err);
}

int main(int argc, char *argv[])
{
	struct request req = {.json = false};
	struct err err = {.status = EXIT_OK};

	opterr = 0;
	if (parse_arguments(argc, argv, &req, &err) || ask(&req, &err))
		return err_print(&err, "ask");
	return EXIT_OK;
}
