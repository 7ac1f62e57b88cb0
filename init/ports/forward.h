/* The forwarder: passes connections on by rules, both ways, and the end of either direction. */
#ifndef MINTMARK_FORWARD_H
#define MINTMARK_FORWARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rule.h"

enum {
	FORWARD_RULES_MAX = 256,
	FORWARD_CONNECTIONS_MAX = 512, /* at a time; others wait in the queues */
	/*
	 * Bytes on their way, of one direction of one connection, and in one packet: from 32 KB on
	 * Linux sends packets in pieces, of which not every vsock device takes more than the first.
	 */
	FORWARD_BUFFER = 16 * 1024,
	/* A connection that is over in one direction ends when nothing moves in the other so often.
	 */
	FORWARD_SWEEP_MS = 60000,
	FORWARD_SWEEPS = 10,
};

struct forward_connection;

struct forwarder {
	int epoll;
	const struct rule *rules;
	size_t rule_count;
	int listeners[FORWARD_RULES_MAX];
	bool accepting;
	int64_t (*clock)(void); /* milliseconds; only goes forward */
	int64_t swept;		/* when it last looked for connections that nobody ends */
	size_t count;		/* of connections */
	struct forward_connection *connections[FORWARD_CONNECTIONS_MAX];
};

/*
 * Listens as the rules say; they have to outlive the forwarder. Returns 0, or -1 with errno set and
 * *failed the number of the rule that cannot be followed.
 */
int forward_begin(struct forwarder *forwarder, const struct rule *rules, size_t count,
		  size_t *failed);

/* Waits until something can be done, at most the given milliseconds (-1: for ever), and does it. */
void forward(struct forwarder *forwarder, int milliseconds);

#endif
