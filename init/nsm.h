/*
 * A client of /dev/nsm, the security module of a Nitro enclave, for programs inside the enclave.
 * Stands alone: it knows nothing of init or of any application, allocates nothing, keeps no state.
 *
 * Sources: requests and answers are CBOR as aws-nitro-enclaves-nsm-api writes it (src/api/mod.rs,
 * serde's external tagging); the device is Linux's drivers/misc/nsm.c and linux/nsm.h.
 */
#ifndef MINTMARK_NSM_H
#define MINTMARK_NSM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	NSM_REQUEST_MAX = 0x1000,  /* bytes; the driver refuses longer requests */
	NSM_RESPONSE_MAX = 0x3000, /* bytes; the driver cuts what does not fit, without a word */
	NSM_PCR_SIZE = 48,	   /* SHA-384 */
	NSM_PCR_COUNT = 32,
	NSM_FIELD_MAX = 512, /* nonce and user data; what real hardware is known to take */
	NSM_PUBLIC_KEY_MAX = 1024,
	NSM_RANDOM_MAX = 256, /* of one answer */
};

/* Some bytes that somebody else owns; data is NULL for a field that is not there at all. */
struct nsm_bytes {
	const uint8_t *data;
	size_t size;
};

struct nsm_pcr {
	bool locked;
	uint8_t value[NSM_PCR_SIZE];
};

/* Opens /dev/nsm, close-on-exec. Returns a descriptor, or -1 with errno set. */
int nsm_open(void);

/*
 * Reads one PCR. Returns 0, or -1 with errno set: ERANGE for an index that is none, EREMOTEIO when
 * the module answers with an error, EPROTO when its answer is not what it must be, else what the
 * driver said.
 */
int nsm_describe_pcr(int fd, unsigned int index, struct nsm_pcr *pcr);

/*
 * The PCR becomes SHA-384 of what it was and the digest. Returns 0, or -1 as above; the module
 * refuses a PCR that is locked.
 */
int nsm_extend_pcr(int fd, unsigned int index, const uint8_t digest[NSM_PCR_SIZE]);

/* Nobody can extend the PCR any more, until the enclave ends. Returns 0, or -1 as above. */
int nsm_lock_pcr(int fd, unsigned int index);

/* Random bytes of the module, at most NSM_RANDOM_MAX. Returns 0, or -1 as above. */
int nsm_get_random(int fd, uint8_t random[NSM_RANDOM_MAX], size_t *size);

/*
 * Asks for an attestation document over the three fields, each of which may be absent, and copies
 * it to document. Returns 0, or -1 with errno set as above; EMSGSIZE for a field that is too long
 * or a document of more than room bytes. NSM_RESPONSE_MAX bytes of room are always enough.
 */
int nsm_attestation(int fd, struct nsm_bytes nonce, struct nsm_bytes user_data,
		    struct nsm_bytes public_key, uint8_t *document, size_t room, size_t *size);

/*
 * The codec below does no input or output. Encoders write a request of at most NSM_REQUEST_MAX
 * bytes and return its size, or 0 with errno set when an argument is out of range.
 */
size_t nsm_encode_describe_pcr(unsigned int index, uint8_t request[NSM_REQUEST_MAX]);
size_t nsm_encode_extend_pcr(unsigned int index, const uint8_t digest[NSM_PCR_SIZE],
			     uint8_t request[NSM_REQUEST_MAX]);
size_t nsm_encode_lock_pcr(unsigned int index, uint8_t request[NSM_REQUEST_MAX]);
size_t nsm_encode_get_random(uint8_t request[NSM_REQUEST_MAX]);
size_t nsm_encode_attestation(struct nsm_bytes nonce, struct nsm_bytes user_data,
			      struct nsm_bytes public_key, uint8_t request[NSM_REQUEST_MAX]);

/*
 * Decoders accept one answer that fills size bytes exactly, with definite lengths and every key
 * once; in any order, because emulators differ. They return 0, or -1 with errno EREMOTEIO for a
 * well-formed error answer and EPROTO for everything else. What is decoded lies in response.
 */
int nsm_decode_describe_pcr(const uint8_t *response, size_t size, struct nsm_pcr *pcr);
int nsm_decode_extend_pcr(const uint8_t *response, size_t size);
int nsm_decode_lock_pcr(const uint8_t *response, size_t size);
int nsm_decode_get_random(const uint8_t *response, size_t size, struct nsm_bytes *random);
int nsm_decode_attestation(const uint8_t *response, size_t size, struct nsm_bytes *document);

#endif
