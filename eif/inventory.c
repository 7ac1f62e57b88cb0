/*
 * Lists what ramdisks hold and what the kernel tells, in one pass with the measurement. Never keeps
 * contents; what it keeps of a ramdisk has a limit.
 */
#include "inventory.h"

#include <string.h>

enum { ENTRIES_STEP = 64 };

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

static int keep_entry(struct inventory_ramdisk *ramdisk, const struct newc_entry *entry,
		      bool packed, struct err *err)
{
	struct inventory_entry *kept;

	if (ramdisk->count % ENTRIES_STEP == 0) {
		kept = reallocarray(ramdisk->entries, ramdisk->count + ENTRIES_STEP, sizeof(*kept));
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
	if (strcmp(inventory_path(entry->path), "init") == 0)
		ramdisk->has_init = true;
	return ramdisk->count < inventory->limit ? keep_entry(ramdisk, entry, packed, err) : 0;
}

int inventory_finish(struct inventory *inventory, struct err *err)
{
	struct inventory_ramdisk *ramdisk;

	if (inventory->ramdisk_count == 0 || inventory->type != EIF_RAMDISK)
		return 0;
	ramdisk = &inventory->ramdisks[inventory->ramdisk_count - 1];
	if (ramdisk_end(&inventory->ramdisk, ramdisk->rest, err) < 0)
		return -1;
	ramdisk->rest_size = inventory->ramdisk.rest_size;
	ramdisk->rest_why = inventory->ramdisk.rest_why;
	ramdisk_reset(&inventory->ramdisk);
	inventory->type = EIF_METADATA;
	return 0;
}

static int on_begin(void *context, const struct eif_section *section, struct err *err)
{
	struct inventory *inventory = context;

	if (inventory_finish(inventory, err) < 0)
		return -1;
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
	*inventory = (struct inventory){.limit = limit, .type = EIF_METADATA};
	inventory->ramdisk =
		(struct ramdisk){.entry = on_entry, .context = inventory, .digests = digests};
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
