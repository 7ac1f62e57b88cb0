/* Makes evidence for tests, through OpenSSL and our own writer of CBOR. Aborts when it cannot. */
#include "forge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "ecdsa.h"

static void must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "forge: cannot make %s\n", what);
	abort();
}

static struct encoder begin(struct raw *raw)
{
	return (struct encoder){raw->data, RAW_MAX, 0};
}

static void end(struct raw *raw, const struct encoder *encoder)
{
	must(encoder->used <= RAW_MAX, "so many bytes");
	raw->size = encoder->used;
}

void raw_number(struct raw *raw, int64_t number)
{
	struct encoder encoder = begin(raw);

	if (number >= 0)
		encoder_put(&encoder, ITEM_NUMBER, (uint64_t)number);
	else
		encoder_put(&encoder, ITEM_NEGATIVE, (uint64_t)(-1 - number));
	end(raw, &encoder);
}

void raw_text(struct raw *raw, const char *text)
{
	struct encoder encoder = begin(raw);

	encoder_put_text(&encoder, text);
	end(raw, &encoder);
}

void raw_bytes(struct raw *raw, const void *data, size_t size)
{
	struct encoder encoder = begin(raw);

	encoder_put_bytes(&encoder, data, size);
	end(raw, &encoder);
}

void raw_fill(struct raw *raw, unsigned char byte, size_t size)
{
	static unsigned char data[RAW_MAX];

	must(size <= sizeof(data), "so many bytes");
	memset(data, byte, size);
	raw_bytes(raw, data, size);
}

void raw_null(struct raw *raw)
{
	raw_copy(raw, "\xf6", 1);
}

void raw_copy(struct raw *raw, const void *data, size_t size)
{
	must(size <= RAW_MAX, "so many bytes");
	memcpy(raw->data, data, size);
	raw->size = size;
}

static struct raw *map_value(struct map *map, const struct raw *key)
{
	for (size_t i = 0; i < map->count; i++)
		if (map->pairs[i].key.size == key->size &&
		    memcmp(map->pairs[i].key.data, key->data, key->size) == 0)
			return &map->pairs[i].value;
	map_append(map);
	raw_copy(&map->pairs[map->count - 1].key, key->data, key->size);
	return &map->pairs[map->count - 1].value;
}

struct raw *map_append(struct map *map)
{
	must(map->count < PAIRS_MAX, "so many pairs");
	map->pairs[map->count].key.size = 0;
	map->pairs[map->count].value.size = 0;
	return &map->pairs[map->count++].value;
}

struct raw *map_text(struct map *map, const char *text)
{
	static struct raw key;

	raw_text(&key, text);
	return map_value(map, &key);
}

struct raw *map_number(struct map *map, int64_t number)
{
	static struct raw key;

	raw_number(&key, number);
	return map_value(map, &key);
}

void map_remove(struct map *map, const struct raw *value)
{
	size_t i = 0;

	while (&map->pairs[i].value != value)
		i++;
	for (map->count--; i < map->count; i++)
		map->pairs[i] = map->pairs[i + 1];
}

void map_encode(const struct map *map, struct raw *raw)
{
	struct encoder encoder = begin(raw);

	encoder_put(&encoder, ITEM_MAP, map->count + map->announced);
	for (size_t i = 0; i < map->count; i++) {
		encoder_put_encoded(&encoder, map->pairs[i].key.data, map->pairs[i].key.size);
		encoder_put_encoded(&encoder, map->pairs[i].value.data, map->pairs[i].value.size);
	}
	end(raw, &encoder);
}

/* ---- certificates ---- */

void chain_plan_init(struct chain_plan *plan, int64_t now)
{
	static const char *const constraints[CERTIFICATES] = {
		"critical,CA:TRUE", "critical,CA:TRUE,pathlen:2", "critical,CA:TRUE,pathlen:1",
		"critical,CA:TRUE,pathlen:0", "critical,CA:FALSE"};
	static const int64_t days[CERTIFICATES] = {3650, 20, 6, 1, 0};

	for (int i = 0; i < CERTIFICATES; i++)
		plan->one[i] = (struct certificate_plan){
			.not_before = now - 60,
			.not_after = now + (days[i] ? days[i] * 86400 : 10800),
			.constraints = constraints[i],
			.usage = i == AUTHORITIES ? "digitalSignature,nonRepudiation"
						  : "critical,digitalSignature,keyCertSign,cRLSign",
			.curve = "P-384",
			.digest = "SHA384",
		};
}

