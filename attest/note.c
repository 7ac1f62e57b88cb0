/* Signed notes through OpenSSL's Ed25519. Never signs a text of another form than a checkpoint's.
 */
#include "note.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#include "cose.h"
#include "own_errors.h"
#include "text.h"

#define DASH "\xe2\x80\x94 "

enum { KEY_ID = 4, TIME_SIZE = 8, DASH_SIZE = sizeof(DASH) - 1 };

static bool is_name(const char *name, size_t size)
{
	if (size == 0 || size > NOTE_NAME_MAX)
		return false;
	for (size_t i = 0; i < size; i++)
		if (name[i] <= ' ' || name[i] >= 0x7f || name[i] == '+')
			return false;
	return true;
}

static int key_id(const struct note_key *key, unsigned char id[KEY_ID], struct err *err)
{
	cleanup_hash struct hash *hash = hash_new(HASH_SHA256, err);
	unsigned char digest[HASH_MAX_SIZE];
	unsigned char type[2] = {'\n', (unsigned char)key->type};

	if (!hash || hash_update(hash, key->name, strlen(key->name), err) < 0 ||
	    hash_update(hash, type, 2, err) < 0 ||
	    hash_update(hash, key->key, ED25519_KEY, err) < 0 || hash_final(hash, digest, err) < 0)
		return -1;
	memcpy(id, digest, KEY_ID);
	return 0;
}

static int bad_key(struct err *err)
{
	return err_set(
		err, EXIT_USAGE, "ATTEST-LOG-KEY",
		"a key NAME+HASH+KEY of Ed25519, as attest log key prints it, expected, found "
		"another");
}

int note_key_parse(const char *text, struct note_key *key, struct err *err)
{
	const char *plus = strchr(text, '+');
	cleanup_free unsigned char *data = NULL;
	unsigned char expected[KEY_ID];
	unsigned char id[KEY_ID];
	char hex[2 * KEY_ID + 1];
	size_t size = 0;
	size_t length;

	if (!plus || !is_name(text, (size_t)(plus - text)) || strlen(plus) < 11 || plus[9] != '+')
		return bad_key(err);
	memcpy(hex, plus + 1, 8);
	hex[8] = '\0';
	length = strcspn(plus + 10, "\n");
	data = base64_decode(plus + 10, length, &size);
	if (!data || size != 1 + ED25519_KEY || !hex_decode(hex, expected, KEY_ID) ||
	    (data[0] != NOTE_ED25519 && data[0] != NOTE_COSIGNATURE))
		return bad_key(err);
	*key = (struct note_key){.type = data[0]};
	memcpy(key->name, text, (size_t)(plus - text));
	memcpy(key->key, data + 1, ED25519_KEY);
	if (key_id(key, id, err) < 0)
		return -1;
	return memcmp(id, expected, KEY_ID) == 0 ? 0 : bad_key(err);
}

int note_key_of(const struct signer *signer, const char *name, unsigned type, struct note_key *key,
		struct err *err)
{
	OWN_ERRORS;
	size_t size = ED25519_KEY;

	*key = (struct note_key){.type = type};
	if (!is_name(name, strlen(name)))
		return err_set(err, EXIT_USAGE, "ATTEST-LOG-KEY",
			       "a name of ASCII without blanks and + expected, found another");
	snprintf(key->name, sizeof(key->name), "%s", name);
	if (cose_algorithm_of(signer_key(signer)) == COSE_EDDSA &&
	    EVP_PKEY_get_raw_public_key(signer_key(signer), key->key, &size) == 1 &&
	    size == ED25519_KEY)
		return 0;
	return err_set(err, EXIT_USAGE, "ATTEST-KEY",
		       "%s: a key of Ed25519 expected, found another", signer_where(signer));
}

