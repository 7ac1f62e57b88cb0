/*
 * Unit tests of the programs of ramdisk 0 beside init: the responder's requests and clients, the
 * forwarder's rules and connections. Sockets are the host's own, and time is what a test says.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <linux/vm_sockets.h>

#include "confine.h"
#include "forward.h"
#include "request.h"
#include "respond.h"
#include "rule.h"
#include "tsm.h"

/* A copy on the heap, so that the sanitizer sees each byte that is read behind it. */
static void *copy(const void *data, size_t size)
{
	void *exact = malloc(size ? size : 1);

	assert_non_null(exact);
	memcpy(exact, data, size);
	return exact;
}

/* The responder's requests */

struct taken {
	ssize_t size;
	size_t lengths[NSM_FIELDS];
	size_t offsets[NSM_FIELDS];
};

static struct taken take(const void *data, size_t size)
{
	uint8_t *exact = copy(data, size);
	struct nsm_request request = {.command = NSM_LOCK_PCR};
	struct taken taken = {.size = request_take(exact, size, &request)};

	if (taken.size > 0)
		assert_int_equal(request.command, NSM_ATTESTATION);
	else
		assert_int_equal(request.command, NSM_LOCK_PCR);
	for (size_t i = 0; i < NSM_FIELDS; i++)
		if (request.fields[i].data) {
			taken.lengths[i] = request.fields[i].size;
			taken.offsets[i] = (size_t)(request.fields[i].data - exact);
		}
	free(exact);
	return taken;
}

#define takes(bytes) take(bytes, sizeof(bytes) - 1)

static void test_request_short(void **state)
{
	struct taken taken = takes("\0\3abc");

	(void)state;
	assert_int_equal(taken.size, 5);
	assert_int_equal(taken.lengths[NSM_NONCE], 3);
	assert_int_equal(taken.offsets[NSM_NONCE], 2);
	assert_int_equal(taken.lengths[NSM_USER_DATA], 0);
	assert_int_equal(taken.lengths[NSM_PUBLIC_KEY], 0);
	assert_int_equal(takes("\0\3abcxyz").size, 5);
	taken = takes("\0\0");
	assert_int_equal(taken.size, 2);
	assert_int_equal(taken.lengths[NSM_NONCE], 0);
}

/* Whatever is cut off, altered or too much: nothing is read that is not there. */
static void test_request_bounds(void **state)
{
	static const uint8_t full[REQUEST_SIZE_MAX] = "\2\0";

	(void)state;
	for (size_t size = 0; size < sizeof(full); size++)
		assert_int_equal(take(full, size).size, 0);
	assert_int_equal(take(full, sizeof(full)).size, sizeof(full));
	for (unsigned int length = 0; length < 0x10000; length++) {
		const uint8_t head[] = {(uint8_t)(length >> 8), (uint8_t)length};

		assert_int_equal(take(head, 2).size, length == 0 ? 2 : length <= 512 ? 0 : -1);
	}
}

/* What a document says of keys and data is the application's word, and no client's. */
static void test_request_nonce_alone(void **state)
{
	(void)state;
	assert_int_equal(takes("\xff\xff\0\1\0\2\0\3nuukkk").size, -1);
	assert_int_equal(takes("\0\3abc").lengths[NSM_USER_DATA], 0);
	assert_int_equal(takes("\0\3abc").lengths[NSM_PUBLIC_KEY], 0);
}

/* The responder's clients */

static int64_t now;
static int asked;
static int failing;

static int64_t clock_of_test(void)
{
	return now;
}

/* A document that is the three fields, behind a byte that is not part of it. */
static int ask_of_test(int nsm, const struct nsm_request *request, uint8_t *response,
		       struct nsm_bytes *answer)
{
	size_t size = 1;

	assert_int_equal(nsm, 77);
	asked++;
	if (failing) {
		errno = failing;
		return -1;
	}
	for (size_t i = 0; i < NSM_FIELDS; i++) {
		const struct nsm_bytes *field = &request->fields[i];

		if (field->data)
			memcpy(response + size, field->data, field->size);
		size += field->data ? field->size : 0;
	}
	*answer = (struct nsm_bytes){response + 1, size - 1};
	return 0;
}

static struct sockaddr_un here;
static socklen_t here_size;

/* A responder that listens where the kernel likes. */
static struct responder *begin(void)
{
	struct responder *responder = malloc(sizeof(*responder));
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	assert_non_null(responder);
	here = (struct sockaddr_un){.sun_family = AF_UNIX};
	assert_int_equal(bind(listener, (struct sockaddr *)&here, sizeof(sa_family_t)), 0);
	here_size = sizeof(here);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&here, &here_size), 0);
	assert_int_equal(listen(listener, 64), 0);
	respond_begin(responder, listener, 77);
	responder->ask = ask_of_test;
	responder->clock = clock_of_test;
	now = 1000000;
	asked = failing = 0;
	return responder;
}