static void add_extension(X509 *certificate, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;

	if (!value)
		return;
	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	must(extension && X509_add_ext(certificate, extension, -1) == 1, value);
	X509_EXTENSION_free(extension);
}

/* "OID=critical" is an extension that nobody understands. */
static void add_unknown(X509 *certificate, const char *oid)
{
	ASN1_OCTET_STRING *data = ASN1_OCTET_STRING_new();
	ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	X509_EXTENSION *extension = NULL;

	must(data && object && ASN1_OCTET_STRING_set(data, (const unsigned char *)"\x05\x00", 2),
	     oid);
	extension = X509_EXTENSION_create_by_OBJ(NULL, object, 1, data);
	must(extension && X509_add_ext(certificate, extension, -1) == 1, oid);
	X509_EXTENSION_free(extension);
	ASN1_OBJECT_free(object);
	ASN1_OCTET_STRING_free(data);
}

static void set_name(X509_NAME *name, const char *common)
{
	must(X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, (const unsigned char *)"test", -1,
					-1, 0) == 1 &&
		     X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
						(const unsigned char *)common, -1, -1, 0) == 1,
	     common);
}

static void make_certificate(struct forged_chain *chain, const struct chain_plan *plan, int i)
{
	static const char *const names[CERTIFICATES] = {"test.nitro-enclaves", "test.region",
							"test.zonal", "i-test", "i-test-enc0"};
	const struct certificate_plan *one = &plan->one[i];
	X509 *certificate = X509_new();
	int issuer = i > 0 ? i - 1 : 0;
	EVP_PKEY *signer = chain->key[one->other_key ? i : issuer];
	unsigned char *der = NULL;
	int size;

	must(certificate, "a certificate");
	X509_set_version(certificate, one->version1 ? 0 : 2);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1000 + i);
	ASN1_TIME_set(X509_getm_notBefore(certificate), one->not_before);
	ASN1_TIME_set(X509_getm_notAfter(certificate), one->not_after);
	set_name(X509_get_subject_name(certificate), names[i]);
	set_name(X509_get_issuer_name(certificate), one->other_issuer ? "nobody" : names[issuer]);
	must(X509_set_pubkey(certificate, chain->key[i]) == 1, "a certificate's key");
	if (!one->version1) {
		add_extension(certificate, NID_basic_constraints, one->constraints);
		add_extension(certificate, NID_key_usage, one->usage);
		if (one->extra)
			add_unknown(certificate, one->extra);
	}
	must(X509_sign(certificate, signer, EVP_get_digestbyname(one->digest)) > 0, "a signature");
	chain->certificate[i] = certificate;
	size = i2d_X509(certificate, &der);
	must(size > 0, "DER");
	raw_copy(&chain->der[i], der, (size_t)size);
	OPENSSL_free(der);
}

void chain_make(struct forged_chain *chain, const struct chain_plan *plan)
{
	for (int i = 0; i < CERTIFICATES; i++) {
		chain->key[i] = EVP_EC_gen(plan->one[i].curve);
		must(chain->key[i], "a key");
	}
	for (int i = 0; i < CERTIFICATES; i++)
		make_certificate(chain, plan, i);
}

void chain_free(struct forged_chain *chain)
{
	for (int i = 0; i < CERTIFICATES; i++) {
		EVP_PKEY_free(chain->key[i]);
		X509_free(chain->certificate[i]);
		chain->key[i] = NULL;
		chain->certificate[i] = NULL;
	}
}

static char *copy_of_bio(BIO *bio, size_t *size)
{
	char *text;
	long used = BIO_get_mem_data(bio, &text);
	char *copy = malloc((size_t)used + 1);

	must(copy && used > 0, "PEM");
	memcpy(copy, text, (size_t)used);
	copy[used] = '\0';
	*size = (size_t)used;
	BIO_free(bio);
	return copy;
}

