/*
 * A client of /dev/nsm, the security module of a Nitro enclave, for programs inside the enclave.
 * Stands alone: it knows nothing of init or of any application, allocates nothing, keeps no state.
 *
 * Sources: requests and answers are CBOR as aws-nitro-enclaves-nsm-api writes it (src/api/mod.rs,
 * serde's external tagging); the device is Linux's drivers/misc/nsm.c and linux/nsm.h.
 */
#ifndef MINTMARK_NSM_H
#define MINTMARK_NSM_H

#include <stddef.h>
#include <stdint.h>

enum {
	NSM_REQUEST_MAX = 0x1000,  /* bytes; the driver refuses longer requests */
	NSM_RESPONSE_MAX = 0x3000, /* bytes; the driver cuts what does not fit, without a word */
	NSM_PCR_SIZE = 48,	   /* SHA-384 */
	NSM_FIELD_MAX = 512,	   /* nonce and user data; what real hardware is known to take */
	NSM_PUBLIC_KEY_MAX = 1024,
};

/* Some bytes that somebody else owns; data is NULL for a field that is not there at all. */
struct nsm_bytes {
	const uint8_t *data;
	size_t size;
};

enum nsm_command {
	NSM_GET_RANDOM,	  /* answers with random bytes, as many as the module likes */
	NSM_DESCRIBE_PCR, /* with the NSM_PCR_SIZE bytes of a PCR */
	NSM_EXTEND_PCR,	  /* with its new value: SHA-384 of the old one and fields[NSM_DATA] */
	NSM_LOCK_PCR,	  /* with nothing; no PCR is ever unlocked */
	NSM_ATTESTATION,  /* with a document over three fields, each of which may be absent */
};

enum { NSM_DATA = 0, NSM_USER_DATA = 0, NSM_NONCE = 1, NSM_PUBLIC_KEY = 2, NSM_FIELDS = 3 };

struct nsm_request {
	enum nsm_command command;
	unsigned int index; /* of the PCR */
	struct nsm_bytes fields[NSM_FIELDS];
};

/* Opens /dev/nsm, close-on-exec. Returns a descriptor, or -1 with errno set. */
int nsm_open(void);

/*
 * Sends one request and receives the response, in which the answer lies. Returns 0, or -1 with
 * errno set: EMSGSIZE for a field that is too long, EREMOTEIO when the module answers with an
 * error, EPROTO when its answer is not what it must be, else what the driver said.
 */
int nsm_ask(int fd, const struct nsm_request *request, uint8_t response[NSM_RESPONSE_MAX],
	    struct nsm_bytes *answer);

/*
 * The codec below does no input or output. Writes a request and returns its size, or 0 with errno
 * set as above.
 */
size_t nsm_encode(const struct nsm_request *request, uint8_t bytes[NSM_REQUEST_MAX]);

/*
 * Accepts one answer that fills size bytes exactly, as the module writes it; a PCR and whether it
 * is locked in either order, because emulators differ. Returns 0, or -1 with errno as above.
 */
int nsm_decode(enum nsm_command command, const uint8_t *response, size_t size,
	       struct nsm_bytes *answer);

#endif
