/*
 * Device trees from descriptions: files of lines that say node by node what a VMM writes. The blob
 * has its nodes, properties and strings in the order of the lines, which is measured as much as
 * what they say, so it is laid out here; libfdt, which orders strings its own way, judges the
 * result. Never takes anything from the host.
 */
#include "room.h"

#include <errno.h>
#include <string.h>

#include <libfdt.h>

enum {
	MAX_LINES = 4096,
	MAX_NAMES = 40,
	MAX_NESTED = 16,
	MAX_STEPS = 50000, /* lines that are run, loops included */
	MAX_STRINGS = 16384,
	MAX_WORD = 256,
	MAX_DIGITS = 20, /* of 64 bits */
	MAX_NAME = 31, /* of a property: Devicetree Specification 2.2.4 */

	HEADER = 40,
	RESERVATIONS = 16,    /* bytes of an empty list */
	LIBFDT_HEADER = 0x30, /* where libfdt's read-write functions put that list */
	VERSION = 17,
	COMPATIBLE = 16,
};

struct writer {
	const char *path;
	char **lines; /* of the description */
	size_t line_count;
	size_t line; /* the one that is run, from 0 */
	size_t steps;
	struct realm_name names[MAX_NAMES];
	size_t count;
	const char *cmdline;
	unsigned char *blob;
	size_t room;
	size_t used;
	size_t nested;	  /* open nodes */
	size_t structure; /* where it begins */
	size_t total;	  /* bytes of the blob, free room included; 0: as many as it needs */
	bool shared;	  /* a name may be the end of another */
	char strings[MAX_STRINGS];
	size_t strings_size;
};

static int bad(const struct writer *writer, const char *name, const char *expected,
	       const char *found, struct err *err)
{
	return err_set(err, EXIT_MALFORMED, name, "%s: line %zu: %s expected, found '%.60s'",
		       writer->path, writer->line + 1, expected, found);
}

static int put(struct writer *writer, const void *data, size_t size, struct err *err)
{
	size_t padded = (size + 3) & ~(size_t)3;

	if (padded > writer->room - writer->used)
		return err_set(err, EXIT_MALFORMED, "TREE-SIZE",
			       "%s: line %zu: a device tree of at most %zu bytes expected, found "
			       "more",
			       writer->path, writer->line + 1, writer->room);
	memcpy(writer->blob + writer->used, data, size);
	memset(writer->blob + writer->used + size, 0, padded - size);
	writer->used += padded;
	return 0;
}

static int put_cell(struct writer *writer, uint64_t value, struct err *err)
{
	fdt32_t cell = cpu_to_fdt32((uint32_t)value);

	return put(writer, &cell, sizeof(cell), err);
}

/* The place of a property's name in the strings, where it is put when it is new. */
static int place_name(struct writer *writer, const char *name, size_t *place, struct err *err)
{
	size_t size = strlen(name) + 1;

	if (size == 1 || size - 1 > MAX_NAME ||
	    strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789,._+?#-") !=
		    size - 1)
		return bad(writer, "TREE-NAME", "the name of a property", name, err);
	for (*place = 0; *place < writer->strings_size;
	     *place += writer->shared ? 1 : strlen(writer->strings + *place) + 1)
		if (strcmp(writer->strings + *place, name) == 0)
			return 0;
	if (size > sizeof(writer->strings) - writer->strings_size)
		return bad(writer, "TREE-SIZE", "fewer names", name, err);
	memcpy(writer->strings + writer->strings_size, name, size);
	writer->strings_size += size;
	return 0;
}

static int put_property(struct writer *writer, const char *name, const void *data, size_t size,
			struct err *err)
{
	size_t place = 0;

	if (writer->nested == 0)
		return bad(writer, "TREE-SYNTAX", "a node around a property", name, err);
	if (place_name(writer, name, &place, err) < 0 || put_cell(writer, FDT_PROP, err) < 0 ||
	    put_cell(writer, size, err) < 0 || put_cell(writer, place, err) < 0)
		return -1;
	return put(writer, data, size, err);
}

