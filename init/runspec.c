/* Reads the run specification in place. Never changes a byte of it and never guesses. */
#include "runspec.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

/* What Docker leaves to root, and to programs with capabilities of their own. */
#define DEFAULT_CAPS 0xa80425fbULL

/* The number above stands for "leave it alone". */
#define ID_MAX (UINT32_MAX - 1)

enum { SIGNAL_MAX = 64, GRACE_MAX = 3600, UMASK_MAX = 0777 };

/* What a value has to be. */
enum kind { ANY, FILLED, ABSOLUTE, DECIMAL, OCTAL, GROUP, CAPS, LIMIT, CHOICE, PROCESS };

struct key {
	const char *text; /* with its '=' */
	enum kind kind;
	size_t at; /* where it goes: bytes from the start of struct runspec, in the first command,
		    */
	size_t stride; /* and from one command to the next; 0: it belongs to the image */
	size_t least;  /* records */
	size_t most;
	uint32_t from; /* of a number */
	uint32_t to;
	const char
		*yes; /* the words that a choice is between; without a second one just the first */
	const char *no;
};

#define IN_IMAGE(member)   offsetof(struct runspec, member), 0
#define IN_COMMAND(member) offsetof(struct runspec, commands[0].member), sizeof(struct command)
#define IN_LIST(member)	   offsetof(struct runspec, member), sizeof(((struct runspec *)0)->member[0])
#define MANY		   RUNSPEC_STRINGS_MAX

static const struct key keys[] = {
	{"name=", FILLED, IN_IMAGE(name), 1, 1, 0, 0, NULL, NULL},
	{"digest=", FILLED, IN_IMAGE(digest), 0, 1, 0, 0, NULL, NULL},
	{"hostname=", FILLED, IN_IMAGE(hostname), 0, 1, 0, 0, NULL, NULL},
	{"stopsignal=", DECIMAL, IN_IMAGE(stop_signal), 0, 1, 1, SIGNAL_MAX, NULL, NULL},
	{"grace=", DECIMAL, IN_IMAGE(grace), 0, 1, 0, GRACE_MAX, NULL, NULL},
	{"readonly=", CHOICE, IN_IMAGE(readonly), 0, 1, 0, 0, "yes", "no"},
	{"platform=", CHOICE, IN_IMAGE(plain), 0, 1, 0, 0, "plain", NULL},
	{"attest=", CHOICE, IN_IMAGE(attest), 0, 1, 0, 0, "yes", "no"},
	{"config=", CHOICE, IN_IMAGE(config), 0, 1, 0, 0, "yes", "no"},
	{"volume=", ABSOLUTE, IN_IMAGE(volumes), 0, MANY, 0, 0, NULL, NULL},
	{"xattr=", ANY, IN_IMAGE(xattrs), 0, MANY, 0, 0, NULL, NULL},
	{"port=", FILLED, IN_IMAGE(ports), 0, MANY, 0, 0, NULL, NULL},
	{"arg=", FILLED, IN_LIST(argv), 1, MANY, 0, 0, NULL, NULL},
	{"env=", ANY, IN_LIST(envp), 0, MANY, 0, 0, NULL, NULL},
	{"uid=", DECIMAL, IN_COMMAND(uid), 0, 1, 0, ID_MAX, NULL, NULL},
	{"gid=", DECIMAL, IN_COMMAND(gid), 0, 1, 0, ID_MAX, NULL, NULL},
	{"group=", GROUP, IN_LIST(groups), 0, MANY, 0, ID_MAX, NULL, NULL},
	{"workdir=", ABSOLUTE, IN_COMMAND(workdir), 0, 1, 0, 0, NULL, NULL},
	{"umask=", OCTAL, IN_COMMAND(umask), 0, 1, 0, UMASK_MAX, NULL, NULL},
	{"rlimit=", LIMIT, IN_COMMAND(limits), 0, RLIM_NLIMITS, 0, 0, NULL, NULL},
	{"caps=", CAPS, IN_COMMAND(caps), 0, 1, 0, 0, NULL, NULL},
	{"seccomp=", CHOICE, IN_COMMAND(confined), 0, 1, 0, 0, "default", "none"},
	{"newprivs=", CHOICE, IN_COMMAND(new_privs), 0, 1, 0, 0, "yes", "no"},
	{"nsm=", CHOICE, IN_COMMAND(nsm), 0, 1, 0, 0, "yes", "no"},
	{"process=", PROCESS, IN_IMAGE(count), 0, RUNSPEC_HELPERS_MAX, 0, 0, NULL, NULL},
};

enum { KEYS = sizeof(keys) / sizeof(keys[0]) };

