/*
 * Two releases, the older and the newer, of which the input has the files that pages are made of,
 * each text with a NUL behind it: refused by name, or the pages are well-formed and consist of the
 * elements that we write and no others. Makes folders, in memory, and removes them at the end of
 * each run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"

#include "../../attest/folder.h"
#include "../../attest/site.h"

enum { DEPTH_MAX = 32, FILES = 5 };

static const char *const names[] = {"ATTEST-", NULL};
static const char *const files[FILES] = {"measurements.json", "values.json", "sbom.spdx.json",
					 "kernel.config", "manifest.json"};

/* Of an element without content the end is in its start. */
static const char *const elements[] = {
	"html",	   "head",    "meta",  "title", "style", "script", "body", "nav",    "main",
	"footer",  "section", "h1",    "h2",	"h3",	 "h4",	   "p",	   "a",	     "bdi",
	"code",	   "button",  "dl",    "div",	"dt",	 "span",   "dd",   "pre",    "ol",
	"li",	   "table",   "thead", "tbody", "tr",	 "th",	   "td",   "figure", "figcaption",
	"details", "summary", "svg",   "g",	"line",	 "rect",   "text", "strong", NULL};

static const char *element(const char *at, size_t size)
{
	for (size_t i = 0; elements[i]; i++)
		if (strlen(elements[i]) == size && memcmp(elements[i], at, size) == 0)
			return elements[i];
	fuzz_fail("an element of ours expected, found %.*s", (int)(size < 60 ? size : 60), at);
}

/* Where what begins here with "<" ends, behind its ">". Script and style have no "<" in them. */
static const char *take_tag(const char *at, const char *stack[DEPTH_MAX], size_t *depth)
{
	bool end = at[1] == '/';
	const char *name = at + 1 + end;
	const char *found = element(name, strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789"));
	const char *close = name + strcspn(name, "<>");

	if (*close != '>')
		fuzz_fail("%s: the end of a tag expected", found);
	if (end) {
		if (*depth == 0 || stack[--*depth] != found)
			fuzz_fail("%s: another end expected", found);
	} else if (close[-1] != '/') {
		if (*depth == DEPTH_MAX)
			fuzz_fail("%s: fewer elements within each other expected", found);
		stack[(*depth)++] = found;
	}
	return close + 1;
}

static void check_page(const char *text)
{
	static const char doctype[] = "<!DOCTYPE html>\n";
	const char *stack[DEPTH_MAX];
	size_t depth = 0;

	if (strncmp(text, doctype, strlen(doctype)) != 0)
		fuzz_fail("a doctype expected");
	for (const char *at = text + strlen(doctype); (at = strchr(at, '<'));)
		at = take_tag(at, stack, &depth);
	if (depth != 0)
		fuzz_fail("an end of %s expected", stack[depth - 1]);
	for (const char *p = text; *p; p++)
		if ((unsigned char)*p < 0x20 && *p != '\n' && *p != '\t')
			fuzz_fail("text expected, found byte %02x", (unsigned)*p);
}

/* A release, its sums included. */
static void lay_down(const char *folder, const uint8_t **data, size_t *size)
{
	cleanup_free char *target = NULL;
	char lines[FILES * 120] = "";
	char hex[HASH_MAX_HEX];
	struct err err = {0};

	if (mkdir(folder, 0700) < 0 || !(target = folder_path(folder, NULL, "t", &err)) ||
	    mkdir(target, 0700) < 0)
		fuzz_fail("a folder expected");
	for (size_t i = 0; i < FILES; i++) {
		size_t length = strnlen((const char *)*data, *size);
		cleanup_free char *path = folder_path(target, NULL, files[i], &err);

		fuzz_expect(path ? file_write(path, *data, length, &err) : -1, &err, "a file");
		fuzz_expect(file_sha256(path, hex, &err), &err, "its sum");
		snprintf(lines + strlen(lines), sizeof(lines) - strlen(lines), "%s  t/%s\n", hex,
			 files[i]);
		*data += length + (length < *size);
		*size -= length + (length < *size);
	}
	free(target);
	target = folder_path(folder, NULL, "SHA256SUMS", &err);
	fuzz_expect(target ? file_write(target, lines, strlen(lines), &err) : -1, &err, "sums");
}

static void take_away(const char *folder)
{
	char path[120];

	for (size_t i = 0; i < FILES; i++) {
		snprintf(path, sizeof(path), "%s/t/%s", folder, files[i]);
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s/SHA256SUMS", folder);
	unlink(path);
	snprintf(path, sizeof(path), "%s/t", folder);
	if (rmdir(path) < 0 || rmdir(folder) < 0)
		fuzz_fail("an empty folder expected");
}

static int run(const uint8_t *data, size_t size)
{
	char older[60];
	char newer[60];
	const char *const folders[] = {older, newer};
	const struct attest_site what = {.title = "fuzz", .releases = folders, .release_count = 2};
	struct site site = {.what = &what};
	cleanup_json json_t *pages = NULL;
	struct err err = {0};
	const char *name;
	json_t *page;

	snprintf(older, sizeof(older), "/dev/shm/fuzz-site-1.%d", (int)getpid());
	snprintf(newer, sizeof(newer), "/dev/shm/fuzz-site-2.%d", (int)getpid());
	lay_down(older, &data, &size);
	lay_down(newer, &data, &size);
	pages = site_read(&site, &err) == 0 ? site_pages(&site, &err) : NULL;
	if (!pages)
		fuzz_refused(&err, names);
	json_object_foreach(pages, name, page) check_page(json_string_value(page));
	site_clear(&site);
	take_away(older);
	take_away(newer);
	return 0;
}

const struct target fuzz_site = {"site", run, NULL};