static void finish(struct responder *responder)
{
	for (size_t i = 0; i < RESPOND_CLIENTS_MAX; i++)
		if (responder->clients[i].fd >= 0)
			close(responder->clients[i].fd);
	close(responder->listener);
	free(responder);
}

static int join(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&here, here_size), 0);
	return fd;
}

/* How long the last wait for clients was to be at most. */
static int polled_ms;

/* The C library's, but that a test may ask what it was called with. */
int poll(struct pollfd *polled, nfds_t count, int ms)
{
	const struct timespec limit = {ms / 1000, ms % 1000 * 1000000L};

	polled_ms = ms;
	return ppoll(polled, count, ms < 0 ? NULL : &limit, NULL);
}

/* As long as it may have something to do at this time. */
static void serve(struct responder *responder)
{
	for (int i = 0; i < 100; i++)
		respond(responder, 0);
}

static void put(int fd, const void *data, size_t size)
{
	assert_int_equal(send(fd, data, size, MSG_NOSIGNAL), size);
}

#define puts_(fd, bytes) put(fd, bytes, sizeof(bytes) - 1)

static void got(int fd, const void *data, size_t size)
{
	char found[4096];

	assert_int_equal(recv(fd, found, sizeof(found), 0), size);
	assert_memory_equal(found, data, size);
}

#define gets_(fd, bytes) got(fd, bytes, sizeof(bytes) - 1)

static void got_nothing(int fd)
{
	char byte;

	assert_int_equal(recv(fd, &byte, 1, 0), -1);
	assert_int_equal(errno, EAGAIN);
}

static void got_end(int fd)
{
	char byte;

	assert_int_equal(recv(fd, &byte, 1, 0), 0);
	close(fd);
}

static void test_respond_nonces(void **state)
{
	struct responder *responder = begin();
	int client = join();

	(void)state;
	puts_(client, "\0\3abc");
	serve(responder);
	gets_(client, "\0\0\0\3abc");
	now += RESPOND_DOCUMENT_MS;
	puts_(client, "\0\1x");
	serve(responder);
	gets_(client, "\0\0\0\1x");
	now += RESPOND_DOCUMENT_MS;
	puts_(client, "\0\0");
	serve(responder);
	gets_(client, "\0\0\0\0");
	assert_int_equal(asked, 3);
	finish(responder);
	got_end(client);
}

static void test_respond_refused(void **state)
{
	struct responder *responder = begin();
	int client = join();

	(void)state;
	failing = EREMOTEIO;
	puts_(client, "\0\3abc");
	serve(responder);
	gets_(client, "\0\0\0\0");
	failing = 0;
	now += RESPOND_DOCUMENT_MS;
	puts_(client, "\0\3abc");
	serve(responder);
	gets_(client, "\0\0\0\3abc");
	finish(responder);
	got_end(client);
}

/* A realm's tokens: a folder of files that looks like the kernel's */

static char reports[] = "/tmp/init-tsm-XXXXXX";

