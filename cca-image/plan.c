/*
 * Places kernel, initrd and device tree as a layout says. Opens the files only to learn their sizes
 * and the kernel's header; never holds them in memory.
 */
#include "layout.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "outfile.h"

enum {
	IMAGE_HEADER = 64, /* Linux, Documentation/arch/arm64/booting.rst */
	IMAGE_TEXT_OFFSET = 8,
	IMAGE_SIZE = 16,
	IMAGE_MAGIC = 56,

	MAX_NAMES = 24,
};

struct placing {
	const struct realm_layout *layout;
	const struct realm_parts *parts;
	struct realm_plan *plan;
	struct realm_name names[MAX_NAMES];
	size_t count;
};

static void learn(struct placing *placing, const char *name, uint64_t value)
{
	placing->names[placing->count++] = (struct realm_name){name, value};
}

static int evaluate(const struct placing *placing, const char *key, uint64_t *value,
		    struct err *err)
{
	return layout_value(placing->layout, key, placing->names, placing->count, value, err);
}

static int open_part(const char *path, uint64_t *size, struct err *err)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return err_errno(err, "FILE-OPEN", "%s", path);
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
		*size = (uint64_t)st.st_size;
		return fd;
	}
	close(fd);
	return err_set(err, EXIT_MALFORMED, "REALM-INPUT",
		       "%s: a regular file that is not empty expected, found another", path);
}

/* An uncompressed arm64 Image says how much memory it takes, and where. */
static int take_kernel(struct placing *placing, struct err *err)
{
	const char *path = placing->parts->kernel;
	unsigned char header[IMAGE_HEADER] = {0};
	cleanup_close int fd = -1;

	if (path) {
		fd = open_part(path, &placing->plan->kernel_size, err);
		if (fd < 0 || read_at(fd, header, sizeof(header), 0, path, err) < 0)
			return -1;
		if (memcmp(header + IMAGE_MAGIC, "ARM\x64", 4) != 0)
			return err_set(err, EXIT_MALFORMED, "REALM-KERNEL",
				       "%s: an uncompressed arm64 Image (ARM\\x64 at offset 56) "
				       "expected, found another file",
				       path);
	}
	learn(placing, "kernel_size", placing->plan->kernel_size);
	learn(placing, "text_offset", get_le(header + IMAGE_TEXT_OFFSET, 8));
	learn(placing, "image_size", get_le(header + IMAGE_SIZE, 8));
	return 0;
}

static int take_initrd(struct placing *placing, struct err *err)
{
	if (placing->parts->initrd) {
		int fd = open_part(placing->parts->initrd, &placing->plan->initrd_size, err);

		if (fd < 0)
			return -1;
		close(fd);
	}
	learn(placing, "initrd_size", placing->plan->initrd_size);
	return 0;
}

static int take_memory(struct placing *placing, struct err *err)
{
	const struct realm_parts *parts = placing->parts;
	struct realm_plan *plan = placing->plan;
	uint64_t unit;
	uint64_t max;
	uint64_t cpus_max;

	if (evaluate(placing, "ram_base", &plan->ram_base, err) < 0 ||
	    evaluate(placing, "ram_unit", &unit, err) < 0 ||
	    evaluate(placing, "ram_max", &max, err) < 0 ||
	    evaluate(placing, "cpus_max", &cpus_max, err) < 0 ||
	    evaluate(placing, "ripas_block", &plan->ripas_block, err) < 0 ||
	    evaluate(placing, "round", &plan->round, err) < 0)
		return -1;
	if (unit < REALM_PAGE || unit & (unit - 1) || plan->round < REALM_PAGE ||
	    plan->round & (plan->round - 1) || !rim_entry_size(plan->ripas_block) ||
	    plan->ram_base % unit || max > INT64_MAX || plan->ram_base > INT64_MAX)
		return err_set(err, EXIT_MALFORMED, "LAYOUT-VALUE",
			       "%s: powers of two from 4096 on for round and ram_unit, each RAM in "
			       "whole units, 4K, 2M, 1G or 512G for ripas_block expected",
			       placing->layout->path);
	if (parts->memory < unit || parts->memory % unit || parts->memory > max)
		return err_set(err, EXIT_USAGE, "REALM-MEMORY",
			       "%s: memory of a multiple of 0x%llx, at most 0x%llx expected, found "
			       "0x%llx",
			       placing->layout->path, (unsigned long long)unit,
			       (unsigned long long)max, (unsigned long long)parts->memory);
	if (parts->cpus < 1 || parts->cpus > cpus_max)
		return err_set(err, EXIT_USAGE, "REALM-CPUS",
			       "%s: 1 to %llu processors expected, found %llu",
			       placing->layout->path, (unsigned long long)cpus_max,
			       (unsigned long long)parts->cpus);
	plan->ram_end = plan->ram_base + parts->memory;
	learn(placing, "ram_base", plan->ram_base);
	learn(placing, "ram_end", plan->ram_end);
	return 0;
}

