/* The pages of a site. Each holds all that it needs: it asks for nothing else, and runs only our
 * own script. */
#include <stdio.h>
#include <string.h>

#include "site.h"
#include "text.h"

static const char *word_of(const json_t *object, const char *member)
{
	return json_string_value(json_object_get(object, member));
}

static long long number_of(const json_t *object, const char *member)
{
	return json_integer_value(json_object_get(object, member));
}

void site_release_page(const json_t *release, char name[64])
{
	snprintf(name, 64, "release-%lld.html", number_of(release, "Id"));
}

/*
 * A plain name stands in the page's; of another one its SHA-256, behind a dash that no plain name
 * begins with.
 */
int site_image_page(const char *image, char name[160], struct err *err)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz0123456789_.-";
	cleanup_hash struct hash *hash = NULL;
	unsigned char digest[HASH_MAX_SIZE];
	char hex[HASH_MAX_HEX];

	if (image[0] && image[0] != '-' && strlen(image) <= 64 &&
	    image[strspn(image, plain)] == '\0') {
		snprintf(name, 160, "image-%s.html", image);
		return 0;
	}
	hash = hash_new(HASH_SHA256, err);
	if (!hash || hash_update(hash, image, strlen(image), err) < 0 ||
	    hash_final(hash, digest, err) < 0)
		return -1;
	hash_hex(digest, SHA256_SIZE, hex);
	snprintf(name, 160, "image--%s.html", hex);
	return 0;
}

/* ---- what is around a page ---- */

/* 'sha256-BASE64' of an asset, the only style or script that a browser takes. */
static int put_source(struct html *html, const char *asset, struct err *err)
{
	cleanup_hash struct hash *hash = hash_new(HASH_SHA256, err);
	unsigned char digest[HASH_MAX_SIZE];
	cleanup_free char *text = NULL;

	if (!hash || hash_update(hash, asset, strlen(asset), err) < 0 ||
	    hash_final(hash, digest, err) < 0)
		return -1;
	text = base64_encode(digest, SHA256_SIZE);
	if (!text)
		return no_memory(err);
	html_put(html, "&#39;sha256-%s&#39;", text);
	return 0;
}

static int begin_page(struct html *html, const struct site *site, const char *title,
		      const char *more, struct err *err)
{
	if (html_open(html, err) < 0)
		return -1;
	html_put(html,
		 "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
		 "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
		 "&#39;none&#39;; base-uri &#39;none&#39;; form-action &#39;none&#39;; style-src ");
	if (put_source(html, site_style, err) < 0)
		return -1;
	html_put(html, "; script-src ");
	if (put_source(html, site_script, err) < 0)
		return -1;
	html_put(html,
		 "\"/>\n<meta name=\"viewport\" content=\"width=device-width, "
		 "initial-scale=1\"/>\n<meta name=\"referrer\" content=\"no-referrer\"/>\n"
		 "<title>%s%s%s</title>\n<style>",
		 title, more ? " " : "", more ? more : "");
	html_put_asset(html, site_style);
	html_put(html, "</style>\n</head>\n<body>\n");
	html_put(html, "<nav aria-label=\"Site\"><a href=\"index.html\">%s</a></nav>\n<main>\n",
		 site->what->title);
	html_put(html, "<h1><bdi>%s</bdi>", title);
	if (more)
		html_put(html, " <bdi>%s</bdi>", more);
	html_put(html, "</h1>\n");
	return 0;
}

/* Ends a page and puts it among the others. */
static int end_page(struct html *html, json_t *pages, const char *name, struct err *err)
{
	html_put(html, "</main>\n<footer><p>Made from the log and the release folders alone: the "
		       "same ones give this page again, byte for byte. Do not believe it: "
		       "verify.</p>\n<p>That an enclave measures what is shown is confirmed in "
		       "QEMU, not yet on a Nitro instance.</p></footer>\n<script>");
	html_put_asset(html, site_script);
	html_put(html, "</script>\n</body>\n</html>\n");
	if (html_finish(html, err) < 0)
		return -1;
	if (json_object_set_new(pages, name, json_stringn(html->text, html->size)) < 0)
		return err_set(err, EXIT_MALFORMED, "ATTEST-SITE",
			       "%s: text in UTF-8 expected, found another", name);
	return 0;
}