/* A file that is being read. */
struct reader {
	struct runspec *spec;
	struct refusal *why;
	size_t at; /* offset of the record, for refusals */
	const struct key *key;
	char *value;
	size_t counts[KEYS]; /* records of each key; of a command's, since it began */
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
	uint64_t found;

	if (!take_number(r->value, strlen(r->value), base, r->key->to, &found) ||
	    found < r->key->from)
		return refuse(r->why, "INIT-RUNSPEC",
			      "/run: byte %zu: expected a number from %u to %u, found \"%.64s\"",
			      r->at, r->key->from, r->key->to, r->value);
	*number = (uint32_t)found;
	return 0;
}

static bool take_limit_value(const char *text, size_t size, rlim_t *value)
{
	uint64_t found = RLIM_INFINITY;

	if ((size != 9 || memcmp(text, "unlimited", 9) != 0) &&
	    !take_number(text, size, 10, RLIM_INFINITY - 1, &found))
		return false;
	*value = found;
	return true;
}

/* NAME:SOFT:HARD. The names stand at their numbers, which x86_64 and arm64 share. */
static int take_limit(struct reader *r, struct command *command)
{
	static const char *const names[RLIM_NLIMITS] = {
		"cpu",	   "fsize", "data",  "stack",	   "core",     "rss",  "nproc",	 "nofile",
		"memlock", "as",    "locks", "sigpending", "msgqueue", "nice", "rtprio", "rttime"};
	size_t name = strcspn(r->value, ":");
	const char *soft = r->value + name + (r->value[name] == ':');
	size_t size = strcspn(soft, ":");
	const char *hard = soft + size + (soft[size] == ':');

	for (size_t i = 0; i < RLIM_NLIMITS; i++) {
		struct rlimit *limit = &command->limits[i];

		if (strlen(names[i]) != name || strncmp(names[i], r->value, name) != 0)
			continue;
		if (command->limited & 1U << i || !take_limit_value(soft, size, &limit->rlim_cur) ||
		    !take_limit_value(hard, strlen(hard), &limit->rlim_max) ||
		    limit->rlim_cur > limit->rlim_max)
			break;
		command->limited |= 1U << i;
		return 0;
	}
	return expected(r, "NAME:SOFT:HARD of a limit, once");
}

static void begin_command(struct runspec *spec, size_t i)
{
	spec->count = i + 1;
	spec->commands[i].argv = spec->argv[i];
	spec->commands[i].envp = spec->envp[i];
	spec->commands[i].groups = spec->groups[i];
	spec->commands[i].umask = 022;
	spec->commands[i].caps = DEFAULT_CAPS;
	spec->commands[i].confined = true;
	spec->commands[i].new_privs = true;
}

/* Every key as often as it has to be there: those of the image at its end, those of a command at
 * the command's. */
static int end_command(struct reader *r, bool image)
{
	for (size_t k = 0; k < KEYS; k++) {
		if (keys[k].stride == 0 && !image)
			continue;
		if (r->counts[k] < keys[k].least)
			return refuse(r->why, "INIT-RUNSPEC",
				      "/run: expected at least one record %s before byte %zu, "
				      "found none",
				      keys[k].text, r->at);
		if (keys[k].stride > 0)
			r->counts[k] = 0;
	}
	return 0;
}

/* NAME:POLICY. */
static int take_process(struct reader *r)
{
	static const char *const policies[] = {
		[RESTART_NEVER] = "never",
		[RESTART_ON_FAILURE] = "on-failure",
		[RESTART_ALWAYS] = "always",
	};
	struct command *command = &r->spec->commands[r->spec->count];
	size_t size = strcspn(r->value, ":");

	if (size > 0 && size < sizeof(command->name) && r->value[size])
		for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++)
			if (!strcmp(r->value + size + 1, policies[i])) {
				memcpy(command->name, r->value, size);
				command->restart = (enum restart)i;
				begin_command(r->spec, r->spec->count);
				return end_command(r, false);
			}
	return expected(r, "NAME:always, on-failure or never");
}

static int take_value(struct reader *r, size_t before)
{
	size_t command = r->spec->count - 1;
	void *to = (char *)r->spec + r->key->at + command * r->key->stride;
	const char *yes = r->key->yes;
	const char *no = r->key->no;

	switch (r->key->kind) {
	case FILLED:
		if (before == 0 && !*r->value)
			return expected(r, "a value");
		break;
	case ABSOLUTE:
		if (*r->value != '/')
			return expected(r, "an absolute path");
		break;
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
	case CHOICE:
		*(bool *)to = !strcmp(r->value, yes);
		if (*(bool *)to || (no && !strcmp(r->value, no)))
			return 0;
		return expected(r, yes);
	case PROCESS:
		return take_process(r);
	case ANY:
		break;
	}
	((char **)to)[before] = r->value;
	return 0;
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
	return end_command(&r, true);
}
