/*
 * The tree of a log (RFC 6962) as tiles of 256 hashes (C2SP tlog-tiles), plain files in a folder,
 * for the room's own files.
 */
#ifndef MINTMARK_ATTEST_TREE_H
#define MINTMARK_ATTEST_TREE_H

#include "room.h"

enum { TILE_WIDTH = 256, TILE_LEVELS = 8, PROOF_MAX = 64, ENTRY_MAX = 65535 };
enum { BUNDLE_MAX = TILE_WIDTH * (ENTRY_MAX + 2) };

/* One hash. */
struct node {
	unsigned char hash[SHA256_SIZE];
};

/* A log of a size, whose tiles are read when they are asked for. */
struct tree {
	const char *folder;
	uint64_t size;
	/* The tile that was read last, of each level. */
	struct {
		uint64_t number;
		unsigned width;
		struct node nodes[TILE_WIDTH];
	} cache[TILE_LEVELS];
};

int tree_leaf(const void *entry, size_t size, struct node *node, struct err *err);
int tree_node(const struct node *left, const struct node *right, struct node *node,
	      struct err *err);

/* tile/LEVEL/..., or tile/entries/... for level -1; width TILE_WIDTH for a whole one. */
char *tile_path(const char *folder, int level, uint64_t number, unsigned width, struct err *err);

/* Hashes of a tile of a level, of which there are as many as the size of the tree says. */
int tree_tile(struct tree *tree, unsigned level, uint64_t number, const struct node **nodes,
	      unsigned *width, struct err *err);

/*
 * A bundle of entries, all of them, whose hashes were found to be those in the tile beside it;
 * owned by the caller. ATTEST-LOG-ENTRY, ATTEST-LOG-TILE. Each entry has its size before it, two
 * bytes.
 */
unsigned char *tree_bundle(struct tree *tree, uint64_t number, unsigned *width, size_t *size,
			   struct err *err);

/* The hash of the entries from begin to end, which is behind the last one. */
int tree_range(struct tree *tree, uint64_t begin, uint64_t end, struct node *node, struct err *err);

/* Hashes from the entry's sibling up, at most PROOF_MAX. */
int tree_prove(struct tree *tree, uint64_t index, struct node *proof, size_t *count,
	       struct err *err);

/* That an older tree of this size is its beginning. */
int tree_prove_older(struct tree *tree, uint64_t older, struct node *proof, size_t *count,
		     struct err *err);

/* Whether a proof leads to the root; -1 for want of memory alone. */
int proof_holds(const struct node *leaf, uint64_t index, uint64_t size, const struct node *proof,
		size_t count, const struct node *root, struct err *err);
int proof_older_holds(uint64_t older, const struct node *older_root, uint64_t size,
		      const struct node *root, const struct node *proof, size_t count,
		      struct err *err);

#endif
