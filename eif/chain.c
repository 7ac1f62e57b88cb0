/*
 * Certificates and what their keys say, through OpenSSL. Never asks for a passphrase, reads no
 * clock, and takes no certificate from the system.
 */
#include "chain.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "ecdsa.h"

enum { CHAIN_MAX = 16 };

void chain_close(struct chain *chain)
{
	sk_X509_pop_free(chain->certificates, X509_free);
	*chain = CHAIN_INIT;
}

static void cleanup_bio_at(BIO **bio)
{
	BIO_free(*bio);
}

static void cleanup_der_at(unsigned char **der)
{
	OPENSSL_free(*der);
}

static int no_passphrase(char *text, int size, int writing, void *context)
{
	(void)text;
	(void)size;
	(void)writing;
	(void)context;
	return -1;
}

static int no_memory(struct err *err)
{
	errno = ENOMEM;
	return err_errno(err, "MEMORY", "certificate");
}

/* OpenSSL ends at the first thing that is no certificate, and tells by an error what it was. */
static bool ended_well(void)
{
	unsigned long last = ERR_peek_last_error();

	return ERR_GET_LIB(last) == ERR_LIB_PEM && ERR_GET_REASON(last) == PEM_R_NO_START_LINE;
}

/* PEM_read_bio_X509() would pass over bytes behind the DER, and take BER for it. */
X509 *certificate_read(BIO *bio)
{
	cleanup_with(cleanup_der_at) unsigned char *again = NULL;
	cleanup_with(cleanup_der_at) unsigned char *der = NULL;
	const unsigned char *end;
	X509 *certificate;
	long size = 0;

	if (!PEM_bytes_read_bio(&der, &size, NULL, PEM_STRING_X509, bio, no_passphrase, NULL))
		return NULL;
	end = der;
	certificate = d2i_X509(NULL, &end, size);
	if (certificate && i2d_X509(certificate, &again) == size &&
	    memcmp(again, der, (size_t)size) == 0)
		return certificate;
	X509_free(certificate);
	ERR_raise(ERR_LIB_PEM, ERR_R_ASN1_LIB);
	return NULL;
}

int chain_parse(const void *pem, size_t size, const char *what, struct chain *chain,
		struct err *err)
{
	cleanup_with(chain_close) struct chain found = {sk_X509_new_null()};
	cleanup_with(cleanup_bio_at) BIO *bio = NULL;
	OWN_ERRORS;
	X509 *certificate;
	int count = 0;

	if (size <= EIF_MAX_SIGNATURE)
		bio = BIO_new_mem_buf(pem, (int)size);
	if (!found.certificates)
		return no_memory(err);
	while (bio && (certificate = certificate_read(bio))) {
		if (count >= CHAIN_MAX || !sk_X509_push(found.certificates, certificate)) {
			X509_free(certificate);
			return err_set(err, EXIT_MALFORMED, "EIF-CERTIFICATE",
				       "%s: at most %d certificates expected, found more", what,
				       CHAIN_MAX);
		}
		count++;
	}
	if (!bio || !ended_well() || count == 0)
		return err_set(
			err, EXIT_MALFORMED, "EIF-CERTIFICATE",
			"%s: certificates in PEM, at most %d bytes, expected, found %s after "
			"%d of them",
			what, EIF_MAX_SIGNATURE,
			size > EIF_MAX_SIGNATURE ? "more"
			: count == 0		 ? "none"
						 : "something else",
			count);
	*chain = found;
	found = CHAIN_INIT;
	return 0;
}

static X509 *at_index(const struct chain *chain, int i)
{
	return sk_X509_value(chain->certificates, i);
}

static int count_of(const struct chain *chain)
{
	return sk_X509_num(chain->certificates);
}

unsigned char *chain_pem(const struct chain *chain, size_t *size, struct err *err)
{
	OWN_ERRORS;
	cleanup_with(cleanup_bio_at) BIO *bio = BIO_new(BIO_s_mem());
	unsigned char *copy = NULL;
	char *text = NULL;
	long used = 0;
	bool good = bio;

	for (int i = 0; good && i < count_of(chain); i++)
		good = PEM_write_bio_X509(bio, at_index(chain, i)) == 1;
	if (good)
		used = BIO_get_mem_data(bio, &text);
	if (used > 0)
		copy = malloc((size_t)used);
	if (!copy) {
		no_memory(err);
		return NULL;
	}
	memcpy(copy, text, (size_t)used);
	*size = (size_t)used;
	return copy;
}

