/* Layouts inside the room: keys in the order of their lines. */
#ifndef MINTMARK_REALM_LAYOUT_H
#define MINTMARK_REALM_LAYOUT_H

#include "room.h"

enum layout_step { STEP_RIPAS, STEP_DATA, STEP_REC, LAYOUT_STEPS };

enum { LAYOUT_MAX_KEYS = 32, LAYOUT_MAX_SIZE = 1 << 16 };

struct layout_line {
	const char *key;
	const char *value;
	unsigned number;
};

struct realm_layout {
	char *text; /* cut into keys and values */
	char *path;
	struct layout_line lines[LAYOUT_MAX_KEYS];
	size_t count;
	enum layout_step order[LAYOUT_STEPS];
};

/* The value of a key as an expression; LAYOUT-EXPRESSION names the line. */
int layout_value(const struct realm_layout *layout, const char *key, const struct realm_name *names,
		 size_t count, uint64_t *value, struct err *err);

/* One of the pieces of a realm, in pages. */
struct piece {
	const char *what;
	uint64_t base, size; /* in whole pages, rounded as the layout says */
	uint64_t skip;	     /* bytes of zeros before the content */
	uint64_t content;    /* bytes */
	const char *path;    /* NULL: data */
	const unsigned char *data;
};

enum { PLAN_PIECES = 3 };

/* The pieces that there are, by ascending address. */
size_t plan_pieces(const struct realm_plan *plan, const struct realm_parts *parts,
		   struct piece pieces[PLAN_PIECES]);

#endif
