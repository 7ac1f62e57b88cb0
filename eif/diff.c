/*
 * What two images differ in, from the outside in: file, sections, words and options, files, and
 * which of these explains each PCR. Only compares; judges nothing.
 */
#include "diff.h"

#include <errno.h>
#include <string.h>

static bool is_one_of(const char *word, const char *const *list)
{
	for (; *list; list++)
		if (strcmp(*list, word) == 0)
			return true;
	return false;
}

const struct eif_section *diff_section(const struct side *side, enum eif_type type, unsigned n)
{
	for (unsigned i = 0; i < side->image.section_count; i++)
		if (side->image.sections[i].type == type && n-- == 0)
			return &side->image.sections[i];
	return NULL;
}

bool diff_same(const struct eif_section *a, const struct eif_section *b)
{
	return a && b && a->size == b->size && memcmp(a->sha256, b->sha256, SHA256_SIZE) == 0;
}

/* ---- JSON values ---- */

static int add_pair(json_t *list, const char *what, const json_t *a, const json_t *b)
{
	return json_array_append_new(list, json_pack("{s:s, s:[O, O]}", "what", what, "values",
						     a ? a : json_null(), b ? b : json_null()));
}

static int diff_values(json_t *list, const char *what, const json_t *a, const json_t *b);

static int diff_members(json_t *list, const char *what, const json_t *a, const json_t *b, bool both)
{
	const char *key;
	json_t *value;
	int failed = 0;

	json_object_foreach((json_t *)(uintptr_t)a, key, value)
	{
		const json_t *other = json_object_get(b, key);
		cleanup_free char *path = NULL;

		if (asprintf(&path, "%s%s%s", what, *what ? "." : "", key) < 0)
			return -1;
		if (both)
			failed |= diff_values(list, path, value, other);
		else if (!other)
			failed |= add_pair(list, path, NULL, value);
	}
	return failed;
}

static int diff_values(json_t *list, const char *what, const json_t *a, const json_t *b)
{
	if (json_is_object(a) && json_is_object(b))
		return diff_members(list, what, a, b, true) | diff_members(list, what, b, a, false);
	return json_equal(a, b) ? 0 : add_pair(list, what, a, b);
}

/* ---- sections ---- */

static json_t *section_json(const struct eif_section *section)
{
	char hex[HASH_MAX_HEX];

	if (!section)
		return json_null();
	hash_hex(section->sha256, SHA256_SIZE, hex);
	return json_pack("{s:I, s:s, s:s*}", "size", (json_int_t)section->size, "sha256", hex,
			 "format", section->format);
}

static json_t *diff_sections(const struct side *a, const struct side *b)
{
	static const enum eif_type types[] = {EIF_KERNEL, EIF_CMDLINE, EIF_METADATA, EIF_RAMDISK,
					      EIF_SIGNATURE};
	cleanup_json json_t *list = json_array();

	for (unsigned t = 0; t < sizeof(types) / sizeof(types[0]); t++)
		for (unsigned n = 0; n < EIF_MAX_SECTIONS; n++) {
			const struct eif_section *x = diff_section(a, types[t], n);
			const struct eif_section *y = diff_section(b, types[t], n);
			char name[32];

			if (!x && !y)
				break;
			if (diff_same(x, y))
				continue;
			snprintf(name, sizeof(name), types[t] == EIF_RAMDISK ? "%s %u" : "%s",
				 eif_type_name(types[t]), n);
			if (json_array_append_new(list, json_pack("{s:s, s:[o, o]}", "section",
								  name, "values", section_json(x),
								  section_json(y))) < 0)
				return NULL;
		}
	return steal_ptr(list);
}

/* ---- words of the command line, options of the kernel's configuration ---- */

/* A word, or a line CONFIG_NAME=VALUE, and its counterpart on the other side. */
struct piece {
	const char *text;
	size_t size;
	size_t name; /* bytes of it that name it: all of a word */
	const struct piece *other;
};

struct pieces {
	struct piece *list; /* as they come */
	struct piece **sorted;
	size_t count;
};

static void pieces_clear(struct pieces *pieces)
{
	free(pieces->list);
	free(pieces->sorted);
}

static int compare_pieces(const void *a, const void *b)
{
	const struct piece *x = *(const struct piece *const *)a;
	const struct piece *y = *(const struct piece *const *)b;
	int order = memcmp(x->text, y->text, x->name < y->name ? x->name : y->name);

	if (order)
		return order;
	return x->name < y->name ? -1 : x->name > y->name;
}

/* Same names as they come. */
static int compare_in_order(const void *a, const void *b)
{
	const struct piece *x = *(const struct piece *const *)a;
	const struct piece *y = *(const struct piece *const *)b;
	int order = compare_pieces(a, b);

	return order ? order : x < y ? -1 : x > y;
}

