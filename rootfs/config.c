/*
 * Reads an image's config object strictly: a member of another type than the specification's is an
 * error, never a guess. Decides nothing about what is run; that is runspec.c's.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "manifest.h"

static int no_memory(struct err *err)
{
	return err_errno(err, "ROOTFS-MEMORY", "config");
}

int strings_add(struct strings *list, const char *text, struct err *err)
{
	char **more = realloc(list->at, (list->count + 1) * sizeof(*more));

	if (!more)
		return no_memory(err);
	list->at = more;
	more[list->count] = strdup(text);
	if (!more[list->count])
		return no_memory(err);
	list->count++;
	return 0;
}

void strings_clear(struct strings *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->at[i]);
	free(list->at);
	*list = (struct strings){0};
}

static const char *type_of(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "a list";
	case JSON_STRING:
		return "a string";
	case JSON_NULL:
		return "null";
	case JSON_INTEGER:
	case JSON_REAL:
		return "a number";
	case JSON_TRUE:
	case JSON_FALSE:
		break;
	}
	return "a truth value";
}

static int wrong_type(const char *key, const char *expected, const json_t *found, struct err *err)
{
	return err_set(err, EXIT_MALFORMED, "OCI-CONFIG", "%s: %s expected, found %s", key,
		       expected, type_of(found));
}

/* The member, or NULL when it is missing or null. */
static const json_t *member(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_null(value) ? NULL : value;
}

/* NULL with OCI-CONFIG unless value is a string without NUL. */
static const char *text_of(const json_t *value, const char *key, struct err *err)
{
	const char *text = json_string_value(value);

	if (!text) {
		wrong_type(key, "a string", value, err);
		return NULL;
	}
	if (strlen(text) != json_string_length(value)) {
		err_set(err, EXIT_MALFORMED, "OCI-CONFIG",
			"%s: a string without NUL expected, found one with it", key);
		return NULL;
	}
	return text;
}

static int take_text(const json_t *object, const char *key, char **text, struct err *err)
{
	const json_t *value = member(object, key);
	const char *found = value ? text_of(value, key, err) : "";

	if (!found)
		return -1;
	if (!*found)
		return 0;
	*text = strdup(found);
	return *text ? 0 : no_memory(err);
}

static int take_list(const json_t *object, const char *key, struct strings *list, struct err *err)
{
	const json_t *value = member(object, key);
	const json_t *entry;
	size_t i;

	if (value && !json_is_array(value))
		return wrong_type(key, "a list of strings", value, err);
	json_array_foreach(value, i, entry)
	{
		const char *text = text_of(entry, key, err);

		if (!text || strings_add(list, text, err) < 0)
			return -1;
	}
	return 0;
}

