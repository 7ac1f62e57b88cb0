/* What is different between two releases. The order in which a file lists things never shows. */
#include <stdio.h>
#include <string.h>

#include "site.h"

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The keys of both, each once, sorted; owned by the caller, but not what they point to. */
static const char **union_keys(const json_t *older, const json_t *newer, size_t *count)
{
	const char **keys =
		malloc((json_object_size(older) + json_object_size(newer) + 1) * sizeof(*keys));
	const char *key;
	json_t *value;

	*count = 0;
	if (!keys)
		return NULL;
	json_object_foreach((json_t *)(uintptr_t)older, key, value) keys[(*count)++] = key;
	json_object_foreach((json_t *)(uintptr_t)newer, key,
			    value) if (!json_object_get(older, key)) keys[(*count)++] = key;
	qsort(keys, *count, sizeof(*keys), by_bytes);
	return keys;
}

static json_t *or_null(json_t *value)
{
	return value ? json_incref(value) : json_null();
}

json_t *site_changes(const json_t *older, const json_t *newer, struct err *err)
{
	size_t count = 0;
	cleanup_free const char **keys = union_keys(older, newer, &count);
	cleanup_json json_t *changes = json_array();

	for (size_t i = 0; keys && changes && i < count; i++) {
		json_t *before = json_object_get(older, keys[i]);
		json_t *after = json_object_get(newer, keys[i]);

		if (before && after && json_equal(before, after))
			continue;
		if (json_array_append_new(changes, json_pack("[s, o, o]", keys[i], or_null(before),
							     or_null(after))) < 0) {
			no_memory(err);
			return NULL;
		}
	}
	if (!keys || !changes) {
		no_memory(err);
		return NULL;
	}
	return json_incref(changes);
}

/* A member's value in a word. */
static const char *word(const json_t *value, char number[32])
{
	if (json_is_string(value))
		return json_string_value(value);
	if (!json_is_integer(value))
		return value ? "others" : "none";
	snprintf(number, 32, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	return number;
}

char *site_file_change(const json_t *older, const json_t *newer, struct err *err)
{
	cleanup_with(html_clear) struct html text = HTML_INIT;
	cleanup_json json_t *changes = site_changes(older, newer, err);
	const char *separator = "";
	const json_t *change;
	size_t i;

	if (!changes || html_open(&text, err) < 0)
		return NULL;
	json_array_foreach(changes, i, change)
	{
		const char *name = json_string_value(json_array_get(change, 0));
		char before[32];
		char after[32];

		if (strcmp(name, "sha256") == 0)
			fprintf(text.stream, "%scontent", separator);
		else
			fprintf(text.stream, "%s%s %s to %s", separator, name,
				word(json_array_get(change, 1), before),
				word(json_array_get(change, 2), after));
		separator = ", ";
	}
	return html_finish(&text, err) == 0 ? steal_ptr(text.text) : NULL;
}