/* ---- which release ---- */

static bool same_name(const json_t *a, const json_t *b)
{
	return strcmp(word_of(a, "Name"), word_of(b, "Name")) == 0;
}

/* The release of the same name before the i-th; NULL for the first. */
static const json_t *before_of(const struct site *site, size_t i)
{
	const json_t *release = json_array_get(site->releases, i);

	while (i-- > 0)
		if (same_name(json_array_get(site->releases, i), release))
			return json_array_get(site->releases, i);
	return NULL;
}

static bool is_good(const json_t *release)
{
	return !json_object_get(release, "Withdrawn") && !json_object_get(release, "Outdated");
}

/* Where the newest release of this name stands that may be used, or else the newest one. */
static size_t newest_of(const struct site *site, const json_t *release)
{
	size_t count = json_array_size(site->releases);
	size_t newest = 0;

	for (size_t i = 0; i < count; i++)
		if (same_name(json_array_get(site->releases, i), release))
			newest = i;
	for (size_t i = count; i-- > 0;)
		if (same_name(json_array_get(site->releases, i), release) &&
		    is_good(json_array_get(site->releases, i)))
			return i;
	return newest;
}

/* ---- tables ---- */

static void put_release_link(struct html *html, const json_t *release, bool with_name)
{
	char page[64];

	site_release_page(release, page);
	html_put(html, "<a href=\"%s\">", page);
	if (with_name)
		html_put(html, "<bdi>%s</bdi> ", word_of(release, "Name"));
	html_put(html, "<bdi>%s</bdi></a>", word_of(release, "Version"));
}

static void put_log_table(struct html *html, const struct site *site)
{
	size_t i = json_array_size(site->releases);

	html_put(html, "<table><thead><tr><th scope=\"col\">Release</th><th "
		       "scope=\"col\">Status</th></tr></thead><tbody>\n");
	while (i-- > 0) {
		const json_t *release = json_array_get(site->releases, i);

		html_put(html, "<tr><td>");
		put_release_link(html, release, true);
		html_put(html, "</td><td>");
		site_put_status(html, release);
		html_put(html, "</td></tr>\n");
	}
	html_put(html, "</tbody></table>\n");
}

static void put_log_fact(struct html *html, const char *name, const char *text)
{
	html_put(html, "<div><dt>%s</dt>", name);
	site_put_copied(html, name, text);
	html_put(html, "</div>\n");
}

static void put_log(struct html *html, const struct site *site)
{
	char size[32];

	html_put(html, "<h2 id=\"releases\">All releases</h2>\n");
	put_log_table(html, site);
	if (!site->log)
		return;
	html_put(html, "<h2 id=\"log\">The log</h2>\n<p>Releases can be added to it, and withdrawn "
		       "by a further entry; nothing in it can be changed or taken back "
		       "unseen.</p>\n<dl>\n");
	put_log_fact(html, "Origin", word_of(site->log, "Origin"));
	snprintf(size, sizeof(size), "%lld", number_of(site->log, "Size"));
	put_log_fact(html, "Entries", size);
	put_log_fact(html, "Root", word_of(site->log, "Root"));
	if (word_of(site->log, "Time")[0])
		put_log_fact(html, "Signed at", word_of(site->log, "Time"));
	put_log_fact(html, "Key", word_of(site->log, "Key"));
	html_put(html, "</dl>\n");
}

/* ---- pages ---- */

static int put_image_card(struct html *html, const json_t *release, struct err *err)
{
	json_t *targets = json_object_get(release, "Targets");
	const char *target;
	json_t *one;
	char page[160];

	if (site_image_page(word_of(release, "Name"), page, err) < 0)
		return -1;
	html_put(html, "<section class=\"sheet\">\n<h2>");
	put_release_link(html, release, true);
	html_put(html, "</h2>\n<p>");
	site_put_status(html, release);
	html_put(html, "</p>\n");
	json_object_foreach(targets, target, one) site_put_registers(html, release, target, NULL);
	html_put(html,
		 "<p><a href=\"%s\">Sizes, boot times and all releases of <bdi>%s</bdi></a></p>\n",
		 page, word_of(release, "Name"));
	html_put(html, "</section>\n");
	return 0;
}

