/*
 * Statements of others who rebuilt a release: in-toto's test result about its SHA256SUMS, signed.
 * Counts keys, not statements, and believes a statement that disagrees as much as one that agrees.
 */
#include <stdio.h>
#include <string.h>

#include "cose.h"
#include "folder.h"
#include "publish.h"
#include "text.h"

#define RESULT_TYPE "https://in-toto.io/attestation/test-result/v0.1"

/* What is signed; the caller's. */
static char *statement(const char *hex, bool same, const char *builder, struct err *err)
{
	cleanup_json json_t *json = json_pack(
		"{s:s, s:s, s:[{s:s, s:{s:s}}], s:{s:s, s:[{s:s}], s:s}}", "_type",
		"https://in-toto.io/Statement/v1", "predicateType", RESULT_TYPE, "subject", "name",
		"SHA256SUMS", "digest", "sha256", hex, "predicate", "result",
		same ? "PASSED" : "FAILED", "configuration", "name", "make audit", "url", builder);
	char *text = json ? json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS) : NULL;

	if (!text)
		err_set(err, EXIT_USAGE, "ATTEST-USAGE",
			"a builder in UTF-8 expected, found another");
	return text;
}

static void cleanup_signer_at(struct signer **signer)
{
	signer_close(*signer);
}

char *attest_rebuilt(const char *sums, bool same, const char *builder,
		     const struct attest_signing *who, struct err *err)
{
	cleanup_with(cleanup_signer_at) struct signer *key =
		signer_open(who->key, who->passphrase, "ATTEST", err);
	struct signing signing = {.key = key, .name = who->name, .random_nonce = who->random_nonce};
	cleanup_free char *text = NULL;
	char hex[HASH_MAX_HEX];

	if (!key || file_sha256(sums, hex, err) < 0)
		return NULL;
	text = statement(hex, same, builder, err);
	return text ? dsse_sign((struct slice){(unsigned char *)text, strlen(text)}, &signing, err)
		    : NULL;
}

static int bad(const char *path, const char *expected, struct err *err)
{
	return err_set(err, EXIT_MALFORMED, "ATTEST-STATEMENT", "%s: %s expected, found another",
		       path, expected);
}

static bool is_text(const json_t *object, const char *key, const char *text)
{
	const char *found = json_string_value(json_object_get(object, key));

	return found && strcmp(found, text) == 0;
}

/* 1: the same; 0: about another release; -1: malformed, or ATTEST-QUORUM-DISAGREES. */
static int judge(const void *payload, size_t size, const char *path, const char *hex,
		 struct err *err)
{
	cleanup_json json_t *json = json_loadb(payload, size, JSON_REJECT_DUPLICATES, NULL);
	const json_t *subject = json_array_get(json_object_get(json, "subject"), 0);
	const json_t *predicate = json_object_get(json, "predicate");

	if (!is_text(json, "_type", "https://in-toto.io/Statement/v1") ||
	    !is_text(json, "predicateType", RESULT_TYPE) ||
	    json_array_size(json_object_get(json, "subject")) != 1 ||
	    !json_is_string(json_object_get(predicate, "result")))
		return bad(path, "an in-toto statement " RESULT_TYPE " about one subject", err);
	if (!is_text(json_object_get(subject, "digest"), "sha256", hex))
		return 0;
	if (is_text(predicate, "result", "PASSED"))
		return 1;
	return err_set(err, EXIT_VERIFY, "ATTEST-QUORUM-DISAGREES",
		       "%s: a rebuild that came to the same expected, found one that did not",
		       path);
}

struct attest_quorum {
	char *sums;
	char hex[HASH_MAX_HEX];
	EVP_PKEY *keys[ATTEST_QUORUM_MAX];
	bool agreed[ATTEST_QUORUM_MAX];
	size_t key_count;
};

void attest_quorum_close(struct attest_quorum *quorum)
{
	if (!quorum)
		return;
	for (size_t i = 0; i < quorum->key_count; i++)
		EVP_PKEY_free(quorum->keys[i]);
	free(quorum->sums);
	free(quorum);
}

static void cleanup_quorum_at(struct attest_quorum **quorum)
{
	attest_quorum_close(*quorum);
}

/* Two files may hold one key. */
static int add_key(struct attest_quorum *quorum, const struct attest_file *file, struct err *err)
{
	EVP_PKEY *key = public_key_read(file->data, file->size, file->path, err);

	if (!key)
		return -1;
	for (size_t i = 0; i < quorum->key_count; i++)
		if (EVP_PKEY_eq(quorum->keys[i], key) == 1) {
			EVP_PKEY_free(key);
			return err_set(err, EXIT_USAGE, "ATTEST-KEY",
				       "each key once expected, found the %zu. one twice", i + 1);
		}
	quorum->keys[quorum->key_count++] = key;
	return 0;
}

struct attest_quorum *attest_quorum_open(const char *sums, const struct attest_file *keys,
					 size_t key_count, struct err *err)
{
	cleanup_with(cleanup_quorum_at) struct attest_quorum *quorum = calloc(1, sizeof(*quorum));

	if (!quorum || !(quorum->sums = strdup(sums))) {
		no_memory(err);
		return NULL;
	}
	if (key_count > ATTEST_QUORUM_MAX) {
		err_set(err, EXIT_USAGE, "ATTEST-KEY", "at most %d keys expected, found %zu",
			ATTEST_QUORUM_MAX, key_count);
		return NULL;
	}
	if (file_sha256(sums, quorum->hex, err) < 0)
		return NULL;
	for (size_t i = 0; i < key_count; i++)
		if (add_key(quorum, &keys[i], err) < 0)
			return NULL;
	return steal_ptr(quorum);
}

int attest_quorum_add(struct attest_quorum *quorum, const struct attest_file *statement,
		      struct err *err)
{
	for (size_t i = 0; i < quorum->key_count; i++) {
		size_t size = 0;
		struct err one = {0};
		cleanup_free unsigned char *payload =
			dsse_open(statement->data, statement->size, statement->path,
				  quorum->keys[i], &size, &one);
		int verdict;

		if (!payload && one.status == EXIT_VERIFY)
			continue; /* another key's */
		if (!payload) {
			*err = one;
			return -1;
		}
		verdict = judge(payload, size, statement->path, quorum->hex, err);
		if (verdict > 0)
			quorum->agreed[i] = true;
		return verdict < 0 ? -1 : 0;
	}
	return 0;
}

int attest_quorum_reached(const struct attest_quorum *quorum, size_t need, size_t *found,
			  struct err *err)
{
	*found = 0;
	for (size_t i = 0; i < quorum->key_count; i++)
		*found += quorum->agreed[i];
	if (*found >= need)
		return 0;
	return err_set(err, EXIT_VERIFY, "ATTEST-QUORUM",
		       "%s: rebuilds by %zu of the known keys expected, found %zu", quorum->sums,
		       need, *found);
}
