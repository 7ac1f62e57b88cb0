/*
 * Reads the file "run" of a finished archive back into a run specification, so that it can be
 * shown. Never takes what init would refuse; docs/init.md has the keys.
 */
#include <stdlib.h>
#include <string.h>

#include "runspec.h"

enum key { NAME, ENV, ARG, UID, GID, GROUP, WORKDIR, STOPSIGNAL, VOLUME, XATTR, KEYS };

static const struct {
	const char *text; /* with its '=' */
	size_t least;	  /* records */
	size_t most;
} keys[KEYS] = {
	[NAME] = {"name=", 1, 1},
	[ENV] = {"env=", 0, RUNSPEC_STRINGS_MAX},
	[ARG] = {"arg=", 1, RUNSPEC_STRINGS_MAX},
	[UID] = {"uid=", 0, 1},
	[GID] = {"gid=", 0, 1},
	[GROUP] = {"group=", 0, RUNSPEC_STRINGS_MAX},
	[WORKDIR] = {"workdir=", 0, 1},
	[STOPSIGNAL] = {"stopsignal=", 0, 1},
	[VOLUME] = {"volume=", 0, RUNSPEC_STRINGS_MAX},
	[XATTR] = {"xattr=", 0, RUNSPEC_STRINGS_MAX},
};

static int no_memory(struct err *err)
{
	return err_errno(err, "ROOTFS-MEMORY", "run specification");
}

static int refuse(const char *expected, const char *found, struct err *err)
{
	return err_set(err, EXIT_MALFORMED, "RUN-RECORD", "%s expected, found \"%.200s\"", expected,
		       found);
}

static int take_number(const char *value, uint32_t least, uint32_t most, uint32_t *number,
		       struct err *err)
{
	size_t digits = strspn(value, "0123456789");
	uint64_t found = 0;

	for (size_t i = 0; i < digits && found <= most; i++)
		found = found * 10 + (uint64_t)(value[i] - '0');
	if (digits == 0 || value[digits] || found < least || found > most)
		return err_set(err, EXIT_MALFORMED, "RUN-RECORD",
			       "a number from %u to %u expected, found \"%.200s\"", least, most,
			       value);
	*number = (uint32_t)found;
	return 0;
}

static int take_id(const char *value, uint32_t *id, struct err *err)
{
	return take_number(value, 0, UINT32_MAX - 1, id, err);
}

static int take_group(const char *value, struct account *account, struct err *err)
{
	uint32_t *groups = reallocarray(account->groups, account->group_count + 1, sizeof(*groups));

	if (!groups)
		return no_memory(err);
	account->groups = groups;
	return take_id(value, &groups[account->group_count++], err);
}

static int take_text(const char *value, char **text, struct err *err)
{
	*text = strdup(value);
	return *text ? 0 : no_memory(err);
}

static int take_signal(const char *value, int *signal, struct err *err)
{
	uint32_t number = 0;

	if (take_number(value, 1, SIGNAL_MAX, &number, err) < 0)
		return -1;
	*signal = (int)number;
	return 0;
}

static int take_value(struct runspec *spec, enum key key, const char *value, struct err *err)
{
	if ((key == NAME || (key == ARG && spec->args.count == 0)) && !*value)
		return refuse("a value that is not empty", value, err);
	if ((key == WORKDIR || key == VOLUME) && *value != '/')
		return refuse("an absolute path", value, err);
	switch (key) {
	case NAME:
		return take_text(value, &spec->name, err);
	case ENV:
		return strings_add(&spec->env, value, err);
	case ARG:
		return strings_add(&spec->args, value, err);
	case UID:
		return take_id(value, &spec->account.uid, err);
	case GID:
		return take_id(value, &spec->account.gid, err);
	case GROUP:
		return take_group(value, &spec->account, err);
	case WORKDIR:
		return take_text(value, &spec->workdir, err);
	case STOPSIGNAL:
		return take_signal(value, &spec->stop_signal, err);
	case VOLUME:
		return strings_add(&spec->volumes, value, err);
	default: /* runspec_apply_xattrs() reads those */
		return 0;
	}
}

static int take_record(struct runspec *spec, const char *record, size_t counts[KEYS],
		       struct err *err)
{
	for (enum key key = 0; key < KEYS; key++) {
		size_t size = strlen(keys[key].text);

		if (strncmp(record, keys[key].text, size) != 0)
			continue;
		if (counts[key]++ == keys[key].most)
			return refuse("no more records of its key", record, err);
		return take_value(spec, key, record + size, err);
	}
	return refuse("key=value with a known key", record, err);
}

int runspec_decode(struct runspec *spec, const char *data, size_t size, struct err *err)
{
	size_t counts[KEYS] = {0};

	if (size > 0 && data[size - 1] != '\0')
		return err_set(err, EXIT_MALFORMED, "RUN-RECORD",
			       "byte %zu: a NUL byte at the end expected, found 0x%02x", size - 1,
			       (unsigned int)(unsigned char)data[size - 1]);
	for (size_t at = 0; at < size; at += strlen(data + at) + 1)
		if (take_record(spec, data + at, counts, err) < 0)
			return err_wrap(err, "record at byte %zu", at);
	for (enum key key = 0; key < KEYS; key++)
		if (counts[key] < keys[key].least)
			return err_set(err, EXIT_MALFORMED, "RUN-RECORD",
				       "a record %s expected, found none", keys[key].text);
	return 0;
}
