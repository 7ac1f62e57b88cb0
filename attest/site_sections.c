/* Sections of the pages. Never puts in what html.h does not escape. */
#include <stdio.h>
#include <string.h>

#include "site.h"

/* Rows of a table of changes; who wants more compares the releases. */
enum { ROWS_MOST = 300 };

/* RIMs that are shown at once; more of them, as a realm has, only when somebody wants to see them.
 */
enum { REGISTERS_MOST = 10 };

static const char *word_of(const json_t *object, const char *member)
{
	return json_string_value(json_object_get(object, member));
}

void site_put_copied(struct html *html, const char *what, const char *text)
{
	html_put(html,
		 "<dd><code>%s</code><button type=\"button\" hidden=\"hidden\" "
		 "aria-label=\"Copy %s\">Copy</button></dd>",
		 text, what);
}

void site_put_status(struct html *html, const json_t *release)
{
	const char *reason = word_of(release, "Withdrawn");
	const json_t *outdated = json_object_get(release, "Outdated");

	if (reason)
		html_put(html, "<strong class=\"bad\">withdrawn</strong>: <bdi>%s</bdi>", reason);
	else if (outdated)
		html_put(html,
			 "<strong class=\"bad\">outdated</strong>: security version %lld is asked "
			 "for",
			 (long long)json_integer_value(outdated));
	else if (!json_object_get(release, "Logged"))
		html_put(html, "<span class=\"soft\">in no log</span>");
	else
		html_put(html, "<span class=\"good\">good</span>");
}

/* What a register measures. */
static const char *meaning(const char *name)
{
	static const struct {
		const char *name;
		const char *text;
	} known[] = {
		{"PCR0", "the whole image"},
		{"PCR1", "kernel, command line and init"},
		{"PCR2", "the application"},
		{"PCR8", "the certificate that signed it"},
		{"PCR16", "the launch configuration"},
		{"RIM", "all that the realm begins with"},
		{"RPV", "the personalization value"},
		{"REM0", "the launch configuration"},
		{"REM0, sha-256", "the launch configuration"},
		{"REM0, sha-384", "the launch configuration"},
		{"REM0, sha-512", "the launch configuration"},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i].name, name) == 0)
			return known[i].text;
	return "";
}

static const json_t *registers_of(const json_t *release, const char *target)
{
	return json_object_get(json_object_get(json_object_get(release, "Targets"), target),
			       "Registers");
}

static bool is_rim(const char *name)
{
	return strncmp(name, "RIM", 3) == 0;
}

/* PCR2 before PCR16, and RIMs, of which there may be many, behind all others. */
static int by_register(const void *a, const void *b)
{
	const char *one = *(const char *const *)a;
	const char *two = *(const char *const *)b;

	return is_rim(one) == is_rim(two) ? strverscmp(one, two) : is_rim(one) - is_rim(two);
}

static void put_register(struct html *html, const char *target, const char *name,
			 const json_t *value, const json_t *older)
{
	cleanup_free char *what = NULL;

	html_put(html, "<div><dt>%s <span>%s", name, meaning(name));
	if (older)
		html_put(html, "%s%s", meaning(name)[0] ? ", " : "",
			 json_equal(older, value) ? "as before" : "changed");
	html_put(html, "</span></dt>");
	if (asprintf(&what, "%s of %s", name, target) < 0)
		what = NULL;
	site_put_copied(html, what, json_string_value(value));
	html_put(html, "</div>\n");
}

static void put_list(struct html *html, const json_t *release, const char *target,
		     const json_t *before, const char *const *names, size_t count)
{
	const json_t *registers = registers_of(release, target);
	const json_t *older = registers_of(before, target);

	if (count == 0)
		return;
	html_put(html, "<dl>\n");
	for (size_t i = 0; i < count; i++)
		put_register(html, target, names[i], json_object_get(registers, names[i]),
			     json_object_get(older, names[i]));
	html_put(html, "</dl>\n");
}

void site_put_registers(struct html *html, const json_t *release, const char *target,
			const json_t *before)
{
	const json_t *registers = registers_of(release, target);
	cleanup_free const char **names =
		malloc((json_object_size(registers) + 1) * sizeof(*names));
	size_t count = 0;
	size_t first = 0; /* that is shown only when somebody wants to see it */
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)registers, name,
			    value) if (names && json_is_string(value)) names[count++] = name;
	if (names)
		qsort(names, count, sizeof(*names), by_register);
	while (first < count && !is_rim(names[first]))
		first++;
	if (count - first <= REGISTERS_MOST)
		first = count;
	html_put(html, "<h3><bdi>%s</bdi></h3>\n", target);
	put_list(html, release, target, before, names, first);
	if (first == count)
		return;
	html_put(html, "<details><summary>%lld values of RIM, any of which it may show</summary>\n",
		 (long long)(count - first));
	put_list(html, release, target, before, names + first, count - first);
	html_put(html, "</details>\n");
}

