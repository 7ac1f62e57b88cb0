/*
 * Measurements that were published against those of an image. What the published ones say must
 * hold; what they do not say is not asked. Never lets a member that it does not know pass as equal:
 * it is listed.
 */
#include "compare.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

/* "PCR" and a number as it is written: neither PCR00 nor pcr0 nor PCR0x. */
static bool is_pcr(const char *key)
{
	size_t digits;

	if (strncmp(key, "PCR", 3) != 0)
		return false;
	digits = strspn(key + 3, "0123456789");
	return digits > 0 && !key[3 + digits] && (key[3] != '0' || digits == 1);
}

static int check_pcrs(const json_t *measurements, const char *path, struct err *err)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)measurements, key, value)
	{
		const char *text = json_string_value(value);

		if (is_pcr(key) &&
		    (!text || strspn(text, "0123456789abcdefABCDEF") != strlen(text) ||
		     json_string_length(value) != (size_t)2 * SHA384_SIZE))
			return err_set(err, EXIT_MALFORMED, "EIF-EXPECTED",
				       "%s: %s: 96 hexadecimal digits expected, found something "
				       "else",
				       path, key);
	}
	return 0;
}

/* A name that is ours but for its letters' case would pass for somebody else's. */
static int check_names(const json_t *json, const char *path, struct err *err)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)json, key, value)
	{
		const char *ours = eif_describe_like(key);

		if (ours && strcmp(ours, key) != 0)
			return err_set(err, EXIT_MALFORMED, "EIF-EXPECTED",
				       "%s: member %s expected, found it in other letters", path,
				       ours);
	}
	return 0;
}

/* What says nothing about a section, or about the metadata, would be equal to all of them. */
static int check_contents(const json_t *json, const char *path, struct err *err)
{
	const json_t *metadata = json_object_get(json, "Metadata");
	const json_t *section;
	size_t i;

	json_array_foreach(json_object_get(json, "Sections"), i, section)
	{
		if (!json_object_get(section, "type") || !json_object_get(section, "size") ||
		    !json_object_get(section, "sha256"))
			return err_set(err, EXIT_MALFORMED, "EIF-EXPECTED",
				       "%s: Sections[%zu]: type, size and sha256 expected, found "
				       "not all of them",
				       path, i);
	}
	if (json_is_object(metadata) && json_object_size(metadata) == 0)
		return err_set(err, EXIT_MALFORMED, "EIF-EXPECTED",
			       "%s: Metadata: members expected, found none", path);
	return 0;
}

/* PCRs at the top belong below Measurements; what is beside them stays where it is. */
static int wrap_pcrs(json_t *json)
{
	json_t *measurements = json_object();
	const char *key;
	json_t *value;
	void *next;
	int failed = 0;

	json_object_foreach_safe(json, next, key, value)
	{
		if (!is_pcr(key) && strcmp(key, "HashAlgorithm") != 0)
			continue;
		failed |= json_object_set(measurements, key, value);
		failed |= json_object_del(json, key);
	}
	return json_object_set_new(json, "Measurements", measurements) | failed;
}

static json_t *parse(const void *data, size_t size, json_error_t *why)
{
	const size_t flags = JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL;
	json_t *json = json_loadb(data, size, flags, why);

	/* As eif_metadata_parse() does, so that both sides are the same numbers. */
	if (!json && json_error_code(why) == json_error_numeric_overflow)
		json = json_loadb(data, size, flags | JSON_DECODE_INT_AS_REAL, why);
	return json;
}