static int begin_reports(void)
{
	int fd;

	strcpy(reports, "/tmp/init-tsm-XXXXXX");
	assert_non_null(mkdtemp(reports));
	fd = open(reports, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static void finish_reports(int folder)
{
	unlinkat(folder, "inblob", 0);
	unlinkat(folder, "outblob", 0);
	close(folder);
	assert_int_equal(rmdir(reports), 0);
}

static void report(int folder, const char *name, const void *data, size_t size)
{
	int fd = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_int_equal(write(fd, data, size), size);
	close(fd);
}

/* What the challenge was that the kernel got. */
static void challenged(int folder, const uint8_t challenge[TSM_CHALLENGE_SIZE])
{
	uint8_t found[2 * TSM_CHALLENGE_SIZE];
	int fd = openat(folder, "inblob", O_RDONLY | O_CLOEXEC);

	assert_int_equal(read(fd, found, sizeof(found)), TSM_CHALLENGE_SIZE);
	assert_memory_equal(found, challenge, TSM_CHALLENGE_SIZE);
	close(fd);
}

/* Of any nonce up to 64 bytes the challenge is that and zeros; the token is all that can be read.
 */
static void test_token_challenge(void **state)
{
	static const size_t sizes[] = {0, 1, 31, 32, 63, 64};
	int folder = begin_reports();

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint8_t token[100] = "token";
		uint8_t challenge[TSM_CHALLENGE_SIZE] = {0};
		uint8_t *response = malloc(NSM_RESPONSE_MAX);
		struct nsm_request request = {.command = NSM_ATTESTATION};
		struct nsm_bytes answer;

		memset(challenge, 0xa5, sizes[i]);
		if (sizes[i] > 0)
			request.fields[NSM_NONCE] =
				(struct nsm_bytes){copy(challenge, sizes[i]), sizes[i]};
		memcpy(token + 20, challenge, sizeof(challenge));
		report(folder, "inblob", "", 0);
		report(folder, "outblob", token, sizeof(token));
		assert_int_equal(tsm_ask(folder, &request, response, &answer), 0);
		assert_int_equal(answer.size, sizeof(token));
		assert_memory_equal(answer.data, token, sizeof(token));
		challenged(folder, challenge);
		free((void *)request.fields[NSM_NONCE].data);
		free(response);
	}
	finish_reports(folder);
}

static void token_refused(int folder, const struct nsm_request *request, int error)
{
	uint8_t *response = malloc(NSM_RESPONSE_MAX);
	struct nsm_bytes answer;

	assert_int_equal(tsm_ask(folder, request, response, &answer), -1);
	assert_int_equal(errno, error);
	free(response);
}

/* Neither what a token has no place for, nor a token for another challenge, or of any length. */
static void test_token_refused(void **state)
{
	static const uint8_t bytes[TSM_CHALLENGE_SIZE + 1] = "challenge";
	static uint8_t most[NSM_RESPONSE_MAX];
	struct nsm_request request = {.command = NSM_ATTESTATION,
				      .fields[NSM_NONCE] = {bytes, TSM_CHALLENGE_SIZE}};
	int folder = begin_reports();

	(void)state;
	token_refused(folder, &request, ENOENT);
	report(folder, "inblob", "", 0);
	token_refused(folder, &request, ENOENT);
	report(folder, "outblob", "", 0);
	token_refused(folder, &request, EPROTO);
	report(folder, "outblob", bytes, TSM_CHALLENGE_SIZE - 1);
	token_refused(folder, &request, EPROTO);
	memcpy(most, bytes, sizeof(bytes));
	report(folder, "outblob", most, sizeof(most));
	token_refused(folder, &request, EMSGSIZE);
	report(folder, "inblob", "", 0);
	request.fields[NSM_NONCE].size++;
	token_refused(folder, &request, EMSGSIZE);
	request.fields[NSM_NONCE].size--;
	request.fields[NSM_USER_DATA] = (struct nsm_bytes){bytes, 1};
	token_refused(folder, &request, EOPNOTSUPP);
	request.fields[NSM_USER_DATA].data = NULL;
	request.fields[NSM_PUBLIC_KEY] = (struct nsm_bytes){bytes, 1};
	token_refused(folder, &request, EOPNOTSUPP);
	request.fields[NSM_PUBLIC_KEY].data = NULL;
	request.command = NSM_EXTEND_PCR;
	token_refused(folder, &request, EOPNOTSUPP);
	finish_reports(folder);
}

/* How the kernel gives a token: so many bytes at a time, and an error after so many; 0: neither. */
static size_t piece_size;
static int reads_left;
static int read_error;

/* The C library's, but for that. */
ssize_t read(int fd, void *data, size_t size)
{
	if (read_error && reads_left-- == 0) {
		errno = read_error;
		return -1;
	}
	return syscall(SYS_read, fd, data, piece_size && size > piece_size ? piece_size : size);
}

/* In pieces it is the same token; one that breaks off is none, whatever was there by then. */
static void test_token_pieces(void **state)
{
	static const uint8_t token[200] = "challenge";
	static const int errors[] = {EIO, EBUSY, EWOULDBLOCK, EINTR, ENXIO};
	const struct nsm_request request = {.command = NSM_ATTESTATION,
					    .fields[NSM_NONCE] = {token, TSM_CHALLENGE_SIZE}};
	uint8_t *response = malloc(NSM_RESPONSE_MAX);
	struct nsm_bytes answer = {.size = 77};
	int folder = begin_reports();

	(void)state;
	report(folder, "inblob", "", 0);
	report(folder, "outblob", token, sizeof(token));
	for (piece_size = 1; piece_size <= sizeof(token); piece_size += 66) {
		assert_int_equal(tsm_ask(folder, &request, response, &answer), 0);
		assert_int_equal(answer.size, sizeof(token));
		assert_memory_equal(answer.data, token, sizeof(token));
	}
	piece_size = 100;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		for (int pieces = 0; pieces <= 2; pieces++) {
			read_error = errors[i];
			reads_left = pieces;
			token_refused(folder, &request, errors[i]);
		}
	read_error = 0;
	piece_size = 0;
	free(response);
	finish_reports(folder);
}

/*
 * A token of another generation: the kernel says nothing when it does not take a challenge, and
 * gives what it made for the one before, or for somebody who asked meanwhile.
 */
static void test_token_of_another(void **state)
{
	uint8_t before[TSM_CHALLENGE_SIZE] = "before";
	uint8_t after[TSM_CHALLENGE_SIZE] = "after";
	struct nsm_request request = {.command = NSM_ATTESTATION,
				      .fields[NSM_NONCE] = {before, sizeof(before)}};
	uint8_t *response = malloc(NSM_RESPONSE_MAX);
	struct nsm_bytes answer;
	int folder = begin_reports();

	(void)state;
	assert_int_equal(symlinkat("/dev/null", folder, "inblob"), 0);
	report(folder, "outblob", before, sizeof(before));
	assert_int_equal(tsm_ask(folder, &request, response, &answer), 0);
	request.fields[NSM_NONCE].data = after;
	token_refused(folder, &request, EPROTO);
	/* The zeros behind a nonce are part of the challenge, and a prefix of it is another. */
	request.fields[NSM_NONCE] = (struct nsm_bytes){before, 5};
	token_refused(folder, &request, EPROTO);
	request.fields[NSM_NONCE] = (struct nsm_bytes){before, 6};
	assert_int_equal(tsm_ask(folder, &request, response, &answer), 0);
	/* One that is not taken, and says so. */
	assert_int_equal(unlinkat(folder, "inblob", 0), 0);
	assert_int_equal(symlinkat("/dev/full", folder, "inblob"), 0);
	token_refused(folder, &request, ENOSPC);
	free(response);
	finish_reports(folder);
}

/* The protocol is that of Nitro: a client gets the token, or the length 0. */
static void test_respond_token(void **state)
{
	static const uint8_t token[] =
		"<nonce\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
		"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
		"\0\0\0>";
	struct responder *responder = begin();
	int folder = begin_reports();
	int client = join();

	(void)state;
	responder->nsm = folder;
	responder->ask = tsm_ask;
	report(folder, "inblob", "", 0);
	report(folder, "outblob", token, 1 + TSM_CHALLENGE_SIZE + 1);
	puts_(client, "\0\5nonce");
	serve(responder);
	gets_(client, "\0\0\0\102<nonce\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
		      "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0>");
	now += RESPOND_DOCUMENT_MS;
	puts_(client, "\0\5other");
	serve(responder);
	gets_(client, "\0\0\0\0");
	finish(responder);
	finish_reports(folder);
	got_end(client);
}

/* One byte at a time, several requests at once, and one that is cut off. */
static void test_respond_pieces(void **state)
{
	static const char request[] = "\0\3abc\0\1";
	struct responder *responder = begin();
	int client = join();

	(void)state;
	for (size_t i = 0; i < sizeof(request) - 1; i++) {
		put(client, request + i, 1);
		serve(responder);
	}
	gets_(client, "\0\0\0\3abc");
	puts_(client, "x\0\1y");
	serve(responder);
	got_nothing(client);
	now += RESPOND_DOCUMENT_MS;
	serve(responder);
	gets_(client, "\0\0\0\1x");
	now += RESPOND_DOCUMENT_MS;
	serve(responder);
	gets_(client, "\0\0\0\1y");
	puts_(client, "\0\5z");
	assert_int_equal(shutdown(client, SHUT_WR), 0);
	serve(responder);
	got_end(client);
	assert_int_equal(asked, 3);
	finish(responder);
}

/* Who sends no request loses the connection; the others keep theirs. */
static void test_respond_malformed(void **state)
{
	struct responder *responder = begin();
	int good = join();
	int bad = join();

	(void)state;
	puts_(bad, "\2\1");
	serve(responder);
	got_end(bad);
	puts_(good, "\0\3abc");
	serve(responder);
	gets_(good, "\0\0\0\3abc");
	assert_int_equal(asked, 1);
	finish(responder);
	got_end(good);
}

/* One document each RESPOND_DOCUMENT_MS, and each client has its turn. */
static void test_respond_rate(void **state)
{
	struct responder *responder = begin();
	int greedy = join();
	int modest;

	(void)state;
	for (int i = 0; i < 100; i++)
		puts_(greedy, "\0\1g");
	serve(responder);
	assert_int_equal(asked, 1);
	gets_(greedy, "\0\0\0\1g");
	modest = join();
	puts_(modest, "\0\1m");
	now += RESPOND_DOCUMENT_MS - 1;
	serve(responder);
	assert_int_equal(asked, 1);
	now += 1;
	serve(responder);
	assert_int_equal(asked, 2);
	now += RESPOND_DOCUMENT_MS;
	serve(responder);
	assert_int_equal(asked, 3);
	gets_(modest, "\0\0\0\1m");
	gets_(greedy, "\0\0\0\1g");
	/* A pause saves up nothing. */
	now += 100 * RESPOND_DOCUMENT_MS;
	serve(responder);
	assert_int_equal(asked, 4);
	finish(responder);
	close(greedy);
	got_end(modest);
}

/* Who does not take an answer keeps nobody waiting: after each it is soon the next one's turn. */
static void test_respond_pause(void **state)
{
	struct responder *responder = begin();
	int clients[] = {join(), join()};

	(void)state;
	responder->next = now + 1;
	puts_(clients[0], "\0\1a");
	puts_(clients[1], "\0\1b");
	serve(responder);
	assert_int_equal(asked, 0);
	now += 1;
	respond(responder, RESPOND_CLIENT_MS);
	assert_int_equal(asked, 1);
	assert_int_equal(polled_ms, RESPOND_DOCUMENT_MS);
	now += RESPOND_DOCUMENT_MS;
	respond(responder, RESPOND_CLIENT_MS);
	assert_int_equal(asked, 2);
	assert_int_equal(polled_ms, RESPOND_DOCUMENT_MS);
	serve(responder);
	gets_(clients[0], "\0\0\0\1a");
	gets_(clients[1], "\0\0\0\1b");
	finish(responder);
	got_end(clients[0]);
	got_end(clients[1]);
}

/* The seventeenth waits until another one is done. */
static void test_respond_clients(void **state)
{
	struct responder *responder = begin();
	int clients[RESPOND_CLIENTS_MAX];
	int late;

	(void)state;
	for (size_t i = 0; i < RESPOND_CLIENTS_MAX; i++)
		clients[i] = join();
	serve(responder);
	late = join();
	puts_(late, "\0\1l");
	serve(responder);
	got_nothing(late);
	close(clients[5]);
	serve(responder);
	gets_(late, "\0\0\0\1l");
	for (size_t i = 0; i < RESPOND_CLIENTS_MAX; i++)
		if (i != 5)
			close(clients[i]);
	finish(responder);
	got_end(late);
}

static void test_respond_time(void **state)
{
	struct responder *responder = begin();
	int client = join();

	(void)state;
	puts_(client, "\0\3ab");
	serve(responder);
	now += RESPOND_CLIENT_MS - 1;
	serve(responder);
	got_nothing(client);
	now += 1;
	serve(responder);
	got_end(client);
	finish(responder);
}

/* The forwarder's rules */

static bool parses(const char *text, struct rule *rule)
{
	char *exact = copy(text, strlen(text) + 1);
	int result = rule_parse(exact, rule);

	free(exact);
	return result == 0;
}

static void test_rule_in(void **state)
{
	struct rule rule;
	const struct sockaddr_vm *from = (const struct sockaddr_vm *)&rule.from.address;
	const struct sockaddr_in *four = (const struct sockaddr_in *)&rule.to.address;
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&rule.to.address;

	(void)state;
	assert_true(parses("vsock:1024>tcp:127.0.0.1:80", &rule));
	assert_int_equal(from->svm_port, 1024);
	assert_true(parses("vsock:8080>tcp:127.0.0.1:80", &rule));
	assert_int_equal(from->svm_family, AF_VSOCK);
	assert_int_equal(from->svm_cid, VMADDR_CID_ANY);
	assert_int_equal(from->svm_port, 8080);
	assert_int_equal(rule.from.size, sizeof(*from));
	assert_int_equal(four->sin_family, AF_INET);
	assert_int_equal(ntohl(four->sin_addr.s_addr), 0x7f000001);
	assert_int_equal(ntohs(four->sin_port), 80);
	assert_int_equal(rule.to.size, sizeof(*four));
	assert_true(parses("vsock:4294967294>tcp:[::1]:65535", &rule));
	assert_int_equal(from->svm_port, 4294967294);
	assert_int_equal(six->sin6_family, AF_INET6);
	assert_memory_equal(&six->sin6_addr, &in6addr_loopback, sizeof(in6addr_loopback));
	assert_int_equal(ntohs(six->sin6_port), 65535);
	assert_int_equal(rule.to.size, sizeof(*six));
}

static void test_rule_out(void **state)
{
	struct rule rule;
	const struct sockaddr_vm *to = (const struct sockaddr_vm *)&rule.to.address;

	(void)state;
	assert_true(parses("tcp:127.0.0.1:443>vsock:3:8443", &rule));
	assert_int_equal(rule.from.address.ss_family, AF_INET);
	assert_int_equal(to->svm_family, AF_VSOCK);
	assert_int_equal(to->svm_cid, 3);
	assert_int_equal(to->svm_port, 8443);
	assert_true(parses("tcp:[::]:1>vsock:4294967294:1", &rule));
	assert_int_equal(rule.from.address.ss_family, AF_INET6);
	assert_int_equal(to->svm_cid, 4294967294);
}

static void test_rule_refused(void **state)
{
	static const char *const refused[] = {
		"",
		"vsock",
		"vsock:",
		"vsock:>tcp:127.0.0.1:80",
		"vsock:0>tcp:127.0.0.1:80",
		"vsock:1023>tcp:127.0.0.1:80",
		"vsock:08080>tcp:127.0.0.1:80",
		"vsock:+8080>tcp:127.0.0.1:80",
		"vsock: 8080>tcp:127.0.0.1:80",
		"vsock:4294967295>tcp:127.0.0.1:80",
		"vsock:18446744073709551617>tcp:127.0.0.1:80",
		"vsock:99999999999999999999999999>tcp:127.0.0.1:80",
		"vsock:3:8080>tcp:127.0.0.1:80",
		"vsock:8080 > tcp:127.0.0.1:80",
		"vsock:8080>udp:127.0.0.1:80",
		"vsock:8080>tcp:127.0.0.1:0",
		"vsock:8080>tcp:127.0.0.1:65536",
		"vsock:8080>tcp:127.0.0.1:",
		"vsock:8080>tcp:127.0.0.1",
		"vsock:8080>tcp:127.0.0.1:80 ",
		"vsock:8080>tcp:127.0.0.1:80>",
		"vsock:8080>tcp:127.1:80",
		"vsock:8080>tcp:localhost:80",
		"vsock:8080>tcp::80",
		"vsock:8080>tcp:::1:80",
		"vsock:8080>tcp:[::1:80",
		"vsock:8080>tcp:[::1]80",
		"vsock:8080>tcp:[127.0.0.1]:80",
		"vsock:8080>tcp:[::1%lo]:80",
		"vsock:8080>tcp:[fe80:0000:0000:0000:0000:0000:0000:0001:0000:0000:0000:0000]:80",
		"vsock:8080>vsock:3:80",
		"tcp:127.0.0.1:80>tcp:127.0.0.1:81",
		"tcp:127.0.0.1:80>vsock:80",
		"tcp:127.0.0.1:80>vsock:0:80",
		"tcp:127.0.0.1:80>vsock:4294967295:80",
		"tcp:127.0.0.1:80>vsock:3:0",
		"tcp:127.0.0.1:80>vsock:3:4294967295",
		"tcp:127.0.0.1:80>vsock:3:80,fork",
	};
	struct rule rule;

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (parses(refused[i], &rule))
			fail_msg("taken for a rule: %s", refused[i]);
	}
}

