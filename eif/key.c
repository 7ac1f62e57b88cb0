/*
 * Private keys through OpenSSL: a PEM file, or a token behind the pkcs11 provider. Never prints or
 * copies a key, never asks a person, and never falls back to a random nonce.
 */
#include "key.h"

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

#include "ecdsa.h"
#include "own_errors.h"
#include "outfile.h"

/* Only OpenSSL 3.2 and newer have the macro; older ones do not know the parameter either. */
#define NONCE_TYPE "nonce-type"

static const char scheme[] = "pkcs11:";

enum {
	MAX_KEY_FILE = 16384,
	DETERMINISTIC = 1 /* nonce-type of RFC 6979 */
};

struct eif_key {
	EVP_PKEY *key;
	OSSL_PROVIDER *provider; /* that of the token; NULL for a file */
	OSSL_PROVIDER *base;
	char *where;
	char *passphrase;
};

void eif_key_close(struct eif_key *key)
{
	if (!key)
		return;
	EVP_PKEY_free(key->key);
	if (key->provider)
		OSSL_PROVIDER_unload(key->provider);
	if (key->base)
		OSSL_PROVIDER_unload(key->base);
	if (key->passphrase)
		OPENSSL_cleanse(key->passphrase, strlen(key->passphrase));
	free(key->passphrase);
	free(key->where);
	free(key);
}

