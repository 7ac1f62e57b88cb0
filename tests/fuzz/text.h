/* Inputs that are several texts, each with a NUL behind it, and become files of a tree. */
#ifndef MINTMARK_FUZZ_TEXT_H
#define MINTMARK_FUZZ_TEXT_H

#include "../../rootfs/tree.h"

struct text {
	struct contents contents;
	const char *data;
	size_t size;
};

/* Takes what stands before the next NUL; the input outlives it. */
struct text text_take(const char **data, size_t *left);

/* Adds a directory, or with a text a file, which outlives the tree. */
struct node *text_add(struct node *dir, const char *name, struct text *text);

#endif