char *note_key_text(const struct signer *signer, const char *name, unsigned type, struct err *err)
{
	unsigned char data[1 + ED25519_KEY] = {(unsigned char)type};
	cleanup_free char *encoded = NULL;
	unsigned char id[KEY_ID];
	char hex[2 * KEY_ID + 1];
	struct note_key key;
	char *text = NULL;

	if (note_key_of(signer, name, type, &key, err) < 0 || key_id(&key, id, err) < 0)
		return NULL;
	memcpy(data + 1, key.key, ED25519_KEY);
	encoded = base64_encode(data, sizeof(data));
	hash_hex(id, KEY_ID, hex);
	if (!encoded || asprintf(&text, "%s+%s+%s", name, hex, encoded) < 0) {
		no_memory(err);
		return NULL;
	}
	return text;
}

static int bad_checkpoint(const char *expected, struct err *err)
{
	return err_set(err, EXIT_MALFORMED, "ATTEST-LOG-CHECKPOINT",
		       "checkpoint: %s expected, found another", expected);
}

/* The next line of a text without its newline; false at the end, or without a newline. */
static bool next_line(const char **at, const char *end, struct slice *line)
{
	const char *newline = memchr(*at, '\n', (size_t)(end - *at));

	if (!newline)
		return false;
	*line = (struct slice){(const unsigned char *)*at, (size_t)(newline - *at)};
	*at = newline + 1;
	return true;
}

static bool read_size(struct slice line, uint64_t *size)
{
	uint64_t value = 0;

	if (line.size == 0 || line.size > 18 || (line.data[0] == '0' && line.size > 1))
		return false;
	for (size_t i = 0; i < line.size; i++) {
		if (line.data[i] < '0' || line.data[i] > '9')
			return false;
		value = 10 * value + (uint64_t)(line.data[i] - '0');
	}
	*size = value;
	return true;
}

static bool is_printable(const char *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (((unsigned char)data[i] < 0x20 && data[i] != '\n') || data[i] == 0x7f)
			return false;
	return true;
}

int checkpoint_read(const void *data, size_t size, struct checkpoint *checkpoint, struct err *err)
{
	const char *text = data;
	const char *split = NULL;
	const char *at = text;
	cleanup_free unsigned char *root = NULL;
	struct slice line;
	size_t root_size = 0;

	if (size < 3 || size > NOTE_MAX || text[size - 1] != '\n' || !is_printable(text, size))
		return bad_checkpoint("lines of text", err);
	for (size_t i = 0; i + 1 < size; i++)
		if (text[i] == '\n' && text[i + 1] == '\n')
			split = text + i + 1;
	if (!split)
		return bad_checkpoint("a text, an empty line and signatures", err);
	*checkpoint = (struct checkpoint){
		.text = {data, (size_t)(split - text)},
		.lines = {(const unsigned char *)split + 1, size - (size_t)(split - text) - 1}};
	if (!next_line(&at, split, &line) || !is_name((const char *)line.data, line.size))
		return bad_checkpoint("an origin", err);
	memcpy(checkpoint->origin, line.data, line.size);
	if (!next_line(&at, split, &line) || !read_size(line, &checkpoint->size))
		return bad_checkpoint("a number of entries", err);
	if (next_line(&at, split, &line))
		root = base64_decode((const char *)line.data, line.size, &root_size);
	if (!root || root_size != SHA256_SIZE)
		return bad_checkpoint("a root in base64", err);
	memcpy(checkpoint->root, root, SHA256_SIZE);
	return at == split ? 0 : bad_checkpoint("nothing behind the root", err);
}

static bool verify(const struct note_key *key, const void *data, size_t size,
		   const unsigned char *signature)
{
	OWN_ERRORS;
	EVP_PKEY *public =
		EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key->key, ED25519_KEY);
	bool good = public && signature_is_good(public, (struct slice){data, size},
						(struct slice){signature, ED25519_SIGNATURE});

	EVP_PKEY_free(public);
	return good;
}

/* What a witness signs; owned by the caller. */
static char *timed_text(const void *text, size_t size, int64_t at)
{
	char *timed = NULL;

	if (asprintf(&timed, "cosignature/v1\ntime %" PRId64 "\n%.*s", at, (int)size,
		     (const char *)text) < 0)
		return NULL;
	return timed;
}

