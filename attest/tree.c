/* Hashes, tiles and proofs. Never trusts a tile: whoever reads one compares with a root. */
#include "tree.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "outfile.h"

static int hash_parts(unsigned char prefix, struct slice a, struct slice b, struct node *node,
		      struct err *err)
{
	cleanup_hash struct hash *hash = hash_new(HASH_SHA256, err);
	unsigned char digest[HASH_MAX_SIZE];

	if (!hash || hash_update(hash, &prefix, 1, err) < 0 ||
	    hash_update(hash, a.data, a.size, err) < 0 ||
	    hash_update(hash, b.data, b.size, err) < 0 || hash_final(hash, digest, err) < 0)
		return -1;
	memcpy(node->hash, digest, SHA256_SIZE);
	return 0;
}

int tree_leaf(const void *entry, size_t size, struct node *node, struct err *err)
{
	return hash_parts(0, (struct slice){entry, size}, (struct slice){entry, 0}, node, err);
}

int tree_node(const struct node *left, const struct node *right, struct node *node, struct err *err)
{
	return hash_parts(1, (struct slice){left->hash, SHA256_SIZE},
			  (struct slice){right->hash, SHA256_SIZE}, node, err);
}

/* 1234067 is x001/x234/067. */
static void number_path(uint64_t number, char out[40])
{
	char parts[8][5];
	size_t count = 0;
	size_t used = 0;

	do {
		snprintf(parts[count++], 5, "%03u", (unsigned)(number % 1000));
		number /= 1000;
	} while (number > 0 && count < 8);
	while (count-- > 0)
		used += (size_t)snprintf(out + used, 40 - used, "%s%s%s", count ? "x" : "",
					 parts[count], count ? "/" : "");
}

char *tile_path(const char *folder, int level, uint64_t number, unsigned width, struct err *err)
{
	char level_text[16] = "entries";
	char partial[16] = "";
	char number_text[40];
	char *path = NULL;

	if (level >= 0)
		snprintf(level_text, sizeof(level_text), "%d", level);
	if (width < TILE_WIDTH)
		snprintf(partial, sizeof(partial), ".p/%u", width);
	number_path(number, number_text);
	if (asprintf(&path, "%s/tile/%s/%s%s", folder, level_text, number_text, partial) >= 0)
		return path;
	no_memory(err);
	return NULL;
}

int tree_tile(struct tree *tree, unsigned level, uint64_t number, const struct node **nodes,
	      unsigned *width, struct err *err)
{
	uint64_t count = level < TILE_LEVELS ? tree->size >> (8 * level) : 0;
	uint64_t left = count > number * TILE_WIDTH ? count - number * TILE_WIDTH : 0;
	cleanup_free char *path = NULL;
	cleanup_free char *data = NULL;
	size_t size = 0;

	*width = left < TILE_WIDTH ? (unsigned)left : TILE_WIDTH;
	if (*width == 0)
		return err_set(err, EXIT_VERIFY, "ATTEST-LOG-TILE",
			       "tile/%u: a tile of the tree expected, found none", level);
	*nodes = tree->cache[level].nodes;
	if (tree->cache[level].width == *width && tree->cache[level].number == number)
		return 0;
	path = tile_path(tree->folder, (int)level, number, *width, err);
	data = path ? read_small_file(path, TILE_WIDTH * SHA256_SIZE, &size, err) : NULL;
	if (!data && path)
		return err_set(err, EXIT_VERIFY, "ATTEST-LOG-TILE",
			       "%s: a tile of the tree expected, found none", path);
	if (!data)
		return -1;
	if (size != *width * (size_t)SHA256_SIZE)
		return err_set(err, EXIT_VERIFY, "ATTEST-LOG-TILE",
			       "%s: %u bytes expected, found %zu", path, *width * SHA256_SIZE,
			       size);
	memcpy(tree->cache[level].nodes, data, size);
	tree->cache[level].number = number;
	tree->cache[level].width = *width;
	return 0;
}