/* Whatever is cut off or altered, nothing is read behind the end. */
static void test_rule_every_byte(void **state)
{
	static const char *const good[] = {"vsock:8080>tcp:[fe80::1]:80",
					   "tcp:127.0.0.1:443>vsock:3:8443"};
	char text[64];
	struct rule rule;

	(void)state;
	for (size_t g = 0; g < 2; g++)
		for (size_t at = 0; at < strlen(good[g]); at++) {
			strcpy(text, good[g]);
			text[at] = '\0';
			/* Only where what remains of the last number is one, too. */
			if (parses(text, &rule))
				assert_true(strspn(good[g] + at, "0123456789") ==
					    strlen(good[g] + at));
			for (int byte = 1; byte < 256; byte++) {
				strcpy(text, good[g]);
				text[at] = (char)byte;
				parses(text, &rule);
			}
		}
}

/* The forwarder's connections, with TCP on both sides */

static struct rule_end loopback(sa_family_t family)
{
	struct rule_end end = {.size = 0};
	struct sockaddr_in *four = (struct sockaddr_in *)&end.address;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&end.address;

	if (family == AF_INET) {
		*four = (struct sockaddr_in){.sin_family = AF_INET,
					     .sin_addr = {htonl(INADDR_LOOPBACK)}};
		end.size = sizeof(*four);
	} else {
		*six = (struct sockaddr_in6){.sin6_family = AF_INET6,
					     .sin6_addr = IN6ADDR_LOOPBACK_INIT};
		end.size = sizeof(*six);
	}
	return end;
}

