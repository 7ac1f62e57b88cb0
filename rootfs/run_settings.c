/*
 * What a recipe says about a process and the machine, in the words that init takes: numbers in one
 * form, capabilities as a mask, rules without blanks. Never passes on what init would not take.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "runspec.h"

/* Linux's, by number; those that Docker leaves to root have a '+'. */
static const char *const capabilities[] = {
	"+chown",
	"+dac_override",
	"dac_read_search",
	"+fowner",
	"+fsetid",
	"+kill",
	"+setgid",
	"+setuid",
	"+setpcap",
	"linux_immutable",
	"+net_bind_service",
	"net_broadcast",
	"net_admin",
	"+net_raw",
	"ipc_lock",
	"ipc_owner",
	"sys_module",
	"sys_rawio",
	"+sys_chroot",
	"sys_ptrace",
	"sys_pacct",
	"sys_admin",
	"sys_boot",
	"sys_nice",
	"sys_resource",
	"sys_time",
	"sys_tty_config",
	"+mknod",
	"lease",
	"+audit_write",
	"audit_control",
	"+setfcap",
	"mac_override",
	"mac_admin",
	"syslog",
	"wake_alarm",
	"block_suspend",
	"audit_read",
	"perfmon",
	"bpf",
	"checkpoint_restore",
};

enum { CAPABILITIES = sizeof(capabilities) / sizeof(capabilities[0]) };

static const char *const limits[] = {
	"cpu",	   "fsize", "data",  "stack",	   "core",     "rss",  "nproc",	 "nofile",
	"memlock", "as",    "locks", "sigpending", "msgqueue", "nice", "rtprio", "rttime",
};

bool run_number(const char *text, size_t size, unsigned int base, uint64_t most, uint64_t *number)
{
	*number = 0;
	for (size_t i = 0; i < size; i++) {
		unsigned int digit = (unsigned int)(unsigned char)text[i] - '0';

		if (digit >= base || *number > (most - digit) / base)
			return false;
		*number = *number * base + digit;
	}
	return size > 0;
}

static char *number_setting(const char *key, const char *value, unsigned int base, uint64_t most)
{
	char *setting = NULL;
	uint64_t number;

	if (!run_number(value, strlen(value), base, most, &number))
		return NULL;
	if (asprintf(&setting, base == 8 ? "%s%04llo" : "%s%llu", key, (unsigned long long)number) <
	    0)
		return NULL;
	return setting;
}

static char *umask_setting(const char *value)
{
	return number_setting("umask=", value, 8, 0777);
}

static char *grace_setting(const char *value)
{
	return number_setting("grace=", value, 10, RUNSPEC_GRACE_MAX);
}

/* A number or "unlimited", without zeros in front. */
static bool limit_value(const char *text, size_t size, uint64_t *value)
{
	*value = UINT64_MAX;
	return (size == 9 && !strncmp(text, "unlimited", 9)) ||
	       run_number(text, size, 10, UINT64_MAX - 1, value);
}

static void limit_text(uint64_t value, char text[24])
{
	if (value == UINT64_MAX)
		strcpy(text, "unlimited");
	else
		snprintf(text, 24, "%llu", (unsigned long long)value);
}

/* NAME:SOFT:HARD, or NAME:BOTH. */
static char *limit_setting(const char *value)
{
	size_t name = strcspn(value, ":");
	const char *soft = value[name] ? value + name + 1 : value + name;
	size_t size = strcspn(soft, ":");
	const char *hard = soft[size] ? soft + size + 1 : soft;
	uint64_t values[2];
	char texts[2][24];
	char *setting = NULL;

	if (!limit_value(soft, size, &values[0]) || !limit_value(hard, strlen(hard), &values[1]) ||
	    values[0] > values[1])
		return NULL;
	limit_text(values[0], texts[0]);
	limit_text(values[1], texts[1]);
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]) && !setting; i++)
		if (strlen(limits[i]) == name && !strncmp(limits[i], value, name) &&
		    asprintf(&setting, "rlimit=%s:%s:%s", limits[i], texts[0], texts[1]) < 0)
			return NULL;
	return setting;
}

/* More descriptors than that the kernel gives to nobody (fs.nr_open). */
static char *recipe_limit_setting(const char *value)
{
	static const char descriptors[] = "rlimit=nofile:";
	cleanup_free char *setting = limit_setting(value);
	uint64_t hard;

	if (setting && !strncmp(setting, descriptors, strlen(descriptors)) &&
	    (!limit_value(strrchr(setting, ':') + 1, strlen(strrchr(setting, ':') + 1), &hard) ||
	     hard > 1048576))
		return NULL;
	return steal_ptr(setting);
}

