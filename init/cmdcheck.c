/* Compares two command lines byte by byte. Never interprets a word of either. */
#include "cmdcheck.h"

#include <stdbool.h>
#include <string.h>

/* How much of either line a refusal quotes, from the first byte that differs. */
enum { QUOTE = 160 };

static int quoted(size_t left)
{
	return left < QUOTE ? (int)left : QUOTE;
}

int cmdcheck(const char *line, size_t size, const char *expected, struct cmdcheck_rest *rest,
	     struct refusal *why)
{
	size_t wanted = strlen(expected);
	size_t same = 0;
	bool ends;

	if (size > 0 && line[size - 1] == '\n')
		size--;
	if (memchr(line, '\0', size))
		return refuse(why, "INIT-CMDLINE",
			      "the command line: expected no NUL byte, found one at byte %zu",
			      (size_t)((const char *)memchr(line, '\0', size) - line));
	while (same < size && same < wanted && line[same] == expected[same])
		same++;
	ends = same == wanted && (size == wanted || line[wanted] == ' ');
	if (!ends)
		return refuse(why, "INIT-CMDLINE",
			      "the command line at byte %zu: expected \"%.*s\"%s, found \"%.*s\"",
			      same, quoted(wanted - same), expected + same,
			      same == wanted ? " and a space or the end" : "", quoted(size - same),
			      line + same);
	rest->words = line + wanted;
	rest->size = size - wanted;
	if (rest->size > 0) {
		rest->words++;
		rest->size--;
	}
	return 0;
}
