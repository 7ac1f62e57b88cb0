/*
 * Makes the run specification of an image's config and a recipe's records, and its bytes. Never
 * writes what init would not act upon, and never leaves a name for init to look up.
 */
#include "runspec.h"

#include <stdlib.h>
#include <string.h>

#include "manifest.h"
#include "rootfs.h"

/* What Docker gives a container whose image names none. */
#define DEFAULT_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static int no_memory(struct err *err)
{
	return err_errno(err, "ROOTFS-MEMORY", "run specification");
}

static int set_text(char **text, const char *value, struct err *err)
{
	free(*text);
	*text = strdup(value);
	return *text ? 0 : no_memory(err);
}

static size_t name_length(const char *variable)
{
	return strcspn(variable, "=");
}

static char **find_variable(const struct strings *env, const char *variable)
{
	size_t length = name_length(variable);

	for (size_t i = 0; i < env->count; i++)
		if (name_length(env->at[i]) == length && !strncmp(env->at[i], variable, length))
			return &env->at[i];
	return NULL;
}

/* The last value of a name counts, in the place of the first. */
static int set_variable(struct strings *env, const char *variable, struct err *err)
{
	char **known = find_variable(env, variable);

	if (!known && env->count == RUNSPEC_STRINGS_MAX)
		return err_set(err, EXIT_MALFORMED, "RUN-SIZE",
			       "at most %d records env= expected, found more", RUNSPEC_STRINGS_MAX);
	return known ? set_text(known, variable, err) : strings_add(env, variable, err);
}

static int add_all(struct strings *list, const struct strings *more, struct err *err)
{
	for (size_t i = 0; i < more->count; i++)
		if (strings_add(list, more->at[i], err) < 0)
			return -1;
	return 0;
}

/* Keeps a list sorted as bytes and without doubles. From the end: an image's come sorted. */
static int add_sorted(struct strings *list, const char *text, struct err *err)
{
	size_t at = list->count;
	char *added;

	while (at > 0 && strcmp(list->at[at - 1], text) > 0)
		at--;
	if (at > 0 && strcmp(list->at[at - 1], text) == 0)
		return 0;
	if (strings_add(list, text, err) < 0)
		return -1;
	added = list->at[list->count - 1];
	memmove(&list->at[at + 1], &list->at[at], (list->count - 1 - at) * sizeof(*list->at));
	list->at[at] = added;
	return 0;
}

static int bad_record(size_t at, const char *expected, const char *found, struct err *err)
{
	return err_set(err, EXIT_MALFORMED, "RUN-RECORD",
		       "record at byte %zu: %s expected, found \"%.200s\"", at, expected, found);
}

static int take_once(char **text, const char *value, size_t at, struct err *err)
{
	if (*text)
		return bad_record(at, "each of name, user, group, workdir, stopsignal once", value,
				  err);
	if (!*value)
		return bad_record(at, "a value that is not empty", value, err);
	return set_text(text, value, err);
}

/* "NAME POLICY" of a recipe becomes NAME:POLICY. */
static int take_helper(struct run_records *records, const char *value, size_t at, struct err *err)
{
	static const char *const policies[] = {"always", "on-failure", "never"};
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";
	size_t size = strspn(value, plain);
	const char *policy = value + size + strspn(value + size, " \t");
	struct process_records *process = &records->processes[records->count + 1];

	if (records->count + 1 == RUNSPEC_PROCESSES_MAX)
		return bad_record(at, "at most 8 helpers", value, err);
	for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
		if (size == 0 || size > RUNSPEC_HELPER_MAX || policy == value + size ||
		    strcmp(policy, policies[i]) != 0)
			continue;
		records->count++;
		return asprintf(&process->head, "%.*s:%s", (int)size, value, policy) < 0
			       ? no_memory(err)
			       : 0;
	}
	return bad_record(at, "a helper's name and always, on-failure or never", value, err);
}