/* In the order of the layout's lines, so that each may follow from those before it. */
static int take_places(struct placing *placing, struct err *err)
{
	static const char *const keys[] = {"kernel", "initrd", "tree"};
	uint64_t *const values[] = {&placing->plan->kernel, &placing->plan->initrd,
				    &placing->plan->tree};

	for (size_t i = 0; i < placing->layout->count; i++) {
		for (unsigned k = 0; k < 3; k++) {
			if (strcmp(placing->layout->lines[i].key, keys[k]) != 0)
				continue;
			if (evaluate(placing, keys[k], values[k], err) < 0)
				return -1;
			if (k == 0 && !placing->parts->kernel)
				*values[k] = 0;
			learn(placing, keys[k], *values[k]);
		}
	}
	return 0;
}

static char *beside(const char *path, const char *name, struct err *err)
{
	const char *slash = strrchr(path, '/');
	char *joined;

	if (asprintf(&joined, "%.*s%s", slash ? (int)(slash - path) + 1 : 0, path, name) < 0) {
		err_errno(err, "MEMORY", "%s", path);
		return NULL;
	}
	return joined;
}

/* What the VMM would make, into a blob of at most REALM_MAX_TREE bytes. */
static int describe_tree(const struct placing *placing, unsigned char *blob, size_t *size,
			 struct err *err)
{
	const char *file = realm_layout_get(placing->layout, "tree_file");
	cleanup_free char *path = NULL;
	cleanup_free char *text = NULL;
	size_t length;

	if (!file)
		return err_set(err, EXIT_USAGE, "REALM-TREE",
			       "%s: a device tree (--tree) expected, found none, and no tree_file",
			       placing->layout->path);
	path = beside(placing->layout->path, file, err);
	if (!path)
		return -1;
	text = read_small_file(path, LAYOUT_MAX_SIZE, &length, err);
	if (!text)
		return -1;
	return realm_tree_write(text, length, path, placing->names, placing->count,
				placing->parts->cmdline ? placing->parts->cmdline : "", blob,
				REALM_MAX_TREE, size, err);
}

static int given_tree(const struct placing *placing, unsigned char *blob, size_t *size,
		      struct err *err)
{
	const char *path = placing->parts->tree;
	cleanup_free unsigned char *data = read_small_file(path, REALM_MAX_TREE, size, err);

	if (!data || realm_tree_check(data, *size, path, err) < 0)
		return -1;
	memcpy(blob, data, *size);
	return 0;
}

static int take_tree(struct placing *placing, struct err *err)
{
	struct realm_plan *plan = placing->plan;
	size_t size;

	plan->tree_data = calloc(1, REALM_MAX_TREE);
	if (!plan->tree_data)
		return err_errno(err, "MEMORY", "device tree");
	if ((placing->parts->tree ? given_tree(placing, plan->tree_data, &size, err)
				  : describe_tree(placing, plan->tree_data, &size, err)) < 0)
		return -1;
	learn(placing, "tree_bytes", size);
	if (evaluate(placing, "tree_size", &plan->tree_size, err) < 0)
		return -1;
	if (plan->tree_size < size || plan->tree_size > REALM_MAX_TREE)
		return err_set(err, EXIT_MALFORMED, "REALM-TREE",
			       "%s: a device tree of at most %llu bytes expected, found %zu",
			       placing->parts->tree ? placing->parts->tree : placing->layout->path,
			       (unsigned long long)plan->tree_size, size);
	return 0;
}

static int take_registers(struct placing *placing, struct err *err)
{
	static const char *const keys[REALM_GPRS] = {"x0", "x1", "x2", "x3",
						     "x4", "x5", "x6", "x7"};

	if (evaluate(placing, "pc", &placing->plan->pc, err) < 0)
		return -1;
	for (unsigned i = 0; i < REALM_GPRS; i++)
		if (evaluate(placing, keys[i], &placing->plan->gprs[i], err) < 0)
			return -1;
	return 0;
}

static int take_params(const struct placing *placing, const struct realm_host *host,
		       enum hash_algorithm hash, struct err *err)
{
	uint64_t bits = host->ipa_bits;

