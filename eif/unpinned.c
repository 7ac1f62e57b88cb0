/*
 * PCRs hash the data of sections one after the other, without lengths: bytes may cross a boundary,
 * and all that is no section data is in no PCR (docs/eif.md). Says what that allows with the image
 * at hand, and only what is certain from its bytes: whether its init would notice is not to be seen
 * from outside.
 */
#include "unpinned.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

enum { WORD_MAX = 80 }; /* bytes of a word or path to be shown */

struct list {
	json_t *findings;
	int failed;
};

/* pcrs are those that stay as they are, "012" for PCR0, PCR1 and PCR2. section < 0: none. */
__attribute__((format(printf, 6, 7))) static void add(struct list *list, const char *name,
						      const char *pcrs, int section, uint64_t bytes,
						      const char *fmt, ...)
{
	cleanup_free char *text = NULL;
	json_t *unchanged = json_array();
	json_t *finding;
	va_list args;
	int printed;

	va_start(args, fmt);
	printed = vasprintf(&text, fmt, args);
	va_end(args);
	for (; *pcrs; pcrs++)
		list->failed |= json_array_append_new(unchanged, json_sprintf("PCR%c", *pcrs));
	finding = json_pack("{s:s, s:o}", "name", name, "unchanged", unchanged);
	if (section >= 0)
		list->failed |= json_object_set_new(finding, "section", json_integer(section));
	list->failed |= json_object_set_new(finding, "bytes", json_integer((json_int_t)bytes));
	list->failed |= json_object_set_new(finding, "text", json_string(printed < 0 ? "" : text));
	list->failed |= json_array_append_new(list->findings, finding);
	list->failed |= printed < 0 ? -1 : 0;
}

static unsigned long long ull(uint64_t value)
{
	return value;
}

/* Index of the n-th section of a type, -1 when there is none. */
static int find(const struct eif_image *image, enum eif_type type, unsigned n)
{
	for (unsigned i = 0; i < image->section_count; i++)
		if (image->sections[i].type == type && n-- == 0)
			return (int)i;
	return -1;
}

/* Printable ASCII of a word, as much as can be shown; the rest of an image's bytes stay out. */
static const char *shown(const char *text, size_t size, char out[WORD_MAX + 4])
{
	size_t used = size < WORD_MAX ? size : WORD_MAX;

	for (size_t i = 0; i < used; i++)
		out[i] = (char)(text[i] > 0x20 && text[i] < 0x7f ? text[i] : '?');
	strcpy(out + used, used < size ? "..." : "");
	return out;
}

static void add_unmeasured(struct list *list, const struct eif_image *image)
{
	uint64_t bytes = eif_unmeasured(image);
	int metadata = find(image, EIF_METADATA, 0);

	add(list, "HEADER", "012", -1, bytes,
	    "%llu bytes of this file are in no PCR: the header, the sections' headers, metadata, "
	    "signature. Default memory and CPUs, the architecture's flag and the metadata's place "
	    "can be changed, bytes can be put between sections, and the checksum corrected",
	    ull(bytes));
	if (metadata >= 0)
		add(list, "METADATA", "012", metadata, image->sections[metadata].size,
		    "the metadata can say anything: name, version, build facts and custom members "
		    "are nobody's promise");
}

static void add_signature(struct list *list, const struct eif_image *image)
{
	int signature = find(image, EIF_SIGNATURE, 0);

	if (signature < 0)
		add(list, "UNSIGNED", "012", -1, 0,
		    "no signature: anybody can add one of their own, and PCR8 then tells their "
		    "certificate");
	else
		add(list, "SIGNATURE", "012", signature, image->sections[signature].size,
		    "the signature can be taken away, or another one put in its place: only PCR8 "
		    "tells. It covers PCR0 alone, so it stays good under every move that PCR0 does "
		    "not see (PCR0-ALONE)");
}

static bool is_set(const struct kernel *kernel, const char *name)
{
	size_t size;
	const char *value = kernel_option(kernel, name, &size);

	return value && size == 1 && *value == 'y';
}

/* What a configuration says about the command line, when the kernel carries one. */
static bool overrides_cmdline(const struct eif_image *image, const struct kernel *kernel)
{
	return is_set(kernel, image->arch == EIF_AARCH64 ? "CONFIG_CMDLINE_FORCE"
							 : "CONFIG_CMDLINE_OVERRIDE");
}

/* A line as nobody writes it: what it was made of may have come from somewhere else. */
static void add_odd_bytes(struct list *list, const struct eif_image *image, int section)
{
	const unsigned char *text = (const unsigned char *)image->cmdline;
	size_t at = 0;

	while (at < image->cmdline_size && text[at] >= 0x20 && text[at] < 0x7f)
		at++;
	if (at < image->cmdline_size)
		add(list, "CMDLINE-BYTES", "012", section, image->cmdline_size - at,
		    "byte %zu of the command line is 0x%02x, no printable ASCII: as if bytes had "
		    "been moved there. Linux reads up to the first NUL",
		    at, text[at]);
}

