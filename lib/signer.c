/*
 * Private keys through OpenSSL: a PEM file, or a token behind the pkcs11 provider. Never prints or
 * copies a key, never asks a person, and never falls back to a random nonce.
 */
#include "signer.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/store.h>
#include <openssl/ui.h>

#include "outfile.h"
#include "own_errors.h"

/* Only OpenSSL 3.2 and newer have the macro; older ones do not know the parameter either. */
#define NONCE_TYPE "nonce-type"

static const char scheme[] = "pkcs11:";

enum {
	MAX_KEY_FILE = 16384,
	DETERMINISTIC = 1 /* nonce-type of RFC 6979 */
};

struct signer {
	char room[16]; /* what names of errors begin with */
	EVP_PKEY *key;
	OSSL_PROVIDER *provider; /* that of the token; NULL for a file */
	OSSL_PROVIDER *base;
	char *where;
	char *passphrase;
};

void signer_close(struct signer *signer)
{
	if (!signer)
		return;
	EVP_PKEY_free(signer->key);
	if (signer->provider)
		OSSL_PROVIDER_unload(signer->provider);
	if (signer->base)
		OSSL_PROVIDER_unload(signer->base);
	if (signer->passphrase)
		OPENSSL_cleanse(signer->passphrase, strlen(signer->passphrase));
	free(signer->passphrase);
	free(signer->where);
	free(signer);
}

static void cleanup_signer_at(struct signer **signer)
{
	signer_close(*signer);
}

static int give_passphrase(char *text, int size, int writing, void *context)
{
	const char *passphrase = context;
	size_t length = passphrase ? strlen(passphrase) : 0;

	(void)writing;
	if (!passphrase || length > (size_t)size)
		return -1;
	memcpy(text, passphrase, length);
	return (int)length;
}

/* What OpenSSL said last, which is the closest to the cause that there is. */
static const char *reason(void)
{
	const char *text = ERR_reason_error_string(ERR_peek_last_error());

	return text ? text : "no reason given";
}

/* A room's name for what went wrong. */
struct name {
	char text[40];
};

static struct name name_of(const char *room, const char *what)
{
	struct name name;

	snprintf(name.text, sizeof(name.text), "%s-%s", room, what);
	return name;
}

static int no_key(const struct signer *signer, const char *expected, const char *found,
		  struct err *err)
{
	return err_set(err, EXIT_ENVIRONMENT, name_of(signer->room, "KEY").text,
		       "%s: %s expected, found none (%s)", signer->where, expected, found);
}

/* A file may bring a public half along, of whichever key: nobody could verify such signatures. */
static bool belongs_together(EVP_PKEY *key)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
	bool good = context && EVP_PKEY_pairwise_check(context) == 1;

	EVP_PKEY_CTX_free(context);
	return good;
}

static int open_file(struct signer *signer, struct err *err)
{
	size_t size = 0;
	char *text = read_small_file(signer->where, MAX_KEY_FILE, &size, err);
	BIO *bio;

	if (!text)
		return -1;
	bio = BIO_new_mem_buf(text, (int)size);
	if (bio)
		signer->key =
			PEM_read_bio_PrivateKey(bio, NULL, give_passphrase, signer->passphrase);
	BIO_free(bio);
	OPENSSL_cleanse(text, size);
	free(text);
	if (!signer->key)
		return no_key(signer, "a private key in PEM, with its passphrase if it has one,",
			      reason(), err);
	if (EVP_PKEY_is_a(signer->key, "EC") && !belongs_together(signer->key))
		return err_set(err, EXIT_ENVIRONMENT, name_of(signer->room, "KEY").text,
			       "%s: the public key of its private key expected, found another",
			       signer->where);
	return 0;
}

