/*
 * What a log's entries say: releases, and withdrawals of releases. Never takes two texts for one
 * entry, or members that it does not know.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "corim.h"
#include "evidence.h"
#include "folder.h"
#include "log.h"
#include "outfile.h"
#include "references.h"
#include "text.h"

enum { WORD_MAX = 128, SECURITY_MAX = 1 << 30, TARGETS_MAX = 32 };

static int bad(uint64_t index, const char *expected, struct err *err)
{
	return err_set(err, EXIT_VERIFY, "ATTEST-LOG-ENTRY",
		       "entry %" PRIu64 ": %s expected, found another", index, expected);
}

char *entry_text(const json_t *entry, size_t *size, struct err *err)
{
	char *text = json_dumps(entry, JSON_SORT_KEYS | JSON_COMPACT | JSON_ENSURE_ASCII);

	if (!text) {
		no_memory(err);
		return NULL;
	}
	*size = strlen(text);
	if (*size <= ENTRY_MAX)
		return text;
	free(text);
	err_set(err, EXIT_VERIFY, "ATTEST-LOG-ENTRY",
		"an entry of at most %d bytes expected, found %zu", ENTRY_MAX, *size);
	return NULL;
}

static bool is_word(const json_t *value, size_t most)
{
	return json_is_string(value) && json_string_length(value) > 0 &&
	       json_string_length(value) <= most;
}

static bool is_digest(const json_t *value)
{
	unsigned char digest[SHA256_SIZE];

	return json_is_string(value) && hex_decode(json_string_value(value), digest, SHA256_SIZE);
}

/* The i-th set of registers that stands for a target, NULL beyond the last: a realm has several. */
static const json_t *alternative(const json_t *measured, size_t i)
{
	if (json_is_array(measured))
		return json_array_get(measured, i);
	return i == 0 ? measured : NULL;
}

static int check_measured(const json_t *measured, const char *target, uint64_t index,
			  struct err *err)
{
	cleanup_with(attest_references_clear) struct attest_references list =
		ATTEST_REFERENCES_INIT;
	const json_t *one;

	if (json_is_array(measured) && json_array_size(measured) < 2)
		return bad(index, "two or more in a list of measurements", err);
	for (size_t i = 0; (one = alternative(measured, i)); i++) {
		struct attest_values values;

		if (values_parse(one, target, &values, err) < 0 ||
		    references_push(&list, &values, err) < 0)
			return bad(index, "measurements of each target", err);
	}
	return 0;
}

static int check_release(const json_t *entry, uint64_t index, struct err *err)
{
	const json_t *measurements = json_object_get(entry, "measurements");
	const json_t *files = json_object_get(entry, "files");
	const json_t *security = json_object_get(entry, "security");
	const char *key;
	json_t *value;

	if (json_object_size(entry) != 6 || !is_word(json_object_get(entry, "name"), WORD_MAX) ||
	    !is_word(json_object_get(entry, "version"), WORD_MAX) || !json_is_integer(security) ||
	    json_integer_value(security) < 0 || json_integer_value(security) > SECURITY_MAX)
		return bad(index, "name, version, security, files and measurements", err);
	if (json_object_size(files) < 1 || json_object_size(files) > TARGETS_MAX ||
	    json_object_size(measurements) < 1 || json_object_size(measurements) > TARGETS_MAX)
		return bad(index, "1 to 32 files and measurements", err);
	json_object_foreach((json_t *)(uintptr_t)files, key,
			    value) if (!is_digest(value)) return bad(index,
								     "a SHA-256 of each file", err);
	json_object_foreach((json_t *)(uintptr_t)measurements, key,
			    value) if (check_measured(value, key, index, err) < 0) return -1;
	return 0;
}