static int evaluate(const struct writer *writer, const char *text, size_t size, uint64_t *value,
		    struct err *err)
{
	if (realm_expression(text, size, writer->names, writer->count, value, err) < 0)
		return err_wrap(err, "%s: line %zu", writer->path, writer->line + 1);
	return 0;
}

/* Replaces {EXPRESSION} by hexadecimal digits, {EXPRESSION:d} by decimal ones. */
static int expand(const struct writer *writer, const char *text, char out[MAX_WORD],
		  struct err *err)
{
	size_t used = 0;

	while (*text) {
		const char *brace = strchr(text, '{');
		const char *close = brace ? strchr(brace, '}') : NULL;
		size_t plain = brace ? (size_t)(brace - text) : strlen(text);
		bool decimal = close && close - brace > 2 && strncmp(close - 2, ":d", 2) == 0;
		uint64_t value;

		if (used + plain + MAX_DIGITS >= MAX_WORD || (brace && !close))
			return bad(writer, "TREE-SYNTAX", "a shorter word, {} in pairs", text, err);
		memcpy(out + used, text, plain);
		used += plain;
		text += plain;
		if (!brace)
			break;
		if (evaluate(writer, brace + 1, (size_t)(close - brace - 1) - (decimal ? 2 : 0),
			     &value, err) < 0)
			return -1;
		used += (size_t)snprintf(out + used, MAX_DIGITS + 1, decimal ? "%llu" : "%llx",
					 (unsigned long long)value);
		text = close + 1;
	}
	out[used] = '\0';
	return 0;
}

static int begin_node(struct writer *writer, const char *text, struct err *err)
{
	char name[MAX_WORD];

	if (expand(writer, text, name, err) < 0)
		return -1;
	if (strcmp(name, "/") == 0 && writer->nested == 0 && writer->used == writer->structure)
		name[0] = '\0';
	else if (writer->nested == 0 || writer->nested == MAX_NESTED || !name[0] ||
		 strpbrk(name, "/ \""))
		return bad(writer, "TREE-NAME", "/ first, then names of nodes in it", name, err);
	writer->nested++;
	if (put_cell(writer, FDT_BEGIN_NODE, err) < 0)
		return -1;
	return put(writer, name, strlen(name) + 1, err);
}

static int end_node(struct writer *writer, struct err *err)
{
	if (writer->nested == 0)
		return bad(writer, "TREE-SYNTAX", "a node before its end", "end", err);
	writer->nested--;
	return put_cell(writer, FDT_END_NODE, err);
}

/* Next word between spaces, cut out of *rest; "" at the end. */
static char *next_word(char **rest)
{
	char *word = *rest + strspn(*rest, " ");
	char *end = word + strcspn(word, " ");

	*rest = *end ? end + 1 : end;
	*end = '\0';
	return word;
}

/* Numbers of size bytes each, big-endian. */
static int put_numbers(struct writer *writer, char *rest, const char *name, unsigned size,
		       uint64_t repeat, const char *variable, struct err *err)
{
	size_t room = REALM_MAX_TREE;
	cleanup_free unsigned char *data = malloc(room);
	size_t used = 0;

	if (!data)
		return err_errno(err, "MEMORY", "device tree");
	for (uint64_t i = 0; i < repeat; i++) {
		cleanup_free char *again = strdup(rest);
		char *at = again;
		uint64_t value;

		if (!again)
			return err_errno(err, "MEMORY", "device tree");
		if (variable)
			writer->names[writer->count++] = (struct realm_name){variable, i};
		for (char *word = next_word(&at); *word; word = next_word(&at)) {
			if (evaluate(writer, word, strlen(word), &value, err) < 0)
				return -1;
			if ((size == 4 && value > UINT32_MAX) || used + size > room)
				return bad(writer, "TREE-VALUE", "a cell of 32 bits", word, err);
			for (unsigned byte = 0; byte < size; byte++)
				data[used++] = (unsigned char)(value >> (8 * (size - 1 - byte)));
		}
		if (variable)
			writer->count--;
	}
	return put_property(writer, name, data, used, err);
}

