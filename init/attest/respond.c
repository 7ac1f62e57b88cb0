/*
 * Serves all clients from one process that waits for none of them. Never keeps what a client sent
 * beyond its answer, and never lets one take what belongs to all.
 */
#include "respond.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int64_t monotonic_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void respond_begin(struct responder *responder, int listener, int nsm)
{
	*responder = (struct responder){
		.listener = listener, .nsm = nsm, .ask = nsm_ask, .clock = monotonic_ms};
	for (size_t i = 0; i < RESPOND_CLIENTS_MAX; i++)
		responder->clients[i].fd = -1;
}

static void drop(struct responder_client *client)
{
	close(client->fd);
	*client = (struct responder_client){.fd = -1};
}

static bool is_replying(const struct responder_client *client)
{
	return client->sent < client->reply_size;
}

/* The size of the request that is there as a whole, or 0; a client that sends none is dropped. */
static size_t whole_request(struct responder_client *client, struct nsm_request *request)
{
	ssize_t size;

	if (client->fd < 0 || is_replying(client))
		return 0;
	size = request_take(client->requests, client->received, request);
	if (size < 0)
		drop(client);
	return size > 0 ? (size_t)size : 0;
}

static void answer(struct responder *responder, struct responder_client *client,
		   const struct nsm_request *request, size_t request_size)
{
	uint8_t *document = client->reply + RESPOND_HEAD;
	struct nsm_bytes answer;
	size_t size = 0;

	if (responder->ask(responder->nsm, request, document, &answer) == 0) {
		size = answer.size;
		memmove(document, answer.data, size);
	} else {
		dprintf(1, "attest: Attestation: %s\n", strerror(errno));
	}
	for (size_t i = 0; i < RESPOND_HEAD; i++)
		client->reply[i] = (uint8_t)(size >> (8 * (RESPOND_HEAD - 1 - i)));
	client->reply_size = RESPOND_HEAD + size;
	client->sent = 0;
	client->received -= request_size;
	memmove(client->requests, client->requests + request_size, client->received);
}

/* The next document, if one is wanted and it is time. Returns when to ask again, or -1. */
static int64_t make_document(struct responder *responder)
{
	int64_t now = responder->clock();

	for (size_t i = 0; i < RESPOND_CLIENTS_MAX; i++) {
		size_t turn = (responder->turn + i) % RESPOND_CLIENTS_MAX;
		struct responder_client *client = &responder->clients[turn];
		struct nsm_request request;
		size_t size = whole_request(client, &request);

		if (size == 0)
			continue;
		if (now < responder->next)
			return responder->next - now;
		answer(responder, client, &request, size);
		responder->next = now + RESPOND_DOCUMENT_MS;
		responder->turn = turn + 1;
		/* Others may be waiting for theirs. */
		return RESPOND_DOCUMENT_MS;
	}
	return -1;
}

static void receive(struct responder_client *client)
{
	ssize_t n = recv(client->fd, client->requests + client->received,
			 sizeof(client->requests) - client->received, MSG_DONTWAIT);

	if (n > 0)
		client->received += (size_t)n;
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		drop(client);
}

static void transmit(struct responder_client *client)
{
	ssize_t n = send(client->fd, client->reply + client->sent,
			 client->reply_size - client->sent, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n > 0)
		client->sent += (size_t)n;
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		drop(client);
}

/* Drops clients whose time is over. Returns how long until that of the next one is, or -1. */
static int64_t drop_late(struct responder *responder)
{
	int64_t now = responder->clock();
	int64_t next = -1;

	for (size_t i = 0; i < RESPOND_CLIENTS_MAX; i++) {
		struct responder_client *client = &responder->clients[i];

		if (client->fd < 0)
			continue;
		if (now >= client->end)
			drop(client);
		else if (next < 0 || client->end - now < next)
			next = client->end - now;
	}
	return next;
}

static struct responder_client *free_client(struct responder *responder)
{
	for (size_t i = 0; i < RESPOND_CLIENTS_MAX; i++)
		if (responder->clients[i].fd < 0)
			return &responder->clients[i];
	return NULL;
}

static void accept_client(struct responder *responder, struct responder_client *client)
{
	int fd = accept4(responder->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	client->fd = fd;
	client->end = responder->clock() + RESPOND_CLIENT_MS;
}

/* The shorter of two times, of which a negative one does not count. */
static int64_t sooner(int64_t a, int64_t b)
{
	if (a < 0 || (b >= 0 && b < a))
		return b;
	return a;
}

void respond(struct responder *responder, int milliseconds)
{
	struct pollfd polled[RESPOND_CLIENTS_MAX + 1];
	struct responder_client *room;
	int64_t wait = sooner(milliseconds, make_document(responder));

	wait = sooner(wait, drop_late(responder));
	room = free_client(responder);
	for (size_t i = 0; i < RESPOND_CLIENTS_MAX; i++) {
		struct responder_client *client = &responder->clients[i];
		struct nsm_request request;
		bool waits = whole_request(client, &request) > 0;

		polled[i] = (struct pollfd){.fd = waits ? -1 : client->fd,
					    .events = is_replying(client) ? POLLOUT : POLLIN};
	}
	polled[RESPOND_CLIENTS_MAX] =
		(struct pollfd){.fd = room ? responder->listener : -1, .events = POLLIN};
	if (poll(polled, RESPOND_CLIENTS_MAX + 1, (int)wait) <= 0)
		return;
	for (size_t i = 0; i < RESPOND_CLIENTS_MAX; i++) {
		if (!polled[i].revents)
			continue;
		if (is_replying(&responder->clients[i]))
			transmit(&responder->clients[i]);
		else
			receive(&responder->clients[i]);
	}
	if (polled[RESPOND_CLIENTS_MAX].revents)
		accept_client(responder, room);
}
