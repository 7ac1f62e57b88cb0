/*
 * Moves bytes between sockets, none of which it ever waits for. Reads no more than the other side
 * takes, looks into nothing, and keeps nothing of a connection that has ended.
 */
#include "forward.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum {
	EVENTS = 64, /* taken at a time */
	TURNS = 4,   /* buffers that a connection may move before others get their turn */
	BACKLOG = 512,
	LISTENER = 2 * FORWARD_CONNECTIONS_MAX, /* the first number of an event that is one's */
};

/* One socket of a connection, and what was read from it for the other. */
struct side {
	int fd;
	bool watched;
	uint32_t events; /* when watched: for what */
	bool ended;	 /* it has sent all it will */
	bool passed;	 /* and the other one was told */
	size_t begin;
	size_t end;
	uint8_t data[FORWARD_BUFFER];
};

struct forward_connection {
	bool connecting;
	unsigned int quiet;   /* sweeps since something moved */
	struct side sides[2]; /* who came; where it goes */
};

static int watch(struct forwarder *forwarder, struct side *side, uint32_t number, uint32_t events)
{
	struct epoll_event event = {.events = events, .data = {.u32 = number}};

	if (side->watched && side->events == events)
		return 0;
	if (epoll_ctl(forwarder->epoll, side->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, side->fd,
		      &event))
		return -1;
	side->watched = true;
	side->events = events;
	return 0;
}

static void unwatch(struct forwarder *forwarder, struct side *side)
{
	epoll_ctl(forwarder->epoll, EPOLL_CTL_DEL, side->fd, NULL);
	side->watched = false;
}

/* Listeners are watched only while there is room for what they bring. */
static void watch_listeners(struct forwarder *forwarder, bool accepting)
{
	if (forwarder->accepting == accepting)
		return;
	forwarder->accepting = accepting;
	for (size_t i = 0; i < forwarder->rule_count; i++) {
		struct epoll_event event = {.events = accepting ? EPOLLIN : 0,
					    .data = {.u32 = (uint32_t)(LISTENER + i)}};

		epoll_ctl(forwarder->epoll, EPOLL_CTL_MOD, forwarder->listeners[i], &event);
	}
}

static void end_connection(struct forwarder *forwarder, size_t slot)
{
	struct forward_connection *connection = forwarder->connections[slot];

	for (int i = 0; i < 2; i++)
		if (connection->sides[i].fd >= 0)
			close(connection->sides[i].fd);
	munmap(connection, sizeof(*connection));
	forwarder->connections[slot] = NULL;
	forwarder->count--;
}

static bool again(void)
{
	return errno == EAGAIN || errno == EINTR;
}

/* Fills an empty buffer. Returns whether there is something in it. */
static bool fill(struct side *side, bool *broken)
{
	ssize_t n;

	if (side->ended)
		return false;
	n = recv(side->fd, side->data, sizeof(side->data), MSG_DONTWAIT);
	if (n < 0) {
		*broken = !again();
		return false;
	}
	side->ended = n == 0;
	side->begin = 0;
	side->end = (size_t)n;
	return n > 0;
}

/* Moves what can be moved from one side to the other. Returns -1 when the connection is broken. */
static int move(struct side *from, struct side *to)
{
	bool broken = false;

	for (int turn = 0; turn < TURNS; turn++) {
		ssize_t n;

		if (from->begin == from->end && !fill(from, &broken))
			break;
		n = send(to->fd, from->data + from->begin, from->end - from->begin,
			 MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0)
			return again() ? 0 : -1;
		from->begin += (size_t)n;
		/* What is full takes no more now; what came short has no more now. */
		if (from->begin < from->end || from->end < sizeof(from->data))
			break;
	}
	if (broken)
		return -1;
	if (from->ended && from->begin == from->end && !from->passed) {
		from->passed = true;
		/* It may be gone altogether, which the next event tells. */
		shutdown(to->fd, SHUT_WR);
	}
	return 0;
}

/* Watches one side for what is wanted of it now. */
static int watch_side(struct forwarder *forwarder, size_t slot, int which, bool hung_up)
{
	struct side *side = &forwarder->connections[slot]->sides[which];
	const struct side *other = &forwarder->connections[slot]->sides[!which];
	uint32_t events = 0;

	if (side->begin == side->end && !side->ended)
		events |= EPOLLIN;
	if (other->begin < other->end)
		events |= EPOLLOUT;
	/* A hang-up is told over and over, and means nothing while nothing is wanted. */
	if (events == 0 && hung_up)
		unwatch(forwarder, side);
	if (events == 0 && !side->watched)
		return 0;
	return watch(forwarder, side, (uint32_t)(2 * slot) + (uint32_t)which, events);
}

/* Ends a connection that is broken, or over in both directions. */
static void progress(struct forwarder *forwarder, size_t slot, int which, uint32_t events)
{
	struct forward_connection *connection = forwarder->connections[slot];
	struct side *sides = connection->sides;

	connection->quiet = 0;
	if (events & EPOLLERR || move(&sides[0], &sides[1]) || move(&sides[1], &sides[0]) ||
	    (sides[0].passed && sides[1].passed) ||
	    watch_side(forwarder, slot, which, events & EPOLLHUP) ||
	    watch_side(forwarder, slot, !which, false))
		end_connection(forwarder, slot);
}