static void add_piece(struct pieces *pieces, const char *text, size_t size, bool options)
{
	const char *equals = options ? memchr(text, '=', size) : text + size;

	if (size == 0 || !equals || (options && (size < 7 || memcmp(text, "CONFIG_", 7) != 0)))
		return;
	pieces->list[pieces->count++] =
		(struct piece){.text = text, .size = size, .name = (size_t)(equals - text)};
}

/* NUL is a byte like others: what is behind one is no less different. */
static int split(struct pieces *pieces, const char *text, size_t size, bool options)
{
	char separator = options ? '\n' : ' ';
	size_t count = 1;
	size_t start = 0;

	for (size_t i = 0; i < size; i++)
		count += text[i] == separator;
	pieces->list = calloc(count, sizeof(*pieces->list));
	pieces->sorted = calloc(count, sizeof(struct piece *));
	if (!pieces->list || !pieces->sorted)
		return -1;
	for (size_t i = 0; i <= size; i++) {
		if (i < size && text[i] != separator)
			continue;
		add_piece(pieces, text + start, i - start, options);
		start = i + 1;
	}
	for (size_t i = 0; i < pieces->count; i++)
		pieces->sorted[i] = &pieces->list[i];
	qsort(pieces->sorted, pieces->count, sizeof(struct piece *), compare_in_order);
	return 0;
}

static void pair(struct pieces *a, struct pieces *b)
{
	for (size_t i = 0, k = 0; i < a->count && k < b->count;) {
		int order = compare_pieces(&a->sorted[i], &b->sorted[k]);

		if (order == 0) {
			a->sorted[i]->other = b->sorted[k];
			b->sorted[k]->other = a->sorted[i];
		}
		i += order <= 0;
		k += order >= 0;
	}
}

static json_t *text_json(const char *text, size_t size)
{
	json_t *json = json_stringn(text, size);

	return json ? json : json_string("(not in UTF-8)");
}

/* Words that the other line has not, or has not as often. */
static json_t *missing_words(const struct pieces *words)
{
	cleanup_json json_t *missing = json_array();

	for (size_t i = 0; i < words->count; i++)
		if (!words->list[i].other &&
		    json_array_append_new(missing,
					  text_json(words->list[i].text, words->list[i].size)) < 0)
			return NULL;
	return steal_ptr(missing);
}

static json_t *diff_cmdline(const struct side *a, const struct side *b)
{
	cleanup_with(pieces_clear) struct pieces x = {0};
	cleanup_with(pieces_clear) struct pieces y = {0};
	bool same = a->image.cmdline_size == b->image.cmdline_size &&
		    memcmp(a->image.cmdline, b->image.cmdline, a->image.cmdline_size) == 0;

	if (split(&x, a->image.cmdline, a->image.cmdline_size, false) < 0 ||
	    split(&y, b->image.cmdline, b->image.cmdline_size, false) < 0)
		return NULL;
	pair(&x, &y);
	return json_pack("{s:b, s:o, s:o}", "same", same, "removed", missing_words(&x), "added",
			 missing_words(&y));
}

static json_t *value_json(const struct piece *option)
{
	if (!option)
		return json_null();
	return text_json(option->text + option->name + 1, option->size - option->name - 1);
}

static int add_option(json_t *list, const struct piece *a, const struct piece *b)
{
	cleanup_json json_t *x = value_json(a);
	cleanup_json json_t *y = value_json(b);
	const struct piece *either = a ? a : b;
	cleanup_json json_t *name = text_json(either->text, either->name);

	return add_pair(list, json_string_value(name), x, y);
}

static int diff_options(json_t *list, const struct kernel *a, const struct kernel *b)
{
	cleanup_with(pieces_clear) struct pieces x = {0};
	cleanup_with(pieces_clear) struct pieces y = {0};
	int failed = 0;

	if (split(&x, a->config, a->config_size, true) < 0 ||
	    split(&y, b->config, b->config_size, true) < 0)
		return -1;
	pair(&x, &y);
	for (size_t i = 0; i < x.count; i++) {
		const struct piece *option = &x.list[i];
		const struct piece *other = option->other;

		if (!other || option->size != other->size ||
		    memcmp(option->text, other->text, option->size) != 0)
			failed |= add_option(list, option, other);
	}
	for (size_t i = 0; i < y.count; i++)
		if (!y.list[i].other)
			failed |= add_option(list, NULL, &y.list[i]);
	return failed;
}

static json_t *diff_kernel(const struct side *a, const struct side *b)
{
	const struct kernel *x = &a->inventory.kernel;
	const struct kernel *y = &b->inventory.kernel;
	cleanup_json json_t *options = json_array();

	if (x->config && y->config && diff_options(options, x, y) < 0)
		return NULL;
	return json_pack("{s:b, s:[b, b], s:O}", "same",
			 diff_same(diff_section(a, EIF_KERNEL, 0), diff_section(b, EIF_KERNEL, 0)),
			 "configured", x->config != NULL, y->config != NULL, "options", options);
}

/* ---- PCRs ---- */

struct cause {
	const char *pcr;
	const char *kinds[4]; /* sections that it covers */
	unsigned first;	      /* ramdisk, and the one behind the last */
	unsigned end;
};

