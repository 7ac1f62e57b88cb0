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

/* ---- the command line, word by word ---- */

/* Words of one line that the other has not, or has not as often. */
static json_t *missing_words(const char *from, size_t from_size, const char *in, size_t in_size)
{
	cleanup_free char *text = strndup(from, from_size);
	cleanup_free char *pool = strndup(in, in_size);
	cleanup_json json_t *left = json_array();
	cleanup_json json_t *missing = json_array();
	char *rest;

	for (char *w = pool ? strtok_r(pool, " ", &rest) : NULL; w; w = strtok_r(NULL, " ", &rest))
		json_array_append_new(left, json_stringn_nocheck(w, strlen(w)));
	for (char *w = text ? strtok_r(text, " ", &rest) : NULL; w;
	     w = strtok_r(NULL, " ", &rest)) {
		size_t i = 0;

		while (i < json_array_size(left) &&
		       strcmp(json_string_value(json_array_get(left, i)), w) != 0)
			i++;
		if (i < json_array_size(left))
			json_array_remove(left, i);
		else if (json_array_append_new(missing, json_string(w)) < 0 &&
			 json_array_append_new(missing, json_string("(a word not in UTF-8)")) < 0)
			return NULL;
	}
	return text && pool ? steal_ptr(missing) : NULL;
}

static json_t *diff_cmdline(const struct side *a, const struct side *b)
{
	const struct eif_image *x = &a->image;
	const struct eif_image *y = &b->image;
	bool same = x->cmdline_size == y->cmdline_size &&
		    memcmp(x->cmdline, y->cmdline, x->cmdline_size) == 0;

	return json_pack("{s:b, s:o, s:o}", "same", same, "removed",
			 missing_words(x->cmdline, x->cmdline_size, y->cmdline, y->cmdline_size),
			 "added",
			 missing_words(y->cmdline, y->cmdline_size, x->cmdline, x->cmdline_size));
}

/* ---- the kernel's configuration ---- */

/* Options that one has set and the other has not, or otherwise; both only the first time. */
static int diff_options(json_t *list, const struct kernel *from, const struct kernel *in,
			bool swapped)
{
	for (const char *line = from->config; line && *line;) {
		size_t length = strcspn(line, "\n");
		const char *equals = memchr(line, '=', length);

		if (equals && strncmp(line, "CONFIG_", 7) == 0) {
			cleanup_free char *name = strndup(line, (size_t)(equals - line));
			size_t size = length - (size_t)(equals + 1 - line);
			size_t other_size = 0;
			const char *other = name ? kernel_option(in, name, &other_size) : NULL;
			bool same =
				other && other_size == size && memcmp(other, equals + 1, size) == 0;
			cleanup_json json_t *x = json_stringn(equals + 1, size);
			cleanup_json json_t *y = other ? json_stringn(other, other_size) : NULL;

			if (!name)
				return -1;
			if (!same && !(swapped && other) &&
			    add_pair(list, name, swapped ? y : x, swapped ? x : y) < 0)
				return -1;
		}
		line += length + (line[length] == '\n');
	}
	return 0;
}

static json_t *diff_kernel(const struct side *a, const struct side *b)
{
	const struct kernel *x = &a->inventory.kernel;
	const struct kernel *y = &b->inventory.kernel;
	cleanup_json json_t *options = json_array();

	if (x->config && y->config &&
	    (diff_options(options, x, y, false) < 0 || diff_options(options, y, x, true) < 0))
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

	return failed ? -1 : inventory_finish(&side->inventory, err);
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