static int index_page(const struct site *site, json_t *pages, struct err *err)
{
	cleanup_with(html_clear) struct html html = HTML_INIT;
	const json_t *release;
	const json_t *first = NULL;
	size_t i;

	if (begin_page(&html, site, site->what->title, NULL, err) < 0)
		return -1;
	html_put(&html,
		 "<p>What runs in these enclaves, as numbers that the processor or the "
		 "hypervisor signs, and that anybody can compute anew from the sources.</p>\n");
	json_array_foreach(site->releases, i, release)
	{
		const json_t *newest;

		if (before_of(site, i))
			continue;
		newest = json_array_get(site->releases, newest_of(site, release));
		first = first ? first : newest;
		if (put_image_card(&html, newest, err) < 0)
			return -1;
	}
	if (first) {
		html_put(&html, "<h2 id=\"verify\">Verify <bdi>%s</bdi> in three commands</h2>\n",
			 word_of(first, "Name"));
		site_put_commands(&html, site, first);
	}
	put_log(&html, site);
	return end_page(&html, pages, "index.html", err);
}

static int release_page(const struct site *site, size_t i, json_t *pages, struct err *err)
{
	cleanup_with(html_clear) struct html html = HTML_INIT;
	const json_t *release = json_array_get(site->releases, i);
	const json_t *before = before_of(site, i);
	json_t *targets = json_object_get(release, "Targets");
	const char *target;
	json_t *one;
	char page[160];
	char name[64];

	if (begin_page(&html, site, word_of(release, "Name"), word_of(release, "Version"), err) <
		    0 ||
	    site_image_page(word_of(release, "Name"), page, err) < 0)
		return -1;
	html_put(&html, "<p>");
	site_put_status(&html, release);
	if (json_object_get(release, "Logged"))
		html_put(&html, ", entry %lld of the log, security version %lld",
			 number_of(release, "Id"), number_of(release, "Security"));
	html_put(&html, ". <a href=\"%s\">All releases of <bdi>%s</bdi></a></p>\n", page,
		 word_of(release, "Name"));
	html_put(&html, "<h2 id=\"measurements\">Measurements</h2>\n");
	json_object_foreach(targets, target, one)
	{
		site_put_registers(&html, release, target, before);
		site_put_facts(&html, release, target);
	}
	html_put(&html, "<h2 id=\"verify\">Verify in three commands</h2>\n");
	site_put_commands(&html, site, release);
	html_put(&html, "<h2 id=\"changes\">What changed</h2>\n");
	if (before) {
		html_put(&html, "<p>Since ");
		put_release_link(&html, before, false);
		html_put(&html, ":</p>\n");
	}
	if (site_put_changes(&html, release, before, err) < 0)
		return -1;
	site_release_page(release, name);
	return end_page(&html, pages, name, err);
}

/* ---- charts ---- */

enum measure { SIZE, BOOT };

static long long value_of(const json_t *release, const char *target, enum measure measure)
{
	const json_t *one = json_object_get(json_object_get(release, "Targets"), target);
	const json_t *value = measure == SIZE
				      ? json_object_get(json_object_get(one, "Facts"), "FileSize")
				      : json_object_get(one, "Boot");

	if (!json_is_integer(value) || json_integer_value(value) > SITE_VALUE_MAX)
		return -1;
	return json_integer_value(value);
}

static void value_text(long long value, enum measure measure, char text[32])
{
	if (measure == SIZE)
		site_size_text(value, text);
	else
		snprintf(text, 32, "%lld ms", value);
}

/* The newest releases of an image that have a target, as columns; how many. */
static size_t columns_of(const json_t *releases, const char *target, enum measure measure,
			 struct column *columns, char (*texts)[32])
{
	size_t skip = json_array_size(releases) > SITE_COLUMNS_MAX
			      ? json_array_size(releases) - SITE_COLUMNS_MAX
			      : 0;
	const json_t *release;
	size_t known = 0;
	size_t i;

	json_array_foreach(releases, i, release)
	{
		long long value = value_of(release, target, measure);

		if (i < skip)
			continue;
		value_text(value, measure, texts[i - skip]);
		columns[i - skip] =
			(struct column){word_of(release, "Version"), texts[i - skip], value};
		known += value >= 0;
	}
	return known > 0 ? json_array_size(releases) - skip : 0;
}