/* "default", "all" or "none" first, or nothing, which is the default; then +NAME and -NAME. */
static char *capability_setting(const char *value)
{
	cleanup_free char *copy = strdup(value);
	char *rest = copy;
	char *word;
	char *setting = NULL;
	uint64_t mask = 0;
	bool first = true;

	for (size_t i = 0; i < CAPABILITIES; i++)
		mask |= (uint64_t)(capabilities[i][0] == '+') << i;
	while ((word = strsep(&rest, " \t"))) {
		size_t i = 0;

		if (!*word)
			continue;
		if (first && (!strcmp(word, "all") || !strcmp(word, "none"))) {
			mask = *word == 'a' ? (1ULL << CAPABILITIES) - 1 : 0;
		} else if (!first || strcmp(word, "default") != 0) {
			while (i < CAPABILITIES &&
			       strcasecmp(capabilities[i] + (capabilities[i][0] == '+'),
					  word + 1) != 0)
				i++;
			if (i == CAPABILITIES || (*word != '+' && *word != '-'))
				return NULL;
			mask = *word == '+' ? mask | 1ULL << i : mask & ~(1ULL << i);
		}
		first = false;
	}
	if (!copy || asprintf(&setting, "caps=%016llx", (unsigned long long)mask) < 0)
		return NULL;
	return setting;
}

/* What is the default is not said: an empty text. */
static char *choice_setting(const char *value, const char *usual, const char *other,
			    const char *setting)
{
	return strcmp(value, usual) == 0   ? strdup("")
	       : strcmp(value, other) == 0 ? strdup(setting)
					   : NULL;
}

static char *seccomp_setting(const char *value)
{
	return choice_setting(value, "default", "none", "seccomp=none");
}

static char *privileges_setting(const char *value)
{
	return choice_setting(value, "yes", "no", "newprivs=no");
}

static char *nsm_setting(const char *value)
{
	return choice_setting(value, "no", "yes", "nsm=yes");
}

static char *readonly_setting(const char *value)
{
	return choice_setting(value, "no", "yes", "readonly=yes");
}

static char *attest_setting(const char *value)
{
	return choice_setting(value, "no", "yes", "attest=yes");
}

static char *config_setting(const char *value)
{
	return choice_setting(value, "no", "yes", "config=yes");
}

static char *plain_setting(const char *value)
{
	return choice_setting(value, "no", "yes", "platform=plain");
}

bool run_is_hostname(const char *text)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
	size_t size = strlen(text);

	return size > 0 && size <= 64 && strspn(text, plain) == size;
}

static char *hostname_setting(const char *value)
{
	char *setting = NULL;

	if (!run_is_hostname(value) || asprintf(&setting, "hostname=%s", value) < 0)
		return NULL;
	return setting;
}

/* As init/ports/rule.c has it: no zero in front. */
static bool is_port(const char *text, uint64_t least, uint64_t most)
{
	uint64_t number;

	return text[0] != '0' && run_number(text, strlen(text), 10, most, &number) &&
	       number >= least;
}

/*
 * ADDR:PORT, an address that the guest has: 127.x.x.x or [::1], each spelled in one way. Changes
 * the text.
 */
static bool is_tcp(char *text)
{
	char *colon = strrchr(text, ':');
	unsigned char address[4];

	if (!colon || !is_port(colon + 1, 1, 65535))
		return false;
	*colon = '\0';
	return strcmp(text, "[::1]") == 0 ||
	       (inet_pton(AF_INET, text, address) == 1 && address[0] == 127);
}

/* CID:PORT, or the enclave's own PORT, where what is below 1024 takes a capability. Changes the
 * text. */
static bool is_vsock(char *text, bool other)
{
	char *colon = strchr(text, ':');

	if (!other)
		return is_port(text, 1024, UINT32_MAX - 1);
	if (!colon || !is_port(colon + 1, 1, UINT32_MAX - 1))
		return false;
	*colon = '\0';
	return is_port(text, 1, UINT32_MAX - 1);
}

/* "vsock:PORT -> tcp:ADDR:PORT" or "tcp:ADDR:PORT -> vsock:CID:PORT", blanks as one likes. */
static char *forward_setting(const char *value)
{
	cleanup_free char *rule = malloc(strlen(value) + 1);
	cleanup_free char *copy = NULL;
	char *setting = NULL;
	char *end = rule;
	char *to;
	bool good;

	if (!rule)
		return NULL;
	for (const char *at = value; *at; at++)
		if (*at != ' ' && *at != '\t' && !(at[0] == '-' && at[1] == '>'))
			*end++ = *at;
	*end = '\0';
	copy = strdup(rule);
	to = copy ? strchr(copy, '>') : NULL;
	if (!to)
		return NULL;
	*to++ = '\0';
	good = (!strncmp(copy, "vsock:", 6) && !strncmp(to, "tcp:", 4) &&
		is_vsock(copy + 6, false) && is_tcp(to + 4)) ||
	       (!strncmp(copy, "tcp:", 4) && !strncmp(to, "vsock:", 6) && is_tcp(copy + 4) &&
		is_vsock(to + 6, true));
	return good && asprintf(&setting, "port=%s", rule) > 0 ? setting : NULL;
}