/* Where a socket is bound to. */
static struct rule_end place_of(int fd)
{
	struct rule_end end = {.size = sizeof(end.address)};

	assert_int_equal(getsockname(fd, (struct sockaddr *)&end.address, &end.size), 0);
	return end;
}

static int listen_here(sa_family_t family)
{
	struct rule_end end = loopback(family);
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&end.address, end.size), 0);
	assert_int_equal(listen(fd, 1024), 0);
	return fd;
}

struct road {
	struct rule rule;
	struct forwarder forwarder;
	struct rule_end entry;
	int target; /* listens */
};

static struct road *open_road(sa_family_t from, sa_family_t to)
{
	struct road *road = malloc(sizeof(*road));
	size_t failed;

	assert_non_null(road);
	road->target = listen_here(to);
	road->rule = (struct rule){.from = loopback(from), .to = place_of(road->target)};
	assert_int_equal(forward_begin(&road->forwarder, &road->rule, 1, &failed), 0);
	road->entry = place_of(road->forwarder.listeners[0]);
	return road;
}

static void close_road(struct road *road)
{
	assert_int_equal(road->forwarder.count, 0);
	close(road->forwarder.listeners[0]);
	close(road->forwarder.epoll);
	close(road->target);
	free(road);
}

static void run(struct road *road)
{
	for (int i = 0; i < 50; i++)
		forward(&road->forwarder, 0);
}