static void put_chart(struct html *html, const json_t *releases, const char *target,
		      enum measure measure)
{
	struct column columns[SITE_COLUMNS_MAX];
	char texts[SITE_COLUMNS_MAX][32];
	size_t count = columns_of(releases, target, measure, columns, texts);
	cleanup_free char *title = NULL;

	if (count == 0)
		return;
	if (asprintf(&title, "%s of %s over %s releases",
		     measure == SIZE ? "Size of the image" : "Time to boot", target,
		     count < json_array_size(releases) ? "its newest" : "all") < 0)
		title = NULL;
	site_chart(html, title, columns, count);
}

/* {TARGET: true} of all releases of an image. */
static json_t *targets_of(const json_t *releases)
{
	json_t *targets = json_object();
	const json_t *release;
	size_t i;

	json_array_foreach(releases, i, release)
		json_object_update_missing(targets, json_object_get(release, "Targets"));
	return targets;
}

static void put_value_cell(struct html *html, const json_t *release, const char *target,
			   enum measure measure)
{
	long long value = value_of(release, target, measure);
	char text[32] = "";

	if (value >= 0)
		value_text(value, measure, text);
	html_put(html, "<td class=\"number\">%s</td>", text);
}

static void put_row(struct html *html, const json_t *release, const char *target)
{
	html_put(html, "<tr><td>");
	put_release_link(html, release, false);
	html_put(html, "</td><td>");
	site_put_status(html, release);
	html_put(html, "</td>");
	put_value_cell(html, release, target, SIZE);
	put_value_cell(html, release, target, BOOT);
	html_put(html, "</tr>\n");
}

/* releases are those that have the target. */
static void put_target(struct html *html, const json_t *releases, const char *target)
{
	size_t i = json_array_size(releases);

	html_put(html, "<h2><bdi>%s</bdi></h2>\n<div class=\"charts\">\n", target);
	put_chart(html, releases, target, SIZE);
	put_chart(html, releases, target, BOOT);
	html_put(html, "</div>\n<table><thead><tr><th scope=\"col\">Release</th><th "
		       "scope=\"col\">Status</th><th scope=\"col\" class=\"number\">Size</th><th "
		       "scope=\"col\" class=\"number\">Boot</th></tr></thead><tbody>\n");
	while (i-- > 0)
		put_row(html, json_array_get(releases, i), target);
	html_put(html, "</tbody></table>\n");
}

/* The releases of an image, of those that have a target when one is given. */
static json_t *releases_of(const struct site *site, const json_t *first, const char *target)
{
	json_t *releases = json_array();
	json_t *release;
	size_t i;

	json_array_foreach(site->releases, i, release)
	{
		if (same_name(release, first) &&
		    (!target || json_object_get(json_object_get(release, "Targets"), target)))
			json_array_append(releases, release);
	}
	return releases;
}

static int image_page(const struct site *site, const json_t *first, json_t *pages, struct err *err)
{
	cleanup_with(html_clear) struct html html = HTML_INIT;
	cleanup_json json_t *all = releases_of(site, first, NULL);
	cleanup_json json_t *targets = targets_of(all);
	const char *target;
	json_t *one;
	char name[160];

	if (begin_page(&html, site, word_of(first, "Name"), NULL, err) < 0 ||
	    site_image_page(word_of(first, "Name"), name, err) < 0)
		return -1;
	html_put(&html, "<p>All releases, the newest first. The time to boot was measured by the "
			"publisher on some machine; everything else can be computed anew.</p>\n");
	json_object_foreach(targets, target, one)
	{
		cleanup_json json_t *releases = releases_of(site, first, target);

		put_target(&html, releases, target);
	}
	return end_page(&html, pages, name, err);
}

json_t *site_pages(const struct site *site, struct err *err)
{
	cleanup_json json_t *pages = json_object();
	const json_t *release;
	size_t i;

	if (!pages || index_page(site, pages, err) < 0)
		return NULL;
	json_array_foreach(site->releases, i, release)
	{
		if (release_page(site, i, pages, err) < 0 ||
		    (!before_of(site, i) && image_page(site, release, pages, err) < 0))
			return NULL;
	}
	return json_incref(pages);
}
