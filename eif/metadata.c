/*
 * The metadata section: JSON that is in no PCR but in the file's hash. Ours says nothing about
 * time, host or builder, and never depends on how a JSON library prints numbers.
 */
#include "room.h"

#include <errno.h>
#include <string.h>

static const char build_time[] = "1970-01-01T00:00:00+00:00"; /* RFC 3339 as chrono prints it */

static int bad_metadata(struct err *err, const char *expected, const char *found)
{
	return err_set(err, EXIT_MALFORMED, "EIF-METADATA", "metadata: %s expected, found %s",
		       expected, found);
}

/*
 * Integers beyond 64 bits signed are legal in metadata but not in jansson: then all become reals,
 * because a reader that refuses such an image would be of no use.
 */
static json_t *parse_object(const char *text, size_t size, struct err *err)
{
	const size_t flags = JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL;
	json_error_t why;
	json_t *json;

	/* jansson passes over some of these. */
	if (memchr(text, '\0', size)) {
		bad_metadata(err, "JSON", "a NUL byte");
		return NULL;
	}
	json = json_loadb(text, size, flags, &why);
	if (!json && json_error_code(&why) == json_error_numeric_overflow)
		json = json_loadb(text, size, flags | JSON_DECODE_INT_AS_REAL, &why);
	if (!json) {
		err_set(err, EXIT_MALFORMED, "EIF-METADATA",
			"metadata: JSON expected, found at byte %d: %s", why.position, why.text);
		return NULL;
	}
	if (!json_is_object(json)) {
		json_decref(json);
		bad_metadata(err, "a JSON object", "something else");
		return NULL;
	}
	return json;
}

static int check_strings(const json_t *object, const char *const *keys, struct err *err)
{
	for (; *keys; keys++)
		if (!json_is_string(json_object_get(object, *keys)))
			return err_set(err, EXIT_MALFORMED, "EIF-METADATA",
				       "metadata: string member %s expected, found none", *keys);
	return 0;
}

json_t *eif_metadata_parse(const void *data, size_t size, struct err *err)
{
	static const char *const image_keys[] = {"ImageName", "ImageVersion", NULL};
	static const char *const build_keys[] = {"BuildTime",	     "BuildTool",
						 "BuildToolVersion", "OperatingSystem",
						 "KernelVersion",    NULL};
	cleanup_json json_t *json = NULL;

	if (size > EIF_MAX_METADATA) {
		err_set(err, EXIT_MALFORMED, "EIF-METADATA",
			"metadata: at most %d bytes expected, found %zu", EIF_MAX_METADATA, size);
		return NULL;
	}
	json = parse_object(data, size, err);
	if (!json || check_strings(json, image_keys, err) < 0 ||
	    check_strings(json_object_get(json, "BuildMetadata"), build_keys, err) < 0)
		return NULL;
	return steal_ptr(json);
}

/* Drops the white space between the tokens of valid JSON, in place; returns the new size. */
static size_t compact(char *text, size_t size)
{
	bool quoted = false;
	size_t used = 0;

	for (size_t i = 0; i < size; i++) {
		if (!quoted && memchr(" \t\r\n", text[i], 4))
			continue;
		if (text[i] == '"')
			quoted = !quoted;
		text[used++] = text[i];
		if (quoted && text[i] == '\\')
			text[used++] = text[++i];
	}
	return used;
}

/* CustomMetadata's text and, in *size, its length; the caller frees it. */
static char *compose_custom(const struct eif_identity *identity, size_t *size, struct err *err)
{
	const char *custom = identity->custom ? identity->custom : "null";
	size_t given = identity->custom ? identity->custom_size : strlen(custom);
	cleanup_json json_t *parsed = NULL;
	char *text;

	if (identity->custom) {
		parsed = parse_object(custom, given, err);
		if (!parsed)
			return NULL;
	}
	text = malloc(given);
	if (!text) {
		err_errno(err, "MEMORY", "metadata");
		return NULL;
	}
	memcpy(text, custom, given);
	*size = compact(text, given);
	return text;
}

char *eif_metadata_compose(const struct eif_identity *identity, size_t *size, struct err *err)
{
	size_t custom_size = 0;
	cleanup_free char *custom = compose_custom(identity, &custom_size, err);
	cleanup_free char *head = NULL;
	cleanup_json json_t *json = NULL;
	char *text = NULL;
	int printed;

	if (!custom)
		return NULL;
	json = json_pack("{s:s, s:s, s:{s:s, s:s, s:s, s:s, s:s}, s:n}", "ImageName",
			 identity->name, "ImageVersion", identity->version, "BuildMetadata",
			 "BuildTime", build_time, "BuildTool", "mintmark", "BuildToolVersion",
			 EIF_TOOL_VERSION, "OperatingSystem", "Linux", "KernelVersion",
			 identity->kernel_version, "DockerInfo");
	if (!json) {
		bad_metadata(err, "UTF-8 in name, version and kernel version", "other bytes");
		return NULL;
	}
	head = json_dumps(json, JSON_COMPACT);
	printed = head ? asprintf(&text, "%.*s,\"CustomMetadata\":%.*s}", (int)strlen(head) - 1,
				  head, (int)custom_size, custom)
		       : -1;
	if (printed < 0) {
		err_errno(err, "MEMORY", "metadata");
		return NULL;
	}
	*size = (size_t)printed;
	return text;
}
