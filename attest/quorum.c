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

/* The key that signed, of those that are known; -1 when it is none of them. */
static int signed_by(const struct attest_quorum *quorum, EVP_PKEY *const *keys, size_t i,
		     unsigned char **payload, size_t *size, struct err *err)
{
	for (size_t k = 0; k < quorum->key_count; k++) {
		struct err one = {0};

		*payload = dsse_open(quorum->statements[i].data, quorum->statements[i].size,
				     quorum->statements[i].path, keys[k], size, &one);
		if (*payload)
			return (int)k;
		if (one.status != EXIT_VERIFY) {
			*err = one;
			return -2;
		}
	}
	return -1;
}

static int count(const struct attest_quorum *quorum, EVP_PKEY *const *keys, const char *hex,
		 bool *agreed, struct err *err)
{
	for (size_t i = 0; i < quorum->statement_count; i++) {
		cleanup_free unsigned char *payload = NULL;
		size_t size = 0;
		int key = signed_by(quorum, keys, i, &payload, &size, err);
		int verdict;

		if (key == -2)
			return -1;
		if (key < 0)
			continue;
		verdict = judge(payload, size, quorum->statements[i].path, hex, err);
		if (verdict < 0)
			return -1;
		if (verdict > 0)
			agreed[key] = true;
	}
	return 0;
}

/* Two files may hold one key. */
static int check_keys(EVP_PKEY *const *keys, size_t count_of, struct err *err)
{
	for (size_t i = 0; i < count_of; i++)
		for (size_t k = 0; k < i; k++)
			if (EVP_PKEY_eq(keys[i], keys[k]) == 1)
				return err_set(err, EXIT_USAGE, "ATTEST-KEY",
					       "each key once expected, found the %zu. one twice",
					       k + 1);
	return 0;
}

int attest_quorum(const struct attest_quorum *quorum, size_t *found, struct err *err)
{
	EVP_PKEY *keys[ATTEST_QUORUM_MAX] = {NULL};
	bool agreed[ATTEST_QUORUM_MAX] = {false};
	char hex[HASH_MAX_HEX];
	int result = file_sha256(quorum->sums, hex, err);

	*found = 0;
	for (size_t i = 0; result == 0 && i < quorum->key_count; i++) {
		keys[i] = public_key_read(quorum->keys[i].data, quorum->keys[i].size,
					  quorum->keys[i].path, err);
		result = keys[i] ? 0 : -1;
	}
	if (result == 0)
		result = check_keys(keys, quorum->key_count, err);
	if (result == 0)
		result = count(quorum, keys, hex, agreed, err);
	for (size_t i = 0; i < quorum->key_count; i++) {
		*found += agreed[i];
		EVP_PKEY_free(keys[i]);
	}
	if (result < 0 || *found >= quorum->need)
		return result;
	return err_set(err, EXIT_VERIFY, "ATTEST-QUORUM",
		       "%s: rebuilds by %zu of the known keys expected, found %zu", quorum->sums,
		       quorum->need, *found);
}