static void add_cmdline(struct list *list, const struct eif_image *image,
			const struct kernel *kernel)
{
	const char *text = image->cmdline;
	size_t size = image->cmdline_size;
	int section = find(image, EIF_CMDLINE, 0);
	size_t first = 0;
	char word[WORD_MAX + 4];

	if (overrides_cmdline(image, kernel))
		add(list, "CMDLINE-IGNORED", "012", section, size,
		    "a configuration inside the kernel claims that it ignores the command line (an "
		    "override or force option); nothing here checks that it is this kernel's own. "
		    "If it is, CMDLINE-HEAD, -TAIL and -CHOSEN change nothing");
	while (first < size && text[first] != ' ')
		first++;
	if (size > 0)
		add(list, "CMDLINE-HEAD", "012", section, size,
		    "1 to %zu bytes at the start of the command line can move to the end of the "
		    "kernel, which does not read there: the first word (%s), the first few or all "
		    "are gone. %s",
		    size, shown(text, first, word),
		    kernel->config ? "A configuration in the kernel tells which words it has "
				     "built in"
				   : "No configuration was found in the kernel that would tell "
				     "which words it has built in");
	add(list, "CMDLINE-TAIL", "012", section, 0,
	    "what a hypervisor puts behind the command line (as QEMU's -append does) is in no PCR");
	add_odd_bytes(list, image, section);
}

/* What the boot header accounts for, against what is there. */
static void add_length(struct list *list, const struct kernel *kernel, int section)
{
	if (kernel->announced && kernel->announced < kernel->size)
		add(list, "KERNEL-EXTRA", "012", section, kernel->size - kernel->announced,
		    "%llu bytes stand behind what the kernel's boot header accounts for (%llu): as "
		    "if something had been moved there",
		    ull(kernel->size - kernel->announced), ull(kernel->announced));
	if (kernel->announced > kernel->size)
		add(list, "KERNEL-SHORT", "012", section, kernel->announced - kernel->size,
		    "%llu bytes are missing of what the kernel's boot header accounts for (%llu): "
		    "as if they had been moved to the command line",
		    ull(kernel->announced - kernel->size), ull(kernel->announced));
}

static void add_kernel(struct list *list, const struct eif_image *image,
		       const struct kernel *kernel)
{
	int section = find(image, EIF_KERNEL, 0);

	if (kernel->zeros > 0)
		add(list, "KERNEL-TAIL", "012", section, kernel->zeros,
		    "the kernel ends in %llu zero bytes: one of them moved to the start of the "
		    "command line ends it before its first word, and all words are gone",
		    ull(kernel->zeros));
	else
		add(list, "KERNEL-TAIL", "012", section, 1,
		    "bytes from the end of the kernel can move to the start of the command line, "
		    "where they spoil its first word; the last one is not zero");
	add_length(list, kernel, section);
}

static bool later_init(const struct inventory *inventory)
{
	for (unsigned i = 1; i < inventory->ramdisk_count; i++)
		if (inventory->ramdisks[i].has_init)
			return true;
	return false;
}

static void add_first_entries(struct list *list, const struct inventory *inventory, int section)
{
	const struct newc_entry *first = &inventory->ramdisks[0].entries[0].facts;
	bool is_init = strcmp(inventory_path(first->path), "init") == 0;
	char path[WORD_MAX + 4];

	add(list, "RAMDISK-HEAD", "012", section, first->end,
	    "the first entry of ramdisk 0 (%s, %llu bytes with its header), or the first few, can "
	    "move to the end of the command line or, without limit, behind the kernel, the command "
	    "line with them, and then exist no more%s",
	    shown(first->path, strlen(first->path), path), ull(first->end),
	    !is_init		    ? ""
	    : later_init(inventory) ? "; it is init, and a later ramdisk brings another"
				    : "; it is init, without which ramdisk 0 does not boot");
}

static void add_ramdisk_head(struct list *list, const struct eif_image *image,
			     const struct inventory *inventory)
{
	int section = find(image, EIF_RAMDISK, 0);
	const struct inventory_ramdisk *ramdisk = &inventory->ramdisks[0];
	uint64_t size = section < 0 ? 0 : image->sections[section].size;

	if (size == 0)
		return;
	if (ramdisk->count > 0 && !ramdisk->entries[0].packed)
		add_first_entries(list, inventory, section);
	add(list, "RAMDISK-WHOLE", "012", section, size,
	    "everything before any byte of ramdisk 0, up to all %llu of them, can move to the end "
	    "of the command line or, without limit, behind the kernel, the command line with it: "
	    "what stays is unpacked as if it were all, be it an archive inside a file or nothing",
	    ull(size));
	add(list, "CMDLINE-CHOSEN", "012", section, size,
	    "the command line can be any bytes of ramdisk 0, up to the first NUL among them, that "
	    "end where an entry, an archive inside a file or the padding begins: what is before "
	    "them goes behind the kernel, the command line with it. Words that are in none of its "
	    "%llu bytes cannot be had this way",
	    ull(size));
}

