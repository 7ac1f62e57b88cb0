/*
 * Reads the file "run" of a finished archive back into a run specification, so that it can be
 * shown. Never takes a record that init would refuse; docs/init.md has the keys.
 */
#include <stdlib.h>
#include <string.h>

#include "runspec.h"

enum key {
	NAME,
	ENV,
	ARG,
	UID,
	GID,
	GROUP,
	WORKDIR,
	UMASK,
	RLIMIT,
	CAPS,
	SECCOMP,
	NEWPRIVS,
	NSM,
	PROCESS_KEYS_END,
	STOPSIGNAL = PROCESS_KEYS_END,
	VOLUME,
	XATTR,
	DIGEST,
	HOSTNAME,
	GRACE,
	READONLY,
	PLATFORM,
	ATTEST,
	CONFIG,
	PORT,
	HELPER,
	KEYS
};

static const struct {
	const char *text;
	size_t least; /* records */
	size_t most;
	bool flag; /* no value: the text is the whole record */
} keys[KEYS] = {
	[NAME] = {"name=", 1, 1, false},
	[ENV] = {"env=", 0, RUNSPEC_STRINGS_MAX, false},
	[ARG] = {"arg=", 1, RUNSPEC_STRINGS_MAX, false},
	[UID] = {"uid=", 0, 1, false},
	[GID] = {"gid=", 0, 1, false},
	[GROUP] = {"group=", 0, RUNSPEC_STRINGS_MAX, false},
	[WORKDIR] = {"workdir=", 0, 1, false},
	[UMASK] = {"umask=", 0, 1, false},
	[RLIMIT] = {"rlimit=", 0, 16, false},
	[CAPS] = {"caps=", 0, 1, false},
	[SECCOMP] = {"seccomp=none", 0, 1, true},
	[NEWPRIVS] = {"newprivs=no", 0, 1, true},
	[NSM] = {"nsm=yes", 0, 1, true},
	[STOPSIGNAL] = {"stopsignal=", 0, 1, false},
	[VOLUME] = {"volume=", 0, RUNSPEC_STRINGS_MAX, false},
	[XATTR] = {"xattr=", 0, RUNSPEC_STRINGS_MAX, false},
	[DIGEST] = {"digest=", 0, 1, false},
	[HOSTNAME] = {"hostname=", 0, 1, false},
	[GRACE] = {"grace=", 0, 1, false},
	[READONLY] = {"readonly=yes", 0, 1, true},
	[PLATFORM] = {"platform=plain", 0, 1, true},
	[ATTEST] = {"attest=yes", 0, 1, true},
	[CONFIG] = {"config=yes", 0, 1, true},
	[PORT] = {"port=", 0, RUNSPEC_STRINGS_MAX, false},
	[HELPER] = {"process=", 0, RUNSPEC_PROCESSES_MAX - 1, false},
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
	uint64_t found;

	if (!run_number(value, strlen(value), 10, most, &found) || found < least)
		return err_set(err, EXIT_MALFORMED, "RUN-RECORD",
			       "a number from %u to %u expected, found \"%.200s\"", least, most,
			       value);
	*number = (uint32_t)found;
	return 0;
}

static int take_id(const char *value, uint32_t *id, struct err *err)
{
	return take_number(value, 0, RUNSPEC_ID_MAX, id, err);
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

/* What init takes for a mask of capabilities: the highest bit is nobody's. */
static bool is_mask(const char *value)
{
	return strlen(value) == 16 && strspn(value, "0123456789abcdef") == 16 && *value < '8';
}

static int take_setting(struct strings *settings, enum key key, const char *record, struct err *err)
{
	const char *value = record + strlen(keys[key].text);
	cleanup_free char *limit = NULL;
	uint64_t number;

	if (keys[key].flag && *value)
		return refuse("nothing behind it", record, err);
	if (key == UMASK && !run_number(value, strlen(value), 8, 0777, &number))
		return refuse("an octal number up to 0777", record, err);
	if (key == GRACE && !run_number(value, strlen(value), 10, RUNSPEC_GRACE_MAX, &number))
		return refuse("seconds up to 3600", record, err);
	if (key == CAPS && !is_mask(value))
		return refuse("16 hexadecimal digits", record, err);
	if (key == RLIMIT && !run_limit_is(settings, value))
		return refuse("NAME:SOFT:HARD of a limit, once", record, err);
	return strings_add(settings, record, err);
}

/* NAME:POLICY; the process before it is whole. */
static int take_helper(struct runspec *spec, const char *value, size_t counts[KEYS],
		       struct err *err)
{
	static const char *const policies[] = {":always", ":on-failure", ":never"};
	size_t size = strcspn(value, ":");

	if (counts[ARG] < keys[ARG].least)
		return refuse("arg= of the process before", value, err);
	memset(counts + NAME + 1, 0, (PROCESS_KEYS_END - NAME - 1) * sizeof(*counts));
	for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++)
		if (size > 0 && size <= RUNSPEC_HELPER_MAX &&
		    strcmp(value + size, policies[i]) == 0)
			return take_text(value, &spec->processes[++spec->count].head, err);
	return refuse("NAME:always, on-failure or never", value, err);
}

static int take_value(struct runspec *spec, enum key key, const char *record, size_t before,
		      struct err *err)
{
	struct process *process = &spec->processes[spec->count];
	const char *value = record + strlen(keys[key].text);

	if (before == 0 && !*value &&
	    (key == NAME || key == ARG || key == DIGEST || key == HOSTNAME || key == PORT))
		return refuse("a value that is not empty", value, err);
	if ((key == WORKDIR || key == VOLUME) && (*value != '/' || (key == VOLUME && !value[1])))
		return refuse("an absolute path, for a volume one below /", value, err);
	switch (key) {
	case NAME:
		return take_text(value, &spec->name, err);
	case ENV:
		return strings_add(&process->env, value, err);
	case ARG:
		return strings_add(&process->args, value, err);
	case UID:
		return take_id(value, &process->account.uid, err);
	case GID:
		return take_id(value, &process->account.gid, err);
	case GROUP:
		return take_group(value, &process->account, err);
	case WORKDIR:
		return take_text(value, &process->workdir, err);
	case STOPSIGNAL:
		return take_signal(value, &spec->stop_signal, err);
	case VOLUME:
		return strings_add(&spec->volumes, value, err);
	case XATTR:  /* runspec_apply_xattrs() reads those, */
	case DIGEST: /* rootfs_check_run() this */
		return 0;
	default:
		return take_setting(key < PROCESS_KEYS_END ? &process->settings : &spec->settings,
				    key, record, err);
	}
}

static int take_record(struct runspec *spec, const char *record, size_t counts[KEYS],
		       struct err *err)
{
	for (enum key key = 0; key < KEYS; key++) {
		bool image = key == NAME || (key >= PROCESS_KEYS_END && key != HELPER);

		if (strncmp(record, keys[key].text, strlen(keys[key].text)) != 0)
			continue;
		if (image && spec->count > 0)
			return refuse("a key of a process", record, err);
		if (counts[key]++ == keys[key].most)
			return refuse("no more records of its key", record, err);
		if (key == HELPER)
			return take_helper(spec, record + strlen(keys[key].text), counts, err);
		return take_value(spec, key, record, counts[key] - 1, err);
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