static int take_record(struct run_records *records, const char *record, size_t at, struct err *err)
{
	struct process_records *process = &records->processes[records->count];
	bool helper = records->count > 0;
	const struct {
		const char *key;
		char **text;
		struct strings *list;
		bool image;
	} keys[] = {
		{"name=", &records->name, NULL, true},
		{"arg=", NULL, &process->args, false},
		{"env=", NULL, &process->env, false},
		{"user=", &process->user, NULL, false},
		{"group=", &process->group, NULL, false},
		{"workdir=", &process->workdir, NULL, false},
		{"stopsignal=", &records->stop_signal, NULL, true},
		{"volume=", NULL, &records->volumes, true},
		{"port=", NULL, &records->ports, true},
	};
	int taken;

	if (strncmp(record, "helper=", 7) == 0)
		return take_helper(records, record + 7, at, err);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		size_t size = strlen(keys[i].key);

		if (strncmp(record, keys[i].key, size) != 0 || (keys[i].image && helper))
			continue;
		record += size;
		if (keys[i].list == &process->env && (!strchr(record, '=') || *record == '='))
			return bad_record(at, "env=NAME=value", record, err);
		return keys[i].text ? take_once(keys[i].text, record, at, err)
				    : strings_add(keys[i].list, record, err);
	}
	taken = setting_add(helper ? NULL : &records->settings, &process->settings, record, err);
	if (taken < 0)
		return err_wrap(err, "record at byte %zu", at);
	return taken ? 0 : bad_record(at, "key=value with a known key", record, err);
}

int run_records_parse(struct run_records *records, const char *data, size_t size, struct err *err)
{
	if (size > 0 && data[size - 1] != '\0')
		return err_set(err, EXIT_MALFORMED, "RUN-RECORD",
			       "byte %zu: a NUL byte at the end expected, found 0x%02x", size - 1,
			       (unsigned int)(unsigned char)data[size - 1]);
	for (size_t at = 0; at < size; at += strlen(data + at) + 1)
		if (take_record(records, data + at, at, err) < 0)
			return -1;
	return 0;
}

void run_records_clear(struct run_records *records)
{
	free(records->name);
	free(records->stop_signal);
	strings_clear(&records->volumes);
	strings_clear(&records->ports);
	strings_clear(&records->settings);
	for (size_t i = 0; i <= records->count; i++) {
		struct process_records *process = &records->processes[i];

		free(process->head);
		strings_clear(&process->args);
		strings_clear(&process->env);
		free(process->user);
		free(process->group);
		free(process->workdir);
		strings_clear(&process->settings);
	}
	*records = (struct run_records){0};
}

char *plain_absolute(const char *path, const char *name, struct err *err)
{
	char *plain;
	size_t used = 0;

	if (*path != '/') {
		err_set(err, EXIT_MALFORMED, name, "an absolute path expected, found \"%.200s\"",
			path);
		return NULL;
	}
	plain = malloc(strlen(path) + 2);
	if (!plain) {
		no_memory(err);
		return NULL;
	}
	while (*path) {
		size_t size = strcspn(path, "/");

		if (size == 2 && !strncmp(path, "..", 2)) {
			while (used > 0 && plain[--used] != '/')
				;
		} else if (size > 0 && !(size == 1 && *path == '.')) {
			plain[used++] = '/';
			memcpy(plain + used, path, size);
			used += size;
		}
		path += size + (path[size] == '/');
	}
	if (used == 0)
		plain[used++] = '/';
	plain[used] = '\0';
	return plain;
}

static int make_env(struct process *process, const struct image_config *config,
		    const struct process_records *records, struct err *err)
{
	if (config->given && !find_variable(&config->env, "PATH=") &&
	    strings_add(&process->env, DEFAULT_PATH, err) < 0)
		return -1;
	for (size_t i = 0; i < config->env.count; i++)
		if (set_variable(&process->env, config->env.at[i], err) < 0)
			return -1;
	for (size_t i = 0; i < records->env.count; i++)
		if (set_variable(&process->env, records->env.at[i], err) < 0)
			return -1;
	return 0;
}

/* As runc, which starts a container's process for Docker: where the user is at home. */
static int add_home(struct process *process, const struct image_config *config, struct err *err)
{
	cleanup_free char *home = NULL;

	if (!config->given || find_variable(&process->env, "HOME="))
		return 0;
	if (asprintf(&home, "HOME=%s", process->account.home) < 0)
		return no_memory(err);
	return strings_add(&process->env, home, err);
}

static int make_args(struct process *process, const struct image_config *config,
		     const struct process_records *records, struct err *err)
{
	if (records->args.count > 0)
		return add_all(&process->args, &records->args, err);
	if (add_all(&process->args, &config->entrypoint, err) < 0)
		return -1;
	return add_all(&process->args, &config->cmd, err);
}

static int make_account(struct process *process, struct node *base,
			const struct image_config *config, const struct process_records *records,
			struct err *err)
{
	const char *user = records->user ? records->user : config->user ? config->user : "";
	cleanup_free char *joined = NULL;

