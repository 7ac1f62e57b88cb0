/* Compares two command lines byte by byte. Never interprets a word of either. */
#include "init.h"

/* How much of either line a refusal quotes, from the first byte that differs. */
enum { QUOTE = 160 };

int cmdcheck(const char *line, size_t size, const char *expected, struct cmdcheck_rest *rest,
	     struct refusal *why)
{
	size_t wanted = strlen(expected);
	size_t same = 0;
	const char *nul;

	if (size > 0 && line[size - 1] == '\n')
		size--;
	nul = memchr(line, '\0', size);
	if (nul)
		return refuse(why, "INIT-CMDLINE",
			      "the command line: expected no NUL byte, found one at byte %zu",
			      (size_t)(nul - line));
	while (same < size && same < wanted && line[same] == expected[same])
		same++;
	if (same < wanted || (size > wanted && line[wanted] != ' '))
		return refuse(why, "INIT-CMDLINE",
			      "the command line at byte %zu: expected \"%.*s\"%s, found \"%.*s\"",
			      same, QUOTE, expected + same,
			      same == wanted ? " and a space or the end" : "",
			      (int)(size - same < QUOTE ? size - same : QUOTE), line + same);
	rest->words = line + wanted + (size > wanted);
	rest->size = size - wanted - (size > wanted);
	return 0;
}