static void put_fact(struct html *html, const char *target, const char *name, const char *text)
{
	cleanup_free char *what = NULL;

	if (!text)
		return;
	if (asprintf(&what, "%s of %s", name, target) < 0)
		what = NULL;
	html_put(html, "<div><dt>%s</dt>", name);
	site_put_copied(html, what, text);
	html_put(html, "</div>\n");
}

void site_put_facts(struct html *html, const json_t *release, const char *target)
{
	const json_t *one = json_object_get(json_object_get(release, "Targets"), target);
	const json_t *facts = json_object_get(one, "Facts");
	const json_t *size = json_object_get(facts, "FileSize");
	const json_t *boot = json_object_get(one, "Boot");
	char text[32];

	if (!facts)
		return;
	html_put(html, "<dl>\n");
	if (json_is_integer(size)) {
		site_size_text(json_integer_value(size), text);
		html_put(html, "<div><dt>Size</dt><dd>%s (%lld bytes)</dd></div>\n", text,
			 (long long)json_integer_value(size));
	}
	if (boot)
		html_put(html, "<div><dt>Boot</dt><dd>%lld ms</dd></div>\n",
			 (long long)json_integer_value(boot));
	put_fact(html, target, "Linux", word_of(facts, "Kernel"));
	put_fact(html, target, "Command line", word_of(facts, "Cmdline"));
	put_fact(html, target, "SHA-256 of the file", word_of(facts, "FileSha256"));
	put_fact(html, target, "Tree digest", word_of(facts, "TreeDigest"));
	html_put(html, "</dl>\n");
}

/* ---- commands ---- */

static void begin_command(struct html *html, const char *what)
{
	html_put(html, "<li><p>%s</p><div class=\"command\"><pre>", what);
}

static void end_command(struct html *html, const char *number)
{
	html_put(html,
		 "</pre><button type=\"button\" hidden=\"hidden\" aria-label=\"Copy the %s "
		 "command\">Copy</button></div></li>\n",
		 number);
}

static void put_folder_command(struct html *html, const json_t *release)
{
	const char *folder = word_of(release, "Folder");
	const char *sums = word_of(release, "Sums");

	begin_command(html, "The release is whole, and the one of this page:");
	html_put(html, "cd -- ");
	html_put_word(html, folder ? folder : "release");
	if (sums)
		html_put(html, " &amp;&amp;\n  echo &#39;%s  SHA256SUMS&#39; |\n  sha256sum -c",
			 sums);
	html_put(html, " &amp;&amp;\n  sha256sum -c SHA256SUMS");
	end_command(html, "first");
}

static bool is_realms(const char *target)
{
	return strncmp(target, "cca-", 4) == 0;
}

/* Evidence of a platform, against all targets of the release that are for it; nothing without. */
static void put_evidence_command(struct html *html, const struct site *site, const json_t *release,
				 bool realm)
{
	json_t *targets = json_object_get(release, "Targets");
	const char *target;
	bool begun = false;
	json_t *one;

	json_object_foreach(targets, target, one)
	{
		if (is_realms(target) != realm)
			continue;
		if (!begun && realm)
			begin_command(
				html,
				"The token that a realm answered is genuine, under the key of "
				"its platform's maker, fresh, and of this image:");
		else if (!begun)
			begin_command(
				html,
				"The document that an enclave answered is genuine, fresh, and "
				"of this image:");
		if (!begun)
			html_put(html, "attest verify --evidence %s --nonce \"$nonce\"%s",
				 realm ? "token" : "document",
				 realm ? " \\\n  --platform-key platform.pem" : "");
		begun = true;
		html_put(html, " \\\n  --reference ");
		html_put_word(html, target);
		html_put(html, "/reference.cbor");
	}
	if (!begun)
		return;
	if (site->log) {
		html_put(html, " \\\n  --log ../log \\\n  --log-key ");
		html_put_word(html, word_of(site->log, "Key"));
	}
	end_command(html, realm ? "realm's" : "third");
}

void site_put_commands(struct html *html, const struct site *site, const json_t *release)
{
	const char *folder = word_of(release, "Folder");

	html_put(html, "<ol>\n");
	put_folder_command(html, release);
	begin_command(html, "A nonce to send, which comes back in what is answered:");
	html_put(html, "nonce=$(openssl rand -hex 16); echo \"$nonce\"");
	end_command(html, "second");
	put_evidence_command(html, site, release, false);
	put_evidence_command(html, site, release, true);
	html_put(html, "</ol>\n");
	if (site->log)
		html_put(html,
			 "<p>The log&#39;s folder is expected beside the release&#39;s.</p>\n");
	if (folder && site->what->files) {
		html_put(html, "<p>The release folder is at <a href=\"%s/", site->what->files);
		html_put_path(html, folder);
		html_put(html, "/\">%s/<bdi>%s</bdi>/</a>.</p>\n", site->what->files, folder);
	}
}

/* ---- changes ---- */

/* A kind of things that a release consists of. */
struct kind {
	const char *member; /* of site_contents() */
	const char *title;
	const char *one; /* head of the first column */
};

