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

static int take_record(struct run_records *records, const char *record, size_t at, struct err *err)
{
	const struct {
		const char *key;
		char **text;
		struct strings *list;
	} keys[] = {
		{"name=", &records->name, NULL},
		{"arg=", NULL, &records->args},
		{"env=", NULL, &records->env},
		{"user=", &records->user, NULL},
		{"group=", &records->group, NULL},
		{"workdir=", &records->workdir, NULL},
		{"stopsignal=", &records->stop_signal, NULL},
		{"volume=", NULL, &records->volumes},
		{"port=", NULL, &records->ports},
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		size_t size = strlen(keys[i].key);

		if (strncmp(record, keys[i].key, size) != 0)
			continue;
		record += size;
		if (keys[i].list == &records->env && (!strchr(record, '=') || *record == '='))
			return bad_record(at, "env=NAME=value", record, err);
		return keys[i].text ? take_once(keys[i].text, record, at, err)
				    : strings_add(keys[i].list, record, err);
	}
	return bad_record(at, "key=value with a known key", record, err);
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
	strings_clear(&records->args);
	strings_clear(&records->env);
	free(records->user);
	free(records->group);
	free(records->workdir);
	free(records->stop_signal);
	strings_clear(&records->volumes);
	strings_clear(&records->ports);
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

static int make_env(struct runspec *spec, const struct image_config *config,
		    const struct run_records *records, struct err *err)
{
	if (config->given && !find_variable(&config->env, "PATH=") &&
	    strings_add(&spec->env, DEFAULT_PATH, err) < 0)
		return -1;
	for (size_t i = 0; i < config->env.count; i++)
		if (set_variable(&spec->env, config->env.at[i], err) < 0)
			return -1;
	for (size_t i = 0; i < records->env.count; i++)
		if (set_variable(&spec->env, records->env.at[i], err) < 0)
			return -1;
	return 0;
}

/* As runc, which starts a container's process for Docker: where the user is at home. */
static int add_home(struct runspec *spec, const struct image_config *config, struct err *err)
{
	cleanup_free char *home = NULL;

	if (!config->given || find_variable(&spec->env, "HOME="))
		return 0;
	if (asprintf(&home, "HOME=%s", spec->account.home) < 0)
		return no_memory(err);
	return strings_add(&spec->env, home, err);
}

static int make_args(struct runspec *spec, const struct image_config *config,
		     const struct run_records *records, struct err *err)
{
	if (records->args.count > 0)
		return add_all(&spec->args, &records->args, err);
	if (add_all(&spec->args, &config->entrypoint, err) < 0)
		return -1;
	return add_all(&spec->args, &config->cmd, err);
}

static int make_account(struct runspec *spec, struct node *base, const struct image_config *config,
			const struct run_records *records, struct err *err)
{
	const char *user = records->user ? records->user : config->user ? config->user : "";
	cleanup_free char *joined = NULL;

	if (!records->group)
		return account_find(&spec->account, base, user, err);
	if (strchr(records->group, ':'))
		return err_set(err, EXIT_MALFORMED, "RUN-USER",
			       "a group without ':' expected, found \"%s\"", records->group);
	if (asprintf(&joined, "%.*s:%s", (int)strcspn(user, ":"), user, records->group) < 0)
		return no_memory(err);
	return account_find(&spec->account, base, joined, err);
}

static int make_workdir(struct runspec *spec, const struct image_config *config,
			const struct run_records *records, struct err *err)
{
	const char *workdir = records->workdir ? records->workdir : config->workdir;

	if (!workdir)
		return 0;
	spec->workdir = plain_absolute(workdir, "RUN-WORKDIR", err);
	if (!spec->workdir)
		return -1;
	if (strlen(spec->workdir) > ROOTFS_PATH_MAX)
		return err_set(err, EXIT_MALFORMED, "RUN-WORKDIR",
			       "a path of at most %d bytes expected, found %zu", ROOTFS_PATH_MAX,
			       strlen(spec->workdir));
	if (strcmp(spec->workdir, "/") == 0) {
		free(spec->workdir);
		spec->workdir = NULL;
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
	if (records->name && set_text(&spec->name, records->name, err) < 0)
		return -1;
	if (make_env(spec, config, records, err) < 0 || make_args(spec, config, records, err) < 0 ||
	    make_account(spec, base, config, records, err) < 0 || add_home(spec, config, err) < 0 ||
	    make_workdir(spec, config, records, err) < 0 ||
	    make_stop_signal(spec, config, records, err) < 0 ||
	    add_volumes(spec, &config->volumes, err) < 0 ||
	    add_volumes(spec, &records->volumes, err) < 0 ||
	    add_ports(spec, &config->ports, err) < 0)
		return -1;
	return add_ports(spec, &records->ports, err);
}

void runspec_clear(struct runspec *spec)
{
	free(spec->name);
	strings_clear(&spec->env);
	strings_clear(&spec->args);
	account_clear(&spec->account);
	free(spec->workdir);
	strings_clear(&spec->volumes);
	strings_clear(&spec->ports);
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

json_t *runspec_json(const struct runspec *spec, struct err *err)
{
	cleanup_json json_t *object = json_object();

	if (!object || (spec->name && set_bytes(object, "name", spec->name) < 0) ||
	    json_object_set_new(object, "env", strings_json(&spec->env)) < 0 ||
	    json_object_set_new(object, "args", strings_json(&spec->args)) < 0 ||
	    json_object_set_new(object, "user", account_json(&spec->account)) < 0 ||
	    set_bytes(object, "workdir", spec->workdir ? spec->workdir : "/") < 0 ||
	    json_object_set_new(object, "stopsignal",
				json_integer(spec->stop_signal ? spec->stop_signal : 15)) < 0 ||
	    json_object_set_new(object, "volumes", strings_json(&spec->volumes)) < 0 ||
	    json_object_set_new(object, "ports", strings_json(&spec->ports)) < 0) {
		no_memory(err);
		return NULL;
	}
	return steal_ptr(object);
}