static const struct {
	const char *key;		  /* of a recipe's record, with its '=' */
	char *(*make)(const char *value); /* a record of init's, or NULL */
	bool image;			  /* else of a process */
	bool many;
	const char *expected;
} keys[] = {
	{"umask=", umask_setting, false, false, "an octal number up to 0777"},
	{"rlimit=", recipe_limit_setting, false, true,
	 "NAME:SOFT:HARD of a limit (docs/recipes.md)"},
	{"capabilities=", capability_setting, false, false,
	 "default, all or none, then +NAME and -NAME"},
	{"seccomp=", seccomp_setting, false, false, "default or none"},
	{"new_privileges=", privileges_setting, false, false, "yes or no"},
	{"nsm=", nsm_setting, false, false, "yes or no"},
	{"hostname=", hostname_setting, true, false, "at most 64 of a-z A-Z 0-9 . - _"},
	{"grace=", grace_setting, true, false, "seconds up to 3600"},
	{"readonly=", readonly_setting, true, false, "yes or no"},
	{"allow_plain=", plain_setting, true, false, "yes or no"},
	{"attest=", attest_setting, true, false, "yes or no"},
	{"config=", config_setting, true, false, "yes or no"},
	{"ports=", forward_setting, true, true,
	 "vsock:PORT -> tcp:ADDRESS:PORT or tcp:ADDRESS:PORT -> vsock:CID:PORT, the address "
	 "127.x.x.x or [::1]"},
};

/* A limit has one value, and one rule listens in one place. */
static bool is_known(const struct strings *settings, const char *setting, bool many)
{
	size_t size = !many				? strcspn(setting, "=")
		      : !strncmp(setting, "rlimit=", 7) ? strcspn(setting, ":") + 1
							: strcspn(setting, ">") + 1;

	for (size_t i = 0; i < settings->count; i++)
		if (!strncmp(settings->at[i], setting, size))
			return true;
	return false;
}

bool run_limit_is(const struct strings *settings, const char *value)
{
	cleanup_free char *setting =
		strchr(value, ':') != strrchr(value, ':') ? limit_setting(value) : NULL;

	return setting && !is_known(settings, setting, true);
}

int settings_check(const struct strings *settings, struct err *err)
{
	bool attest = false;
	bool taken = false;
	size_t rules = 0;

	for (size_t i = 0; i < settings->count; i++) {
		const char *setting = settings->at[i];

		attest = attest || !strcmp(setting, "attest=yes");
		taken = taken || !strncmp(setting, "port=vsock:5000>", 16);
		rules += !strncmp(setting, "port=", 5);
	}
	if (attest && taken)
		return err_set(err, EXIT_MALFORMED, "RUN-SETTING",
			       "ports: no rule for vsock:5000 expected with attest, found one");
	if (rules > RUNSPEC_RULES_MAX)
		return err_set(err, EXIT_MALFORMED, "RUN-SETTING",
			       "ports: at most %d rules expected, found %zu", RUNSPEC_RULES_MAX,
			       rules);
	return 0;
}

int setting_add(struct strings *image, struct strings *process, const char *record, struct err *err)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char *value = record + strlen(keys[i].key);
		struct strings *settings = keys[i].image ? image : process;
		cleanup_free char *setting = NULL;

		if (strncmp(record, keys[i].key, strlen(keys[i].key)) != 0 || !settings)
			continue;
		setting = keys[i].make(value);
		if (!setting || (*setting && is_known(settings, setting, keys[i].many)))
			return err_set(err, EXIT_MALFORMED, "RUN-SETTING",
				       "%.*s: %s expected%s, found \"%.200s\"",
				       (int)strlen(keys[i].key) - 1, record, keys[i].expected,
				       setting ? ", once" : "", value);
		if (settings->count == RUNSPEC_STRINGS_MAX)
			return err_set(err, EXIT_MALFORMED, "RUN-SIZE",
				       "at most %d settings expected, found more",
				       RUNSPEC_STRINGS_MAX);
		if (*setting && strings_add(settings, setting, err) < 0)
			return -1;
		return 1;
	}
	return 0;
}