static int check_env(const struct strings *env, struct err *err)
{
	for (size_t i = 0; i < env->count; i++) {
		const char *equals = strchr(env->at[i], '=');

		if (!equals || equals == env->at[i])
			return err_set(err, EXIT_MALFORMED, "OCI-CONFIG",
				       "Env: NAME=value expected, found \"%.200s\"", env->at[i]);
	}
	return 0;
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A set: an object whose members are empty objects, as Go writes one. */
static int take_set(const json_t *object, const char *key, struct strings *list, struct err *err)
{
	const json_t *value = member(object, key);
	const char *name;
	json_t *nothing;

	if (value && !json_is_object(value))
		return wrong_type(key, "an object", value, err);
	json_object_foreach((json_t *)value, name, nothing)
	{
		if (!json_is_object(nothing) && !json_is_null(nothing))
			return wrong_type(key, "members that are empty objects", nothing, err);
		if (strings_add(list, name, err) < 0)
			return -1;
	}
	if (list->count > 1)
		qsort(list->at, list->count, sizeof(*list->at), compare_texts);
	return 0;
}

static int compare_labels(const void *a, const void *b)
{
	return strcmp(((const struct label *)a)->key, ((const struct label *)b)->key);
}

static int take_labels(const json_t *object, struct image_config *config, struct err *err)
{
	const json_t *value = member(object, "Labels");
	const char *key;
	json_t *entry;

	if (!value)
		return 0;
	if (!json_is_object(value))
		return wrong_type("Labels", "an object", value, err);
	config->labels = calloc(json_object_size(value) + 1, sizeof(*config->labels));
	if (!config->labels)
		return no_memory(err);
	json_object_foreach((json_t *)value, key, entry)
	{
		struct label *label = &config->labels[config->label_count++];
		const char *text = json_is_null(entry) ? "" : text_of(entry, "Labels", err);

		if (!text)
			return -1;
		label->key = strdup(key);
		label->value = strdup(text);
		if (!label->key || !label->value)
			return no_memory(err);
	}
	qsort(config->labels, config->label_count, sizeof(*config->labels), compare_labels);
	return 0;
}

int config_parse(struct image_config *config, const json_t *image, struct err *err)
{
	const json_t *run;

	if (!json_is_object(image))
		return wrong_type("the image's config", "an object", image, err);
	config->given = true;
	run = member(image, "config");
	if (run && !json_is_object(run))
		return wrong_type("config", "an object", run, err);
	if (take_text(image, "architecture", &config->architecture, err) < 0 ||
	    take_text(image, "os", &config->os, err) < 0 ||
	    take_text(image, "variant", &config->variant, err) < 0 ||
	    take_list(run, "Entrypoint", &config->entrypoint, err) < 0 ||
	    take_list(run, "Cmd", &config->cmd, err) < 0 ||
	    take_list(run, "Env", &config->env, err) < 0 || check_env(&config->env, err) < 0 ||
	    take_text(run, "User", &config->user, err) < 0 ||
	    take_text(run, "WorkingDir", &config->workdir, err) < 0 ||
	    take_text(run, "StopSignal", &config->stop_signal, err) < 0 ||
	    take_set(run, "ExposedPorts", &config->ports, err) < 0 ||
	    take_set(run, "Volumes", &config->volumes, err) < 0)
		return -1;
	return take_labels(run, config, err);
}

void config_clear(struct image_config *config)
{
	free(config->architecture);
	free(config->os);
	free(config->variant);
	strings_clear(&config->entrypoint);
	strings_clear(&config->cmd);
	strings_clear(&config->env);
	free(config->user);
	free(config->workdir);
	free(config->stop_signal);
	strings_clear(&config->ports);
	strings_clear(&config->volumes);
	for (size_t i = 0; i < config->label_count; i++) {
		free(config->labels[i].key);
		free(config->labels[i].value);
	}
	free(config->labels);
	*config = (struct image_config){0};
}

json_t *strings_json(const struct strings *list)
{
	cleanup_json json_t *array = json_array();

	for (size_t i = 0; i < list->count; i++) {
		json_t *text = json_string(list->at[i]);

		if (!text) {
			text = json_object();
			if (!text || set_bytes(text, "bytes", list->at[i]) < 0) {
				json_decref(text);
				return NULL;
			}
		}
		if (json_array_append_new(array, text) < 0)
			return NULL;
	}
	return steal_ptr(array);
}

static int put_text(json_t *object, const char *key, const char *text)
{
	return text ? json_object_set_new(object, key, json_string(text)) : 0;
}

static int put_list(json_t *object, const char *key, const struct strings *list)
{
	return list->count ? json_object_set_new(object, key, strings_json(list)) : 0;
}

static int put_labels(json_t *object, const struct image_config *config)
{
	json_t *labels;

	if (config->label_count == 0)
		return 0;
	labels = json_object();
	for (size_t i = 0; i < config->label_count; i++) {
		if (put_text(labels, config->labels[i].key, config->labels[i].value) < 0) {
			json_decref(labels);
			return -1;
		}
	}
	return json_object_set_new(object, "Labels", labels);
}

json_t *config_json(const struct image_config *config, struct err *err)
{
	cleanup_json json_t *object = json_object();

	if (!object || put_text(object, "architecture", config->architecture) < 0 ||
	    put_text(object, "os", config->os) < 0 ||
	    put_text(object, "variant", config->variant) < 0 ||
	    put_list(object, "Entrypoint", &config->entrypoint) < 0 ||
	    put_list(object, "Cmd", &config->cmd) < 0 ||
	    put_list(object, "Env", &config->env) < 0 ||
	    put_text(object, "User", config->user) < 0 ||
	    put_text(object, "WorkingDir", config->workdir) < 0 ||
	    put_text(object, "StopSignal", config->stop_signal) < 0 ||
	    put_list(object, "ExposedPorts", &config->ports) < 0 ||
	    put_list(object, "Volumes", &config->volumes) < 0 || put_labels(object, config) < 0) {
		no_memory(err);
		return NULL;
	}
	return steal_ptr(object);
}