	if (!records->group)
		return account_find(&process->account, base, user, err);
	if (strchr(records->group, ':'))
		return err_set(err, EXIT_MALFORMED, "RUN-USER",
			       "a group without ':' expected, found \"%s\"", records->group);
	if (asprintf(&joined, "%.*s:%s", (int)strcspn(user, ":"), user, records->group) < 0)
		return no_memory(err);
	return account_find(&process->account, base, joined, err);
}

static int make_workdir(struct process *process, const struct image_config *config,
			const struct process_records *records, struct err *err)
{
	const char *workdir = records->workdir ? records->workdir : config->workdir;

	if (!workdir)
		return 0;
	process->workdir = plain_absolute(workdir, "RUN-WORKDIR", err);
	if (!process->workdir)
		return -1;
	if (strlen(process->workdir) > ROOTFS_PATH_MAX)
		return err_set(err, EXIT_MALFORMED, "RUN-WORKDIR",
			       "a path of at most %d bytes expected, found %zu", ROOTFS_PATH_MAX,
			       strlen(process->workdir));
	if (strcmp(process->workdir, "/") == 0) {
		free(process->workdir);
		process->workdir = NULL;
	}
	return 0;
}

/* What a container's image says is about its application: a helper is made of records alone. */
static int make_process(struct process *process, struct node *base,
			const struct image_config *config, const struct process_records *records,
			struct err *err)
{
	if (records->head && set_text(&process->head, records->head, err) < 0)
		return -1;
	if (make_env(process, config, records, err) < 0 ||
	    make_args(process, config, records, err) < 0 ||
	    make_account(process, base, config, records, err) < 0 ||
	    add_home(process, config, err) < 0 || make_workdir(process, config, records, err) < 0)
		return -1;
	return add_all(&process->settings, &records->settings, err);
}

static bool has(const struct strings *list, const char *text)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->at[i], text) == 0)
			return true;
	return false;
}

static bool is_bad(uint32_t id)
{
	return id > RUNSPEC_ID_MAX;
}

static int check_ids(const struct account *account, struct err *err)
{
	bool bad = is_bad(account->uid) || is_bad(account->gid);

	for (size_t i = 0; i < account->group_count; i++)
		bad = bad || is_bad(account->groups[i]);
	return bad ? err_set(err, EXIT_MALFORMED, "RUN-USER",
			     "a user and groups up to %u expected, found more", RUNSPEC_ID_MAX)
		   : 0;
}

/*
 * The device has one owner. Another process of that user's, or of root's, could open it as well,
 * and so has to be named.
 */
static int check_module(const struct runspec *spec, struct err *err)
{
	const struct process *owner = NULL;

	for (size_t i = 0; i <= spec->count; i++)
		if (has(&spec->processes[i].settings, "nsm=yes"))
			owner = &spec->processes[i];
	for (size_t i = 0; i <= spec->count; i++) {
		const struct process *process = &spec->processes[i];
		uint32_t uid = process->account.uid;

		if (check_ids(&process->account, err) < 0)
			return -1;
		if (owner &&
		    (has(&process->settings, "nsm=yes") ? uid != owner->account.uid
							: uid == owner->account.uid || uid == 0))
			return err_set(err, EXIT_MALFORMED, "RUN-NSM",
				       "the security module for one user expected, and no other "
				       "process of that user or root; found %s",
				       process->head ? process->head : "the application");
	}
	return 0;
}

static int make_stop_signal(struct runspec *spec, const struct image_config *config,
			    const struct run_records *records, struct err *err)
{
	const char *text = records->stop_signal ? records->stop_signal : config->stop_signal;

	if (text && signal_number(text, &spec->stop_signal) < 0)
		return err_set(err, EXIT_MALFORMED, "RUN-SIGNAL",
			       "a signal's name, or a number from 1 to %d, expected, found \"%s\"",
			       SIGNAL_MAX, text);
	return 0;
}

static int add_volumes(struct runspec *spec, const struct strings *volumes, struct err *err)
{
	for (size_t i = 0; i < volumes->count; i++) {
		cleanup_free char *path = plain_absolute(volumes->at[i], "RUN-VOLUME", err);

		if (!path)
			return -1;
		if (!path[1] || strlen(path) > ROOTFS_PATH_MAX)
			return err_set(err, EXIT_MALFORMED, "RUN-VOLUME",
				       "a path below the root of at most %d bytes expected, found "
				       "\"%.200s\"",
				       ROOTFS_PATH_MAX, path);
		if (add_sorted(&spec->volumes, path, err) < 0)
			return -1;
	}
	return 0;
}