static int check_withdrawal(const json_t *entry, uint64_t index, struct err *err)
{
	const json_t *target = json_object_get(entry, "entry");

	if (json_object_size(entry) == 3 && json_is_integer(target) &&
	    json_integer_value(target) >= 0 && (uint64_t)json_integer_value(target) < index &&
	    is_word(json_object_get(entry, "reason"), REASON_MAX))
		return 0;
	return bad(index, "the number of an entry before it and a reason", err);
}

static int check_entry(const json_t *entry, uint64_t index, struct err *err)
{
	const char *type = json_string_value(json_object_get(entry, "type"));

	if (type && strcmp(type, "release") == 0)
		return check_release(entry, index, err);
	if (type && strcmp(type, "withdrawal") == 0)
		return check_withdrawal(entry, index, err);
	return bad(index, "type release or withdrawal", err);
}

json_t *entry_parse(const void *data, size_t size, uint64_t index, struct err *err)
{
	cleanup_json json_t *entry = json_loadb(data, size, JSON_REJECT_DUPLICATES, NULL);
	cleanup_free char *again = NULL;
	size_t again_size = 0;

	if (!json_is_object(entry)) {
		bad(index, "a JSON object", err);
		return NULL;
	}
	again = entry_text(entry, &again_size, err);
	if (!again || check_entry(entry, index, err) < 0)
		return NULL;
	if (again_size == size && memcmp(again, data, size) == 0)
		return json_incref(entry);
	bad(index, "sorted members without white space", err);
	return NULL;
}

/* Whether what a release says of one target is all in the evidence. */
static bool covers(const struct attest_values *expected, const struct attest_values *found)
{
	const struct attest_references one = {(struct attest_values *)(uintptr_t)expected, 1};
	struct err ignored = {0};

	return evidence_match(found, &one, 0, &ignored) == 0;
}

static bool any_covers(const json_t *measured, const struct attest_values *found)
{
	struct attest_values values;
	struct err ignored = {0};
	const json_t *one;

	for (size_t i = 0; (one = alternative(measured, i)); i++)
		if (values_parse(one, "entry", &values, &ignored) == 0 && covers(&values, found))
			return true;
	return false;
}

bool entry_has(const json_t *entry, const struct attest_values *found)
{
	const json_t *measurements = json_object_get(entry, "measurements");
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)measurements, key,
			    value) if (any_covers(value, found)) return true;
	return false;
}

/* Only what measures something: an object of registers as measurements.json has it. */
static json_t *registers_of(const json_t *document)
{
	const json_t *inner = json_object_get(document, "Measurements");
	json_t *registers = json_object();
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)(inner ? inner : document), key,
			    value) if (strncmp(key, "PCR", 3) == 0 || strncmp(key, "RIM", 3) == 0 ||
				       strncmp(key, "REM", 3) == 0 || strncmp(key, "RPV", 3) == 0)
		json_object_set(registers, key, value);
	/* As nitro-cli prints nothing of it, it stands beside them. */
	value = json_object_get(document, "PCR16");
	if (value)
		json_object_set(registers, "PCR16", value);
	return registers;
}

/* The same of a realm: a list, unless it has one RIM alone. */
static json_t *rims_of(const struct attest_references *references)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < references->count; i++)
		json_array_append_new(list, realm_registers(&references->list[i]));
	if (json_array_size(list) == 1) {
		json_t *only = json_incref(json_array_get(list, 0));

		json_decref(list);
		return only;
	}
	return list;
}

static int bad_sums(const char *folder, const char *name, const char *expected, struct err *err)
{
	return err_set(err, EXIT_VERIFY, "ATTEST-RELEASE-SUMS",
		       "%s/%s: %s SHA256SUMS expected, found another", folder, name, expected);
}

static int add_target(const char *folder, const char *target, const json_t *sums, json_t *entry,
		      struct err *err)
{
	cleanup_free char *name = folder_path(target, NULL, "measurements.json", err);
	const char *sum = name ? json_string_value(json_object_get(sums, name)) : NULL;
	cleanup_free char *path = name ? folder_path(folder, NULL, name, err) : NULL;
	cleanup_free char *text = NULL;
	cleanup_with(attest_references_clear) struct attest_references references =
		ATTEST_REFERENCES_INIT;
	cleanup_json json_t *document = NULL;
	char found[HASH_MAX_HEX];
	const char *recipe;
	size_t size = 0;

