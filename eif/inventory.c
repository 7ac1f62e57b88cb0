/*
 * Lists what ramdisks hold and what the kernel tells, in one pass with the measurement. Never keeps
 * contents; what it keeps of a ramdisk has a limit.
 */
#include "inventory.h"

#include <string.h>

#include <sys/stat.h>

enum {
	ENTRIES_FIRST = 64,
	ENTRY_COST = sizeof(struct inventory_entry) + 32, /* and its path */
	KEPT_MAX = 128 * 1024 * 1024			  /* some 800000 entries */
};

/* More than ramdisks hold in compressed form, and a time that one can wait for. */
#define UNPACKED_MAX (UINT64_C(4) << 30)

const char *inventory_path(const char *path)
{
	for (;;) {
		if (path[0] == '/')
			path++;
		else if (path[0] == '.' && path[1] == '/')
			path += 2;
		else
			return path;
	}
}

/* A path as Linux walks it: what counts are its components. */
struct walk {
	const char *last;
	size_t last_size;
	unsigned depth;
	uint64_t hash;
	bool up;	  /* ".." is among them */
	bool behind_link; /* all but the last may name a symbolic link */
};

/* Two bits for a path: a link is never missed, and next to never is one seen that is none. */
static bool is_link(const struct inventory *inventory, uint64_t hash)
{
	uint64_t a = hash % INVENTORY_LINKS;
	uint64_t b = (hash >> 32) % INVENTORY_LINKS;

	return (inventory->links[a / 8] >> a % 8 & 1) && (inventory->links[b / 8] >> b % 8 & 1);
}

static void add_link(struct inventory *inventory, uint64_t hash)
{
	uint64_t a = hash % INVENTORY_LINKS;
	uint64_t b = (hash >> 32) % INVENTORY_LINKS;

	inventory->links[a / 8] |= (unsigned char)(1 << a % 8);
	inventory->links[b / 8] |= (unsigned char)(1 << b % 8);
}

static struct walk walk_path(const struct inventory *inventory, const char *path)
{
	struct walk walk = {.hash = UINT64_C(0xcbf29ce484222325)}; /* FNV-1a */

	while (*path) {
		size_t size = strcspn(path, "/");

		if (size > 0 && !(size == 1 && path[0] == '.')) {
			walk.behind_link |= walk.depth > 0 && is_link(inventory, walk.hash);
			walk.up |= size == 2 && memcmp(path, "..", 2) == 0;
			for (size_t i = 0; i <= size; i++) {
				unsigned char c = i < size ? (unsigned char)path[i] : '/';

				walk.hash = (walk.hash ^ c) * UINT64_C(0x100000001b3);
			}
			walk.last = path;
			walk.last_size = size;
			walk.depth++;
		}
		path += size + (path[size] == '/');
	}
	return walk;
}

static void look_for_init(struct inventory *inventory, struct inventory_ramdisk *ramdisk,
			  const struct newc_entry *entry)
{
	struct walk walk = walk_path(inventory, entry->path);
	bool named = walk.last_size == 4 && memcmp(walk.last, "init", 4) == 0;

	if (named && walk.depth == 1)
		ramdisk->has_init = true;
	if (walk.up)
		ramdisk->init_unknown = "a path goes up by \"..\"";
	else if (walk.behind_link && (named || S_ISLNK(entry->mode)))
		ramdisk->init_unknown = "an init or a symbolic link lies behind a symbolic link";
	if (S_ISLNK(entry->mode))
		add_link(inventory, walk.hash);
}

