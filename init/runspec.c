/* Reads the run specification in place. Never changes a byte of it and never guesses. */
#include "runspec.h"

#include <string.h>

/* A record that is being read. */
struct record {
	size_t at; /* its offset in the file, for refusals */
	char *key; /* NUL-terminated as a whole: key, '=', value */
	char *value;
};

static int take_name(const struct record *r, struct runspec *spec, size_t *count,
		     struct refusal *why)
{
	if (++*count > 1)
		return refuse(why, "INIT-RUNSPEC",
			      "/run: byte %zu: expected one name=, found another", r->at);
	if (!*r->value)
		return refuse(why, "INIT-RUNSPEC",
			      "/run: byte %zu: expected a name, found an empty one", r->at);
	spec->name = r->value;
	return 0;
}

static int append(const struct record *r, char **list, size_t *count, struct refusal *why)
{
	if (*count == RUNSPEC_STRINGS_MAX)
		return refuse(why, "INIT-RUNSPEC",
			      "/run: byte %zu: expected at most %d records of this key, found more",
			      r->at, RUNSPEC_STRINGS_MAX);
	list[(*count)++] = r->value;
	list[*count] = NULL;
	return 0;
}

static int take_arg(const struct record *r, struct runspec *spec, size_t *count,
		    struct refusal *why)
{
	if (*count == 0 && !*r->value)
		return refuse(why, "INIT-RUNSPEC",
			      "/run: byte %zu: expected a command, found an empty one", r->at);
	return append(r, spec->argv, count, why);
}

static int take_env(const struct record *r, struct runspec *spec, size_t *count,
		    struct refusal *why)
{
	return append(r, spec->envp, count, why);
}

/* The keys, and what takes each. */
static const struct {
	const char *key; /* with its '=' */
	int (*take)(const struct record *r, struct runspec *spec, size_t *count,
		    struct refusal *why);
	size_t least; /* records */
} keys[] = {
	{"name=", take_name, 1},
	{"arg=", take_arg, 1},
	{"env=", take_env, 0},
};

enum { KEYS = sizeof(keys) / sizeof(keys[0]) };

static int take(struct record *r, struct runspec *spec, size_t counts[KEYS], struct refusal *why)
{
	const char *equals = strchr(r->key, '=');

	if (!equals)
		return refuse(why, "INIT-RUNSPEC",
			      "/run: byte %zu: expected key=value, found \"%.64s\"", r->at, r->key);
	for (size_t k = 0; k < KEYS; k++) {
		size_t size = strlen(keys[k].key);

		if (!strncmp(r->key, keys[k].key, size)) {
			r->value = r->key + size;
			return keys[k].take(r, spec, &counts[k], why);
		}
	}
	return refuse(why, "INIT-RUNSPEC", "/run: byte %zu: expected a known key, found \"%.*s\"",
		      r->at, equals - r->key < 64 ? (int)(equals - r->key) : 64, r->key);
}

int runspec_parse(char *data, size_t size, struct runspec *spec, struct refusal *why)
{
	size_t counts[KEYS] = {0};

	*spec = (struct runspec){.name = NULL};
	if (size > 0 && data[size - 1] != '\0')
		return refuse(why, "INIT-RUNSPEC",
			      "/run: byte %zu: expected a NUL byte at the end, found 0x%02x",
			      size - 1, (unsigned int)(unsigned char)data[size - 1]);
	for (size_t at = 0; at < size;) {
		struct record r = {.at = at, .key = data + at};
		size_t length = strlen(r.key);

		if (take(&r, spec, counts, why))
			return -1;
		at += length + 1;
	}
	for (size_t k = 0; k < KEYS; k++)
		if (counts[k] < keys[k].least)
			return refuse(why, "INIT-RUNSPEC",
				      "/run: expected at least one record %s, found none",
				      keys[k].key);
	return 0;
}