static int check_line(const struct checkpoint *checkpoint, const struct note_key *key,
		      struct slice blob, int64_t *at, struct err *err)
{
	size_t head = key->type == NOTE_COSIGNATURE ? TIME_SIZE : 0;
	cleanup_free char *timed = NULL;
	uint64_t time = 0;
	bool good = blob.size == head + ED25519_SIGNATURE;

	for (size_t i = 0; good && i < head; i++)
		time = time << 8 | blob.data[i];
	if (good && head > 0) {
		good = time < (uint64_t)INT64_MAX / 2;
		timed = timed_text(checkpoint->text.data, checkpoint->text.size, (int64_t)time);
		if (!timed)
			return no_memory(err);
		good = good && verify(key, timed, strlen(timed), blob.data + head);
		*at = (int64_t)time;
	} else if (good) {
		good = verify(key, checkpoint->text.data, checkpoint->text.size, blob.data);
	}
	if (good)
		return 1;
	return err_set(err, EXIT_VERIFY, "ATTEST-LOG-SIGNATURE",
		       "checkpoint: a signature by %s expected, found another under its name",
		       key->name);
}

int checkpoint_signed(const struct checkpoint *checkpoint, const struct note_key *key, int64_t *at,
		      struct err *err)
{
	const char *line_at = (const char *)checkpoint->lines.data;
	const char *end = line_at + checkpoint->lines.size;
	size_t name_size = strlen(key->name);
	unsigned char id[KEY_ID];
	struct slice line;

	if (key_id(key, id, err) < 0)
		return -1;
	while (next_line(&line_at, end, &line)) {
		cleanup_free unsigned char *blob = NULL;
		size_t head = DASH_SIZE + name_size + 1;
		size_t size = 0;

		if (line.size <= head || memcmp(line.data, DASH, DASH_SIZE) != 0 ||
		    memcmp(line.data + DASH_SIZE, key->name, name_size) != 0 ||
		    line.data[head - 1] != ' ')
			continue;
		blob = base64_decode((const char *)line.data + head, line.size - head, &size);
		if (!blob || size < KEY_ID || memcmp(blob, id, KEY_ID) != 0)
			continue;
		return check_line(checkpoint, key, (struct slice){blob + KEY_ID, size - KEY_ID}, at,
				  err);
	}
	return 0;
}

char *checkpoint_text(const char *origin, uint64_t size, const unsigned char root[SHA256_SIZE],
		      struct err *err)
{
	cleanup_free char *encoded = base64_encode(root, SHA256_SIZE);
	char *text = NULL;

	if (!encoded || asprintf(&text, "%s\n%" PRIu64 "\n%s\n", origin, size, encoded) < 0) {
		no_memory(err);
		return NULL;
	}
	return text;
}

char *note_line(const char *text, size_t size, const struct signer *signer, const char *name,
		unsigned type, int64_t at, struct err *err)
{
	unsigned char blob[KEY_ID + TIME_SIZE + SIGNER_MAX_SIGNATURE];
	cleanup_free char *timed = NULL;
	cleanup_free char *encoded = NULL;
	size_t head = KEY_ID;
	struct note_key key;
	size_t signature_size;
	char *line = NULL;

	if (note_key_of(signer, name, type, &key, err) < 0 || key_id(&key, blob, err) < 0)
		return NULL;
	timed = type == NOTE_COSIGNATURE ? timed_text(text, size, at) : strndup(text, size);
	if (type == NOTE_COSIGNATURE)
		for (int i = 0; i < TIME_SIZE; i++)
			blob[head++] = (unsigned char)((uint64_t)at >> (8 * (TIME_SIZE - 1 - i)));
	if (!timed) {
		no_memory(err);
		return NULL;
	}
	if (signer_sign(signer, NULL, false, timed, strlen(timed), blob + head, &signature_size,
			err) < 0)
		return NULL;
	encoded = base64_encode(blob, head + signature_size);
	if (!encoded || asprintf(&line, DASH "%s %s\n", name, encoded) < 0) {
		no_memory(err);
		return NULL;
	}
	return line;
}