char *chain_root_pem(const struct forged_chain *chain, size_t *size)
{
	BIO *bio = BIO_new(BIO_s_mem());

	must(bio && PEM_write_bio_X509(bio, chain->certificate[0]) == 1, "PEM");
	return copy_of_bio(bio, size);
}

char *key_pem(EVP_PKEY *key, size_t *size)
{
	BIO *bio = BIO_new(BIO_s_mem());

	must(bio && PEM_write_bio_PUBKEY(bio, key) == 1, "PEM");
	return copy_of_bio(bio, size);
}

/* ---- COSE_Sign1 ---- */

static size_t sign(const struct sign1 *sign1, const struct raw *tbs, unsigned char *signature)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned char der[256];
	size_t der_size = sizeof(der);
	size_t size = 2 * (((size_t)EVP_PKEY_get_bits(sign1->key) + 7) / 8);

	must(context &&
		     EVP_DigestSignInit_ex(context, NULL, sign1->digest, NULL, NULL, sign1->key,
					   NULL) == 1 &&
		     EVP_DigestSign(context, der, &der_size, tbs->data, tbs->size) == 1 &&
		     ecdsa_from_der(der, der_size, signature, size),
	     "a signature");
	EVP_MD_CTX_free(context);
	return size;
}

static void make_tbs(const struct raw *header, const struct raw *payload, struct raw *tbs)
{
	struct encoder encoder = begin(tbs);

	encoder_put(&encoder, ITEM_ARRAY, 4);
	encoder_put_text(&encoder, "Signature1");
	encoder_put_bytes(&encoder, header->data, header->size);
	encoder_put_bytes(&encoder, NULL, 0);
	encoder_put_bytes(&encoder, payload->data, payload->size);
	end(tbs, &encoder);
}

static size_t signature_of(const struct sign1 *sign1, const struct raw *header,
			   const struct raw *payload, unsigned char signature[256])
{
	static struct raw tbs;
	size_t size = 96;

	memset(signature, 0, 256);
	make_tbs(header, payload, &tbs);
	if (!sign1->signature_zero)
		size = sign(sign1, &tbs, signature);
	if (sign1->signature_flip)
		signature[(sign1->signature_flip - 1) / 8] ^=
			(unsigned char)(1 << (sign1->signature_flip - 1) % 8);
	return sign1->signature_size ? sign1->signature_size : size;
}

void sign1_make(const struct sign1 *sign1, struct raw *raw)
{
	static struct raw payload;
	static struct raw header;
	static struct raw other;
	unsigned char signature[256];
	struct encoder encoder = begin(raw);
	size_t size;

	map_encode(&sign1->header, &header);
	map_encode(&sign1->other, &other);
	map_encode(sign1->payload, &payload);
	size = signature_of(sign1, &header, &payload, signature);
	if (sign1->tagged)
		encoder_put(&encoder, ITEM_TAG, 18);
	encoder_put(&encoder, ITEM_ARRAY, sign1->elements ? sign1->elements : 4);
	encoder_put_bytes(&encoder, header.data, header.size);
	encoder_put_encoded(&encoder, other.data, other.size);
	if (sign1->payload_null)
		encoder_put(&encoder, ITEM_NULL, 0);
	else
		encoder_put_bytes(&encoder, payload.data, payload.size);
	if (sign1->elements != 3)
		encoder_put_bytes(&encoder, signature, size);
	for (unsigned i = 4; i < sign1->elements; i++)
		encoder_put(&encoder, ITEM_NULL, 0);
	end(raw, &encoder);
}

/* ---- documents ---- */

