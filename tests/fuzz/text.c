/* Files that lie in the input of a target. Never copies them. */
#include "text.h"

#include <string.h>

#include "fuzz.h"

static int give_text(struct contents *contents, const struct inode *inode, const char *path,
		     struct sink *sink, struct err *err)
{
	const struct text *text = (const struct text *)contents;

	(void)path;
	return inode->size > 0 ? sink->take(sink, text->data, inode->size, err) : 0;
}

struct text text_take(const char **data, size_t *left)
{
	size_t size = strnlen(*data, *left);
	struct text text = {{.read = give_text}, *data, size};

	*data += size;
	*left -= size;
	if (*left > 0) {
		++*data;
		--*left;
	}
	return text;
}

struct node *text_add(struct node *dir, const char *name, struct text *text)
{
	struct err err = {0};
	cleanup_inode struct inode *inode =
		inode_new(text ? S_IFREG | 0644 : S_IFDIR | 0755, 0, 0, &err);
	struct node *node = inode ? node_add(dir, name, inode, &err) : NULL;

	if (!node)
		fuzz_fail("no tree");
	if (text) {
		inode->contents = &text->contents;
		inode->size = (uint32_t)text->size;
	}
	return node;
}