json_t *eif_expected_parse(const void *data, size_t size, const char *path, struct err *err)
{
	json_error_t why;
	cleanup_json json_t *json = parse(data, size, &why);

	if (!json) {
		err_set(err, EXIT_MALFORMED, "EIF-EXPECTED",
			"%s: JSON expected, found at byte %d: %s", path, why.position, why.text);
		return NULL;
	}
	if (!json_object_get(json, "Measurements") && json_object_get(json, "PCR0") &&
	    wrap_pcrs(json) < 0) {
		errno = ENOMEM;
		err_errno(err, "MEMORY", "%s", path);
		return NULL;
	}
	if (!json_object_get(json_object_get(json, "Measurements"), "PCR0")) {
		err_set(err, EXIT_MALFORMED, "EIF-EXPECTED",
			"%s: measurements with PCR0 expected, found none", path);
		return NULL;
	}
	if (check_pcrs(json_object_get(json, "Measurements"), path, err) < 0 ||
	    check_names(json, path, err) < 0 || check_contents(json, path, err) < 0)
		return NULL;
	return steal_ptr(json);
}

static int differ(struct comparison *comparison, const char *what, const json_t *expected,
		  const json_t *found)
{
	json_t *difference =
		json_pack("{s:s, s:O, s:O}", "what", what, "expected",
			  expected ? expected : json_null(), "found", found ? found : json_null());

	return json_array_append_new(comparison->differences, difference);
}

static int equal(const char *what, const json_t *expected, const json_t *found)
{
	if (json_is_number(expected) && json_is_number(found))
		return json_equal(expected, found) ||
		       (json_typeof(expected) != json_typeof(found) &&
			json_number_value(expected) == json_number_value(found));
	if (strncmp(what, "Measurements.PCR", 16) == 0 && json_is_string(found))
		return strcasecmp(json_string_value(expected), json_string_value(found)) == 0;
	return json_equal(expected, found);
}

static int compare(struct comparison *comparison, const char *what, const json_t *expected,
		   const json_t *found);

static int compare_arrays(struct comparison *comparison, const char *what, const json_t *expected,
			  const json_t *found)
{
	size_t count = json_array_size(expected);
	int failed = 0;

	if (count < json_array_size(found))
		count = json_array_size(found);
	for (size_t i = 0; i < count; i++) {
		cleanup_free char *path = NULL;

		if (asprintf(&path, "%s[%zu]", what, i) < 0)
			return -1;
		failed |= compare(comparison, path, json_array_get(expected, i),
				  json_array_get(found, i));
	}
	return failed;
}

/* PCR3, PCR4 and the like belong to a run; members at the top are other people's, but no PCRs. */
static bool says_nothing(const char *what, const char *key)
{
	static const char *const ours[] = {"Cmdline", "Cmdline_b64", "Metadata", "ImageName",
					   "ImageVersion"};

	if (strcmp(what, "Measurements") == 0)
		return is_pcr(key) && (!strchr("0128", key[3]) || key[4]);
	if (*what)
		return false;
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (strcmp(ours[i], key) == 0)
			return false;
	return strncasecmp(key, "PCR", 3) != 0;
}

static int compare_objects(struct comparison *comparison, const char *what, const json_t *expected,
			   const json_t *found)
{
	const char *key;
	json_t *value;
	int failed = 0;

	json_object_foreach((json_t *)(uintptr_t)expected, key, value)
	{
		const json_t *other = json_object_get(found, key);
		cleanup_free char *path = NULL;

		if (asprintf(&path, "%s%s%s", what, *what ? "." : "", key) < 0)
			return -1;
		if (!other && says_nothing(what, key))
			failed |=
				json_array_append_new(comparison->not_compared, json_string(path));
		else
			failed |= compare(comparison, path, value, other);
	}
	return failed;
}

static int compare(struct comparison *comparison, const char *what, const json_t *expected,
		   const json_t *found)
{
	if (json_is_object(expected) && json_is_object(found))
		return compare_objects(comparison, what, expected, found);
	if (json_is_array(expected) && json_is_array(found))
		return compare_arrays(comparison, what, expected, found);
	if (expected && found && equal(what, expected, found))
		return 0;
	return differ(comparison, what, expected, found);
}

int compare_measurements(struct comparison *comparison, const json_t *expected, const json_t *found,
			 struct err *err)
{
	if (compare(comparison, "", expected, found) == 0)
		return 0;
	errno = ENOMEM;
	return err_errno(err, "MEMORY", "comparison");
}
