/* Reads the run specification in place. Never changes a byte of it and never guesses. */
#include <signal.h>

#include "init.h"

/* What Docker leaves to root, and to programs with capabilities of their own. */
#define DEFAULT_CAPS 0xa80425fbULL

/* The number above those of the services stands for "leave it alone". */
#define ID_MAX (COMMAND_PORTS_ID - 1)

enum { SIGNAL_MAX = 64, GRACE_MAX = 3600, UMASK_MAX = 0777 };

/* What a value has to be; a flag has none, its key is the whole record. */
enum kind { ANY, FILLED, ABSOLUTE, FLAG, DECIMAL, OCTAL, GROUP, CAPS, LIMIT, PROCESS };

/* Where it goes: in struct runspec, and how far it is from one command to the next. */
#define IN_IMAGE(member)   offsetof(struct runspec, member), 0
#define IN_COMMAND(member) offsetof(struct runspec, commands[0].member), sizeof(struct command)
#define IN_LIST(member)	   offsetof(struct runspec, member), sizeof(((struct runspec *)0)->member[0])
#define MANY		   RUNSPEC_STRINGS_MAX

static const struct key {
	const char *text;
	enum kind kind;
	size_t at;
	size_t stride; /* 0: it belongs to the image */
	size_t most;   /* records */
	uint32_t from; /* of a number; of a path: bytes */
	uint32_t to;
} keys[] = {
	{"name=", FILLED, IN_IMAGE(name), 1, 0, 0},
	{"digest=", FILLED, IN_IMAGE(digest), 1, 0, 0},
	{"hostname=", FILLED, IN_IMAGE(hostname), 1, 0, 0},
	{"stopsignal=", DECIMAL, IN_IMAGE(stop_signal), 1, 1, SIGNAL_MAX},
	{"grace=", DECIMAL, IN_IMAGE(grace), 1, 0, GRACE_MAX},
	{"readonly=yes", FLAG, IN_IMAGE(readonly), 1, 0, 0},
	{"platform=plain", FLAG, IN_IMAGE(plain), 1, 0, 0},
	{"attest=yes", FLAG, IN_IMAGE(attest), 1, 0, 0},
	{"config=yes", FLAG, IN_IMAGE(config), 1, 0, 0},
	{"volume=", ABSOLUTE, IN_IMAGE(volumes), MANY, 2, 0},
	{"xattr=", ANY, IN_IMAGE(xattrs), MANY, 0, 0},
	{"port=", FILLED, IN_IMAGE(ports), MANY, 0, 0},
	{"arg=", FILLED, IN_LIST(argv), MANY, 0, 0},
	{"env=", ANY, IN_LIST(envp), MANY, 0, 0},
	{"uid=", DECIMAL, IN_COMMAND(uid), 1, 0, ID_MAX},
	{"gid=", DECIMAL, IN_COMMAND(gid), 1, 0, ID_MAX},
	{"group=", GROUP, IN_LIST(groups), MANY, 0, ID_MAX},
	{"workdir=", ABSOLUTE, IN_COMMAND(workdir), 1, 1, 0},
	{"umask=", OCTAL, IN_COMMAND(umask), 1, 0, UMASK_MAX},
	{"rlimit=", LIMIT, IN_COMMAND(limits), RLIM_NLIMITS, 0, 0},
	{"caps=", CAPS, IN_COMMAND(caps), 1, 0, 0},
	{"seccomp=none", FLAG, IN_COMMAND(unconfined), 1, 0, 0},
	{"newprivs=no", FLAG, IN_COMMAND(no_new_privs), 1, 0, 0},
	{"nsm=yes", FLAG, IN_COMMAND(nsm), 1, 0, 0},
	{"process=", PROCESS, IN_IMAGE(count), 1, 0, 0},
};

enum { KEYS = sizeof(keys) / sizeof(keys[0]) };

/* A file that is being read. */
struct reader {
	struct runspec *spec;
	struct refusal *why;
	size_t at; /* offset of the record, for refusals */
	const struct key *key;
	char *value;
	size_t counts[KEYS]; /* records of each key since the command began */
};

static int expected(const struct reader *r, const char *what)
{
	return refuse(r->why, "INIT-RUNSPEC", "/run: byte %zu: expected %s, found \"%.64s\"", r->at,
		      what, r->value);
}

/* Digits of a base up to 16 and nothing else. */
static bool take_number(const char *text, size_t size, unsigned int base, uint64_t most,
			uint64_t *number)
{
	static const char digits[] = "0123456789abcdef";

	*number = 0;
	for (size_t i = 0; i < size; i++) {
		const char *digit = memchr(digits, text[i], base);

		if (!digit || *number > (most - (uint64_t)(digit - digits)) / base)
			return false;
		*number = *number * base + (uint64_t)(digit - digits);
	}
	return size > 0;
}

static int take_decimal(struct reader *r, unsigned int base, uint32_t *number)
{
	char range[64];
	uint64_t found;

	snprintf(range, sizeof(range), "a number from %u to %u", r->key->from, r->key->to);
	if (!take_number(r->value, strlen(r->value), base, r->key->to, &found) ||
	    found < r->key->from)
		return expected(r, range);
	*number = (uint32_t)found;
	return 0;
}

static bool take_limit_value(const char *text, size_t size, rlim_t *value)
{
	uint64_t number = RLIM_INFINITY;
	bool good = (size == 9 && !memcmp(text, "unlimited", 9)) ||
		    take_number(text, size, 10, RLIM_INFINITY - 1, &number);

	*value = number;
	return good;
}