static int keep_entry(struct inventory *inventory, struct inventory_ramdisk *ramdisk,
		      const struct newc_entry *entry, bool packed, struct err *err)
{
	size_t cost = ENTRY_COST + strlen(entry->path);
	struct inventory_entry *kept;

	if (cost > inventory->kept_left) {
		inventory->kept_left = 0;
		if (!ramdisk->rest_why)
			ramdisk->rest_at = packed ? 0 : entry->offset;
		ramdisk->rest_why = "more files than are listed here";
		return 0;
	}
	inventory->kept_left -= cost;
	/* A power of two is full. */
	if (ramdisk->count == 0 ||
	    (ramdisk->count >= ENTRIES_FIRST && (ramdisk->count & (ramdisk->count - 1)) == 0)) {
		kept = reallocarray(ramdisk->entries,
				    ramdisk->count ? 2 * ramdisk->count : ENTRIES_FIRST,
				    sizeof(*kept));
		if (!kept)
			return err_errno(err, "MEMORY", "list of files");
		ramdisk->entries = kept;
	}
	kept = &ramdisk->entries[ramdisk->count];
	*kept = (struct inventory_entry){.facts = *entry, .packed = packed};
	kept->facts.path = strdup(entry->path);
	if (!kept->facts.path)
		return err_errno(err, "MEMORY", "list of files");
	ramdisk->count++;
	return 0;
}

static int on_entry(void *context, const struct newc_entry *entry, bool packed, struct err *err)
{
	struct inventory *inventory = context;
	struct inventory_ramdisk *ramdisk = &inventory->ramdisks[inventory->ramdisk_count - 1];

	ramdisk->total++;
	look_for_init(inventory, ramdisk, entry);
	if (ramdisk->count >= inventory->limit)
		return 0;
	return keep_entry(inventory, ramdisk, entry, packed, err);
}

void inventory_finish(struct inventory *inventory)
{
	struct inventory_ramdisk *ramdisk;

	if (inventory->type == EIF_KERNEL)
		kernel_end(&inventory->kernel);
	if (inventory->type == EIF_RAMDISK) {
		ramdisk = &inventory->ramdisks[inventory->ramdisk_count - 1];
		ramdisk_end(&inventory->ramdisk);
		if (!ramdisk->rest_why) {
			ramdisk->rest_at = inventory->ramdisk.rest_at;
			ramdisk->rest_why = inventory->ramdisk.rest_why;
		}
		ramdisk_reset(&inventory->ramdisk);
	}
	inventory->type = EIF_METADATA;
}

static int on_begin(void *context, const struct eif_section *section, struct err *err)
{
	struct inventory *inventory = context;

	(void)err;
	inventory_finish(inventory);
	inventory->type = section->type;
	if (section->type == EIF_RAMDISK)
		inventory->ramdisk_count++;
	return 0;
}

static int on_data(void *context, const void *data, size_t size, struct err *err)
{
	struct inventory *inventory = context;

	if (inventory->type == EIF_KERNEL)
		return kernel_feed(&inventory->kernel, data, size, err);
	if (inventory->type == EIF_RAMDISK)
		return ramdisk_feed(&inventory->ramdisk, data, size, err);
	return 0;
}

struct eif_sink inventory_sink(struct inventory *inventory, size_t limit, bool digests)
{
	*inventory = (struct inventory){.limit = limit,
					.type = EIF_METADATA,
					.unpack_left = UNPACKED_MAX,
					.kept_left = KEPT_MAX};
	inventory->kernel.unpack_left = &inventory->unpack_left;
	inventory->ramdisk = (struct ramdisk){.entry = on_entry,
					      .context = inventory,
					      .digests = digests,
					      .unpack_left = &inventory->unpack_left};
	return (struct eif_sink){.begin = on_begin, .data = on_data, .context = inventory};
}

void inventory_clear(struct inventory *inventory)
{
	kernel_close(&inventory->kernel);
	ramdisk_reset(&inventory->ramdisk);
	for (unsigned i = 0; i < inventory->ramdisk_count; i++) {
		struct inventory_ramdisk *ramdisk = &inventory->ramdisks[i];

		for (size_t k = 0; k < ramdisk->count; k++)
			free((char *)(uintptr_t)ramdisk->entries[k].facts.path);
		free(ramdisk->entries);
	}
	*inventory = (struct inventory){0};
}
