/*
 * Finds the archives of a ramdisk, after Linux init/initramfs.c (unpack_to_rootfs): '0' at a
 * multiple of four begins an archive, zeros are passed over, anything else is a compressed one.
 * Says where and why listing ended: from there on names tell nothing.
 */
#include "ramdisk.h"

#include <string.h>

#include "format.h"

static int on_entry(void *context, const struct newc_entry *entry, struct err *err)
{
	struct ramdisk *ramdisk = context;
	struct newc_entry placed = *entry;

	placed.archive = ramdisk->archives;
	if (ramdisk->state == RAMDISK_PLAIN) {
		placed.offset += ramdisk->archive;
		placed.end += ramdisk->archive;
	}
	return ramdisk->entry(ramdisk->context, &placed, ramdisk->state == RAMDISK_PACKED, err);
}

static void begin_archive(struct ramdisk *ramdisk)
{
	newc_close(&ramdisk->newc);
	ramdisk->archives++;
	ramdisk->newc =
		(struct newc){.entry = on_entry, .context = ramdisk, .digests = ramdisk->digests};
}

static void give_up(struct ramdisk *ramdisk, const char *why)
{
	ramdisk->state = RAMDISK_REST;
	ramdisk->rest_at = ramdisk->archive;
	ramdisk->rest_why = why;
}

/* Inside a compressed part archives may follow each other as well; nothing is compressed twice. */
static int on_unpacked(void *context, const unsigned char *data, size_t size, struct err *err)
{
	struct ramdisk *ramdisk = context;
	struct newc *newc = &ramdisk->newc;

	while (size > 0 && newc->state != NEWC_BROKEN) {
		ssize_t n;

		if (newc->state == NEWC_ENDED && *data == 0) {
			data++;
			size--;
			continue;
		}
		if (newc->state == NEWC_ENDED)
			begin_archive(ramdisk);
		n = newc_feed(newc, data, size, err);
		if (n < 0)
			return -1;
		data += n;
		size -= (size_t)n;
	}
	return 0;
}

static int begin_packed(struct ramdisk *ramdisk, struct err *err)
{
	const struct format *format = format_of_ramdisk(ramdisk->head, ramdisk->have);

	begin_archive(ramdisk);
	unpack_free(steal_ptr(ramdisk->unpack));
	if (format) {
		ramdisk->unpack =
			unpack_new(format->name, ramdisk->unpack_left, on_unpacked, ramdisk, err);
		if (!ramdisk->unpack && err->status)
			return -1;
	}
	if (ramdisk->unpack)
		ramdisk->state = RAMDISK_PACKED;
	else
		give_up(ramdisk, format ? "compressed in a way that is not read here"
					: "neither an archive nor a compressed one");
	return 0;
}

/* One byte at a time, until enough of them tell what comes. */
static int look(struct ramdisk *ramdisk, unsigned char byte, struct err *err)
{
	if (ramdisk->have == 0 && byte == 0) {
		ramdisk->offset++;
		return 0;
	}
	if (ramdisk->have == 0)
		ramdisk->archive = ramdisk->offset;
	ramdisk->head[ramdisk->have++] = byte;
	ramdisk->offset++;
	if (ramdisk->have < 6)
		return 0;
	if (ramdisk->head[0] == '0' && ramdisk->archive % 4 == 0) {
		ramdisk->state = RAMDISK_PLAIN;
		begin_archive(ramdisk);
		return 0;
	}
	return begin_packed(ramdisk, err);
}

static ssize_t take_plain(struct ramdisk *ramdisk, const unsigned char *data, size_t size,
			  struct err *err)
{
	ssize_t n = newc_feed(&ramdisk->newc, data, size, err);

	if (n < 0)
		return -1;
	if (ramdisk->newc.state == NEWC_BROKEN)
		give_up(ramdisk, "a broken archive");
	if (ramdisk->newc.state == NEWC_ENDED)
		ramdisk->state = RAMDISK_BETWEEN;
	ramdisk->have = 0;
	return n;
}

static ssize_t take_packed(struct ramdisk *ramdisk, const unsigned char *data, size_t size,
			   struct err *err)
{
	ssize_t n = unpack_feed(ramdisk->unpack, data, size, err);

	if (n < 0)
		return -1;
	if (unpack_broken(ramdisk->unpack) || ramdisk->newc.state == NEWC_BROKEN)
		give_up(ramdisk, "broken in compressed form, or more than is unpacked here");
	else if (unpack_ended(ramdisk->unpack) && ramdisk->newc.offset > 0 &&
		 ramdisk->newc.state != NEWC_ENDED)
		give_up(ramdisk, "a compressed part that ends inside an archive");
	else if (unpack_ended(ramdisk->unpack))
		ramdisk->state = RAMDISK_BETWEEN;
	ramdisk->have = 0;
	return n;
}

static ssize_t take(struct ramdisk *ramdisk, const unsigned char *data, size_t size,
		    struct err *err)
{
	switch (ramdisk->state) {
	case RAMDISK_PLAIN:
		return take_plain(ramdisk, data, size, err);
	case RAMDISK_PACKED:
		return take_packed(ramdisk, data, size, err);
	case RAMDISK_BETWEEN:
	case RAMDISK_REST:
		break;
	}
	return (ssize_t)size;
}

/* The bytes that were looked at go where they belong. */
static int take_head(struct ramdisk *ramdisk, struct err *err)
{
	unsigned char head[sizeof(ramdisk->head)];
	size_t have = ramdisk->have;
	size_t used = 0;

	memcpy(head, ramdisk->head, have);
	while (used < have) {
		ssize_t n = take(ramdisk, head + used, have - used, err);

		if (n < 0)
			return -1;
		used += (size_t)n;
	}
	ramdisk->have = 0;
	return 0;
}

int ramdisk_feed(struct ramdisk *ramdisk, const unsigned char *data, size_t size, struct err *err)
{
	while (size > 0) {
		ssize_t n = 1;

		if (ramdisk->state == RAMDISK_BETWEEN) {
			if (look(ramdisk, *data, err) < 0 ||
			    (ramdisk->state != RAMDISK_BETWEEN && take_head(ramdisk, err) < 0))
				return -1;
		} else {
			n = take(ramdisk, data, size, err);
			if (n < 0)
				return -1;
			ramdisk->offset += (uint64_t)n;
		}
		data += n;
		size -= (size_t)n;
	}
	return 0;
}

void ramdisk_end(struct ramdisk *ramdisk)
{
	if (ramdisk->state == RAMDISK_BETWEEN && ramdisk->have > 0)
		give_up(ramdisk, "neither an archive nor a compressed one");
	if (ramdisk->state == RAMDISK_PLAIN || ramdisk->state == RAMDISK_PACKED)
		give_up(ramdisk, "an archive without its end");
}

void ramdisk_reset(struct ramdisk *ramdisk)
{
	newc_close(&ramdisk->newc);
	unpack_free(ramdisk->unpack);
	*ramdisk = (struct ramdisk){.entry = ramdisk->entry,
				    .context = ramdisk->context,
				    .digests = ramdisk->digests,
				    .unpack_left = ramdisk->unpack_left};
}
