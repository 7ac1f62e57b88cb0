/*
 * Splits a location where skopeo does. Never looks whether anything is there.
 */
#include "reference.h"

#include <string.h>

#include "document.h"

/* "@ALGORITHM:DIGITS" at the end, or NULL; a folder's name may have an '@', too. */
static char *find_digest(char *text)
{
	char *at = strrchr(text, '@');

	return at && strchr(at, ':') && !strchr(at, '/') ? at : NULL;
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
