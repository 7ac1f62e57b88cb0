/*
 * Which files of two ramdisks differ. Entries are paired by path, a path that comes twice by its
 * turn; a ramdisk that could not be listed is told by size and digest. Inode numbers say nothing
 * about a file, only which names are one file: never compared but for that.
 */
#include "diff.h"

#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>

struct named {
	const struct newc_entry *facts;
	const char *path;
	const char *link; /* first path of the same file; NULL when it has one name */
	size_t turn;	  /* of entries with this path */
};

static int compare_numbers(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_places(const struct newc_entry *a, const struct newc_entry *b)
{
	int order = compare_numbers(a->archive, b->archive);

	return order ? order : compare_numbers(a->offset, b->offset);
}

static int compare_named(const void *a, const void *b)
{
	const struct named *x = a;
	const struct named *y = b;
	int order = strcmp(x->path, y->path);

	return order ? order : compare_places(x->facts, y->facts);
}

/* By what the kernel looks at (find_link() in init/initramfs.c). */
static int compare_files(const struct newc_entry *x, const struct newc_entry *y)
{
	const uint64_t pairs[][2] = {
		{x->nlink >= 2, y->nlink >= 2},
		{x->archive, y->archive},
		{x->dev_major, y->dev_major},
		{x->dev_minor, y->dev_minor},
		{x->ino, y->ino},
		{x->mode & S_IFMT, y->mode & S_IFMT},
	};
	int order = 0;

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]) && !order; i++)
		order = compare_numbers(pairs[i][0], pairs[i][1]);
	return order;
}

static int compare_links(const void *a, const void *b)
{
	const struct named *x = a;
	const struct named *y = b;
	int order = compare_files(x->facts, y->facts);

	return order ? order : compare_places(x->facts, y->facts);
}

static void find_links(struct named *list, size_t count)
{
	qsort(list, count, sizeof(*list), compare_links);
	for (size_t i = 0; i < count; i++) {
		if (list[i].facts->nlink < 2 || S_ISDIR(list[i].facts->mode))
			continue;
		list[i].link = i > 0 && compare_files(list[i - 1].facts, list[i].facts) == 0
				       ? list[i - 1].link
				       : list[i].path;
	}
}

/* Sorted by path; the caller frees it. */
static struct named *sorted(const struct inventory_ramdisk *ramdisk)
{
	struct named *list = calloc(ramdisk->count + 1, sizeof(*list));

	if (!list)
		return NULL;
	for (size_t i = 0; i < ramdisk->count; i++)
		list[i] = (struct named){.facts = &ramdisk->entries[i].facts,
					 .path = inventory_path(ramdisk->entries[i].facts.path)};
	find_links(list, ramdisk->count);
	qsort(list, ramdisk->count, sizeof(*list), compare_named);
	for (size_t i = 1; i < ramdisk->count; i++)
		if (strcmp(list[i].path, list[i - 1].path) == 0)
			list[i].turn = list[i - 1].turn + 1;
	return list;
}

/* A path that is not UTF-8 is told with '?' for each byte that is not ASCII. */
static json_t *path_json(const char *path)
{
	json_t *json = json_string(path);
	cleanup_free char *ascii = NULL;

	if (json)
		return json;
	ascii = strdup(path);
	if (!ascii)
		return NULL;
	for (char *p = ascii; *p; p++)
		if (*p & 0x80)
			*p = '?';
	return json_string(ascii);
}

/* What of a file differs. A directory's links are its archiver's and its file system's business. */
static json_t *aspects(const struct named *x, const struct named *y)
{
	const struct newc_entry *a = x->facts;
	const struct newc_entry *b = y->facts;
	const struct {
		const char *name;
		bool differs;
	} list[] = {
		{"type", (a->mode & S_IFMT) != (b->mode & S_IFMT)},
		{"mode", (a->mode & ~(unsigned)S_IFMT) != (b->mode & ~(unsigned)S_IFMT)},
		{"owner", a->uid != b->uid || a->gid != b->gid},
		{"time", a->mtime != b->mtime},
		{"size", a->size != b->size},
		{"contents", memcmp(a->sha256, b->sha256, SHA256_SIZE) != 0},
		{"device", a->major != b->major || a->minor != b->minor},
		{"links",
		 (!S_ISDIR(a->mode) && a->nlink != b->nlink) ||
			 (x->link && y->link ? strcmp(x->link, y->link) != 0 : x->link != y->link)},
	};
	json_t *names = json_array();

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (list[i].differs &&
		    json_array_append_new(names, json_string(list[i].name)) < 0) {
			json_decref(names);
			return NULL;
		}
	return names;
}

