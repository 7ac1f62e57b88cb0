/*
 * Reads records line by line. Never holds more than one line and the values that were asked for,
 * whatever the file is.
 */
#include "stanza.h"

#include <jansson.h>
#include <string.h>

static int malformed(const char *expected, const char *found, struct err *err)
{
	return err_set(err, EXIT_MALFORMED, "PACKAGES-FORMAT", "%s expected, found \"%.60s\"",
		       expected, found);
}

/* JSON is UTF-8, and a value ends up in a terminal. */
static void make_plain(char *value)
{
	json_t *string = json_string(value);

	for (unsigned char *p = (unsigned char *)value; *p; p++)
		if (*p < 0x20 || *p == 0x7f || (!string && *p >= 0x80))
			*p = '?';
	json_decref(string);
}

static char *trim(char *value)
{
	size_t size;

	value += strspn(value, " \t");
	size = strlen(value);
	while (size > 0 && strchr(" \t\r", value[size - 1]))
		value[--size] = '\0';
	return value;
}

static char *unquote(char *value)
{
	size_t size = strlen(value);

	if (size < 2 || (*value != '"' && *value != '\'') || value[size - 1] != *value)
		return value;
	value[size - 1] = '\0';
	return value + 1;
}

static int keep(struct stanza_reader *reader, size_t key, char *value, struct err *err)
{
	if (reader->values[key] && reader->syntax != STANZA_ASSIGNMENT)
		return malformed("each key once in a record", reader->keys[key], err);
	if (reader->long_line)
		return malformed("a line of at most 8192 bytes", reader->keys[key], err);
	value = trim(value);
	if (reader->syntax == STANZA_ASSIGNMENT)
		value = unquote(value);
	make_plain(value);
	/* A shell that reads os-release takes the last one. */
	free(reader->values[key]);
	reader->values[key] = strdup(value);
	return reader->values[key] ? 0 : err_errno(err, "ROOTFS-MEMORY", "packages");
}

static int take_record(struct stanza_reader *reader, struct err *err)
{
	int failed;

	if (!reader->begun)
		return 0;
	failed = reader->take(reader, reader->values, err);
	stanza_clear(reader);
	reader->begun = false;
	return failed;
}

static bool is_ignored(const struct stanza_reader *reader)
{
	switch (reader->syntax) {
	case STANZA_CONTROL:
		return reader->line[0] == ' ' || reader->line[0] == '\t' || reader->line[0] == '#';
	case STANZA_APK:
		return false;
	case STANZA_ASSIGNMENT:
		return reader->line[0] == '#' || reader->line[0] == '\0';
	}
	return false;
}

static int take_line(struct stanza_reader *reader, struct err *err)
{
	char separator = reader->syntax == STANZA_ASSIGNMENT ? '=' : ':';
	char *value;

	reader->line[reader->used] = '\0';
	if (is_ignored(reader))
		return 0;
	if (reader->used == 0)
		return take_record(reader, err);
	value = strchr(reader->line, separator);
	if (!value)
		return malformed("a key and a value", reader->line, err);
	*value++ = '\0';
	reader->begun = true;
	for (size_t i = 0; reader->keys[i]; i++)
		if (strcmp(reader->keys[i], reader->line) == 0)
			return keep(reader, i, value, err);
	return 0;
}

static int end_line(struct stanza_reader *reader, struct err *err)
{
	int failed = take_line(reader, err);

	reader->used = 0;
	reader->long_line = false;
	return failed;
}

static void add(struct stanza_reader *reader, const char *data, size_t size)
{
	size_t room = STANZA_LINE_MAX - reader->used;
	char *to = reader->line + reader->used;

	if (size > room) {
		reader->long_line = true;
		size = room;
	}
	memcpy(to, data, size);
	reader->used += size;
	for (; (to = memchr(to, '\0', (size_t)(reader->line + reader->used - to))); to++)
		*to = '?';
}

static int take_bytes(struct sink *sink, const void *data, size_t size, struct err *err)
{
	struct stanza_reader *reader = (struct stanza_reader *)sink;
	const char *p = data;

	while (size > 0) {
		const char *newline = memchr(p, '\n', size);
		size_t part = newline ? (size_t)(newline - p) : size;

		add(reader, p, part);
		if (!newline)
			return 0;
		if (end_line(reader, err) < 0)
			return -1;
		p = newline + 1;
		size -= part + 1;
	}
	return 0;
}

void stanza_begin(struct stanza_reader *reader)
{
	reader->sink.take = take_bytes;
	reader->used = 0;
	reader->long_line = false;
	reader->begun = false;
	memset(reader->values, 0, sizeof(reader->values));
}

int stanza_end(struct stanza_reader *reader, struct err *err)
{
	if (reader->used > 0 && end_line(reader, err) < 0)
		return -1;
	return take_record(reader, err);
}

void stanza_clear(struct stanza_reader *reader)
{
	for (size_t i = 0; i < STANZA_KEYS_MAX; i++)
		free(steal_ptr(reader->values[i]));
}