/* Takes the only private key out of what a URI names: two would be a guess. */
static int take_key(struct signer *signer, OSSL_STORE_CTX *store, struct err *err)
{
	unsigned count = 0;

	while (!OSSL_STORE_eof(store)) {
		OSSL_STORE_INFO *info = OSSL_STORE_load(store);

		if (!info && OSSL_STORE_error(store))
			return no_key(signer, "a private key in a token, with its PIN,", reason(),
				      err);
		if (info && OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_PKEY) {
			EVP_PKEY_free(signer->key);
			signer->key = OSSL_STORE_INFO_get1_PKEY(info);
			count++;
		}
		OSSL_STORE_INFO_free(info);
	}
	if (count == 0 || !signer->key)
		return no_key(signer, "a private key in a token, with its PIN,", reason(), err);
	if (count > 1)
		return err_set(err, EXIT_ENVIRONMENT, name_of(signer->room, "KEY").text,
			       "%s: one private key expected, found %u", signer->where, count);
	return 0;
}

static int open_store(struct signer *signer, UI_METHOD *method, struct err *err)
{
	OSSL_STORE_CTX *store = OSSL_STORE_open_ex(signer->where, NULL, "?provider=pkcs11", method,
						   signer->passphrase, NULL, NULL, NULL);
	int result;

	if (!store)
		return no_key(signer, "a key in a token", reason(), err);
	OSSL_STORE_expect(store, OSSL_STORE_INFO_PKEY);
	result = take_key(signer, store, err);
	OSSL_STORE_close(store);
	return result;
}

/* Loading one provider by hand keeps OpenSSL from loading its own, so that comes first. */
static int open_token(struct signer *signer, struct err *err)
{
	UI_METHOD *method = UI_UTIL_wrap_read_pem_callback(give_passphrase, 0);
	int result;

	if (!method) {
		errno = ENOMEM;
		return err_errno(err, "MEMORY", "key");
	}
	signer->base = OSSL_PROVIDER_load(NULL, "default");
	signer->provider = OSSL_PROVIDER_load(NULL, "pkcs11");
	if (signer->base && signer->provider)
		result = open_store(signer, method, err);
	else
		result = no_key(signer, "OpenSSL's provider pkcs11", reason(), err);
	UI_destroy_method(method);
	return result;
}

/* A percent sign and two digits stand for a byte (RFC 3986); white space stands for nothing. */
static char next_char(const char **at)
{
	char code[3] = "";
	char c;

	while (isspace((unsigned char)**at))
		(*at)++;
	c = *(*at)++;
	if (c != '%' || !isxdigit((unsigned char)(*at)[0]) || !isxdigit((unsigned char)(*at)[1]))
		return c;
	memcpy(code, *at, 2);
	*at += 2;
	return (char)strtol(code, NULL, 16);
}

/*
 * RFC 7512 wants an attribute's name as it is, in lower case; what some reader might take for it
 * will not do either, wherever it stands.
 */
static bool has_pin(const char *where)
{
	static const char name[] = "pin-value";

	for (; *where; where++) {
		const char *at = where;
		size_t i = 0;

		while (name[i] && tolower((unsigned char)next_char(&at)) == name[i])
			i++;
		if (!name[i])
			return true;
	}
	return false;
}

static struct signer *signer_new(const char *where, const char *passphrase, const char *room,
				 struct err *err)
{
	cleanup_with(cleanup_signer_at) struct signer *signer = calloc(1, sizeof(*signer));

	if (signer) {
		snprintf(signer->room, sizeof(signer->room), "%s", room);
		signer->where = strdup(where);
	}
	if (signer && passphrase)
		signer->passphrase = strdup(passphrase);
	if (signer && signer->where && (!passphrase || signer->passphrase))
		return steal_ptr(signer);
	err_errno(err, "MEMORY", "key");
	return NULL;
}

/* The provider knows its scheme in lower case alone (RFC 3986, 3.1: there is no difference). */
static bool is_token(char *where)
{
	if (strncasecmp(where, scheme, strlen(scheme)) != 0)
		return false;
	memcpy(where, scheme, strlen(scheme));
	return true;
}

