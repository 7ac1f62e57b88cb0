/*
 * Options of the commands that sign. The only place of this room that looks at the clock, and it
 * does so for validity alone: nothing that is written depends on it.
 */
#include "signing.h"

#include <string.h>
#include <time.h>

#include <openssl/crypto.h>

#include "command.h"
#include "outfile.h"

enum { MAX_PASSPHRASE = 1024, MAX_SIGNATURE_FILE = 1024, DAY = 24 * 60 * 60, WARN_DAYS = 30 };

int signing_time(const char *text, int64_t *seconds, struct err *err)
{
	static const char *const formats[] = {"%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d"};

	if (!text) {
		*seconds = time(NULL);
		return 0;
	}
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		struct tm tm = {0};
		char again[40];
		const char *end = strptime(text, formats[i], &tm);

		if (!end || *end != '\0')
			continue;
		*seconds = timegm(&tm); /* makes a March of February 31 */
		strftime(again, sizeof(again), "%Y-%m-%dT%H:%M:%SZ", &tm);
		if (strlen(again) == strlen("YYYY-MM-DDThh:mm:ssZ") &&
		    strncmp(again, text, strlen(text)) == 0)
			return 0;
	}
	return err_set(err, EXIT_USAGE, "EIF-TIME",
		       "--at: YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ expected, found %s", text);
}

/* The first line, less its end (one of Unix or of Windows), becomes a string. */
static int end_passphrase(char *text, size_t size, const char *path, struct err *err)
{
	char *newline = memchr(text, '\n', size);
	size_t length = newline ? (size_t)(newline - text) : size;

	if (newline && length > 0 && text[length - 1] == '\r')
		length--;
	text[length] = '\0';
	if (length > 0 && strlen(text) == length)
		return 0;
	return err_set(err, EXIT_MALFORMED, "EIF-PASSPHRASE",
		       "%s: a passphrase without NUL as the first line expected, found %s", path,
		       length > 0 ? "a NUL" : "an empty one");
}

static int open_key(const struct signing_words *words, struct signing *signing, struct err *err)
{
	const char *path = words->passphrase_file;
	char *passphrase = NULL;
	size_t size = 0;

	if (path) {
		passphrase = read_small_file(path, MAX_PASSPHRASE, &size, err);
		if (!passphrase)
			return -1;
	}
	if (!passphrase || end_passphrase(passphrase, size, path, err) == 0)
		signing->eif.key = eif_key_open(words->key, passphrase, err);
	if (passphrase)
		OPENSSL_cleanse(passphrase, size);
	free(passphrase);
	return signing->eif.key ? 0 : -1;
}

int signing_open(const struct signing_words *words, struct signing *signing, struct err *err)
{
	struct eif_signing *eif = &signing->eif;

	if (signing_time(words->at, &signing->at, err) < 0)
		return -1;
	eif->at = &signing->at;
	eif->random_nonce = words->random_nonce;
	eif->certificate_path = words->certificate;
	signing->certificate =
		read_small_file(words->certificate, EIF_MAX_SIGNATURE, &eif->certificate_size, err);
	if (!signing->certificate)
		return -1;
	eif->certificate = signing->certificate;
	if (words->signature) {
		signing->signature = read_small_file(words->signature, MAX_SIGNATURE_FILE,
						     &eif->signature_size, err);
		if (!signing->signature)
			return -1;
		eif->signature = signing->signature;
	}
	return words->key ? open_key(words, signing, err) : 0;
}

void signing_close(struct signing *signing)
{
	eif_key_close(signing->eif.key);
	free(signing->certificate);
	free(signing->signature);
	*signing = SIGNING_INIT;
}

void signing_warn(const struct signing *signing, const struct eif_signer *signer)
{
	int64_t left = signer->not_after - signing->at;

	if (left < (int64_t)WARN_DAYS * DAY)
		command_warn("%s: expires within %lld days", signing->eif.certificate_path,
			     (long long)(left / DAY + 1));
}