	if (!path)
		return -1;
	if (!sum)
		return bad_sums(folder, name, "a file that is listed in", err);
	text = read_small_file(path, ATTEST_MAX_REFERENCE, &size, err);
	if (!text || data_sha256(text, size, found, err) < 0)
		return -1;
	if (strcmp(found, sum) != 0)
		return bad_sums(folder, name, "the sum in", err);
	if (attest_references_add(&references, text, size, path, err) < 0)
		return -1;
	document = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
	recipe = json_string_value(json_object_get(document, "Recipe"));
	json_object_set_new(entry, "name", json_string(recipe ? recipe : "image"));
	json_object_set_new(json_object_get(entry, "measurements"), target,
			    is_realm(document) ? rims_of(&references) : registers_of(document));
	return 0;
}

/* A target that is listed must not be missing. */
static int check_listed(const char *folder, const json_t *sums, const json_t *measurements,
			struct err *err)
{
	static const char file[] = "/measurements.json";
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)sums, name, value)
	{
		const char *slash = strchr(name, '/');
		cleanup_free char *target = NULL;

		if (!slash || strcmp(slash, file) != 0)
			continue;
		target = strndup(name, (size_t)(slash - name));
		if (!target)
			return no_memory(err);
		if (!json_object_get(measurements, target))
			return bad_sums(folder, name, "the file in", err);
	}
	return 0;
}

/* The files that the folder's SHA256SUMS lists, and its digest. */
static json_t *read_sums(const char *folder, char hex[HASH_MAX_HEX], struct err *err)
{
	cleanup_free char *path = folder_path(folder, NULL, "SHA256SUMS", err);
	size_t size = 0;
	cleanup_free char *text = path ? read_small_file(path, SUMS_MAX, &size, err) : NULL;
	json_t *sums = text ? sums_parse(text) : NULL;

	if (text && !sums)
		err_set(err, EXIT_MALFORMED, "ATTEST-RELEASE",
			"%s: lines of sums and names, each name once, expected, found another",
			path);
	if (sums && data_sha256(text, size, hex, err) < 0) {
		json_decref(sums);
		return NULL;
	}
	return sums;
}

json_t *attest_log_release(const char *folder, const char *version, int64_t security,
			   struct err *err)
{
	char hex[HASH_MAX_HEX];
	cleanup_json json_t *targets = folder_with(folder, "measurements.json", err);
	cleanup_json json_t *sums = targets ? read_sums(folder, hex, err) : NULL;
	cleanup_json json_t *entry = NULL;
	const json_t *target;
	size_t i;

	if (!sums)
		return NULL;
	entry = json_pack("{s:s, s:s, s:I, s:{}, s:{s:s}}", "type", "release", "version", version,
			  "security", (json_int_t)security, "measurements", "files", "SHA256SUMS",
			  hex);
	if (!entry) {
		no_memory(err);
		return NULL;
	}
	json_array_foreach(targets, i, target)
	{
		if (add_target(folder, json_string_value(target), sums, entry, err) < 0)
			return NULL;
	}
	if (check_listed(folder, sums, json_object_get(entry, "measurements"), err) < 0)
		return NULL;
	return check_entry(entry, 0, err) == 0 ? json_incref(entry) : NULL;
}

json_t *attest_log_withdrawal(uint64_t index, const char *reason, struct err *err)
{
	json_t *entry = json_pack("{s:s, s:I, s:s}", "type", "withdrawal", "entry",
				  (json_int_t)index, "reason", reason);

	if (!entry)
		err_set(err, EXIT_USAGE, "ATTEST-LOG-ENTRY",
			"a reason in UTF-8 expected, found another");
	return entry;
}