/* "..." words, each with its NUL; {cmdline} is the command line. */
static int put_texts(struct writer *writer, char *rest, const char *name, struct err *err)
{
	size_t room = strlen(rest) + strlen(writer->cmdline) + 2;
	cleanup_free char *data = malloc(room);
	size_t used = 0;

	if (!data)
		return err_errno(err, "MEMORY", "device tree");
	rest += strspn(rest, " ");
	while (*rest == '"') {
		char *end = strchr(rest + 1, '"');
		char *slot;

		if (!end)
			break;
		*end = '\0';
		slot = strstr(rest + 1, "{cmdline}");
		if (slot && strlen(writer->cmdline) + used + strlen(rest) < room)
			used += (size_t)snprintf(data + used, room - used, "%.*s%s%s",
						 (int)(slot - rest - 1), rest + 1, writer->cmdline,
						 slot + strlen("{cmdline}"));
		else
			used += (size_t)snprintf(data + used, room - used, "%s", rest + 1);
		data[used++] = '\0';
		rest = end + 1 + strspn(end + 1, " ");
	}
	if (*rest || used == 0)
		return bad(writer, "TREE-SYNTAX", "words in quotes", rest, err);
	return put_property(writer, name, data, used, err);
}

static int put_each(struct writer *writer, char *rest, const char *name, struct err *err)
{
	const char *variable = next_word(&rest);
	const char *times = next_word(&rest);
	uint64_t repeat;

	if (writer->count == MAX_NAMES || !*variable)
		return bad(writer, "TREE-SYNTAX", "each PROPERTY VARIABLE COUNT CELL...", variable,
			   err);
	if (evaluate(writer, times, strlen(times), &repeat, err) < 0)
		return -1;
	if (repeat > 4096)
		return bad(writer, "TREE-VALUE", "at most 4096 times", times, err);
	writer->steps += (size_t)repeat;
	return put_numbers(writer, rest, name, 4, repeat, variable, err);
}

/* Names in this order, as another writer happens to come upon them first. */
static int put_names(struct writer *writer, char *rest, struct err *err)
{
	size_t place = 0;

	for (char *word = next_word(&rest); *word; word = next_word(&rest))
		if (place_name(writer, word, &place, err) < 0)
			return -1;
	return 0;
}

/* As libfdt's read-write functions leave a tree in a buffer of that many bytes. */
static int take_libfdt(struct writer *writer, const char *rest, struct err *err)
{
	uint64_t total;

	if (writer->used != HEADER + RESERVATIONS)
		return bad(writer, "TREE-SYNTAX", "libfdt before any node", rest, err);
	if (evaluate(writer, rest, strlen(rest), &total, err) < 0)
		return -1;
	if (total > writer->room)
		return bad(writer, "TREE-VALUE", "at most 1M", rest, err);
	writer->structure = writer->used = LIBFDT_HEADER + RESERVATIONS;
	writer->shared = true;
	writer->total = (size_t)total;
	return 0;
}

/* One line that is neither a loop nor a condition. */
static int run_line(struct writer *writer, const char *word, char *rest, struct err *err)
{
	const char *name;

	if (strcmp(word, "node") == 0)
		return begin_node(writer, rest, err);
	if (strcmp(word, "end") == 0)
		return end_node(writer, err);
	if (strcmp(word, "names") == 0)
		return put_names(writer, rest, err);
	if (strcmp(word, "libfdt") == 0)
		return take_libfdt(writer, rest, err);
	name = next_word(&rest);
	if (strcmp(word, "empty") == 0)
		return put_property(writer, name, "", 0, err);
	if (strcmp(word, "cells") == 0)
		return put_numbers(writer, rest, name, 4, 1, NULL, err);
	if (strcmp(word, "quads") == 0)
		return put_numbers(writer, rest, name, 8, 1, NULL, err);
	if (strcmp(word, "each") == 0)
		return put_each(writer, rest, name, err);
	if (strcmp(word, "text") == 0)
		return put_texts(writer, rest, name, err);
	return bad(writer, "TREE-SYNTAX",
		   "node, end, empty, cells, quads, each, text, names, libfdt, if or for", word,
		   err);
}