static int add_ports(struct runspec *spec, const struct strings *ports, struct err *err)
{
	for (size_t i = 0; i < ports->count; i++)
		if (add_sorted(&spec->ports, ports->at[i], err) < 0)
			return -1;
	return 0;
}

int runspec_make(struct runspec *spec, struct node *base, const struct image_config *config,
		 const struct run_records *records, struct err *err)
{
	static const struct image_config none;

	if (records->name && set_text(&spec->name, records->name, err) < 0)
		return -1;
	for (size_t i = 0; i <= records->count; i++) {
		spec->count = i;
		if (make_process(&spec->processes[i], base, i ? &none : config,
				 &records->processes[i], err) < 0)
			return -1;
	}
	if (make_stop_signal(spec, config, records, err) < 0 ||
	    add_volumes(spec, &config->volumes, err) < 0 ||
	    add_volumes(spec, &records->volumes, err) < 0 ||
	    add_ports(spec, &config->ports, err) < 0 || add_ports(spec, &records->ports, err) < 0 ||
	    add_all(&spec->settings, &records->settings, err) < 0 ||
	    settings_check(&spec->settings, err) < 0)
		return -1;
	return check_module(spec, err);
}

void runspec_clear(struct runspec *spec)
{
	free(spec->name);
	strings_clear(&spec->volumes);
	strings_clear(&spec->ports);
	strings_clear(&spec->settings);
	for (size_t i = 0; i <= spec->count; i++) {
		struct process *process = &spec->processes[i];

		free(process->head);
		strings_clear(&process->env);
		strings_clear(&process->args);
		account_clear(&process->account);
		free(process->workdir);
		strings_clear(&process->settings);
	}
	*spec = (struct runspec){0};
}

static json_t *account_json(const struct account *account)
{
	cleanup_json json_t *groups = json_array();
	json_t *object = json_object();

	for (size_t i = 0; i < account->group_count; i++)
		json_array_append_new(groups, json_integer(account->groups[i]));
	json_object_set_new(object, "uid", json_integer(account->uid));
	json_object_set_new(object, "gid", json_integer(account->gid));
	if (json_object_set(object, "groups", groups) < 0) {
		json_decref(object);
		return NULL;
	}
	return object;
}

/* Adds what is known of a process to an object. */
static int process_json(json_t *object, const struct process *process)
{
	if (json_object_set_new(object, "env", strings_json(&process->env)) < 0 ||
	    json_object_set_new(object, "args", strings_json(&process->args)) < 0 ||
	    json_object_set_new(object, "user", account_json(&process->account)) < 0)
		return -1;
	return set_bytes(object, "workdir", process->workdir ? process->workdir : "/");
}

static json_t *helpers_json(const struct runspec *spec)
{
	json_t *list = json_array();

	for (size_t i = 1; i <= spec->count; i++) {
		json_t *object = json_object();

		if (!object || set_bytes(object, "helper", spec->processes[i].head) < 0 ||
		    process_json(object, &spec->processes[i]) < 0 ||
		    json_object_set_new(object, "settings",
					strings_json(&spec->processes[i].settings)) < 0) {
			json_decref(object);
			json_decref(list);
			return NULL;
		}
		json_array_append_new(list, object);
	}
	return list;
}

json_t *runspec_json(const struct runspec *spec, struct err *err)
{
	cleanup_json json_t *object = json_object();

	if (!object || (spec->name && set_bytes(object, "name", spec->name) < 0) ||
	    process_json(object, &spec->processes[0]) < 0 ||
	    json_object_set_new(object, "stopsignal",
				json_integer(spec->stop_signal ? spec->stop_signal : 15)) < 0 ||
	    json_object_set_new(object, "volumes", strings_json(&spec->volumes)) < 0 ||
	    json_object_set_new(object, "ports", strings_json(&spec->ports)) < 0 ||
	    json_object_set_new(object, "settings", strings_json(&spec->processes[0].settings)) <
		    0 ||
	    json_object_set_new(object, "machine", strings_json(&spec->settings)) < 0 ||
	    json_object_set_new(object, "helpers", helpers_json(spec)) < 0) {
		no_memory(err);
		return NULL;
	}
	return steal_ptr(object);
}