EVP_PKEY *chain_key(const struct chain *chain)
{
	return X509_get0_pubkey(at_index(chain, 0));
}

int chain_algorithm(const struct chain *chain, const char *what, const struct algorithm **algorithm,
		    struct err *err)
{
	OWN_ERRORS;
	EVP_PKEY *key = chain_key(chain);
	char curve[40] = "no elliptic curve";

	if (key && EVP_PKEY_is_a(key, "EC"))
		EVP_PKEY_get_group_name(key, curve, sizeof(curve), NULL);
	*algorithm = algorithm_of_curve(curve);
	if (*algorithm)
		return 0;
	return err_set(err, EXIT_VERIFY, "EIF-SIGNATURE-ALGORITHM",
		       "%s: a key on prime256v1, secp384r1 or secp521r1 expected, found %s", what,
		       curve);
}

static bool seconds_of(const ASN1_TIME *time, int64_t *seconds)
{
	struct tm tm;

	if (!ASN1_TIME_to_tm(time, &tm))
		return false;
	*seconds = timegm(&tm);
	return true;
}

/* The time that all certificates are valid is that of the latest beginning and the earliest end. */
static int note_validity(X509 *certificate, const char *what, int i, struct eif_signer *signer,
			 struct err *err)
{
	int64_t from;
	int64_t until;

	if (!seconds_of(X509_get0_notBefore(certificate), &from) ||
	    !seconds_of(X509_get0_notAfter(certificate), &until))
		return err_set(err, EXIT_MALFORMED, "EIF-CERTIFICATE",
			       "%s: certificate %d: times of validity expected, found none", what,
			       i);
	if (i == 0 || from > signer->not_before)
		signer->not_before = from;
	if (i == 0 || until < signer->not_after)
		signer->not_after = until;
	return 0;
}

static int check_time(const struct eif_signer *signer, const char *what, int64_t at,
		      struct err *err)
{
	bool early = at < signer->not_before;
	time_t limit = early ? signer->not_before : signer->not_after;
	time_t now = at;
	char limit_text[40] = "";
	char text[40] = "";
	struct tm tm;

	if (!early && at <= signer->not_after)
		return 0;
	if (gmtime_r(&limit, &tm))
		strftime(limit_text, sizeof(limit_text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	if (gmtime_r(&now, &tm))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return err_set(err, EXIT_VERIFY,
		       early ? "EIF-CERTIFICATE-EARLY" : "EIF-CERTIFICATE-EXPIRED",
		       "%s: a time %s %s expected, found %s", what,
		       early ? "not before" : "not after", limit_text, text);
}

/* Certificates between an authority and the first one, less those that an authority gave itself. */
static long depth_of(const struct chain *chain, int authority)
{
	long depth = 0;

	for (int i = 1; i < authority; i++)
		depth += !(X509_get_extension_flags(at_index(chain, i)) & EXFLAG_SI);
	return depth;
}

static bool within_path(const struct chain *chain, int authority)
{
	long most = X509_get_pathlen(at_index(chain, authority));

	return most < 0 || depth_of(chain, authority) <= most;
}

static int check_link(const struct chain *chain, int i, const char *what, struct err *err)
{
	OWN_ERRORS;
	X509 *issuer = at_index(chain, i + 1);
	EVP_PKEY *key = X509_get0_pubkey(issuer);
	bool linked = X509_check_ca(issuer) > 0 && within_path(chain, i + 1) && key &&
		      X509_check_issued(issuer, at_index(chain, i)) == X509_V_OK &&
		      X509_verify(at_index(chain, i), key) == 1;

	if (linked)
		return 0;
	return err_set(
		err, EXIT_VERIFY, "EIF-CERTIFICATE-CHAIN",
		"%s: certificate %d expected to be the authority that issued the one before, "
		"within its path length, found another",
		what, i + 1);
}

/* What is critical must not be passed over: RFC 5280, 4.2. */
static bool is_understood(X509 *certificate, X509_EXTENSION *extension)
{
	switch (OBJ_obj2nid(X509_EXTENSION_get_object(extension))) {
	case NID_basic_constraints:
	case NID_key_usage:
		return true;
	case NID_ext_key_usage:
		return X509_get_extended_key_usage(certificate) & (XKU_CODE_SIGN | XKU_ANYEKU);
	default:
		return false;
	}
}

static int check_extensions(X509 *certificate, const char *what, int i, struct err *err)
{
	bool good = !(X509_get_extension_flags(certificate) & EXFLAG_INVALID);

	for (int k = 0; k < X509_get_ext_count(certificate); k++) {
		X509_EXTENSION *extension = X509_get_ext(certificate, k);

		if (X509_EXTENSION_get_critical(extension))
			good = good && is_understood(certificate, extension);
	}
	if (good)
		return 0;
	return err_set(err, EXIT_VERIFY, "EIF-CERTIFICATE-EXTENSION",
		       "%s: certificate %d: basic constraints, key usage and an extended key usage "
		       "of code signing alone as critical extensions expected, found others",
		       what, i);
}

static int note_subject(const struct chain *chain, struct eif_signer *signer, struct err *err)
{
	OWN_ERRORS;
	cleanup_with(cleanup_bio_at) BIO *bio = BIO_new(BIO_s_mem());
	const X509_NAME *name = X509_get_subject_name(at_index(chain, 0));
	int used = -1;

	if (bio && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) >= 0)
		used = BIO_read(bio, signer->subject, sizeof(signer->subject) - 1);
	if (!bio)
		return no_memory(err);
	signer->subject[used > 0 ? used : 0] = '\0';
	return 0;
}

int chain_check(const struct chain *chain, const char *what, const int64_t *at,
		struct eif_signer *signer, struct err *err)
{
	OWN_ERRORS;
	int count = count_of(chain);