	if (bits == 0 && evaluate(placing, "ipa_bits", &bits, err) < 0)
		return -1;
	if (bits < 32 || bits > 52)
		return err_set(err, EXIT_MALFORMED, "LAYOUT-VALUE",
			       "%s: ipa_bits: 32 to 52 expected, found %llu", placing->layout->path,
			       (unsigned long long)bits);
	placing->plan->params = (struct realm_params){
		.flags = host->flags,
		.s2sz = (uint8_t)bits,
		.sve_vl = (uint8_t)host->sve_vl,
		.num_bps = (uint8_t)(host->breakpoints - 1),
		.num_wps = (uint8_t)(host->watchpoints - 1),
		.pmu_num_ctrs = (uint8_t)host->pmu_counters,
		.hash = hash,
	};
	return 0;
}

static void add_piece(struct piece *pieces, size_t *count, const struct realm_plan *plan,
		      struct piece piece, uint64_t at)
{
	size_t i = (*count)++;

	piece.base = round_down(at, plan->round);
	piece.skip = at - piece.base;
	piece.size = round_up(piece.skip + piece.content, plan->round);
	for (; i > 0 && pieces[i - 1].base > piece.base; i--)
		pieces[i] = pieces[i - 1];
	pieces[i] = piece;
}

size_t plan_pieces(const struct realm_plan *plan, const struct realm_parts *parts,
		   struct piece pieces[PLAN_PIECES])
{
	size_t count = 0;

	if (parts->kernel)
		add_piece(pieces, &count, plan,
			  (struct piece){.what = "kernel",
					 .content = plan->kernel_size,
					 .path = parts->kernel},
			  plan->kernel);
	if (parts->initrd)
		add_piece(pieces, &count, plan,
			  (struct piece){.what = "initrd",
					 .content = plan->initrd_size,
					 .path = parts->initrd},
			  plan->initrd);
	add_piece(pieces, &count, plan,
		  (struct piece){.what = "device tree",
				 .content = plan->tree_size,
				 .data = plan->tree_data},
		  plan->tree);
	return count;
}

/* Nothing may lie in a page of something else: who was loaded last would be measured. */
static int check_pieces(const struct placing *placing, struct err *err)
{
	const struct realm_plan *plan = placing->plan;
	struct piece pieces[PLAN_PIECES];
	size_t count = plan_pieces(plan, placing->parts, pieces);
	uint64_t end = plan->ram_base;
	const char *before = "the start of memory";

	for (size_t i = 0; i < count; i++) {
		if (pieces[i].base < end)
			return err_set(err, EXIT_MALFORMED, "REALM-OVERLAP",
				       "%s: %s at 0x%llx: an address from 0x%llx on expected, "
				       "behind %s",
				       placing->layout->path, pieces[i].what,
				       (unsigned long long)pieces[i].base, (unsigned long long)end,
				       before);
		if (pieces[i].size > plan->ram_end - plan->ram_base ||
		    pieces[i].base > plan->ram_end - pieces[i].size)
			return err_set(err, EXIT_MALFORMED, "REALM-MEMORY",
				       "%s: %s of 0x%llx bytes at 0x%llx: memory up to 0x%llx "
				       "expected to hold it",
				       placing->layout->path, pieces[i].what,
				       (unsigned long long)pieces[i].size,
				       (unsigned long long)pieces[i].base,
				       (unsigned long long)plan->ram_end);
		end = pieces[i].base + pieces[i].size;
		before = pieces[i].what;
	}
	return 0;
}

void realm_plan_clear(struct realm_plan *plan)
{
	free(plan->tree_data);
	*plan = REALM_PLAN_INIT;
}

int realm_plan(const struct realm_layout *layout, const struct realm_parts *parts,
	       const struct realm_host *host, enum hash_algorithm hash, struct realm_plan *plan,
	       struct err *err)
{
	cleanup_with(realm_plan_clear) struct realm_plan found = REALM_PLAN_INIT;
	struct placing placing = {.layout = layout, .parts = parts, .plan = &found};

	learn(&placing, "memory", parts->memory);
	learn(&placing, "cpus", parts->cpus);
	if (take_memory(&placing, err) < 0 || take_kernel(&placing, err) < 0 ||
	    take_initrd(&placing, err) < 0 || take_places(&placing, err) < 0 ||
	    take_tree(&placing, err) < 0 || take_registers(&placing, err) < 0 ||
	    take_params(&placing, host, hash, err) < 0 || check_pieces(&placing, err) < 0)
		return -1;
	*plan = found;
	found = REALM_PLAN_INIT;
	return 0;
}