static bool begins(const char *line, const char *word)
{
	size_t length = strlen(word);

	return strncmp(line, word, length) == 0 && (line[length] == ' ' || !line[length]);
}

/* The line of the same depth that is one of these words, before end; end when there is none. */
static size_t find_close(const struct writer *writer, size_t at, size_t end, const char *open,
			 const char *close, const char *other)
{
	size_t depth = 0;

	for (; at < end; at++) {
		if (begins(writer->lines[at], open))
			depth++;
		else if (depth == 0 && (begins(writer->lines[at], close) ||
					(other && begins(writer->lines[at], other))))
			return at;
		else if (begins(writer->lines[at], close))
			depth--;
	}
	return end;
}

static int run(struct writer *writer, size_t begin, size_t end, unsigned depth, struct err *err);

static int run_if(struct writer *writer, size_t *at, size_t end, unsigned depth, struct err *err)
{
	const char *condition = writer->lines[*at] + 2;
	size_t middle = find_close(writer, *at + 1, end, "if", "fi", "else");
	size_t last = middle;
	size_t begin = *at + 1;
	uint64_t value;

	if (middle < end && begins(writer->lines[middle], "else"))
		last = find_close(writer, middle + 1, end, "if", "fi", NULL);
	if (last == end)
		return bad(writer, "TREE-SYNTAX", "fi behind if", condition, err);
	if (evaluate(writer, condition, strlen(condition), &value, err) < 0)
		return -1;
	*at = last + 1;
	if (value)
		return run(writer, begin, middle, depth + 1, err);
	return middle < last ? run(writer, middle + 1, last, depth + 1, err) : 0;
}

static int run_for(struct writer *writer, size_t *at, size_t end, unsigned depth, struct err *err)
{
	size_t last = find_close(writer, *at + 1, end, "for", "done", NULL);
	cleanup_free char *line = strdup(writer->lines[*at] + 3);
	size_t begin = *at + 1;
	const char *variable;
	char *rest = line;
	uint64_t times;

	if (!line)
		return err_errno(err, "MEMORY", "device tree");
	variable = next_word(&rest);
	if (last == end || !*variable || writer->count >= MAX_NAMES - 1)
		return bad(writer, "TREE-SYNTAX", "for VARIABLE COUNT ... done", variable, err);
	if (evaluate(writer, rest, strlen(rest), &times, err) < 0)
		return -1;
	*at = last + 1;
	writer->count++;
	for (uint64_t i = 0; i < times; i++) {
		writer->names[writer->count - 1] = (struct realm_name){variable, i};
		if (run(writer, begin, last, depth + 1, err) < 0)
			return -1;
	}
	writer->count--;
	return 0;
}

static int run(struct writer *writer, size_t begin, size_t end, unsigned depth, struct err *err)
{
	if (depth > MAX_NESTED)
		return bad(writer, "TREE-SYNTAX", "fewer conditions in each other", "if", err);
	for (size_t at = begin; at < end;) {
		cleanup_free char *line = NULL;
		const char *word;
		char *rest;
		int status;

		writer->line = at;
		if (++writer->steps > MAX_STEPS)
			return bad(writer, "TREE-SIZE", "fewer repetitions", writer->lines[at],
				   err);
		if (begins(writer->lines[at], "if")) {
			status = run_if(writer, &at, end, depth, err);
		} else if (begins(writer->lines[at], "for")) {
			status = run_for(writer, &at, end, depth, err);
		} else {
			line = rest = strdup(writer->lines[at++]);
			if (!line)
				return err_errno(err, "MEMORY", "device tree");
			word = next_word(&rest);
			status = *word ? run_line(writer, word, rest, err) : 0;
		}
		if (status < 0)
			return -1;
	}
	return 0;
}

