/*
 * Walks newc archives as Linux does (init/initramfs.c): eight hexadecimal digits a field, names and
 * data padded to four bytes, the end at a trailer. Never keeps contents.
 */
#include "newc.h"

#include <string.h>

static size_t least(uint64_t a, size_t b)
{
	return a < b ? (size_t)a : b;
}

static size_t padded(size_t size)
{
	return (size + 3) & ~(size_t)3;
}

static int field(const unsigned char *header, unsigned index, uint32_t *value)
{
	*value = 0;
	for (unsigned i = 0; i < 8; i++) {
		unsigned char c = header[6 + 8 * index + i];
		unsigned digit;

		if (c >= '0' && c <= '9')
			digit = c - '0';
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			digit = (c | 0x20u) - 'a' + 10;
		else
			return -1;
		*value = *value << 4 | digit;
	}
	return 0;
}

static void broken(struct newc *newc, const char *why)
{
	newc->state = NEWC_BROKEN;
	newc->why = why;
}

static void take_header(struct newc *newc)
{
	struct newc_entry *entry = &newc->current;
	uint32_t name_size;

	*entry = (struct newc_entry){.offset = newc->offset - NEWC_HEADER};
	newc->have = 0;
	if (memcmp(newc->header, "07070", 5) != 0 ||
	    (newc->header[5] != '1' && newc->header[5] != '2')) {
		broken(newc, "070701");
		return;
	}
	if (field(newc->header, 0, &entry->ino) < 0 ||
	    field(newc->header, 7, &entry->dev_major) < 0 ||
	    field(newc->header, 8, &entry->dev_minor) < 0 ||
	    field(newc->header, 1, &entry->mode) < 0 || field(newc->header, 2, &entry->uid) < 0 ||
	    field(newc->header, 3, &entry->gid) < 0 || field(newc->header, 4, &entry->nlink) < 0 ||
	    field(newc->header, 5, &entry->mtime) < 0 || field(newc->header, 6, &entry->size) < 0 ||
	    field(newc->header, 9, &entry->major) < 0 ||
	    field(newc->header, 10, &entry->minor) < 0 || field(newc->header, 11, &name_size) < 0) {
		broken(newc, "hexadecimal digits");
		return;
	}
	if (name_size == 0 || name_size > NEWC_PATH_MAX) {
		broken(newc, "a path of 1 to 4096 bytes");
		return;
	}
	newc->name_size = padded(NEWC_HEADER + name_size) - NEWC_HEADER;
	newc->state = NEWC_IN_NAME;
}

static int take_name(struct newc *newc, struct err *err)
{
	struct newc_entry *entry = &newc->current;

	newc->have = 0;
	newc->path[newc->name_size] = '\0';
	entry->path = newc->path;
	newc->left_total = ((uint64_t)entry->size + 3) & ~(uint64_t)3;
	if (strcmp(newc->path, "TRAILER!!!") == 0) {
		newc->state = newc->left_total ? NEWC_IN_TRAILER : NEWC_ENDED;
		return 0;
	}
	newc->left = entry->size;
	newc->state = NEWC_IN_DATA;
	entry->end = newc->offset + newc->left_total;
	hash_free(steal_ptr(newc->hash));
	if (newc->digests)
		newc->hash = hash_new(HASH_SHA256, err);
	return newc->digests && !newc->hash ? -1 : 0;
}

static int take_entry(struct newc *newc, struct err *err)
{
	if (newc->hash && hash_final(newc->hash, newc->current.sha256, err) < 0)
		return -1;
	newc->state = NEWC_IN_HEADER;
	return newc->entry(newc->context, &newc->current, err);
}

static ssize_t feed_header(struct newc *newc, const unsigned char *data, size_t size)
{
	size_t n = least(NEWC_HEADER - newc->have, size);

	memcpy(newc->header + newc->have, data, n);
	newc->have += n;
	newc->offset += n;
	if (newc->have == NEWC_HEADER)
		take_header(newc);
	return (ssize_t)n;
}

static ssize_t feed_name(struct newc *newc, const unsigned char *data, size_t size, struct err *err)
{
	size_t n = least(newc->name_size - newc->have, size);

	memcpy(newc->path + newc->have, data, n);
	newc->have += n;
	newc->offset += n;
	if (newc->have == newc->name_size && take_name(newc, err) < 0)
		return -1;
	if (newc->state == NEWC_IN_DATA && newc->left_total == 0 && take_entry(newc, err) < 0)
		return -1;
	return (ssize_t)n;
}

static ssize_t feed_data(struct newc *newc, const unsigned char *data, size_t size, struct err *err)
{
	size_t n = least(newc->left_total, size);
	size_t content = least(newc->left, n);

	if (newc->hash && hash_update(newc->hash, data, content, err) < 0)
		return -1;
	newc->left -= content;
	newc->left_total -= n;
	newc->offset += n;
	if (newc->left_total == 0 && take_entry(newc, err) < 0)
		return -1;
	return (ssize_t)n;
}

/* A trailer may have data; the kernel passes over them. */
static ssize_t feed_trailer(struct newc *newc, size_t size)
{
	size_t n = least(newc->left_total, size);

	newc->left_total -= n;
	newc->offset += n;
	if (newc->left_total == 0)
		newc->state = NEWC_ENDED;
	return (ssize_t)n;
}

ssize_t newc_feed(struct newc *newc, const unsigned char *data, size_t size, struct err *err)
{
	size_t used = 0;

	while (used < size && newc->state != NEWC_ENDED && newc->state != NEWC_BROKEN) {
		ssize_t n;

		if (newc->state == NEWC_IN_HEADER)
			n = feed_header(newc, data + used, size - used);
		else if (newc->state == NEWC_IN_NAME)
			n = feed_name(newc, data + used, size - used, err);
		else if (newc->state == NEWC_IN_TRAILER)
			n = feed_trailer(newc, size - used);
		else
			n = feed_data(newc, data + used, size - used, err);
		if (n < 0)
			return -1;
		used += (size_t)n;
	}
	return (ssize_t)used;
}

void newc_close(struct newc *newc)
{
	hash_free(steal_ptr(newc->hash));
}