void document_init(struct document *document, const struct forged_chain *chain, int64_t now_ms,
		   const void *nonce, size_t nonce_size)
{
	memset(document, 0, sizeof(*document));
	document->sign1.key = chain->key[AUTHORITIES];
	document->sign1.digest = "SHA384";
	document->sign1.payload = &document->payload;
	raw_number(map_number(&document->sign1.header, 1), -35);
	raw_text(map_text(&document->payload, "module_id"), "i-test-enc0");
	raw_text(map_text(&document->payload, "digest"), "SHA384");
	raw_number(map_text(&document->payload, "timestamp"), now_ms);
	map_text(&document->payload, "pcrs");
	raw_bytes(map_text(&document->payload, "certificate"), chain->der[AUTHORITIES].data,
		  chain->der[AUTHORITIES].size);
	map_text(&document->payload, "cabundle");
	raw_null(map_text(&document->payload, "public_key"));
	raw_bytes(map_text(&document->payload, "user_data"), "hello", 5);
	raw_bytes(map_text(&document->payload, "nonce"), nonce, nonce_size);
	for (int i = 0; i < 16; i++)
		raw_fill(map_number(&document->pcrs, i), (unsigned char)(i < 5 ? 0x10 + i : 0), 48);
	for (int i = 0; i < AUTHORITIES; i++)
		raw_bytes(&document->bundle[i], chain->der[i].data, chain->der[i].size);
	document->bundle_count = AUTHORITIES;
}

static void make_bundle(const struct document *document, struct raw *raw)
{
	struct encoder encoder = begin(raw);

	encoder_put(&encoder, ITEM_ARRAY, document->bundle_count);
	for (size_t i = 0; i < document->bundle_count; i++)
		encoder_put_encoded(&encoder, document->bundle[i].data, document->bundle[i].size);
	end(raw, &encoder);
}

void document_make(struct document *document, struct raw *raw)
{
	if (!document->pcrs_by_hand)
		map_encode(&document->pcrs, map_text(&document->payload, "pcrs"));
	if (!document->bundle_by_hand)
		make_bundle(document, map_text(&document->payload, "cabundle"));
	sign1_make(&document->sign1, raw);
}

void document_unsign(struct document *document)
{
	raw_number(map_number(&document->sign1.header, 1), -1);
	raw_fill(map_text(&document->payload, "certificate"), 0, 64);
	raw_fill(&document->bundle[0], 0, 64);
	document->bundle_count = 1;
	document->sign1.signature_zero = true;
	document->sign1.signature_size = 64;
}

/* ---- tokens ---- */

static void init_platform(struct map *claims, bool second)
{
	unsigned char instance[33] = {1, 2, 3};
	struct raw *software;
	struct encoder encoder;

	raw_text(map_number(claims, 265), second ? "tag:arm.com,2024:cca_platform#2.0.0"
						 : "tag:arm.com,2023:cca_platform#1.0.0");
	map_number(claims, 10);
	raw_fill(map_number(claims, 2396), 0x7f, 32);
	raw_bytes(map_number(claims, 256), instance, sizeof(instance));
	raw_bytes(map_number(claims, 2401), "config", 6);
	raw_number(map_number(claims, 2395), 0x3003);
	raw_text(map_number(claims, 2402), "sha-256");
	if (second)
		raw_number(map_number(claims, 2394), 1);
	software = map_number(claims, 2399);
	encoder = begin(software);
	encoder_put(&encoder, ITEM_ARRAY, 1);
	encoder_put(&encoder, ITEM_MAP, 1);
	encoder_put(&encoder, ITEM_NUMBER, 1);
	encoder_put_text(&encoder, "BL");
	end(software, &encoder);
}

/* Four REMs, of which the first may be given. */
static void put_rems(struct map *claims, const unsigned char *first)
{
	struct raw *rems = map_number(claims, 44239);
	struct encoder encoder = begin(rems);
	unsigned char rem[32];

	encoder_put(&encoder, ITEM_ARRAY, 4);
	for (unsigned char i = 0; i < 4; i++) {
		memset(rem, 0x30 + i, sizeof(rem));
		encoder_put_bytes(&encoder, i == 0 && first ? first : rem, sizeof(rem));
	}
	end(rems, &encoder);
}

void token_rem0(struct token *token, const unsigned char rem0[32])
{
	put_rems(&token->realm_claims, rem0);
}

