/*
 * Layouts: files of KEY = VALUE lines that say what a VMM of some version does with a realm.
 * Strict: every line is looked at, and no key is unknown, missing or there twice. Evaluates nothing
 * but the arithmetic of expression.c.
 */
#include "layout.h"

#include <errno.h>
#include <string.h>

#include "outfile.h"

static const struct {
	const char *key;
	bool needed;
} known[] = {
	{"name", true},	      {"vmm", true},	  {"rmm", true},      {"hash", true},
	{"order", true},      {"ram_base", true}, {"ram_unit", true}, {"ram_max", true},
	{"cpus_max", true},   {"ipa_bits", true}, {"round", true},    {"ripas_block", true},
	{"kernel", true},     {"initrd", true},	  {"tree", true},     {"tree_size", true},
	{"tree_file", false}, {"pc", true},	  {"x0", true},	      {"x1", false},
	{"x2", false},	      {"x3", false},	  {"x4", false},      {"x5", false},
	{"x6", false},	      {"x7", false},	  {"command", false},
};

enum { KNOWN = sizeof(known) / sizeof(known[0]) };

void realm_layout_free(struct realm_layout *layout)
{
	if (!layout)
		return;
	free(layout->text);
	free(layout->path);
	free(layout);
}

static const struct layout_line *find(const struct realm_layout *layout, const char *key)
{
	for (size_t i = 0; i < layout->count; i++)
		if (strcmp(layout->lines[i].key, key) == 0)
			return &layout->lines[i];
	return NULL;
}

const char *realm_layout_get(const struct realm_layout *layout, const char *key)
{
	const struct layout_line *line = find(layout, key);

	return line ? line->value : NULL;
}

static int bad_line(const struct realm_layout *layout, unsigned number, const char *name,
		    const char *expected, const char *found, struct err *err)
{
	return err_set(err, EXIT_MALFORMED, name, "%s: line %u: %s expected, found '%.60s'",
		       layout->path, number, expected, found);
}

int layout_value(const struct realm_layout *layout, const char *key, const struct realm_name *names,
		 size_t count, uint64_t *value, struct err *err)
{
	const struct layout_line *line = find(layout, key);

	if (!line) {
		*value = 0; /* a register that is not named */
		return 0;
	}
	if (realm_expression(line->value, strlen(line->value), names, count, value, err) < 0)
		return err_wrap(err, "%s: line %u: %s", layout->path, line->number, key);
	return 0;
}

static char *trim(char *text)
{
	size_t length;

	text += strspn(text, " \t");
	length = strlen(text);
	while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t'))
		text[--length] = '\0';
	return text;
}

static int take_line(struct realm_layout *layout, char *text, unsigned number, struct err *err)
{
	char *equals = strchr(text, '=');
	struct layout_line line = {.number = number};
	size_t i = 0;

	for (const char *p = text; *p; p++)
		if ((*p < 0x20 && *p != '\t') || *p == 0x7f)
			return bad_line(layout, number, "LAYOUT-SYNTAX", "text", "a control", err);
	if (!*trim(text) || *trim(text) == '#')
		return 0;
	if (!equals)
		return bad_line(layout, number, "LAYOUT-SYNTAX", "KEY = VALUE", text, err);
	*equals = '\0';
	line.key = trim(text);
	line.value = trim(equals + 1);
	while (i < KNOWN && strcmp(known[i].key, line.key) != 0)
		i++;
	if (i == KNOWN)
		return bad_line(layout, number, "LAYOUT-KEY", "a known key", line.key, err);
	if (find(layout, line.key))
		return bad_line(layout, number, "LAYOUT-KEY", "a key once", line.key, err);
	if (!*line.value)
		return bad_line(layout, number, "LAYOUT-SYNTAX", "a value", line.key, err);
	layout->lines[layout->count++] = line;
	return 0;
}

static int take_lines(struct realm_layout *layout, struct err *err)
{
	char *rest = layout->text;
	unsigned number = 0;

	while (rest) {
		char *line = strsep(&rest, "\n");

		if (take_line(layout, line, ++number, err) < 0)
			return -1;
	}
	for (size_t i = 0; i < KNOWN; i++)
		if (known[i].needed && !find(layout, known[i].key))
			return err_set(err, EXIT_MALFORMED, "LAYOUT-KEY",
				       "%s: a line '%s = ...' expected, found none", layout->path,
				       known[i].key);
	return 0;
}

/* Whether a word is among those of a list. */
static bool has_word(const char *list, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = list; *at; at += strcspn(at, " ")) {
		at += strspn(at, " ");
		if (strncmp(at, word, length) == 0 && (at[length] == ' ' || !at[length]))
			return true;
	}
	return false;
}

