/*
 * A chain of certificates, through OpenSSL's own verification; what AWS demands beyond that is
 * looked at here. Never takes a certificate from the system, and none that is not in the document.
 */
#include "certificates.h"

#include <stdio.h>
#include <string.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "own_errors.h"
#include "text.h"

enum { ROOT_PEM_MAX = 16384 };

void certificates_clear(struct certificates *certificates)
{
	for (size_t i = 0; i < certificates->count; i++)
		X509_free(certificates->list[i]);
	*certificates = CERTIFICATES_INIT;
}

static void cleanup_der_at(unsigned char **der)
{
	OPENSSL_free(*der);
}

static void cleanup_x509_at(X509 **certificate)
{
	X509_free(*certificate);
}

static void cleanup_bio_at(BIO **bio)
{
	BIO_free(*bio);
}

static void cleanup_store_at(X509_STORE **store)
{
	X509_STORE_free(*store);
}

static void cleanup_context_at(X509_STORE_CTX **context)
{
	X509_STORE_CTX_free(*context);
}

static void cleanup_stack_at(STACK_OF(X509) * *stack)
{
	sk_X509_free(*stack);
}

/* Where a certificate stands, for messages. */
static const char *place_of(const struct certificates *certificates, size_t i, char text[32])
{
	if (i == 0)
		return "certificate";
	snprintf(text, 32, "cabundle[%zu]", certificates->count - 1 - i);
	return text;
}

int certificates_add(struct certificates *certificates, struct slice der, struct err *err)
{
	OWN_ERRORS;
	cleanup_with(cleanup_x509_at) X509 *certificate = NULL;
	cleanup_with(cleanup_der_at) unsigned char *again = NULL;
	const unsigned char *end = der.data;
	int size;

	certificate = d2i_X509(NULL, &end, (long)der.size);
	size = certificate ? i2d_X509(certificate, &again) : -1;
	if (size < 0 || (size_t)size != der.size || memcmp(again, der.data, der.size) != 0 ||
	    certificates->count > CERTIFICATES_MAX)
		return err_set(
			err, EXIT_MALFORMED, "ATTEST-CERTIFICATE",
			"document: certificate %zu from the leaf: DER of one expected, found "
			"something else in its %zu bytes",
			certificates->count, der.size);
	certificates->list[certificates->count++] = steal_ptr(certificate);
	return 0;
}

static int other_root(const X509 *found, const char *expected, struct err *err)
{
	unsigned char digest[SHA256_SIZE] = {0};
	char hex[HASH_MAX_HEX];

	X509_digest(found, EVP_sha256(), digest, NULL);
	hash_hex(digest, sizeof(digest), hex);
	if (strcmp(hex, expected) == 0)
		return 0;
	return err_set(err, EXIT_VERIFY, "ATTEST-ROOT",
		       "document: cabundle[0]: the root with SHA-256 %s expected, found %s",
		       expected, hex);
}

int certificates_expect_root(const struct certificates *certificates, struct slice pem,
			     struct err *err)
{
	OWN_ERRORS;
	cleanup_with(cleanup_bio_at) BIO *bio = NULL;
	cleanup_with(cleanup_x509_at) X509 *root = NULL;
	const X509 *found = certificates->list[certificates->count - 1];
	unsigned char digest[SHA256_SIZE];
	char hex[HASH_MAX_HEX];

	if (!pem.data)
		return other_root(found, ATTEST_AWS_ROOT_SHA256, err);
	if (pem.size <= ROOT_PEM_MAX)
		bio = BIO_new_mem_buf(pem.data, (int)pem.size);
	if (bio)
		root = PEM_read_bio_X509(bio, NULL, NULL, "");
	if (!root || X509_digest(root, EVP_sha256(), digest, NULL) != 1)
		return err_set(err, EXIT_MALFORMED, "ATTEST-ROOT-FILE",
			       "root: a certificate in PEM expected, found none");
	hash_hex(digest, sizeof(digest), hex);
	return other_root(found, hex, err);
}

static bool has_critical_constraints(const X509 *certificate)
{
	int at = X509_get_ext_by_NID(certificate, NID_basic_constraints, -1);

	return at >= 0 && X509_EXTENSION_get_critical(X509_get_ext(certificate, at));
}

static bool is_p384(X509 *certificate)
{
	EVP_PKEY *key = X509_get0_pubkey(certificate);
	char curve[40] = "";

	if (!key || !EVP_PKEY_is_a(key, "EC"))
		return false;
	EVP_PKEY_get_group_name(key, curve, sizeof(curve), NULL);
	return strcmp(curve, "secp384r1") == 0 &&
	       X509_get_signature_nid(certificate) == NID_ecdsa_with_SHA384;
}