static int enter(struct road *road)
{
	int fd = socket(road->entry.address.ss_family, SOCK_STREAM, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&road->entry.address, road->entry.size), 0);
	return fd;
}

/* What comes out at the target's side, or -1. */
static int leave(struct road *road)
{
	run(road);
	return accept4(road->target, NULL, NULL, SOCK_NONBLOCK);
}

static void make_nonblocking(int fd)
{
	const struct timeval soon = {.tv_usec = 1};

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon)), 0);
}

static void both_ways(sa_family_t from, sa_family_t to)
{
	struct road *road = open_road(from, to);
	int client = enter(road);
	int server = leave(road);

	assert_true(server >= 0);
	make_nonblocking(client);
	puts_(client, "question");
	run(road);
	gets_(server, "question");
	puts_(server, "answer");
	run(road);
	gets_(client, "answer");
	/* Either side may end first, and still hear the other. */
	assert_int_equal(shutdown(client, SHUT_WR), 0);
	run(road);
	assert_int_equal(recv(server, &(char){0}, 1, 0), 0);
	got_nothing(client);
	puts_(server, "more");
	run(road);
	gets_(client, "more");
	close(server);
	run(road);
	got_end(client);
	run(road);
	close_road(road);
}

static void test_forward_both_ways(void **state)
{
	(void)state;
	both_ways(AF_INET, AF_INET);
	both_ways(AF_INET6, AF_INET6);
	both_ways(AF_INET, AF_INET6);
	both_ways(AF_INET6, AF_INET);
}

