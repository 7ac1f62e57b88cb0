/*
 * What the commands that sign have in common: their words on the command line become what the
 * library wants. Never included by the library.
 */
#ifndef MINTMARK_EIF_SIGNING_H
#define MINTMARK_EIF_SIGNING_H

#include "room.h"

/* As given; NULL where an option was not. */
struct signing_words {
	const char *key;
	const char *certificate;
	const char *passphrase_file;
	const char *signature;
	const char *at;
	bool random_nonce;
};

struct signing {
	struct eif_signing eif;
	int64_t at;
	char *certificate;
	char *signature;
};

#define SIGNING_INIT ((struct signing){.at = 0})

/*
 * Reads the files, opens the key, and takes the clock's time where no other is given. EIF-TIME when
 * --at is not a time.
 */
int signing_open(const struct signing_words *words, struct signing *signing, struct err *err);

/* A no-op on SIGNING_INIT. Fits cleanup_with(). */
void signing_close(struct signing *signing);

/* Warns when the certificates end within 30 days. */
void signing_warn(const struct signing *signing, const struct eif_signer *signer);

/*
 * YYYY-MM-DDThh:mm:ssZ, or YYYY-MM-DD for its first second, as seconds since 1970; the clock's time
 * for NULL. EIF-TIME.
 */
int signing_time(const char *text, int64_t *seconds, struct err *err);

#endif
