/*
 * The application of the default image: shows what was measured, then hands out attestation
 * documents over vsock port 5000. Never trusts a client: each has a process, a length limit and a
 * time limit of its own, and nothing a client sends is kept.
 *
 * Protocol, any number of times per connection: the client sends a nonce as a 2-byte length, most
 * significant byte first, and 0 to 512 bytes; the answer is a 4-byte length and the document, or
 * the length 0 when the security module refuses.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

#include "nsm.h"

enum {
	PORT = 5000,
	CLIENTS_MAX = 16,     /* at a time; the next one waits for one of them to end */
	CLIENT_SECONDS = 60,  /* one connection, everything included */
	RECEIVE_SECONDS = 10, /* silence within a connection */
	HEADER_SIZE = 4,
};

static int fail(const char *what)
{
	dprintf(1, "hello: %s: %s\n", what, strerror(errno));
	return -1;
}

static int print_pcr(int nsm, unsigned int index)
{
	const struct nsm_request request = {.command = NSM_DESCRIBE_PCR, .index = index};
	uint8_t response[NSM_RESPONSE_MAX];
	char hex[2 * NSM_PCR_SIZE + 1];
	struct nsm_answer pcr;

	if (nsm_ask(nsm, &request, response, &pcr))
		return fail("DescribePCR");
	for (size_t i = 0; i < NSM_PCR_SIZE; i++)
		snprintf(hex + 2 * i, 3, "%02x", pcr.bytes.data[i]);
	dprintf(1, "hello: PCR%u %s\n", index, hex);
	return 0;
}

static int receive(int client, uint8_t *data, size_t size)
{
	while (size > 0) {
		ssize_t n = recv(client, data, size, 0);

		if (n <= 0)
			return -1;
		data += n;
		size -= (size_t)n;
	}
	return 0;
}

static int transmit(int client, const uint8_t *data, size_t size)
{
	while (size > 0) {
		ssize_t n = send(client, data, size, MSG_NOSIGNAL);

		if (n <= 0)
			return -1;
		data += n;
		size -= (size_t)n;
	}
	return 0;
}

/* One nonce and one document. Returns -1 when the connection has to be closed. */
static int answer(int nsm, int client)
{
	struct nsm_request request = {.command = NSM_ATTESTATION};
	struct nsm_answer document;
	uint8_t response[NSM_RESPONSE_MAX];
	uint8_t nonce[NSM_FIELD_MAX];
	uint8_t header[HEADER_SIZE];
	size_t size;

	if (receive(client, header, 2))
		return -1;
	size = (size_t)header[0] << 8 | header[1];
	if (size > sizeof(nonce) || receive(client, nonce, size))
		return -1;
	request.fields[NSM_NONCE] = (struct nsm_bytes){.data = size ? nonce : NULL, .size = size};
	if (nsm_ask(nsm, &request, response, &document)) {
		fail("Attestation");
		document.bytes.size = 0;
	}
	for (size_t i = 0; i < HEADER_SIZE; i++)
		header[i] = (uint8_t)(document.bytes.size >> (8 * (HEADER_SIZE - 1 - i)));
	if (transmit(client, header, HEADER_SIZE))
		return -1;
	return transmit(client, document.bytes.data, document.bytes.size);
}

/* The life of one client's process. The alarm's default action ends it wherever it is. */
static _Noreturn void serve(int nsm, int client)
{
	const struct timeval silence = {.tv_sec = RECEIVE_SECONDS};

	alarm(CLIENT_SECONDS);
	if (setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof(silence)) == 0)
		while (answer(nsm, client) == 0)
			;
	_exit(0);
}

/* Takes the processes that have ended; waits for one when there are as many as may be. */
static int running_clients(int running)
{
	int options = running == CLIENTS_MAX ? 0 : WNOHANG;

	while (running > 0 && waitpid(-1, NULL, options) > 0) {
		running--;
		options = WNOHANG;
	}
	return running;
}

static int listen_vsock(void)
{
	const struct sockaddr_vm here = {
		.svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_ANY, .svm_port = PORT};
	int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return fail("socket");
	if (bind(fd, (const struct sockaddr *)&here, sizeof(here)) || listen(fd, CLIENTS_MAX)) {
		fail("listen on vsock");
		close(fd);
		return -1;
	}
	return fd;
}

static _Noreturn void accept_clients(int nsm, int listener)
{
	int running = 0;

	for (;;) {
		int client;
		pid_t pid;

		running = running_clients(running);
		client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (client < 0) {
			/* A client that is gone already is no reason to hurry, or to give up. */
			fail("accept");
			sleep(1);
			continue;
		}
		pid = fork();
		if (pid == 0)
			serve(nsm, client);
		if (pid < 0)
			fail("fork");
		else
			running++;
		close(client);
	}
}

int main(void)
{
	int nsm;
	int listener;

	dprintf(1, "hello: good day from inside the enclave\n");
	nsm = nsm_open();
	if (nsm < 0) {
		fail("/dev/nsm");
		return 1;
	}
	for (unsigned int index = 0; index < 3; index++)
		if (print_pcr(nsm, index))
			return 1;
	listener = listen_vsock();
	if (listener < 0)
		return 1;
	dprintf(1, "hello: ready on vsock port %d\n", PORT);
	accept_clients(nsm, listener);
}