static void test_forward_server_ends_first(void **state)
{
	struct road *road = open_road(AF_INET, AF_INET);
	int client = enter(road);
	int server = leave(road);

	(void)state;
	make_nonblocking(client);
	puts_(server, "banner");
	assert_int_equal(shutdown(server, SHUT_WR), 0);
	run(road);
	gets_(client, "banner");
	assert_int_equal(recv(client, &(char){0}, 1, 0), 0);
	puts_(client, "thanks");
	run(road);
	gets_(server, "thanks");
	close(client);
	run(road);
	got_end(server);
	close_road(road);
}

static void test_forward_refused(void **state)
{
	struct road *road = open_road(AF_INET, AF_INET);
	int client;

	(void)state;
	close(road->target);
	client = enter(road);
	make_nonblocking(client);
	puts_(client, "anybody?");
	run(road);
	assert_true(recv(client, &(char){0}, 1, 0) <= 0);
	assert_int_not_equal(errno, EAGAIN);
	close(client);
	road->target = -1;
	close_road(road);
}

/* What is reset on one side is over on the other, too, even when nothing is under way. */
static void test_forward_reset(void **state)
{
	const struct linger at_once = {.l_onoff = 1};
	struct road *road = open_road(AF_INET, AF_INET);

	(void)state;
	for (int ended = 0; ended < 2; ended++) {
		int client = enter(road);
		int server = leave(road);

		make_nonblocking(client);
		if (ended) {
			assert_int_equal(shutdown(client, SHUT_WR), 0);
			run(road);
		}
		assert_int_equal(
			setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
		close(client);
		run(road);
		assert_int_equal(road->forwarder.count, 0);
		close(server);
	}
	close_road(road);
}

/* Who is read from slowly is sent to slowly; and every byte arrives, once and in order. */
static void test_forward_back_pressure(void **state)
{
	enum { PIECE = 4096, ENOUGH = 64 * 1024 * 1024 };
	struct road *road = open_road(AF_INET, AF_INET);
	int client = enter(road);
	int server = leave(road);
	uint8_t piece[PIECE];
	size_t sent = 0;
	size_t received = 0;
	ssize_t n;

	(void)state;
	for (int quiet = 0; quiet < 100; quiet++) {
		for (size_t i = 0; i < PIECE; i++)
			piece[i] = (uint8_t)((sent + i) * 7 >> 3);
		n = send(client, piece, PIECE, MSG_DONTWAIT);
		if (n > 0) {
			sent += (size_t)n;
			quiet = 0;
		}
		assert_true(sent < ENOUGH);
		run(road);
	}
	assert_true(sent > FORWARD_BUFFER);
	assert_int_equal(shutdown(client, SHUT_WR), 0);
	for (;;) {
		n = recv(server, piece, sizeof(piece), 0);
		run(road);
		if (n < 0 && errno == EAGAIN)
			continue;
		if (n <= 0)
			break;
		for (size_t i = 0; i < (size_t)n; i++)
			assert_int_equal(piece[i], (uint8_t)((received + i) * 7 >> 3));
		received += (size_t)n;
	}
	assert_int_equal(n, 0);
	assert_int_equal(received, sent);
	close(server);
	run(road);
	close(client);
	close_road(road);
}

/* Half a connection in which nothing moves ends at last; a whole one, or one that is used, never.
 */
static void test_forward_quiet(void **state)
{
	struct road *road = open_road(AF_INET, AF_INET);
	int whole = enter(road);
	int whole_server = leave(road);
	int half = enter(road);
	int half_server = leave(road);

	(void)state;
	now = 1000000;
	road->forwarder.clock = clock_of_test;
	road->forwarder.swept = now;
	assert_int_equal(shutdown(half, SHUT_WR), 0);
	run(road);
	for (int i = 0; i < 3 * FORWARD_SWEEPS; i++) {
		now += FORWARD_SWEEP_MS;
		if (i == FORWARD_SWEEPS)
			puts_(half_server, "still here");
		run(road);
		assert_int_equal(road->forwarder.count, i < 2 * FORWARD_SWEEPS ? 2 : 1);
	}
	make_nonblocking(whole);
	puts_(whole_server, "of course");
	run(road);
	gets_(whole, "of course");
	close(whole);
	close(whole_server);
	close(half);
	close(half_server);
	run(road);
	close_road(road);
}

/* The 513th connection waits for a place. */
static void test_forward_many(void **state)
{
	static int clients[FORWARD_CONNECTIONS_MAX + 1];
	static int servers[FORWARD_CONNECTIONS_MAX + 1];
	struct road *road = open_road(AF_INET, AF_INET);
	const size_t count = FORWARD_CONNECTIONS_MAX;
	struct rlimit limit;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	if (limit.rlim_max < 4 * count + 64)
		skip();
	for (size_t i = 0; i <= count; i++) {
		clients[i] = enter(road);
		make_nonblocking(clients[i]);
		servers[i] = leave(road);
		assert_int_equal(servers[i] >= 0, i < count);
	}
	for (size_t i = 0; i < count; i++) {
		put(clients[i], &i, sizeof(i));
		run(road);
		got(servers[i], &i, sizeof(i));
	}
	close(clients[9]);
	run(road);
	close(servers[9]);
	run(road);
	servers[count] = leave(road);
	assert_true(servers[count] >= 0);
	for (size_t i = 0; i <= count; i++)
		if (i != 9) {
			close(clients[i]);
			close(servers[i]);
		}
	for (size_t i = 0; i <= count; i++)
		run(road);
	close_road(road);
}

static void test_forward_taken(void **state)
{
	static struct forwarder forwarder;
	int other = listen_here(AF_INET);
	const struct rule rules[] = {{.from = loopback(AF_INET), .to = loopback(AF_INET)},
				     {.from = place_of(other), .to = loopback(AF_INET)}};
	size_t failed = 7;

	(void)state;
	assert_int_equal(forward_begin(&forwarder, rules, 2, &failed), -1);
	assert_int_equal(errno, EADDRINUSE);
	assert_int_equal(failed, 1);
	close(forwarder.listeners[0]);
	close(forwarder.epoll);
	close(other);
}

/* What both give up */

/* How a child ends that makes a call which is listed, or another one, too. */
static int ends_with(bool listed)
{
	static const unsigned int calls[] = {SYS_getppid};
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		if (confine(calls, 1))
			_exit(2);
		syscall(SYS_getppid);
		if (!listed)
			syscall(SYS_getpid);
		/* The sanitizers' own _exit() does more. */
		syscall(SYS_exit_group, 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void test_confine(void **state)
{
	static const unsigned int calls[CONFINE_CALLS_MAX + 1];

	(void)state;
	assert_true(WIFEXITED(ends_with(true)));
	assert_int_equal(WEXITSTATUS(ends_with(true)), 0);
	assert_true(WIFSIGNALED(ends_with(false)));
	assert_int_equal(confine(calls, CONFINE_CALLS_MAX + 1), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request_short),
		cmocka_unit_test(test_request_nonce_alone),
		cmocka_unit_test(test_request_bounds),
		cmocka_unit_test(test_respond_nonces),
		cmocka_unit_test(test_respond_refused),
		cmocka_unit_test(test_token_challenge),
		cmocka_unit_test(test_token_refused),
		cmocka_unit_test(test_token_pieces),
		cmocka_unit_test(test_token_of_another),
		cmocka_unit_test(test_respond_token),
		cmocka_unit_test(test_respond_pieces),
		cmocka_unit_test(test_respond_malformed),
		cmocka_unit_test(test_respond_rate),
		cmocka_unit_test(test_respond_pause),
		cmocka_unit_test(test_respond_clients),
		cmocka_unit_test(test_respond_time),
		cmocka_unit_test(test_rule_in),
		cmocka_unit_test(test_rule_out),
		cmocka_unit_test(test_rule_refused),
		cmocka_unit_test(test_rule_every_byte),
		cmocka_unit_test(test_forward_both_ways),
		cmocka_unit_test(test_forward_server_ends_first),
		cmocka_unit_test(test_forward_refused),
		cmocka_unit_test(test_forward_reset),
		cmocka_unit_test(test_forward_back_pressure),
		cmocka_unit_test(test_forward_quiet),
		cmocka_unit_test(test_forward_many),
		cmocka_unit_test(test_forward_taken),
		cmocka_unit_test(test_confine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
