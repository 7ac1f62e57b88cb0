/*
 * Splits a location where skopeo does. Never looks whether anything is there.
 */
#include "reference.h"

#include <string.h>

#include "document.h"

/*
 * "@ALGORITHM:DIGITS" at the end, or NULL. A folder's name may have an '@', too, and a tag behind
 * it: of other algorithms only what is long enough counts, so that it is refused as a digest.
 */
static char *find_digest(char *text)
{
	char *at = strrchr(text, '@');
	const char *colon = at ? strchr(at, ':') : NULL;

	if (!colon || strchr(at, '/'))
		return NULL;
	return strncmp(at, "@sha256:", 8) == 0 || strspn(colon + 1, "0123456789abcdef") >= 32
		       ? at
		       : NULL;
}

int reference_parse(struct reference *reference, const char *location, struct err *err)
{
	char *mark;

	reference->text = strdup(location);
	if (!reference->text)
		return err_errno(err, "ROOTFS-MEMORY", "%s", location);
	mark = find_digest(reference->text);
	if (mark) {
		*mark = '\0';
		reference->hex = digest_hex(mark + 1, err);
		if (!reference->hex) {
			err->status = EXIT_USAGE;
			return -1;
		}
	}
	mark = strchr(reference->text, ':');
	if (mark) {
		*mark = '\0';
		reference->tag = mark + 1;
	}
	reference->path = reference->text;
	if (*reference->path && (!reference->tag || *reference->tag))
		return 0;
	return err_set(err, EXIT_USAGE, "ROOTFS-SOURCE",
		       "PATH[:TAG][@sha256:DIGEST] expected, found \"%s\"", location);
}

void reference_clear(struct reference *reference)
{
	free(reference->text);
	*reference = (struct reference){0};
}
