/*
 * The RIM of a realm that a VMM makes of parts: the operations of its layout, in order. Reads each
 * file once, a few pages at a time.
 */
#include "layout.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK = 64 * REALM_PAGE };

/* Fills data with size bytes of the piece from at on; zeros before and behind its content. */
static int fetch(int fd, const struct piece *piece, uint64_t at, unsigned char *data, size_t size,
		 struct err *err)
{
	uint64_t first = at < piece->skip ? piece->skip - at : 0;
	uint64_t from = at + first - piece->skip;
	uint64_t left = from < piece->content ? piece->content - from : 0;
	size_t want;
	ssize_t n;

	memset(data, 0, size);
	if (first >= size)
		return 0;
	want = left < size - first ? (size_t)left : size - (size_t)first;
	if (!piece->path) {
		memcpy(data + first, piece->data + from, want);
		return 0;
	}
	n = read_at(fd, data + first, want, from, piece->path, err);
	if (n < 0)
		return -1;
	if ((size_t)n < want)
		return err_set(err, EXIT_MALFORMED, "REALM-INPUT-CHANGED",
			       "%s: %llu bytes expected, found fewer: it shrank meanwhile",
			       piece->path, (unsigned long long)piece->content);
	return 0;
}

static int measure_piece(struct realm_rim *rim, const struct piece *piece, struct err *err)
{
	cleanup_close int fd = -1;
	unsigned char data[BLOCK];

	if (piece->path) {
		fd = open(piece->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (fd < 0)
			return err_errno(err, "FILE-OPEN", "%s", piece->path);
	}
	for (uint64_t at = 0; at < piece->size; at += BLOCK) {
		size_t size = piece->size - at < BLOCK ? (size_t)(piece->size - at) : BLOCK;

		if (fetch(fd, piece, at, data, size, err) < 0)
			return -1;
		for (size_t page = 0; page < size; page += REALM_PAGE)
			if (realm_rim_data(rim, piece->base + at + page, data + page, err) < 0)
				return -1;
	}
	return 0;
}

static int measure_data(struct realm_rim *rim, const struct realm_parts *parts,
			const struct realm_plan *plan, struct err *err)
{
	struct piece pieces[PLAN_PIECES];
	size_t count = plan_pieces(plan, parts, pieces);

	for (size_t i = 0; i < count; i++)
		if (measure_piece(rim, &pieces[i], err) < 0)
			return -1;
	return 0;
}

static int measure_rec(struct realm_rim *rim, const struct realm_plan *plan, struct err *err)
{
	struct realm_event event = {.type = REALM_EVENT_REC, .flags = 1, .pc = plan->pc};

	memcpy(event.gprs, plan->gprs, sizeof(event.gprs));
	return realm_rim_event(rim, &event, err);
}

static int take_step(enum layout_step step, struct realm_rim *rim, const struct realm_parts *parts,
		     const struct realm_plan *plan, struct err *err)
{
	switch (step) {
	case STEP_RIPAS:
		return rim_ripas_range(rim, plan->ram_base, plan->ram_end, plan->ripas_block, err);
	case STEP_DATA:
		return measure_data(rim, parts, plan, err);
	case STEP_REC:
		return measure_rec(rim, plan, err);
	case LAYOUT_STEPS:
		break;
	}
	return 0;
}

int realm_measure(const struct realm_layout *layout, const struct realm_parts *parts,
		  const struct realm_plan *plan, enum realm_rmm rmm,
		  const struct realm_watcher *watcher, unsigned char *rim, struct err *err)
{
	cleanup_rim struct realm_rim *chain = NULL;

	if (realm_layout_allows(layout, rmm, plan->params.hash, err) < 0)
		return -1;
	chain = realm_rim_new(rmm, &plan->params, err);
	if (!chain)
		return -1;
	realm_rim_watch(chain, watcher);
	for (unsigned i = 0; i < LAYOUT_STEPS; i++)
		if (take_step(layout->order[i], chain, parts, plan, err) < 0)
			return -1;
	memcpy(rim, realm_rim_value(chain), hash_size(plan->params.hash));
	return 0;
}