/* One entry at *at against its hash, behind which *at is then. */
static int check_entry(const unsigned char *data, size_t size, size_t *at, const struct node *leaf,
		       const char *path, unsigned i, unsigned width, struct err *err)
{
	size_t left = size - *at;
	size_t length = left >= 2 ? (size_t)data[*at] << 8 | data[*at + 1] : 0;
	struct node found;

	if (left < 2 || length > left - 2)
		return err_set(err, EXIT_VERIFY, "ATTEST-LOG-ENTRY",
			       "%s: %u entries expected, found %u", path, width, i);
	if (tree_leaf(data + *at + 2, length, &found, err) < 0)
		return -1;
	if (memcmp(&found, leaf, sizeof(found)) != 0)
		return err_set(err, EXIT_VERIFY, "ATTEST-LOG-TILE",
			       "%s: entry %u: the hash in tile/0 expected, found another", path, i);
	*at += 2 + length;
	return 0;
}

unsigned char *tree_bundle(struct tree *tree, uint64_t number, unsigned *width, size_t *size,
			   struct err *err)
{
	cleanup_free unsigned char *data = NULL;
	cleanup_free char *path = NULL;
	const struct node *nodes;
	size_t at = 0;

	if (tree_tile(tree, 0, number, &nodes, width, err) < 0)
		return NULL;
	path = tile_path(tree->folder, -1, number, *width, err);
	data = path ? read_small_file(path, BUNDLE_MAX, size, err) : NULL;
	if (!data) {
		if (path)
			err_set(err, EXIT_VERIFY, "ATTEST-LOG-ENTRY",
				"%s: entries expected, found none", path);
		return NULL;
	}
	for (unsigned i = 0; i < *width; i++)
		if (check_entry(data, *size, &at, &nodes[i], path, i, *width, err) < 0)
			return NULL;
	if (at == *size)
		return steal_ptr(data);
	err_set(err, EXIT_VERIFY, "ATTEST-LOG-ENTRY",
		"%s: nothing behind %u entries expected, found bytes", path, *width);
	return NULL;
}

/* The hash of 2^level entries from index * 2^level on. */
static int subtree(struct tree *tree, unsigned level, uint64_t index, struct node *node,
		   struct err *err)
{
	unsigned rest = level % 8;
	uint64_t first = index << rest;
	const struct node *nodes;
	struct node row[TILE_WIDTH];
	unsigned width;

	if (tree_tile(tree, level / 8, first / TILE_WIDTH, &nodes, &width, err) < 0)
		return -1;
	first %= TILE_WIDTH;
	if (first + (1u << rest) > width)
		return err_set(err, EXIT_VERIFY, "ATTEST-LOG-TILE",
			       "tile/%u: a wider tile expected, found %u hashes", level / 8, width);
	memcpy(row, nodes + first, sizeof(*row) << rest);
	for (unsigned count = 1u << rest; count > 1; count /= 2)
		for (unsigned i = 0; i < count / 2; i++)
			if (tree_node(&row[2 * i], &row[2 * i + 1], &row[i], err) < 0)
				return -1;
	*node = row[0];
	return 0;
}

/* The largest power of two below a number above 1. */
static uint64_t split_of(uint64_t count)
{
	return (uint64_t)1 << (63 - __builtin_clzll(count - 1));
}

static int hash_nothing(struct node *node, struct err *err)
{
	cleanup_hash struct hash *hash = hash_new(HASH_SHA256, err);
	unsigned char digest[HASH_MAX_SIZE];

	if (!hash || hash_final(hash, digest, err) < 0)
		return -1;
	memcpy(node->hash, digest, SHA256_SIZE);
	return 0;
}

int tree_range(struct tree *tree, uint64_t begin, uint64_t end, struct node *node, struct err *err)
{
	uint64_t count = end - begin;
	struct node right;
	struct node left;
	uint64_t split;

	if (count == 0)
		return hash_nothing(node, err);
	if ((count & (count - 1)) == 0)
		return subtree(tree, (unsigned)__builtin_ctzll(count), begin / count, node, err);
	split = split_of(count);
	if (tree_range(tree, begin, begin + split, &left, err) < 0 ||
	    tree_range(tree, begin + split, end, &right, err) < 0)
		return -1;
	return tree_node(&left, &right, node, err);
}

/* RFC 6962, 2.1.1. */
static int prove(struct tree *tree, uint64_t index, uint64_t begin, uint64_t end,
		 struct node *proof, size_t *count, struct err *err)
{
	uint64_t split;
	bool left;

