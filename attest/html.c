/* HTML in memory. Never lets a text through that would be markup, or that turns the text around it.
 */
#include "html.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

int html_open(struct html *html, struct err *err)
{
	*html = HTML_INIT;
	html->stream = open_memstream(&html->text, &html->size);
	return html->stream ? 0 : no_memory(err);
}

void html_clear(struct html *html)
{
	if (html->stream)
		fclose(html->stream);
	free(html->text);
	*html = HTML_INIT;
}

int html_finish(struct html *html, struct err *err)
{
	bool lost = ferror(html->stream) != 0;

	lost |= fclose(html->stream) != 0;
	html->stream = NULL;
	return lost ? no_memory(err) : 0;
}

/*
 * The bytes of a character that is not shown as itself: controls, and what hides or turns the text
 * around it (U+061C, U+200B to U+200F, U+2028 to U+202E, U+2060 to U+2069, U+FEFF). 0 for others.
 */
static size_t hidden(const unsigned char *at)
{
	if ((at[0] < 0x20 && at[0] != '\n' && at[0] != '\t') || at[0] == 0x7f)
		return 1;
	if ((at[0] == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0) || (at[0] == 0xd8 && at[1] == 0x9c))
		return 2;
	if (at[0] == 0xe2 && at[1] == 0x80 &&
	    ((at[2] >= 0x8b && at[2] <= 0x8f) || (at[2] >= 0xa8 && at[2] <= 0xae)))
		return 3;
	if (at[0] == 0xe2 && at[1] == 0x81 && at[2] >= 0xa0 && at[2] <= 0xa9)
		return 3;
	return at[0] == 0xef && at[1] == 0xbb && at[2] == 0xbf ? 3 : 0;
}

static const char *entity(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

static void put_text(FILE *stream, const char *text)
{
	while (*text) {
		size_t size = hidden((const unsigned char *)text);

		if (size > 0)
			fputs("\xef\xbf\xbd", stream);
		else if (entity(*text))
			fputs(entity(*text), stream);
		else
			putc(*text, stream);
		text += size ? size : 1;
	}
}

void html_put(struct html *html, const char *markup, ...)
{
	va_list args;

	va_start(args, markup);
	for (; *markup; markup++) {
		if (*markup != '%') {
			putc(*markup, html->stream);
		} else if (markup[1] == 's') {
			const char *text = va_arg(args, const char *);

			put_text(html->stream, text ? text : "");
			markup++;
		} else if (strncmp(markup + 1, "lld", 3) == 0) {
			fprintf(html->stream, "%lld", va_arg(args, long long));
			markup += 3;
		} else {
			putc('%', html->stream);
			markup++;
		}
	}
	va_end(args);
}

void html_put_word(struct html *html, const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "_./+=:@-";

	if (*text && text[0] != '-' && text[strspn(text, plain)] == '\0') {
		html_put(html, "%s", text);
		return;
	}
	html_put(html, "&#39;");
	while (*text) {
		size_t run = strcspn(text, "'");
		cleanup_free char *part = strndup(text, run);

		html_put(html, "%s%s", part, text[run] ? "'\\''" : "");
		text += run + (text[run] != '\0');
	}
	html_put(html, "&#39;");
}

void html_put_path(struct html *html, const char *text)
{
	for (; *text; text++)
		if (isascii((unsigned char)*text) &&
		    (isalnum((unsigned char)*text) || strchr("-._~", *text)))
			putc(*text, html->stream);
		else
			fprintf(html->stream, "%%%02X", (unsigned)(unsigned char)*text);
}

void html_put_asset(struct html *html, const char *text)
{
	fputs(text, html->stream);
}
