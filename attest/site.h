/*
 * What the pages of a site are made of, for the room's own files. A release is a JSON object:
 *   Id          its number in the log, or its place without one
 *   Name, Version, Sums (the SHA-256 of SHA256SUMS)
 *   Security, Withdrawn (a reason), Outdated (a security version), Logged: of a log's releases
 *   Folder, Path: when its folder is at hand
 *   Targets     of each: Registers, and Facts and Boot (milliseconds) when they are known
 */
#ifndef MINTMARK_ATTEST_SITE_H
#define MINTMARK_ATTEST_SITE_H

#include "html.h"

struct site {
	const struct attest_site *what;
	json_t *releases; /* oldest first */
	json_t *log;	  /* Origin, Size, Root, Time; NULL without one */
};

/* Reads the log and all folders, and holds each against the other. */
int site_read(struct site *site, struct err *err);
void site_clear(struct site *site);

/*
 * What a target of a release consists of, the caller's: Packages, Options and Files, objects of
 * which each is there if it was published.
 */
json_t *site_contents(const json_t *release, const char *target, struct err *err);

/*
 * What differs between two objects, sorted by key, as a list of [KEY, OLDER, NEWER], null for what
 * one of them does not have. The caller's.
 */
json_t *site_changes(const json_t *older, const json_t *newer, struct err *err);

/* A file's differences in words, the caller's: "content, mode 0644 to 0755". */
char *site_file_change(const json_t *older, const json_t *newer, struct err *err);

/* One column of a chart, of at most SITE_VALUE_MAX; a value below 0 is not known. */
#define SITE_VALUE_MAX (1LL << 50)
struct column {
	const char *label;
	const char *text; /* the value, for people */
	long long value;
};

enum { SITE_COLUMNS_MAX = 24 };

/* An image, inline, of at most SITE_COLUMNS_MAX columns. title says what of what. */
void site_chart(struct html *html, const char *title, const struct column *columns, size_t count);

/* Bytes for people, as long as text has room. */
void site_size_text(long long bytes, char text[32]);

/* The name of a page: of a release, and of an image over all of its releases. */
void site_release_page(const json_t *release, char name[64]);
int site_image_page(const char *image, char name[160], struct err *err);

/* {NAME: text} of all pages, the caller's. */
json_t *site_pages(const struct site *site, struct err *err);

/* What all pages carry within them: site.css and site.js. */
extern const char site_style[];
extern const char site_script[];

/* ---- sections of pages ---- */

/* A text that is taken as a whole, with a button for that. what names it. */
void site_put_copied(struct html *html, const char *what, const char *text);

/* "good" when nothing in the log speaks against a release, or what does. */
void site_put_status(struct html *html, const json_t *release);

/*
 * The registers of a target, and whether each is as in the release before, which may be NULL; then
 * facts about its image.
 */
void site_put_registers(struct html *html, const json_t *release, const char *target,
			const json_t *before);
void site_put_facts(struct html *html, const json_t *release, const char *target);

/* How to verify evidence against a release, in three commands. */
void site_put_commands(struct html *html, const struct site *site, const json_t *release);

/* Packages, kernel options and files that changed since the release before. */
int site_put_changes(struct html *html, const json_t *release, const json_t *before,
		     struct err *err);

#endif
