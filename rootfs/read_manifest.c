/*
 * The manifest's outer object and its lists, read byte by byte; jansson reads the values in them,
 * one at a time. Never holds more than one value, however long the manifest is.
 */
#include "read_manifest.h"

#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "manifest.h"

static const struct {
	const char *key;
	bool is_list;
} parts[MANIFEST_PARTS] = {
	[MANIFEST_DIGEST] = {"TreeDigest", false},
	[MANIFEST_PREFIX] = {"Prefix", false},
	[MANIFEST_ADDED] = {"Added", true},
	[MANIFEST_ENTRY] = {"Entries", true},
};

struct reader {
	FILE *file;
	const char *path;
	struct manifest_visitor *visitor;
	int next; /* the byte at hand, or EOF */
	unsigned long line;
	size_t left; /* bytes that the value at hand may still have */
	bool bare;   /* that value is a number or a word, and ends before what cannot be in it */
	bool seen[MANIFEST_PARTS];
	struct err keys;     /* the first MANIFEST-KEYS */
	struct err visitors; /* the visitor's error */
};

static void advance(struct reader *r)
{
	r->line += r->next == '\n';
	r->next = getc_unlocked(r->file);
}

static int not_json(struct reader *r, const char *reason, struct err *err)
{
	if (ferror(r->file))
		return err_errno(err, "FILE-READ", "%s", r->path);
	return err_set(err, EXIT_MALFORMED, "MANIFEST-JSON", "%s: line %lu: %s", r->path, r->line,
		       reason);
}

/* Only what is JSON can have wrong keys, so that reading goes on. */
static void wrong_keys(struct reader *r, const char *expected)
{
	if (r->keys.status == 0)
		err_set(&r->keys, EXIT_MALFORMED, "MANIFEST-KEYS", "%s: line %lu: %s expected",
			r->path, r->line, expected);
}

static bool is_space(int c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* What numbers and words are made of. */
static bool is_bare(int c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '+' || c == '-' || c == '.';
}

/* The byte after white space, which it leaves where it is. */
static int peek(struct reader *r)
{
	while (is_space(r->next))
		advance(r);
	return r->next;
}

static int expect(struct reader *r, char c, struct err *err)
{
	char reason[] = "'?' expected";

	if (peek(r) == c) {
		advance(r);
		return 0;
	}
	reason[1] = c;
	return not_json(r, reason, err);
}

/* One byte at a time, because what follows the value must stay in the file. */
static size_t feed(void *buffer, size_t size, void *data)
{
	struct reader *r = data;
	bool ends = r->bare && !is_bare(r->next);

	if (size == 0 || r->next == EOF || r->left == 0 || ends)
		return 0;
	*(char *)buffer = (char)r->next;
	r->left--;
	advance(r);
	return 1;
}

static json_t *read_value(struct reader *r, struct err *err)
{
	const size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_DISABLE_EOF_CHECK;
	int first = peek(r);
	json_error_t reason;
	cleanup_json json_t *value = NULL;

	r->bare = first != '{' && first != '[' && first != '"';
	r->left = MANIFEST_VALUE_MAX;
	value = json_load_callback(feed, r, flags, &reason);
	if (!value && r->left == 0)
		not_json(r, "a value of at most 64 KiB expected, found more", err);
	else if (!value)
		not_json(r, reason.text, err);
	/* jansson would leave the rest of "1x" for others. */
	else if ((size_t)reason.position != MANIFEST_VALUE_MAX - r->left)
		return not_json(r, "the end of a value expected", err), NULL;
	return steal_ptr(value);
}

static void visit(struct reader *r, enum manifest_part part, json_t *value)
{
	if (part != MANIFEST_ENTRY && !json_is_string(value))
		wrong_keys(r, "TreeDigest, Prefix and the names in Added as strings");
	else if (part == MANIFEST_ENTRY && !json_is_string(json_object_get(value, "path")) &&
		 !json_is_string(json_object_get(value, "path_b64")))
		wrong_keys(r, "entries with path or path_b64");
	else if (r->keys.status == 0 && r->visitors.status == 0)
		r->visitor->take(r->visitor, part, value, &r->visitors);
}

static int read_list(struct reader *r, enum manifest_part part, struct err *err)
{
	advance(r);
	if (peek(r) == ']') {
		advance(r);
		return 0;
	}
	for (;;) {
		cleanup_json json_t *value = read_value(r, err);

		if (!value)
			return -1;
		visit(r, part, value);
		if (peek(r) != ',')
			return expect(r, ']', err);
		advance(r);
	}
}

static enum manifest_part find_part(const json_t *key)
{
	unsigned int part = 0;

	while (part < MANIFEST_PARTS && strcmp(parts[part].key, json_string_value(key)) != 0)
		part++;
	return part;
}

static int read_part(struct reader *r, enum manifest_part part, struct err *err)
{
	cleanup_json json_t *value = NULL;

	if (part < MANIFEST_PARTS && parts[part].is_list && peek(r) == '[')
		return read_list(r, part, err);
	value = read_value(r, err);
	if (!value)
		return -1;
	if (part == MANIFEST_PARTS)
		wrong_keys(r, "no keys but TreeDigest, Prefix, Added, Entries");
	else if (parts[part].is_list)
		wrong_keys(r, "Entries and Added as lists");
	else
		visit(r, part, value);
	return 0;
}

static int read_member(struct reader *r, struct err *err)
{
	cleanup_json json_t *key = NULL;
	enum manifest_part part;

	if (peek(r) != '"')
		return not_json(r, "a key expected", err);
	key = read_value(r, err);
	if (!key || expect(r, ':', err) < 0)
		return -1;
	part = find_part(key);
	if (part < MANIFEST_PARTS) {
		if (r->seen[part])
			return not_json(r, "each key once expected, found one twice", err);
		if (r->seen[MANIFEST_ENTRY])
			wrong_keys(r, "Entries as the last key");
		r->seen[part] = true;
	}
	return read_part(r, part, err);
}

static int read_members(struct reader *r, struct err *err)
{
	advance(r);
	if (peek(r) == '}') {
		advance(r);
		return 0;
	}
	for (;;) {
		if (read_member(r, err) < 0)
			return -1;
		if (peek(r) != ',')
			return expect(r, '}', err);
		advance(r);
	}
}

static int read_other(struct reader *r, struct err *err)
{
	cleanup_json json_t *value = NULL;

	if (r->next != '[')
		return not_json(r, "an object expected", err);
	value = read_value(r, err);
	if (!value)
		return -1;
	wrong_keys(r, "an object");
	return 0;
}

static int read_all(struct reader *r, struct err *err)
{
	advance(r);
	if ((peek(r) == '{' ? read_members(r, err) : read_other(r, err)) < 0)
		return -1;
	if (peek(r) != EOF || ferror(r->file))
		return not_json(r, "the end expected", err);
	if (!r->seen[MANIFEST_DIGEST] || !r->seen[MANIFEST_ENTRY])
		wrong_keys(r, "TreeDigest and Entries");
	if (r->keys.status == 0 && r->visitors.status == 0)
		return 0;
	*err = r->keys.status ? r->keys : r->visitors;
	return -1;
}

int read_manifest(const char *path, struct manifest_visitor *visitor, struct err *err)
{
	cleanup_fclose FILE *file = fopen(path, "re");
	struct reader r = {.file = file, .path = path, .visitor = visitor, .line = 1};

	if (!file)
		return err_errno(err, "FILE-OPEN", "%s", path);
	return read_all(&r, err);
}