/* NAME:SOFT:HARD. The names stand at their numbers, which x86_64 and arm64 share. */
static int take_limit(struct reader *r, struct command *command)
{
	static const char *const names[RLIM_NLIMITS] = {
		"cpu:",	     "fsize:",	"data:",    "stack:", "core:",	"rss:",
		"nproc:",    "nofile:", "memlock:", "as:",    "locks:", "sigpending:",
		"msgqueue:", "nice:",	"rtprio:",  "rttime:"};
	const char *soft = strchr(r->value, ':') ? strchr(r->value, ':') + 1 : r->value;
	size_t size = strcspn(soft, ":");
	const char *hard = soft + size + (soft[size] == ':');
	struct rlimit *limit;
	size_t i = 0;

	while (i < RLIM_NLIMITS && strncmp(names[i], r->value, strlen(names[i])) != 0)
		i++;
	limit = &command->limits[i % RLIM_NLIMITS];
	if (i == RLIM_NLIMITS || command->limited & 1U << i ||
	    !take_limit_value(soft, size, &limit->rlim_cur) ||
	    !take_limit_value(hard, strlen(hard), &limit->rlim_max) ||
	    limit->rlim_cur > limit->rlim_max)
		return expected(r, "NAME:SOFT:HARD of a limit, once");
	command->limited |= 1U << i;
	return 0;
}

static void begin_command(struct runspec *spec, size_t i)
{
	struct command *command = &spec->commands[i];

	spec->count = i + 1;
	command->argv = spec->argv[i];
	command->envp = spec->envp[i];
	command->groups = spec->groups[i];
	command->umask = 022;
	command->caps = DEFAULT_CAPS;
}

/* What every command, and once the image, has to have. */
static int end_command(struct reader *r)
{
	if (r->spec->name && r->spec->argv[r->spec->count - 1][0])
		return 0;
	return refuse(r->why, "INIT-RUNSPEC",
		      "/run: byte %zu: expected at least one record %s before, found none", r->at,
		      r->spec->name ? "arg=" : "name=");
}

/* NAME:POLICY. */
static int take_process(struct reader *r)
{
	static const char *const policies[] = {":never", ":on-failure", ":always"};
	struct command *command = &r->spec->commands[r->spec->count];
	size_t size = strcspn(r->value, ":");
	int i = RESTART_ALWAYS;

	if (end_command(r))
		return -1;
	while (i >= 0 && strcmp(r->value + size, policies[i]) != 0)
		i--;
	if (i < 0 || size == 0 || size >= sizeof(command->name) ||
	    r->spec->count > RUNSPEC_HELPERS_MAX)
		return expected(r, "NAME:always, on-failure or never, at most 8 times");
	memcpy(command->name, r->value, size);
	command->restart = (enum restart)i;
	memset(r->counts, 0, sizeof(r->counts));
	begin_command(r->spec, r->spec->count);
	return 0;
}

static int take_value(struct reader *r, size_t before)
{
	size_t command = r->spec->count - 1;
	void *to = (char *)r->spec + r->key->at + command * r->key->stride;

	if (r->key->kind == FILLED && before == 0 && !*r->value)
		return expected(r, "a value");
	if (r->key->kind == ABSOLUTE && (*r->value != '/' || strlen(r->value) < r->key->from))
		return expected(r, "an absolute path, for a volume one below /");
	switch (r->key->kind) {
	case GROUP:
		r->spec->commands[command].group_count = before + 1;
		return take_decimal(r, 10, (uint32_t *)to + before);
	case DECIMAL:
		return take_decimal(r, 10, to);
	case OCTAL:
		return take_decimal(r, 8, to);
	case CAPS:
		if (strlen(r->value) != 16 || !take_number(r->value, 16, 16, INT64_MAX, to))
			return expected(r, "16 hexadecimal digits");
		return 0;
	case LIMIT:
		return take_limit(r, &r->spec->commands[command]);
	case FLAG:
		*(bool *)to = true;
		return *r->value ? expected(r, "nothing behind it") : 0;
	case PROCESS:
		return take_process(r);
	default:
		((char **)to)[before] = r->value;
		return 0;
	}
}

static int take_record(struct reader *r)
{
	size_t k = 0;

	while (k < KEYS && strncmp(r->value, keys[k].text, strlen(keys[k].text)) != 0)
		k++;
	if (k == KEYS)
		return expected(r, "a known key");
	r->key = &keys[k];
	if (r->key->stride == 0 && r->key->kind != PROCESS && r->spec->count > 1)
		return expected(r, "a key of a process");
	if (r->counts[k] == r->key->most)
		return refuse(r->why, "INIT-RUNSPEC",
			      "/run: byte %zu: expected at most %zu records %s, found more", r->at,
			      r->key->most, r->key->text);
	r->value += strlen(r->key->text);
	return take_value(r, r->counts[k]++);
}

int runspec_parse(char *data, size_t size, struct runspec *spec, struct refusal *why)
{
	struct reader r = {.spec = spec, .why = why};

	memset(spec, 0, sizeof(*spec));
	spec->stop_signal = SIGTERM;
	spec->grace = 10;
	strcpy(spec->commands[0].name, "application");
	begin_command(spec, 0);
	if (size > 0 && data[size - 1] != '\0')
		return refuse(why, "INIT-RUNSPEC",
			      "/run: byte %zu: expected a NUL byte at the end, found 0x%02x",
			      size - 1, (unsigned int)(unsigned char)data[size - 1]);
	while (r.at < size) {
		r.value = data + r.at;
		if (take_record(&r))
			return -1;
		r.at += strlen(data + r.at) + 1;
	}
	return end_command(&r);
}