static int finish(struct writer *writer, size_t *size, struct err *err)
{
	struct fdt_header *header = (struct fdt_header *)(void *)writer->blob;
	size_t structure;

	if (writer->nested > 0 || writer->used == writer->structure)
		return bad(writer, "TREE-SYNTAX", "a whole tree", "its end", err);
	if (put_cell(writer, FDT_END, err) < 0)
		return -1;
	structure = writer->used;
	if (writer->strings_size > writer->room - writer->used)
		return bad(writer, "TREE-SIZE", "a smaller tree", "more", err);
	memcpy(writer->blob + structure, writer->strings, writer->strings_size);
	*size = structure + writer->strings_size;
	if (writer->total > 0 && (writer->total < *size || writer->total > writer->room))
		return bad(writer, "TREE-SIZE", "room for the tree", "libfdt", err);
	if (writer->total > 0) {
		memset(writer->blob + *size, 0, writer->total - *size);
		*size = writer->total;
	}
	memset(writer->blob, 0, writer->structure);
	header->magic = cpu_to_fdt32(FDT_MAGIC);
	header->totalsize = cpu_to_fdt32((uint32_t)*size);
	header->off_dt_struct = cpu_to_fdt32((uint32_t)writer->structure);
	header->off_dt_strings = cpu_to_fdt32((uint32_t)structure);
	header->off_mem_rsvmap = cpu_to_fdt32((uint32_t)(writer->structure - RESERVATIONS));
	header->version = cpu_to_fdt32(VERSION);
	header->last_comp_version = cpu_to_fdt32(COMPATIBLE);
	header->size_dt_strings = cpu_to_fdt32((uint32_t)writer->strings_size);
	header->size_dt_struct = cpu_to_fdt32((uint32_t)(structure - writer->structure));
	return realm_tree_check(writer->blob, *size, writer->path, err);
}

/* Lines without what stands before their first word, and without comments. */
static int cut_lines(struct writer *writer, char *text, struct err *err)
{
	char *rest = text;

	while (rest) {
		char *line = strsep(&rest, "\n");

		writer->line = writer->line_count;
		if (writer->line_count == MAX_LINES)
			return bad(writer, "TREE-SIZE", "fewer lines", line, err);
		for (const char *p = line; *p; p++)
			if ((*p < 0x20 && *p != '\t') || *p == 0x7f)
				return bad(writer, "TREE-SYNTAX", "text", "a control", err);
		line += strspn(line, " \t");
		writer->lines[writer->line_count++] = *line == '#' ? line + strlen(line) : line;
	}
	return 0;
}

int realm_tree_write(const char *text, size_t text_size, const char *path,
		     const struct realm_name *names, size_t count, const char *cmdline,
		     unsigned char *blob, size_t room, size_t *size, struct err *err)
{
	cleanup_free struct writer *writer = calloc(1, sizeof(*writer));
	cleanup_free char **lines = calloc(MAX_LINES, sizeof(*lines));
	cleanup_free char *copy = strndup(text, text_size);

	if (!writer || !lines || !copy || count > MAX_NAMES - 1) {
		errno = ENOMEM;
		return err_errno(err, "MEMORY", "device tree");
	}
	writer->path = path;
	writer->lines = lines;
	writer->cmdline = cmdline;
	writer->blob = blob;
	writer->room = room;
	writer->used = writer->structure = HEADER + RESERVATIONS;
	memcpy(writer->names, names, count * sizeof(*names));
	writer->count = count;
	writer->names[writer->count++] = (struct realm_name){"cmdline_size", strlen(cmdline)};
	if (room < LIBFDT_HEADER + RESERVATIONS || strlen(copy) != text_size)
		return bad(writer, "TREE-SYNTAX", "text", "a NUL", err);
	if (cut_lines(writer, copy, err) < 0 || run(writer, 0, writer->line_count, 0, err) < 0)
		return -1;
	return finish(writer, size, err);
}

int realm_tree_check(const void *blob, size_t size, const char *path, struct err *err)
{
	int reason = size < HEADER ? -FDT_ERR_TRUNCATED : fdt_check_full(blob, size);

	if (reason < 0)
		return err_set(err, EXIT_MALFORMED, "TREE-BLOB",
			       "%s: a sound device tree expected, found %s", path,
			       fdt_strerror(reason));
	return 0;
}