	if (end - begin <= 1)
		return 0;
	split = begin + split_of(end - begin);
	left = index < split;
	if (prove(tree, index, left ? begin : split, left ? split : end, proof, count, err) < 0)
		return -1;
	return tree_range(tree, left ? split : begin, left ? end : split, &proof[(*count)++], err);
}

int tree_prove(struct tree *tree, uint64_t index, struct node *proof, size_t *count,
	       struct err *err)
{
	*count = 0;
	if (index < tree->size)
		return prove(tree, index, 0, tree->size, proof, count, err);
	return err_set(err, EXIT_USAGE, "ATTEST-LOG-INDEX",
		       "an entry below %" PRIu64 " expected, found %" PRIu64, tree->size, index);
}

/* RFC 6962, 2.1.2; whole says whether this subtree is the older tree itself. */
static int prove_older(struct tree *tree, uint64_t older, uint64_t begin, uint64_t end, bool whole,
		       struct node *proof, size_t *count, struct err *err)
{
	uint64_t split;

	if (older == end) {
		if (whole)
			return 0;
		return tree_range(tree, begin, end, &proof[(*count)++], err);
	}
	split = begin + split_of(end - begin);
	if (older <= split) {
		if (prove_older(tree, older, begin, split, whole, proof, count, err) < 0)
			return -1;
		return tree_range(tree, split, end, &proof[(*count)++], err);
	}
	if (prove_older(tree, older, split, end, false, proof, count, err) < 0)
		return -1;
	return tree_range(tree, begin, split, &proof[(*count)++], err);
}

int tree_prove_older(struct tree *tree, uint64_t older, struct node *proof, size_t *count,
		     struct err *err)
{
	*count = 0;
	if (older > tree->size)
		return err_set(err, EXIT_USAGE, "ATTEST-LOG-INDEX",
			       "a size of at most %" PRIu64 " expected, found %" PRIu64, tree->size,
			       older);
	if (older == 0 || older == tree->size)
		return 0;
	return prove_older(tree, older, 0, tree->size, true, proof, count, err);
}

static bool same(const struct node *a, const struct node *b)
{
	return memcmp(a->hash, b->hash, SHA256_SIZE) == 0;
}

/* RFC 9162, 2.1.3.2. */
int proof_holds(const struct node *leaf, uint64_t index, uint64_t size, const struct node *proof,
		size_t count, const struct node *root, struct err *err)
{
	uint64_t last = size - 1;
	struct node node = *leaf;

	if (index >= size)
		return 0;
	for (size_t i = 0; i < count; i++) {
		if (last == 0)
			return 0;
		if ((index & 1) || index == last) {
			if (tree_node(&proof[i], &node, &node, err) < 0)
				return -1;
			for (; !(index & 1) && index != 0; index >>= 1)
				last >>= 1;
		} else if (tree_node(&node, &proof[i], &node, err) < 0) {
			return -1;
		}
		index >>= 1;
		last >>= 1;
	}
	return last == 0 && same(&node, root);
}

/* RFC 9162, 2.1.4.2. */
int proof_older_holds(uint64_t older, const struct node *older_root, uint64_t size,
		      const struct node *root, const struct node *proof, size_t count,
		      struct err *err)
{
	uint64_t index = older - 1;
	uint64_t last = size - 1;
	struct node from;
	struct node to;
	size_t i = 0;

	if (older > size || ((older == size || older == 0) && count > 0))
		return 0;
	if (older == size && !same(older_root, root))
		return 0;
	if (older == 0)
		return hash_nothing(&from, err) < 0 ? -1 : same(&from, older_root);
	if (older == size)
		return 1;
	for (; index & 1; index >>= 1)
		last >>= 1;
	if ((older & (older - 1)) == 0)
		from = *older_root;
	else if (count == 0)
		return 0;
	else
		from = proof[i++];
	to = from;
	for (; i < count; i++) {
		if (last == 0)
			return 0;
		if ((index & 1) || index == last) {
			if (tree_node(&proof[i], &from, &from, err) < 0 ||
			    tree_node(&proof[i], &to, &to, err) < 0)
				return -1;
			for (; !(index & 1) && index != 0; index >>= 1)
				last >>= 1;
		} else if (tree_node(&to, &proof[i], &to, err) < 0) {
			return -1;
		}
		index >>= 1;
		last >>= 1;
	}
	return last == 0 && same(&from, older_root) && same(&to, root);
}