	if (!(X509_get_key_usage(at_index(chain, 0)) & KU_DIGITAL_SIGNATURE))
		return err_set(err, EXIT_VERIFY, "EIF-CERTIFICATE-USAGE",
			       "%s: a certificate for digital signatures expected, found one for "
			       "something else",
			       what);
	for (int i = 0; i < count; i++)
		if (check_extensions(at_index(chain, i), what, i, err) < 0 ||
		    (i + 1 < count && check_link(chain, i, what, err) < 0) ||
		    note_validity(at_index(chain, i), what, i, signer, err) < 0)
			return -1;
	signer->certificates = (unsigned)count;
	if (at && check_time(signer, what, *at, err) < 0)
		return -1;
	return note_subject(chain, signer, err);
}

int chain_expect(const struct chain *chain, const struct chain *expected, struct err *err)
{
	unsigned char wanted[SHA256_SIZE];
	unsigned char found[SHA256_SIZE];
	char wanted_hex[HASH_MAX_HEX] = "";
	char found_hex[HASH_MAX_HEX] = "";
	OWN_ERRORS;

	if (X509_cmp(at_index(chain, 0), at_index(expected, 0)) == 0)
		return 0;
	if (X509_digest(at_index(expected, 0), EVP_sha256(), wanted, NULL) &&
	    X509_digest(at_index(chain, 0), EVP_sha256(), found, NULL)) {
		hash_hex(wanted, SHA256_SIZE, wanted_hex);
		hash_hex(found, SHA256_SIZE, found_hex);
	}
	return err_set(err, EXIT_VERIFY, "EIF-CERTIFICATE-OTHER",
		       "signature: signing_certificate: the one with SHA-256 %s expected, found %s",
		       wanted_hex, found_hex);
}

static void cleanup_context_at(EVP_MD_CTX **context)
{
	EVP_MD_CTX_free(*context);
}

bool chain_signed(const struct chain *chain, const struct algorithm *algorithm, const void *data,
		  size_t size, const unsigned char *signature)
{
	OWN_ERRORS;
	cleanup_with(cleanup_context_at) EVP_MD_CTX *context = EVP_MD_CTX_new();
	cleanup_with(cleanup_der_at) unsigned char *der = NULL;
	int der_size = ecdsa_to_der(signature, algorithm->size, &der);
	EVP_PKEY *key = chain_key(chain);

	return context && key && der_size > 0 &&
	       EVP_DigestVerifyInit_ex(context, NULL, algorithm->digest, NULL, NULL, key, NULL) ==
		       1 &&
	       EVP_DigestVerify(context, der, (size_t)der_size, data, size) == 1;
}