static int check_one(const struct certificates *certificates, size_t i, struct err *err)
{
	X509 *certificate = certificates->list[i];
	uint32_t flags = X509_get_extension_flags(certificate);
	uint32_t usage = X509_get_key_usage(certificate);
	bool authority = i > 0;
	char place[32];

	if (!is_p384(certificate))
		return err_set(
			err, EXIT_VERIFY, "ATTEST-CERTIFICATE-ALGORITHM",
			"document: %s: a key on secp384r1 and a signature with SHA-384 expected, "
			"found others",
			place_of(certificates, i, place));
	if ((flags & EXFLAG_INVALID) || !has_critical_constraints(certificate) ||
	    X509_get_version(certificate) != 2)
		return err_set(
			err, EXIT_VERIFY, "ATTEST-CERTIFICATE-EXTENSION",
			"document: %s: version 3 with critical basic constraints expected, found "
			"others",
			place_of(certificates, i, place));
	if (!(flags & EXFLAG_KUSAGE) || authority != !!(flags & EXFLAG_CA) ||
	    !(usage & (authority ? KU_KEY_CERT_SIGN : KU_DIGITAL_SIGNATURE)) ||
	    (!authority && X509_get_pathlen(certificate) >= 0))
		return err_set(
			err, EXIT_VERIFY, "ATTEST-CERTIFICATE-USAGE",
			"document: %s: a certificate for %s expected, found one for something "
			"else",
			place_of(certificates, i, place),
			authority ? "an authority" : "digital signatures alone");
	return 0;
}

/* OpenSSL's verdict under our names. */
static int refused(const struct certificates *certificates, X509_STORE_CTX *context, int64_t at,
		   struct err *err)
{
	int code = X509_STORE_CTX_get_error(context);
	int depth = X509_STORE_CTX_get_error_depth(context);
	size_t i = depth >= 0 && (size_t)depth < certificates->count ? (size_t)depth : 0;
	const char *name = "ATTEST-CHAIN";
	char place[32];
	char time[32];

	if (code == X509_V_ERR_CERT_NOT_YET_VALID)
		name = "ATTEST-CERTIFICATE-EARLY";
	else if (code == X509_V_ERR_CERT_HAS_EXPIRED)
		name = "ATTEST-CERTIFICATE-EXPIRED";
	else if (code == X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION)
		name = "ATTEST-CERTIFICATE-EXTENSION";
	time_text(at, time);
	return err_set(err, EXIT_VERIFY, name,
		       "document: %s: a chain that is good at %s expected, found: %s",
		       place_of(certificates, i, place), time, X509_verify_cert_error_string(code));
}

/* The chain that OpenSSL built must be the document's, in its order and whole. */
static int check_built(const struct certificates *certificates, X509_STORE_CTX *context,
		       struct err *err)
{
	STACK_OF(X509) *built = X509_STORE_CTX_get0_chain(context);
	bool same = built && (size_t)sk_X509_num(built) == certificates->count;

	for (int i = 0; same && i < sk_X509_num(built); i++)
		same = X509_cmp(sk_X509_value(built, i), certificates->list[i]) == 0;
	if (same)
		return 0;
	return err_set(
		err, EXIT_VERIFY, "ATTEST-CHAIN",
		"document: cabundle: each certificate issued by the one before it expected, found "
		"another order or others between");
}

int certificates_check(const struct certificates *certificates, int64_t at, struct err *err)
{
	OWN_ERRORS;
	cleanup_with(cleanup_store_at) X509_STORE *store = X509_STORE_new();
	cleanup_with(cleanup_context_at) X509_STORE_CTX *context = X509_STORE_CTX_new();
	cleanup_with(cleanup_stack_at) STACK_OF(X509) *between = sk_X509_new_null();
	bool ready = store && context && between;

	for (size_t i = 0; i < certificates->count; i++)
		if (check_one(certificates, i, err) < 0)
			return -1;
	for (size_t i = 1; ready && i + 1 < certificates->count; i++)
		ready = sk_X509_push(between, certificates->list[i]) > 0;
	ready = ready &&
		X509_STORE_add_cert(store, certificates->list[certificates->count - 1]) == 1 &&
		X509_STORE_CTX_init(context, store, certificates->list[0], between) == 1;
	if (!ready)
		return no_memory(err);
	X509_STORE_CTX_set_time(context, 0, at);
	X509_STORE_CTX_set_depth(context, CERTIFICATES_MAX);
	if (X509_verify_cert(context) != 1)
		return refused(certificates, context, at, err);
	return check_built(certificates, context, err);
}
