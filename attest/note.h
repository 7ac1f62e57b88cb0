/*
 * Signed notes and checkpoints (C2SP signed-note, tlog-checkpoint, tlog-cosignature) with Ed25519,
 * for the room's own files. A signature by a key that is not known says nothing and is passed over.
 */
#ifndef MINTMARK_ATTEST_NOTE_H
#define MINTMARK_ATTEST_NOTE_H

#include "room.h"
#include "signer.h"

enum {
	NOTE_MAX = 65536,
	NOTE_NAME_MAX = 128,
	NOTE_ED25519 = 1,     /* what the first byte of a key says */
	NOTE_COSIGNATURE = 4, /* Ed25519 with a time */
	ED25519_KEY = 32,
	ED25519_SIGNATURE = 64
};

/* Whose signature is looked for. */
struct note_key {
	char name[NOTE_NAME_MAX + 1];
	unsigned type;
	unsigned char key[ED25519_KEY];
};

/* NAME+HEX+BASE64, as verifiers get it: ATTEST-LOG-KEY. */
int note_key_parse(const char *text, struct note_key *key, struct err *err);

/* The same for a private key; owned by the caller. ATTEST-KEY unless it is one of Ed25519. */
char *note_key_text(const struct signer *signer, const char *name, unsigned type, struct err *err);
int note_key_of(const struct signer *signer, const char *name, unsigned type, struct note_key *key,
		struct err *err);

/* A checkpoint: who, how many entries, their root. */
struct checkpoint {
	char origin[NOTE_NAME_MAX + 1];
	uint64_t size;
	unsigned char root[SHA256_SIZE];
	struct slice text;  /* what is signed, its last newline included */
	struct slice lines; /* of signatures */
};

/* Takes a note apart, in place: ATTEST-LOG-CHECKPOINT. */
int checkpoint_read(const void *data, size_t size, struct checkpoint *checkpoint, struct err *err);

/*
 * Whether the key signed it: 1, or 0 when there is no signature of the key; -1 with
 * ATTEST-LOG-SIGNATURE when there is one and it is not good. at is when, for NOTE_COSIGNATURE.
 */
int checkpoint_signed(const struct checkpoint *checkpoint, const struct note_key *key, int64_t *at,
		      struct err *err);

/* The text of one; owned by the caller. */
char *checkpoint_text(const char *origin, uint64_t size, const unsigned char root[SHA256_SIZE],
		      struct err *err);

/* One line of a signature over a checkpoint's text; owned by the caller. */
char *note_line(const char *text, size_t size, const struct signer *signer, const char *name,
		unsigned type, int64_t at, struct err *err);

#endif