static const struct kind kinds[] = {
	{"Packages", "Packages", "Package"},
	{"Options", "Kernel options", "Option"},
	{"Files", "Files", "File"},
};

static void count_changes(const json_t *changes, long long *added, long long *removed)
{
	const json_t *change;
	size_t i;

	*added = *removed = 0;
	json_array_foreach(changes, i, change)
	{
		*added += json_is_null(json_array_get(change, 1));
		*removed += json_is_null(json_array_get(change, 2));
	}
}

static int put_file_row(struct html *html, const json_t *change, struct err *err)
{
	const json_t *older = json_array_get(change, 1);
	const json_t *newer = json_array_get(change, 2);
	cleanup_free char *text = NULL;
	char size[32];

	html_put(html, "<tr><td><bdi>%s</bdi></td>", json_string_value(json_array_get(change, 0)));
	if (json_is_null(older)) {
		site_size_text(json_integer_value(json_object_get(newer, "size")), size);
		html_put(html, "<td>new %s, %s</td></tr>\n", word_of(newer, "type"), size);
	} else if (json_is_null(newer)) {
		html_put(html, "<td>gone</td></tr>\n");
	} else {
		text = site_file_change(older, newer, err);
		if (!text)
			return -1;
		html_put(html, "<td>%s</td></tr>\n", text);
	}
	return 0;
}

static void put_word_cell(struct html *html, const json_t *value)
{
	if (json_is_string(value))
		html_put(html, "<td><bdi>%s</bdi></td>", json_string_value(value));
	else
		html_put(html, "<td class=\"soft\">none</td>");
}

static int put_rows(struct html *html, const struct kind *kind, const json_t *changes,
		    struct err *err)
{
	bool files = strcmp(kind->member, "Files") == 0;
	const json_t *change;
	size_t i;

	json_array_foreach(changes, i, change)
	{
		if (i == ROWS_MOST)
			break;
		if (files) {
			if (put_file_row(html, change, err) < 0)
				return -1;
			continue;
		}
		html_put(html, "<tr><td><bdi>%s</bdi></td>",
			 json_string_value(json_array_get(change, 0)));
		put_word_cell(html, json_array_get(change, 1));
		put_word_cell(html, json_array_get(change, 2));
		html_put(html, "</tr>\n");
	}
	return 0;
}

static int put_table(struct html *html, const struct kind *kind, const json_t *changes,
		     struct err *err)
{
	size_t count = json_array_size(changes);
	long long added;
	long long removed;

	count_changes(changes, &added, &removed);
	html_put(html, "<h4>%s: %lld new, %lld gone, %lld changed</h4>\n", kind->title, added,
		 removed, (long long)count - added - removed);
	if (count == 0)
		return 0;
	html_put(html, "<table><thead><tr><th scope=\"col\">%s</th>", kind->one);
	if (strcmp(kind->member, "Files") == 0)
		html_put(html, "<th scope=\"col\">Change</th>");
	else
		html_put(html, "<th scope=\"col\">Before</th><th scope=\"col\">Now</th>");
	html_put(html, "</tr></thead><tbody>\n");
	if (put_rows(html, kind, changes, err) < 0)
		return -1;
	html_put(html, "</tbody></table>\n");
	if (count > ROWS_MOST)
		html_put(html, "<p class=\"soft\">and %lld more.</p>\n",
			 (long long)(count - ROWS_MOST));
	return 0;
}

static int put_kind(struct html *html, const struct kind *kind, const json_t *older,
		    const json_t *newer, struct err *err)
{
	const json_t *before = json_object_get(older, kind->member);
	const json_t *after = json_object_get(newer, kind->member);
	cleanup_json json_t *changes = NULL;

	if (!before || !after) {
		html_put(html,
			 "<h4>%s</h4>\n<p class=\"soft\">Not published of both releases.</p>\n",
			 kind->title);
		return 0;
	}
	changes = site_changes(before, after, err);
	return changes ? put_table(html, kind, changes, err) : -1;
}

static int put_target_changes(struct html *html, const json_t *release, const json_t *before,
			      const char *target, struct err *err)
{
	cleanup_json json_t *newer = site_contents(release, target, err);
	cleanup_json json_t *older = newer ? site_contents(before, target, err) : NULL;

	if (!older)
		return -1;
	html_put(html, "<h3><bdi>%s</bdi></h3>\n", target);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (put_kind(html, &kinds[i], older, newer, err) < 0)
			return -1;
	return 0;
}

int site_put_changes(struct html *html, const json_t *release, const json_t *before,
		     struct err *err)
{
	json_t *targets = json_object_get(release, "Targets");
	const char *target;
	json_t *one;

	if (!before) {
		html_put(html, "<p>This is the first release.</p>\n");
		return 0;
	}
	json_object_foreach(targets, target, one)
	{
		if (json_object_get(json_object_get(before, "Targets"), target) &&
		    put_target_changes(html, release, before, target, err) < 0)
			return -1;
	}
	return 0;
}
