/*
 * The responder: hands out attestation documents to whoever connects. A client gets, for each
 * request of request.h, the length of a document as four bytes, most significant first, and the
 * document; or the length 0 when the security module refuses.
 */
#ifndef MINTMARK_RESPOND_H
#define MINTMARK_RESPOND_H

#include "request.h"

enum {
	RESPOND_CLIENTS_MAX = 16,  /* at a time; others wait in the queue */
	RESPOND_CLIENT_MS = 60000, /* one connection, everything included */
	RESPOND_DOCUMENT_MS = 50,  /* from one document to the next, for all clients together */
	RESPOND_HEAD = 4,	   /* bytes in front of a document */
};

struct responder_client {
	int fd;	     /* -1: none */
	int64_t end; /* when its time is over */
	size_t received;
	size_t reply_size;
	size_t sent; /* of the reply */
	uint8_t requests[REQUEST_SIZE_MAX];
	uint8_t reply[RESPOND_HEAD + NSM_RESPONSE_MAX];
};

struct responder {
	int listener; /* a socket that does not block */
	int nsm;
	/* As nsm_ask() or tsm_ask(), and milliseconds of a clock that only goes forward. */
	int (*ask)(int nsm, const struct nsm_request *request, uint8_t response[NSM_RESPONSE_MAX],
		   struct nsm_bytes *answer);
	int64_t (*clock)(void);
	int64_t next; /* when the next document may be made */
	size_t turn;  /* whose it is */
	struct responder_client clients[RESPOND_CLIENTS_MAX];
};

/* Sets up a responder without clients. */
void respond_begin(struct responder *responder, int listener, int nsm);

/* Waits until something can be done, at most the given milliseconds (-1: for ever), and does it. */
void respond(struct responder *responder, int milliseconds);

#endif