static void add_boundaries(struct list *list, const struct eif_image *image, unsigned others)
{
	int second = find(image, EIF_RAMDISK, 1);

	if (others > 0)
		add(list, "RAMDISK-BOUNDARY", "0", second, 0,
		    "the boundaries between the %u ramdisks can move, also so that there is one "
		    "ramdisk: PCR0 stays, PCR1 and PCR2 change. What boots stays only while all "
		    "bytes of the ramdisks are in ramdisks (see PCR0-ALONE)",
		    others + 1);
	if (others > 1)
		add(list, "RAMDISK-BOUNDARY", "012", second, 0,
		    "the boundaries between ramdisk 1 and those behind it can move: nothing "
		    "changes but the number of sections");
}

static void add_alone(struct list *list, unsigned others)
{
	if (others > 0)
		add(list, "PCR0-ALONE", "0", -1, 0,
		    "under PCR0 alone everything before any byte of a later ramdisk can move "
		    "behind the kernel, and any bytes before that one be the command line: an "
		    "archive inside a file then boots instead, and its init runs. PCR0 alone does "
		    "not tell what runs; PCR0, PCR1 and PCR2 together leave this to the author of "
		    "ramdisk 0 only");
	else
		add(list, "PCR0-ALONE", "0", -1, 0,
		    "under PCR0 alone ramdisk 0 can be divided into several ramdisks");
	add(list, "PCR1-ALONE", "1", -1, 0,
	    "under PCR1 alone every ramdisk behind the first can be %s; one with an init of its "
	    "own replaces that of ramdisk 0. PCR1 alone does not tell what runs",
	    others ? "replaced, taken away or added" : "added");
	add(list, "PCR2-ALONE", "2", -1, 0,
	    "under PCR2 alone kernel, command line and ramdisk 0 can be anything%s",
	    others ? "" : "; it is that of no bytes at all, the same for all such images");
}

/* Linux unpacks all ramdisks as one piece, so what one lacks the next may bring. */
static void add_unlisted(struct list *list, const struct eif_image *image,
			 const struct inventory *inventory, unsigned i)
{
	const struct inventory_ramdisk *ramdisk = &inventory->ramdisks[i];
	int index = find(image, EIF_RAMDISK, i);
	uint64_t size = index < 0 ? 0 : image->sections[index].size;

	if (ramdisk->rest_why)
		add(list, "RAMDISK-UNLISTED", "", index, size - ramdisk->rest_at,
		    "from byte %llu on ramdisk %u could not be listed (%s): whether it brings an "
		    "init, or changes how the next one is read, is not known",
		    ull(ramdisk->rest_at), i, ramdisk->rest_why);
	else if (size % 4 != 0 && i + 1 < inventory->ramdisk_count)
		add(list, "RAMDISK-UNLISTED", "", index, size % 4,
		    "ramdisk %u ends at no multiple of four (%llu bytes): Linux may read the next "
		    "one otherwise than it is listed here",
		    i, ull(size));
}

static void add_init(struct list *list, const struct eif_image *image,
		     const struct inventory *inventory)
{
	for (unsigned i = 0; i < inventory->ramdisk_count; i++) {
		const struct inventory_ramdisk *ramdisk = &inventory->ramdisks[i];
		int index = find(image, EIF_RAMDISK, i);

		if (i > 0 && ramdisk->has_init)
			add(list, "INIT-REPLACED", "", index, 0,
			    "ramdisk %u has an init: it replaces an earlier one, and PCR1 does not "
			    "cover it",
			    i);
		if (ramdisk->init_unknown)
			add(list, "INIT-UNKNOWN", "", index, 0,
			    "which init runs cannot be told: in ramdisk %u %s", i,
			    ramdisk->init_unknown);
		add_unlisted(list, image, inventory, i);
	}
	if (image->cmdline_size > 0 && memmem(image->cmdline, image->cmdline_size, "rdinit=", 7))
		add(list, "INIT-UNKNOWN", "", find(image, EIF_CMDLINE, 0), 0,
		    "which init runs cannot be told: the command line names one (rdinit=)");
}

json_t *unpinned_json(const struct eif_image *image, const struct inventory *inventory,
		      struct err *err)
{
	cleanup_json json_t *findings = json_array();
	struct list list = {.findings = findings};

	add_unmeasured(&list, image);
	add_signature(&list, image);
	add_cmdline(&list, image, &inventory->kernel);
	add_kernel(&list, image, &inventory->kernel);
	add_ramdisk_head(&list, image, inventory);
	add_boundaries(&list, image, inventory->ramdisk_count - 1);
	add_alone(&list, inventory->ramdisk_count - 1);
	add_init(&list, image, inventory);
	if (list.failed) {
		errno = ENOMEM;
		err_errno(err, "MEMORY", "report");
		return NULL;
	}
	return steal_ptr(findings);
}