/* The outcome of connect(): then bytes may flow. */
static void connected(struct forwarder *forwarder, size_t slot)
{
	struct forward_connection *connection = forwarder->connections[slot];
	int error = 0;
	socklen_t size = sizeof(error);

	if (getsockopt(connection->sides[1].fd, SOL_SOCKET, SO_ERROR, &error, &size) || error) {
		end_connection(forwarder, slot);
		return;
	}
	connection->connecting = false;
	progress(forwarder, slot, 1, 0);
}

static void side_event(struct forwarder *forwarder, uint32_t number, uint32_t events)
{
	size_t slot = number / 2;
	struct forward_connection *connection = forwarder->connections[slot];

	/* What ended in this very round. */
	if (!connection)
		return;
	if (!connection->connecting)
		progress(forwarder, slot, (int)(number % 2), events);
	else if (number % 2 == 1)
		connected(forwarder, slot);
	else if (events & EPOLLERR)
		end_connection(forwarder, slot);
	else
		unwatch(forwarder, &connection->sides[0]);
}

static void no_delay(int fd, const struct rule_end *end)
{
	int yes = 1;

	if (end->address.ss_family == AF_INET || end->address.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
}

/* Begins to connect a new connection's other side. */
static int open_target(struct forwarder *forwarder, size_t slot, const struct rule *rule)
{
	struct forward_connection *connection = forwarder->connections[slot];
	int fd = socket(rule->to.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	connection->sides[1].fd = fd;
	if (fd < 0)
		return -1;
	no_delay(fd, &rule->to);
	if (connect(fd, (const struct sockaddr *)&rule->to.address, rule->to.size) &&
	    errno != EINPROGRESS)
		return -1;
	/* The one who came is only watched for its going away. */
	return watch(forwarder, &connection->sides[1], (uint32_t)(2 * slot) + 1, EPOLLOUT) ||
	       watch(forwarder, &connection->sides[0], (uint32_t)(2 * slot), 0);
}

static void accept_connection(struct forwarder *forwarder, size_t listener)
{
	const struct rule *rule = &forwarder->rules[listener];
	struct forward_connection *connection;
	size_t slot = 0;
	int fd;

	while (slot < FORWARD_CONNECTIONS_MAX && forwarder->connections[slot])
		slot++;
	if (slot == FORWARD_CONNECTIONS_MAX)
		return;
	fd = accept4(forwarder->listeners[listener], NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return;
	connection = mmap(NULL, sizeof(*connection), PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (connection == MAP_FAILED) {
		close(fd);
		return;
	}
	no_delay(fd, &rule->from);
	connection->connecting = true;
	connection->sides[0].fd = fd;
	forwarder->connections[slot] = connection;
	forwarder->count++;
	if (open_target(forwarder, slot, rule))
		end_connection(forwarder, slot);
}

/* A peer that has gone altogether can look like one that has just no more to send. */
static void sweep(struct forwarder *forwarder)
{
	int64_t now = forwarder->clock();

	if (now < forwarder->swept + FORWARD_SWEEP_MS)
		return;
	forwarder->swept = now;
	for (size_t slot = 0; slot < FORWARD_CONNECTIONS_MAX; slot++) {
		struct forward_connection *connection = forwarder->connections[slot];

		if (connection && (connection->sides[0].passed || connection->sides[1].passed) &&
		    ++connection->quiet > FORWARD_SWEEPS)
			end_connection(forwarder, slot);
	}
}

void forward(struct forwarder *forwarder, int milliseconds)
{
	struct epoll_event events[EVENTS];
	int count = epoll_wait(forwarder->epoll, events, EVENTS,
			       milliseconds < 0 ? FORWARD_SWEEP_MS : milliseconds);

	/* New connections last: they take the places and numbers of those that end. */
	for (int i = 0; i < count; i++)
		if (events[i].data.u32 < LISTENER)
			side_event(forwarder, events[i].data.u32, events[i].events);
	for (int i = 0; i < count; i++)
		if (events[i].data.u32 >= LISTENER)
			accept_connection(forwarder, events[i].data.u32 - LISTENER);
	sweep(forwarder);
	watch_listeners(forwarder, forwarder->count < FORWARD_CONNECTIONS_MAX);
}

static int listen_at(const struct rule_end *end)
{
	int fd = socket(end->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int yes = 1;

	if (fd < 0)
		return -1;
	/* An address of one version says nothing about the other. */
	if ((end->address.ss_family != AF_VSOCK &&
	     setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes))) ||
	    (end->address.ss_family == AF_INET6 &&
	     setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof(yes))) ||
	    bind(fd, (const struct sockaddr *)&end->address, end->size) || listen(fd, BACKLOG)) {
		close(fd);
		return -1;
	}
	return fd;
}

static int64_t monotonic_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int forward_begin(struct forwarder *forwarder, const struct rule *rules, size_t count,
		  size_t *failed)
{
	*forwarder = (struct forwarder){.epoll = epoll_create1(EPOLL_CLOEXEC),
					.rules = rules,
					.accepting = true,
					.clock = monotonic_ms,
					.swept = monotonic_ms()};
	for (size_t i = 0; i < count; i++) {
		struct epoll_event event = {.events = EPOLLIN,
					    .data = {.u32 = (uint32_t)(LISTENER + i)}};
		int fd = listen_at(&rules[i].from);

		*failed = i;
		forwarder->listeners[i] = fd;
		forwarder->rule_count = i + 1;
		if (fd < 0 || epoll_ctl(forwarder->epoll, EPOLL_CTL_ADD, fd, &event))
			return -1;
	}
	return 0;
}
