/*
 * HTML that grows in memory, for the pages of the room. What is put in is escaped, always: there is
 * no way to write a word of somebody else's as markup.
 */
#ifndef MINTMARK_ATTEST_HTML_H
#define MINTMARK_ATTEST_HTML_H

#include "room.h"

struct html {
	FILE *stream;
	char *text;
	size_t size;
};

#define HTML_INIT ((struct html){NULL, NULL, 0})

int html_open(struct html *html, struct err *err);

/* A no-op on HTML_INIT. Fits cleanup_with(). */
void html_clear(struct html *html);

/*
 * Markup as it stands, with %s for UTF-8 text, which is escaped, fit for content and for attributes
 * in double quotes; %lld for a number; %% for a percent sign. Nothing else is known.
 */
void html_put(struct html *html, const char *markup, ...) __attribute__((format(printf, 2, 3)));

/* A word of a shell's command line, in quotes unless it is a plain one. */
void html_put_word(struct html *html, const char *text);

/* A part of a path in a URL: all but letters, digits and -._~ in percent signs. */
void html_put_path(struct html *html, const char *text);

/* What an asset of this program says, as it stands. */
void html_put_asset(struct html *html, const char *text);

/* Ends it: text and size are whole then. MEMORY. */
int html_finish(struct html *html, struct err *err);

#endif
