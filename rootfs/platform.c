/*
 * Reads and compares platforms. Never decides which one is taken.
 */
#include "platform.h"

#include "document.h"

#include <stdio.h>
#include <string.h>

/* arm64 is at least v8, amd64 at least v1: writers add that or leave it out. */
static void normalise(struct platform *p)
{
	if ((strcmp(p->architecture, "arm64") == 0 && strcmp(p->variant, "v8") == 0) ||
	    (strcmp(p->architecture, "amd64") == 0 && strcmp(p->variant, "v1") == 0))
		p->variant[0] = '\0';
}

/* Takes size bytes into a field of 32. */
static bool take(char *field, const char *text, size_t size)
{
	if (size == 0 || size >= 32)
		return false;
	memcpy(field, text, size);
	field[size] = '\0';
	return true;
}

int platform_parse(struct platform *platform, const char *text, struct err *err)
{
	size_t os = strcspn(text, "/");
	const char *rest = text + os + (text[os] == '/');
	size_t architecture = strcspn(rest, "/");
	const char *variant = rest[architecture] ? rest + architecture + 1 : NULL;

	*platform = (struct platform){0};
	if (!take(platform->os, text, os) || !take(platform->architecture, rest, architecture) ||
	    (variant &&
	     (strchr(variant, '/') || !take(platform->variant, variant, strlen(variant)))))
		return err_set(err, EXIT_USAGE, "OCI-PLATFORM",
			       "OS/ARCH[/VARIANT] expected, found \"%s\"", text);
	normalise(platform);
	return 0;
}

static int read_member(char *field, const json_t *object, const char *key, const char *name,
		       struct err *err)
{
	const char *text = json_string_value(json_object_get(object, key));

	if (text && take(field, text, strlen(text)))
		return 0;
	return err_set(err, EXIT_MALFORMED, name,
		       "member \"%s\": a string of 1 to 31 bytes expected, found something else",
		       key);
}

int platform_read(struct platform *platform, const json_t *object, const char *name,
		  struct err *err)
{
	const json_t *variant = document_optional(object, "variant");

	*platform = (struct platform){0};
	if (read_member(platform->os, object, "os", name, err) < 0 ||
	    read_member(platform->architecture, object, "architecture", name, err) < 0)
		return -1;
	if (variant && (!json_is_string(variant) || *json_string_value(variant)) &&
	    read_member(platform->variant, object, "variant", name, err) < 0)
		return -1;
	normalise(platform);
	return 0;
}

bool platform_fits(const struct platform *wanted, const struct platform *found)
{
	return strcmp(wanted->os, found->os) == 0 &&
	       strcmp(wanted->architecture, found->architecture) == 0 &&
	       (!wanted->variant[0] || strcmp(wanted->variant, found->variant) == 0);
}

bool platform_equal(const struct platform *a, const struct platform *b)
{
	return platform_fits(a, b) && strcmp(a->variant, b->variant) == 0;
}

const char *platform_text(const struct platform *platform, char text[PLATFORM_TEXT])
{
	snprintf(text, PLATFORM_TEXT, "%s/%s%s%s", platform->os, platform->architecture,
		 platform->variant[0] ? "/" : "", platform->variant);
	return text;
}
