/* Published measurements against an image's. For the room's own files. */
#ifndef MINTMARK_EIF_COMPARE_H
#define MINTMARK_EIF_COMPARE_H

#include "room.h"

struct comparison {
	json_t *differences;  /* [{"what", "expected", "found"}] */
	json_t *not_compared; /* names of members that an image has not */
};

/* Adds to both lists. Depth is bounded by the parser's. */
int compare_measurements(struct comparison *comparison, const json_t *expected, const json_t *found,
			 struct err *err);

#endif