/* Names of the sections under a PCR that differ. */
static json_t *causes(const json_t *sections, const struct cause *cause)
{
	json_t *why = json_array();
	const json_t *section;
	size_t i;

	json_array_foreach(sections, i, section)
	{
		const char *name = json_string_value(json_object_get(section, "section"));
		unsigned n;

		if (is_one_of(name, cause->kinds) ||
		    (sscanf(name, "ramdisk %u", &n) == 1 && n >= cause->first && n < cause->end))
			json_array_append_new(why, json_string(name));
	}
	return why;
}

static int add_measurement(json_t *list, const json_t *a, const json_t *b, const json_t *sections,
			   const struct cause *cause)
{
	const json_t *x = json_object_get(a, cause->pcr);
	const json_t *y = json_object_get(b, cause->pcr);
	json_t *why = causes(sections, cause);
	bool same = x && y ? json_equal(x, y) : x == y;

	if (same && strcmp(cause->pcr, "PCR8") == 0)
		json_array_clear(why);
	if (same && json_array_size(why) > 0)
		json_array_append_new(why, json_string("only the boundaries between them moved: "
						       "the bytes in a row are the same"));
	return json_array_append_new(list, json_pack("{s:s, s:b, s:[O, O], s:o}", "pcr", cause->pcr,
						     "same", same, "values", x ? x : json_null(),
						     y ? y : json_null(), "why", why));
}

static json_t *diff_pcrs(const struct side *a, const struct side *b, const json_t *sections,
			 struct err *err)
{
	static const struct cause list[] = {
		{"PCR0", {"kernel", "cmdline"}, 0, EIF_MAX_SECTIONS},
		{"PCR1", {"kernel", "cmdline"}, 0, 1},
		{"PCR2", {NULL}, 1, EIF_MAX_SECTIONS},
		{"PCR8", {"signature"}, 0, 0},
	};
	cleanup_json json_t *x = eif_measurements_json(&a->image.measurements, err);
	cleanup_json json_t *y = eif_measurements_json(&b->image.measurements, err);
	cleanup_json json_t *pcrs = json_array();

	for (unsigned i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (add_measurement(pcrs, x, y, sections, &list[i]) < 0)
			return NULL;
	return steal_ptr(pcrs);
}

/* ---- all of it ---- */

static json_t *header_json(const struct eif_image *image)
{
	return json_pack("{s:i, s:s, s:I, s:I, s:I}", "EifVersion", (int)image->version, "Arch",
			 eif_arch_name(image->arch), "DefaultMemory",
			 (json_int_t)image->default_memory, "DefaultCpus",
			 (json_int_t)image->default_cpus, "FileSize", (json_int_t)image->file_size);
}

static json_t *compose(const struct side *a, const struct side *b, struct err *err)
{
	cleanup_json json_t *x = header_json(&a->image);
	cleanup_json json_t *y = header_json(&b->image);
	cleanup_json json_t *header = json_array();
	cleanup_json json_t *metadata = json_array();
	cleanup_json json_t *sections = diff_sections(a, b);
	bool same = memcmp(a->image.file_sha256, b->image.file_sha256, SHA256_SIZE) == 0;
	json_t *report = NULL;

	if (diff_values(header, "", x, y) == 0 &&
	    diff_values(metadata, "", a->image.metadata, b->image.metadata) == 0 && sections)
		report = json_pack("{s:b, s:O, s:O, s:O, s:o, s:o, s:o, s:o}", "Same", same,
				   "Header", header, "Sections", sections, "Metadata", metadata,
				   "Cmdline", diff_cmdline(a, b), "Kernel", diff_kernel(a, b),
				   "Files", diff_files(a, b), "Measurements",
				   diff_pcrs(a, b, sections, err));
	if (!report) {
		errno = ENOMEM;
		err_errno(err, "MEMORY", "comparison");
	}
	return report;
}

static void side_clear(struct side *side)
{
	eif_image_clear(&side->image);
	inventory_clear(&side->inventory);
}

static int read_side(struct side *side, int fd, const char *path, bool lenient, struct err *err)
{
	const struct eif_sink sink = inventory_sink(&side->inventory, SIZE_MAX, true);
	int failed = lenient ? eif_read_lenient(fd, path, &sink, &side->image, err)
			     : eif_read(fd, path, &sink, &side->image, err);

	inventory_finish(&side->inventory);
	return failed ? -1 : 0;
}

json_t *eif_diff(int fd_a, const char *path_a, int fd_b, const char *path_b, bool lenient,
		 struct err *err)
{
	cleanup_with(side_clear) struct side a = {.image = EIF_IMAGE_INIT};
	cleanup_with(side_clear) struct side b = {.image = EIF_IMAGE_INIT};

	if (read_side(&a, fd_a, path_a, lenient, err) < 0 ||
	    read_side(&b, fd_b, path_b, lenient, err) < 0)
		return NULL;
	return compose(&a, &b, err);
}
