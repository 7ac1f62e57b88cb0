/*
 * A rule for connections, which cross the enclave's border in one direction:
 *	vsock:PORT>tcp:ADDRESS:PORT	from outside: to PORT of the enclave, from 1024 on, and on
 *to the address
 *	tcp:ADDRESS:PORT>vsock:CID:PORT	from inside: to the address, and on to CID, 3 for the parent
 * ADDRESS is 127.0.0.1 or the like, or an address of IPv6 in brackets. Numbers are decimal, without
 * a zero in front. Nothing is ever looked up.
 */
#ifndef MINTMARK_RULE_H
#define MINTMARK_RULE_H

#include <sys/socket.h>

struct rule_end {
	struct sockaddr_storage address;
	socklen_t size;
};

struct rule {
	struct rule_end from; /* where to listen */
	struct rule_end to;   /* where to connect for each connection */
};

/* Takes a rule apart. Returns 0, or -1 when it is none. */
int rule_parse(const char *text, struct rule *rule);

#endif
