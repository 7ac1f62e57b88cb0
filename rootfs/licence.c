/* Checks licence expressions. Never guesses which licence an unknown name may mean. */
#include "licence.h"

#include <stddef.h>
#include <string.h>

enum { DEPTH_MAX = 20 };

/* Identifiers of the SPDX licence list; what may stand after WITH. */
static const char *const identifiers[] = {
	"0BSD",
	"AFL-2.1",
	"AGPL-3.0-only",
	"AGPL-3.0-or-later",
	"Apache-2.0",
	"Artistic-1.0-Perl",
	"Artistic-2.0",
	"BSD-1-Clause",
	"BSD-2-Clause",
	"BSD-3-Clause",
	"BSD-4-Clause",
	"BSL-1.0",
	"BlueOak-1.0.0",
	"CC-BY-3.0",
	"CC-BY-4.0",
	"CC-BY-SA-3.0",
	"CC-BY-SA-4.0",
	"CC0-1.0",
	"CDDL-1.0",
	"EPL-1.0",
	"EPL-2.0",
	"FTL",
	"GFDL-1.1-or-later",
	"GFDL-1.2-or-later",
	"GFDL-1.3-or-later",
	"GPL-1.0-or-later",
	"GPL-2.0-only",
	"GPL-2.0-or-later",
	"GPL-3.0-only",
	"GPL-3.0-or-later",
	"HPND",
	"ICU",
	"IJG",
	"ISC",
	"LGPL-2.0-only",
	"LGPL-2.0-or-later",
	"LGPL-2.1-only",
	"LGPL-2.1-or-later",
	"LGPL-3.0-only",
	"LGPL-3.0-or-later",
	"Libpng",
	"MIT",
	"MIT-0",
	"MPL-1.1",
	"MPL-2.0",
	"NCSA",
	"OFL-1.1",
	"OLDAP-2.8",
	"OpenSSL",
	"PHP-3.01",
	"PSF-2.0",
	"PostgreSQL",
	"Python-2.0",
	"Ruby",
	"SSH-OpenSSH",
	"TCL",
	"Unicode-3.0",
	"Unicode-DFS-2016",
	"Unlicense",
	"Vim",
	"WTFPL",
	"X11",
	"ZPL-2.1",
	"Zlib",
	"bzip2-1.0.6",
	"curl",
	"zlib-acknowledgement",
};

static const char *const exceptions[] = {
	"Autoconf-exception-3.0", "Bison-exception-2.2",       "Classpath-exception-2.0",
	"Font-exception-2.0",	  "GCC-exception-3.1",	       "LLVM-exception",
	"Linux-syscall-note",	  "openvpn-openssl-exception", "u-boot-exception-2.0",
};

static bool is_listed(const char *const *list, size_t count, const char *word, size_t size)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(list[i]) == size && memcmp(list[i], word, size) == 0)
			return true;
	return false;
}

/* The next word, or a bracket; moves *p behind it. */
static size_t take_word(const char **p, const char **word)
{
	*p += strspn(*p, " ");
	*word = *p;
	*p += **p == '(' || **p == ')' ? 1 : strcspn(*p, " ()");
	return (size_t)(*p - *word);
}

static bool take_this(const char **p, const char *wanted)
{
	const char *at = *p;
	const char *word;
	size_t size = take_word(&at, &word);

	if (size != strlen(wanted) || memcmp(word, wanted, size) != 0)
		return false;
	*p = at;
	return true;
}

static bool take_expression(const char **p, unsigned int depth);

static bool take_term(const char **p, unsigned int depth)
{
	const char *word;
	size_t size;

	if (take_this(p, "("))
		return depth < DEPTH_MAX && take_expression(p, depth + 1) && take_this(p, ")");
	size = take_word(p, &word);
	if (!is_listed(identifiers, sizeof(identifiers) / sizeof(identifiers[0]), word, size))
		return false;
	if (!take_this(p, "WITH"))
		return true;
	size = take_word(p, &word);
	return is_listed(exceptions, sizeof(exceptions) / sizeof(exceptions[0]), word, size);
}

static bool take_expression(const char **p, unsigned int depth)
{
	do {
		if (!take_term(p, depth))
			return false;
	} while (take_this(p, "AND") || take_this(p, "OR"));
	return true;
}

bool licence_is_expression(const char *text)
{
	return take_expression(&text, 0) && text[strspn(text, " ")] == '\0';
}