struct signer *signer_open(const char *where, const char *passphrase, const char *room,
			   struct err *err)
{
	OWN_ERRORS;
	cleanup_with(cleanup_signer_at) struct signer *signer = NULL;

	if (has_pin(where)) {
		err_set(err, EXIT_USAGE, name_of(room, "KEY").text,
			"key: a file or a URI without pin-value expected, found one with it: a "
			"PIN comes from a passphrase file");
		return NULL;
	}
	signer = signer_new(where, passphrase, room, err);
	if (!signer ||
	    (is_token(signer->where) ? open_token(signer, err) : open_file(signer, err)) < 0)
		return NULL;
	return steal_ptr(signer);
}

EVP_PKEY *signer_key(const struct signer *signer)
{
	return signer->key;
}

bool signer_in_token(const struct signer *signer)
{
	return signer->provider != NULL;
}

const char *signer_where(const struct signer *signer)
{
	return signer->where;
}

static void cleanup_context_at(EVP_MD_CTX **context)
{
	EVP_MD_CTX_free(*context);
}

/* OpenSSL passes over parameters that an implementation does not know: ask whether it does. */
static int choose_nonce(const struct signer *signer, EVP_PKEY_CTX *context, struct err *err)
{
	unsigned type = DETERMINISTIC;
	const OSSL_PARAM params[] = {OSSL_PARAM_construct_uint(NONCE_TYPE, &type),
				     OSSL_PARAM_construct_end()};
	const OSSL_PARAM *known = EVP_PKEY_CTX_settable_params(context);

	if (known && OSSL_PARAM_locate_const(known, NONCE_TYPE) &&
	    EVP_PKEY_CTX_set_params(context, params) == 1)
		return 0;
	return err_set(
		err, EXIT_ENVIRONMENT, name_of(signer->room, "NONCE").text,
		"%s: a key that signs the same bytes always the same way (RFC 6979; in files "
		"from OpenSSL 3.2 on) expected, found one that does not: --random-nonce "
		"accepts that",
		signer->where);
}

/* A context ready to sign, owned by the caller. A key without a digest of its choice has no nonce.
 */
static EVP_MD_CTX *begin_signing(const struct signer *signer, const char *digest, bool random_nonce,
				 struct err *err)
{
	cleanup_with(cleanup_context_at) EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *settings = NULL;

	if (!context ||
	    EVP_DigestSignInit_ex(context, &settings, digest, NULL, NULL, signer->key, NULL) != 1) {
		err_set(err, EXIT_ENVIRONMENT, name_of(signer->room, "SIGN").text,
			"%s: cannot sign: %s", signer->where, reason());
		return NULL;
	}
	if (digest && !random_nonce && choose_nonce(signer, settings, err) < 0)
		return NULL;
	return steal_ptr(context);
}

int signer_check(const struct signer *signer, const char *digest, bool random_nonce,
		 struct err *err)
{
	OWN_ERRORS;
	cleanup_with(cleanup_context_at) EVP_MD_CTX *context = NULL;

	context = begin_signing(signer, digest, random_nonce, err);
	return context ? 0 : -1;
}

int signer_sign(const struct signer *signer, const char *digest, bool random_nonce,
		const void *data, size_t size, unsigned char *signature, size_t *signature_size,
		struct err *err)
{
	OWN_ERRORS;
	cleanup_with(cleanup_context_at) EVP_MD_CTX *context =
		begin_signing(signer, digest, random_nonce, err);

	if (!context)
		return -1;
	*signature_size = SIGNER_MAX_SIGNATURE;
	if (EVP_DigestSign(context, signature, signature_size, data, size) == 1)
		return 0;
	return err_set(err, EXIT_ENVIRONMENT, name_of(signer->room, "SIGN").text,
		       "%s: cannot sign: %s", signer->where, reason());
}