static unsigned word_count(const char *list)
{
	unsigned count = 0;

	for (const char *at = list + strspn(list, " "); *at; at += strspn(at, " ")) {
		at += strcspn(at, " ");
		count++;
	}
	return count;
}

static int take_order(struct realm_layout *layout, struct err *err)
{
	static const char *const steps[] = {"ripas", "data", "rec"};
	const struct layout_line *line = find(layout, "order");
	const char *at = line->value;
	unsigned seen = 0;

	for (unsigned i = 0; i < LAYOUT_STEPS; i++) {
		size_t length = strcspn(at, " ");
		unsigned step = 0;

		while (step < LAYOUT_STEPS &&
		       (strlen(steps[step]) != length || strncmp(steps[step], at, length) != 0))
			step++;
		if (step == LAYOUT_STEPS)
			break;
		layout->order[i] = (enum layout_step)step;
		seen |= 1U << step;
		at += length;
		at += strspn(at, " ");
	}
	if (seen != 7 || *at)
		return bad_line(layout, line->number, "LAYOUT-VALUE",
				"ripas, data and rec, each once", line->value, err);
	return 0;
}

/* Every word of the value must be known. */
static int check_words(const struct realm_layout *layout, const char *key, const char *words,
		       struct err *err)
{
	const struct layout_line *line = find(layout, key);
	unsigned matched = 0;
	char word[16];

	for (const char *at = words; *at; at += strspn(at, " ")) {
		size_t length = strcspn(at, " ");

		snprintf(word, sizeof(word), "%.*s", (int)length, at);
		matched += has_word(line->value, word);
		at += length;
	}
	if (matched == 0 || matched != word_count(line->value))
		return bad_line(layout, line->number, "LAYOUT-VALUE", words, line->value, err);
	return 0;
}

static int check_name(const struct realm_layout *layout, const char *key, struct err *err)
{
	const struct layout_line *line = find(layout, key);

	if (!line)
		return 0;
	if (line->value[0] == '.' ||
	    strspn(line->value, "abcdefghijklmnopqrstuvwxyz0123456789.-") != strlen(line->value))
		return bad_line(layout, line->number, "LAYOUT-VALUE", "a name of a-z 0-9 . -",
				line->value, err);
	return 0;
}

static int check(struct realm_layout *layout, struct err *err)
{
	if (check_name(layout, "name", err) < 0 || check_name(layout, "tree_file", err) < 0 ||
	    check_words(layout, "vmm", "kvmtool qemu igvm", err) < 0 ||
	    check_words(layout, "rmm", "1.0 2.0", err) < 0 ||
	    check_words(layout, "hash", "sha-256 sha-384 sha-512", err) < 0)
		return -1;
	return take_order(layout, err);
}

struct realm_layout *realm_layout_parse(const char *text, size_t size, const char *path,
					struct err *err)
{
	cleanup_layout struct realm_layout *layout = calloc(1, sizeof(*layout));

	if (layout) {
		layout->text = strndup(text, size);
		layout->path = strdup(path);
	}
	if (!layout || !layout->text || !layout->path) {
		err_errno(err, "MEMORY", "%s", path);
		return NULL;
	}
	if (strlen(layout->text) != size) {
		bad_line(layout, 1, "LAYOUT-SYNTAX", "text", "a NUL", err);
		return NULL;
	}
	if (take_lines(layout, err) < 0 || check(layout, err) < 0)
		return NULL;
	return steal_ptr(layout);
}

struct realm_layout *realm_layout_load(const char *path, struct err *err)
{
	cleanup_free char *text = NULL;
	size_t size;

	text = read_small_file(path, LAYOUT_MAX_SIZE, &size, err);
	return text ? realm_layout_parse(text, size, path, err) : NULL;
}

int realm_layout_allows(const struct realm_layout *layout, enum realm_rmm rmm,
			enum hash_algorithm hash, struct err *err)
{
	const char *rmms = realm_layout_get(layout, "rmm");
	const char *hashes = realm_layout_get(layout, "hash");

	if (!has_word(rmms, realm_rmm_name(rmm)))
		return err_set(err, EXIT_USAGE, "REALM-RMM", "%s: RMM %s expected, found %s",
			       layout->path, rmms, realm_rmm_name(rmm));
	if (!has_word(hashes, realm_hash_name(hash)))
		return err_set(err, EXIT_USAGE, "REALM-HASH", "%s: %s expected, found %s",
			       layout->path, hashes, realm_hash_name(hash));
	if (rmm == REALM_RMM_1 && hash == HASH_SHA384)
		return err_set(err, EXIT_USAGE, "REALM-HASH",
			       "RMM 1.0: sha-256 or sha-512 expected, found sha-384");
	return 0;
}