static void cleanup_key_at(struct eif_key **key)
{
	eif_key_close(*key);
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

static int no_key(const struct eif_key *key, const char *expected, const char *found,
		  struct err *err)
{
	return err_set(err, EXIT_ENVIRONMENT, "EIF-KEY", "%s: %s expected, found none (%s)",
		       key->where, expected, found);
}

static int open_file(struct eif_key *key, struct err *err)
{
	size_t size = 0;
	char *text = read_small_file(key->where, MAX_KEY_FILE, &size, err);
	BIO *bio;

	if (!text)
		return -1;
	bio = BIO_new_mem_buf(text, (int)size);
	if (bio)
		key->key = PEM_read_bio_PrivateKey(bio, NULL, give_passphrase, key->passphrase);
	BIO_free(bio);
	OPENSSL_cleanse(text, size);
	free(text);
	if (!key->key)
		return no_key(key, "a private key in PEM, with its passphrase if it has one,",
			      reason(), err);
	return 0;
}

/* Takes the only private key out of what a URI names: two would be a guess. */
static int take_key(struct eif_key *key, OSSL_STORE_CTX *store, struct err *err)
{
	unsigned count = 0;

	while (!OSSL_STORE_eof(store)) {
		OSSL_STORE_INFO *info = OSSL_STORE_load(store);

		if (!info && OSSL_STORE_error(store))
			return no_key(key, "a private key in a token, with its PIN,", reason(),
				      err);
		if (info && OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_PKEY) {
			EVP_PKEY_free(key->key);
			key->key = OSSL_STORE_INFO_get1_PKEY(info);
			count++;
		}
		OSSL_STORE_INFO_free(info);
	}
	if (count == 0 || !key->key)
		return no_key(key, "a private key in a token, with its PIN,", reason(), err);
	if (count > 1)
		return err_set(err, EXIT_ENVIRONMENT, "EIF-KEY",
			       "%s: one private key expected, found %u", key->where, count);
	return 0;
}

static int open_store(struct eif_key *key, UI_METHOD *method, struct err *err)
{
	OSSL_STORE_CTX *store = OSSL_STORE_open_ex(key->where, NULL, "?provider=pkcs11", method,
						   key->passphrase, NULL, NULL, NULL);
	int result;

	if (!store)
		return no_key(key, "a key in a token", reason(), err);
	OSSL_STORE_expect(store, OSSL_STORE_INFO_PKEY);
	result = take_key(key, store, err);
	OSSL_STORE_close(store);
	return result;
}

/* Loading one provider by hand keeps OpenSSL from loading its own, so that comes first. */
static int open_token(struct eif_key *key, struct err *err)
{
	UI_METHOD *method = UI_UTIL_wrap_read_pem_callback(give_passphrase, 0);
	int result;

	if (!method) {
		errno = ENOMEM;
		return err_errno(err, "MEMORY", "key");
	}
	key->base = OSSL_PROVIDER_load(NULL, "default");
	key->provider = OSSL_PROVIDER_load(NULL, "pkcs11");
	if (key->base && key->provider)
		result = open_store(key, method, err);
	else
		result = no_key(key, "OpenSSL's provider pkcs11", reason(), err);
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

static struct eif_key *key_new(const char *where, const char *passphrase, struct err *err)
{
	cleanup_with(cleanup_key_at) struct eif_key *key = calloc(1, sizeof(*key));

	if (key)
		key->where = strdup(where);
	if (key && passphrase)
		key->passphrase = strdup(passphrase);
	if (key && key->where && (!passphrase || key->passphrase))
		return steal_ptr(key);
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

struct eif_key *eif_key_open(const char *where, const char *passphrase, struct err *err)
{
	OWN_ERRORS;
	cleanup_with(cleanup_key_at) struct eif_key *key = NULL;

	if (has_pin(where)) {
		err_set(err, EXIT_USAGE, "EIF-KEY",
			"key: a file or a URI without pin-value expected, found one with it: a "
			"PIN comes from a passphrase file");
		return NULL;
	}
	key = key_new(where, passphrase, err);
	if (!key || (is_token(key->where) ? open_token(key, err) : open_file(key, err)) < 0)
		return NULL;
	if (EVP_PKEY_is_a(key->key, "EC"))
		return steal_ptr(key);
	err_set(err, EXIT_VERIFY, "EIF-SIGNATURE-ALGORITHM",
		"%s: a key on an elliptic curve expected, found another kind", where);
	return NULL;
}

static void cleanup_context_at(EVP_MD_CTX **context)
{
	EVP_MD_CTX_free(*context);
}

/* OpenSSL passes over parameters that an implementation does not know: ask whether it does. */
static int choose_nonce(const struct eif_key *key, EVP_PKEY_CTX *context, struct err *err)
{
	unsigned type = DETERMINISTIC;
	const OSSL_PARAM params[] = {OSSL_PARAM_construct_uint(NONCE_TYPE, &type),
				     OSSL_PARAM_construct_end()};
	const OSSL_PARAM *known = EVP_PKEY_CTX_settable_params(context);

	if (known && OSSL_PARAM_locate_const(known, NONCE_TYPE) &&
	    EVP_PKEY_CTX_set_params(context, params) == 1)
		return 0;
	return err_set(
		err, EXIT_ENVIRONMENT, "EIF-NONCE",
		"%s: a key that signs the same bytes always the same way (RFC 6979; in files "
		"from OpenSSL 3.2 on) expected, found one that does not: --random-nonce "
		"accepts that",
		key->where);
}

static int other_key(const struct eif_key *key, const struct algorithm *algorithm, struct err *err)
{
	return err_set(err, EXIT_VERIFY, "EIF-KEY-OTHER",
		       "%s: the certificate's key on %s expected, found another", key->where,
		       algorithm->curve);
}

/* A context ready to sign, owned by the caller. */
static EVP_MD_CTX *begin_signing(const struct eif_key *key, const struct algorithm *algorithm,
				 bool random_nonce, struct err *err)
{
	cleanup_with(cleanup_context_at) EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *settings = NULL;

	if (!context || EVP_DigestSignInit_ex(context, &settings, algorithm->digest, NULL, NULL,
					      key->key, NULL) != 1) {
		err_set(err, EXIT_ENVIRONMENT, "EIF-SIGN", "%s: cannot sign: %s", key->where,
			reason());
		return NULL;
	}
	if (!random_nonce && choose_nonce(key, settings, err) < 0)
		return NULL;
	return steal_ptr(context);
}

int key_check(struct eif_key *key, const struct algorithm *algorithm, EVP_PKEY *public,
	      bool random_nonce, struct err *err)
{
	OWN_ERRORS;
	cleanup_with(cleanup_context_at) EVP_MD_CTX *context = NULL;

	if (!key->provider && EVP_PKEY_eq(key->key, public) != 1)
		return other_key(key, algorithm, err);
	context = begin_signing(key, algorithm, random_nonce, err);
	return context ? 0 : -1;
}

int key_sign(struct eif_key *key, const struct algorithm *algorithm, bool random_nonce,
	     const void *data, size_t size, unsigned char *signature, struct err *err)
{
	OWN_ERRORS;
	cleanup_with(cleanup_context_at) EVP_MD_CTX *context =
		begin_signing(key, algorithm, random_nonce, err);
	unsigned char der[2 * COSE_MAX_SIGNATURE];
	size_t der_size = sizeof(der);

	if (!context)
		return -1;
	if (EVP_DigestSign(context, der, &der_size, data, size) != 1)
		return err_set(err, EXIT_ENVIRONMENT, "EIF-SIGN", "%s: cannot sign: %s", key->where,
			       reason());
	return ecdsa_from_der(der, der_size, signature, algorithm->size)
		       ? 0
		       : other_key(key, algorithm, err);
}