static int add_changed(json_t *changed, const struct named *a, const struct named *b)
{
	json_t *what = aspects(a, b);

	if (what && json_array_size(what) == 0) {
		json_decref(what);
		return 0;
	}
	return json_array_append_new(
		changed, json_pack("{s:o, s:o}", "path", path_json(a->path), "what", what));
}

static int merge(const struct named *a, size_t count_a, const struct named *b, size_t count_b,
		 json_t *removed, json_t *added, json_t *changed)
{
	size_t i = 0;
	size_t k = 0;
	int failed = 0;

	while (i < count_a || k < count_b) {
		int order = i == count_a ? 1 : k == count_b ? -1 : strcmp(a[i].path, b[k].path);

		if (order == 0)
			order = a[i].turn < b[k].turn ? -1 : a[i].turn > b[k].turn;
		if (order < 0)
			failed |= json_array_append_new(removed, path_json(a[i++].path));
		else if (order > 0)
			failed |= json_array_append_new(added, path_json(b[k++].path));
		else
			failed |= add_changed(changed, &a[i++], &b[k++]);
	}
	return failed;
}

/* Of the whole ramdisk, since what was listed and what was not may hang together. */
static json_t *unlisted(const struct inventory_ramdisk *ramdisk, const struct eif_section *section)
{
	char hex[HASH_MAX_HEX];

	if (!ramdisk->rest_why || !section)
		return json_null();
	hash_hex(section->sha256, SHA256_SIZE, hex);
	return json_pack("{s:s, s:I, s:I, s:s}", "why", ramdisk->rest_why, "from",
			 (json_int_t)ramdisk->rest_at, "bytes", (json_int_t)section->size, "sha256",
			 hex);
}

static json_t *diff_ramdisk(unsigned n, const struct side *a, const struct side *b)
{
	static const struct inventory_ramdisk none;
	const struct inventory_ramdisk *x = &a->inventory.ramdisks[n];
	const struct inventory_ramdisk *y = &b->inventory.ramdisks[n];
	cleanup_free struct named *list_a = NULL;
	cleanup_free struct named *list_b = NULL;
	cleanup_json json_t *removed = json_array();
	cleanup_json json_t *added = json_array();
	cleanup_json json_t *changed = json_array();

	if (n >= a->inventory.ramdisk_count)
		x = &none;
	if (n >= b->inventory.ramdisk_count)
		y = &none;
	list_a = sorted(x);
	list_b = sorted(y);
	if (!list_a || !list_b ||
	    merge(list_a, x->count, list_b, y->count, removed, added, changed))
		return NULL;
	return json_pack("{s:i, s:O, s:O, s:O, s:[o, o]}", "ramdisk", (int)n, "removed", removed,
			 "added", added, "changed", changed, "unlisted",
			 unlisted(x, diff_section(a, EIF_RAMDISK, n)),
			 unlisted(y, diff_section(b, EIF_RAMDISK, n)));
}

json_t *diff_files(const struct side *a, const struct side *b)
{
	cleanup_json json_t *files = json_array();

	for (unsigned n = 0; n < a->inventory.ramdisk_count || n < b->inventory.ramdisk_count;
	     n++) {
		if (diff_same(diff_section(a, EIF_RAMDISK, n), diff_section(b, EIF_RAMDISK, n)))
			continue;
		if (json_array_append_new(files, diff_ramdisk(n, a, b)) < 0)
			return NULL;
	}
	return steal_ptr(files);
}