static void init_realm(struct map *claims, bool second, const void *nonce, size_t nonce_size)
{
	unsigned char challenge[64] = {0};
	unsigned char instance[33] = {1, 9};

	memcpy(challenge, nonce, nonce_size);
	raw_bytes(map_number(claims, 10), challenge, sizeof(challenge));
	if (second)
		raw_bytes(map_number(claims, 256), instance, sizeof(instance));
	raw_fill(map_number(claims, 44235), 0x42, 64);
	raw_text(map_number(claims, 44236), "sha-256");
	map_number(claims, 44237);
	raw_fill(map_number(claims, 44238), 0x21, 32);
	raw_text(map_number(claims, 44240), "sha-256");
	raw_text(map_number(claims, 265),
		 second ? "tag:arm.com,2024:realm#2.0.0" : "tag:arm.com,2023:realm#1.0.0");
	if (second)
		raw_number(map_number(claims, 44243), 1);
	put_rems(claims, NULL);
}

/* The realm's key as COSE_Key. */
static void realm_key(EVP_PKEY *key, struct raw *raw)
{
	static struct raw inner;
	unsigned char point[133];
	size_t size = 0;
	struct encoder encoder = begin(&inner);

	must(EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point),
					     &size) == 1 &&
		     size == 97 && point[0] == 4,
	     "a point");
	encoder_put(&encoder, ITEM_MAP, 4);
	encoder_put(&encoder, ITEM_NUMBER, 1);
	encoder_put(&encoder, ITEM_NUMBER, 2);
	encoder_put(&encoder, ITEM_NEGATIVE, 0);
	encoder_put(&encoder, ITEM_NUMBER, 2);
	encoder_put(&encoder, ITEM_NEGATIVE, 1);
	encoder_put_bytes(&encoder, point + 1, 48);
	encoder_put(&encoder, ITEM_NEGATIVE, 2);
	encoder_put_bytes(&encoder, point + 49, 48);
	end(&inner, &encoder);
	raw_bytes(raw, inner.data, inner.size);
}

void token_init(struct token *token, bool second, const void *nonce, size_t nonce_size)
{
	memset(token, 0, sizeof(*token));
	token->platform_key = EVP_EC_gen("P-384");
	token->realm_key = EVP_EC_gen("P-384");
	must(token->platform_key && token->realm_key, "keys");
	token->tag = second ? 907 : 399;
	token->type = 263;
	token->platform = (struct sign1){.key = token->platform_key,
					 .digest = "SHA384",
					 .payload = &token->platform_claims,
					 .tagged = true};
	token->realm = token->platform;
	token->realm.key = token->realm_key;
	token->realm.payload = &token->realm_claims;
	raw_number(map_number(&token->platform.header, 1), -35);
	raw_number(map_number(&token->realm.header, 1), -35);
	init_platform(&token->platform_claims, second);
	init_realm(&token->realm_claims, second, nonce, nonce_size);
	realm_key(token->realm_key, map_number(&token->realm_claims, 44237));
}

static void bind(struct token *token)
{
	const struct raw *key = map_number(&token->realm_claims, 44237);
	unsigned char digest[32];
	struct items items = {"", "", key->data, key->data, key->size};
	struct item item;

	must(items_any(&items, &item, NULL) && item.kind == ITEM_BYTES &&
		     EVP_Digest(item.data, (size_t)item.value, digest, NULL, EVP_sha256(), NULL) ==
			     1,
	     "a binding");
	raw_bytes(map_number(&token->platform_claims, 10), digest, sizeof(digest));
}

static void put_token(struct encoder *encoder, const struct token *token, uint64_t key,
		      const struct sign1 *sign1)
{
	static struct raw made;

	sign1_make(sign1, &made);
	encoder_put(encoder, ITEM_NUMBER, key);
	if (token->tag == 907) {
		encoder_put(encoder, ITEM_ARRAY, 2);
		encoder_put(encoder, ITEM_NUMBER, token->type);
	}
	encoder_put_bytes(encoder, made.data, made.size);
}

void token_make(struct token *token, struct raw *raw)
{
	struct encoder encoder = begin(raw);

	if (!token->binding_by_hand)
		bind(token);
	encoder_put(&encoder, ITEM_TAG, token->tag);
	encoder_put(&encoder, ITEM_MAP, 2);
	put_token(&encoder, token, token->swapped ? 44241 : 44234, &token->platform);
	put_token(&encoder, token, token->swapped ? 44234 : 44241, &token->realm);
	end(raw, &encoder);
}

void token_free(struct token *token)
{
	EVP_PKEY_free(token->platform_key);
	EVP_PKEY_free(token->realm_key);
}
