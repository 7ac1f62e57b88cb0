/* Reads the run specification in place. Never changes a byte of it and never guesses. */
#include "runspec.h"

#include <signal.h>
#include <stdint.h>
#include <string.h>

/* A record that is being read. */
struct record {
	size_t at; /* its offset in the file, for refusals */
	char *key; /* NUL-terminated as a whole: key, '=', value */
	char *value;
};

static int take_name(const struct record *r, struct runspec *spec, size_t before,
		     struct refusal *why)
{
	(void)before;
	if (!*r->value)
		return refuse(why, "INIT-RUNSPEC",
			      "/run: byte %zu: expected a name, found an empty one", r->at);
	spec->name = r->value;
	return 0;
}

static int take_arg(const struct record *r, struct runspec *spec, size_t before,
		    struct refusal *why)
{
	if (before == 0 && !*r->value)
		return refuse(why, "INIT-RUNSPEC",
			      "/run: byte %zu: expected a command, found an empty one", r->at);
	spec->argv[before] = r->value;
	return 0;
}

static int take_env(const struct record *r, struct runspec *spec, size_t before,
		    struct refusal *why)
{
	(void)why;
	spec->envp[before] = r->value;
	return 0;
}

/* Decimal digits and nothing else. */
static int take_number(const struct record *r, uint32_t least, uint32_t most, uint32_t *number,
		       struct refusal *why)
{
	size_t digits = strspn(r->value, "0123456789");
	uint64_t value = 0;

	for (size_t i = 0; i < digits && value <= most; i++)
		value = value * 10 + (uint64_t)(r->value[i] - '0');
	if (digits == 0 || r->value[digits] || value < least || value > most)
		return refuse(why, "INIT-RUNSPEC",
			      "/run: byte %zu: expected a number from %u to %u, found \"%.64s\"",
			      r->at, least, most, r->value);
	*number = (uint32_t)value;
	return 0;
}

/* The number above stands for "leave it alone". */
#define ID_MAX (UINT32_MAX - 1)

enum { SIGNAL_MAX = 64 }; /* Linux's last */

static int take_uid(const struct record *r, struct runspec *spec, size_t before,
		    struct refusal *why)
{
	(void)before;
	return take_number(r, 0, ID_MAX, &spec->uid, why);
}

static int take_gid(const struct record *r, struct runspec *spec, size_t before,
		    struct refusal *why)
{
	(void)before;
	return take_number(r, 0, ID_MAX, &spec->gid, why);
}

static int take_group(const struct record *r, struct runspec *spec, size_t before,
		      struct refusal *why)
{
	spec->group_count = before + 1;
	return take_number(r, 0, ID_MAX, &spec->groups[before], why);
}

static int check_absolute(const struct record *r, struct refusal *why)
{
	if (*r->value == '/')
		return 0;
	return refuse(why, "INIT-RUNSPEC",
		      "/run: byte %zu: expected an absolute path, found \"%.64s\"", r->at,
		      r->value);
}

static int take_workdir(const struct record *r, struct runspec *spec, size_t before,
			struct refusal *why)
{
	(void)before;
	spec->workdir = r->value;
	return check_absolute(r, why);
}

static int take_stop_signal(const struct record *r, struct runspec *spec, size_t before,
			    struct refusal *why)
{
	uint32_t number;

	(void)before;
	if (take_number(r, 1, SIGNAL_MAX, &number, why))
		return -1;
	spec->stop_signal = (int)number;
	return 0;
}

static int take_volume(const struct record *r, struct runspec *spec, size_t before,
		       struct refusal *why)
{
	spec->volumes[before] = r->value;
	return check_absolute(r, why);
}

static int take_xattr(const struct record *r, struct runspec *spec, size_t before,
		      struct refusal *why)
{
	(void)why;
	spec->xattrs[before] = r->value;
	return 0;
}

/* The keys, and what takes each; before is how many records of that key there were. */
static const struct {
	const char *key; /* with its '=' */
	int (*take)(const struct record *r, struct runspec *spec, size_t before,
		    struct refusal *why);
	size_t least; /* records */
	size_t most;
} keys[] = {
	{"name=", take_name, 1, 1},
	{"arg=", take_arg, 1, RUNSPEC_STRINGS_MAX},
	{"env=", take_env, 0, RUNSPEC_STRINGS_MAX},
	{"uid=", take_uid, 0, 1},
	{"gid=", take_gid, 0, 1},
	{"group=", take_group, 0, RUNSPEC_STRINGS_MAX},
	{"workdir=", take_workdir, 0, 1},
	{"stopsignal=", take_stop_signal, 0, 1},
	{"volume=", take_volume, 0, RUNSPEC_STRINGS_MAX},
	{"xattr=", take_xattr, 0, RUNSPEC_STRINGS_MAX},
};

enum { KEYS = sizeof(keys) / sizeof(keys[0]) };

static int take_key(const struct record *r, size_t k, struct runspec *spec, size_t *count,
		    struct refusal *why)
{
	if (*count == keys[k].most && *count == 1)
		return refuse(why, "INIT-RUNSPEC", "/run: byte %zu: expected one %s, found another",
			      r->at, keys[k].key);
	if (*count == keys[k].most)
		return refuse(why, "INIT-RUNSPEC",
			      "/run: byte %zu: expected at most %d records of this key, found more",
			      r->at, RUNSPEC_STRINGS_MAX);
	return keys[k].take(r, spec, (*count)++, why);
}

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
			return take_key(r, k, spec, &counts[k], why);
		}
	}
	return refuse(why, "INIT-RUNSPEC", "/run: byte %zu: expected a known key, found \"%.*s\"",
		      r->at, equals - r->key < 64 ? (int)(equals - r->key) : 64, r->key);
}

int runspec_parse(char *data, size_t size, struct runspec *spec, struct refusal *why)
{
	size_t counts[KEYS] = {0};

	*spec = (struct runspec){.stop_signal = SIGTERM};
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
