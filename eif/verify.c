/*
 * Everything that can be said about one image without trusting its maker, gathered in one report.
 * Never says that an image is good: it says what was compared, and what was not.
 */
#include "room.h"

#include <errno.h>

#include "compare.h"
#include "unpinned.h"

/* NULL without an error when there is neither a signature nor anybody who asked for one. */
static int judge_signature(const struct eif_image *image, const struct eif_verification *what,
			   json_t **signature, struct err *err)
{
	static const struct eif_signature_check anybody = {.at = NULL};

	if (!signature_there(image) && !what->signature)
		return 0;
	*signature = eif_signature_report(image, what->signature ? what->signature : &anybody, err);
	return *signature ? 0 : -1;
}

static json_t *compose(const struct eif_image *image, const struct inventory *inventory,
		       const struct eif_verification *what, struct err *err)
{
	cleanup_json json_t *description = eif_describe(image, err);
	cleanup_json json_t *differences = json_array();
	cleanup_json json_t *not_compared = json_array();
	cleanup_json json_t *signature = NULL;
	cleanup_json json_t *unpinned = NULL;
	struct comparison comparison = {differences, not_compared};
	json_t *report;

	if (!description)
		return NULL;
	unpinned = unpinned_json(image, inventory, err);
	if (!unpinned || judge_signature(image, what, &signature, err) < 0 ||
	    (what->expected &&
	     compare_measurements(&comparison, what->expected, description, err) < 0))
		return NULL;
	report = json_pack("{s:b, s:O*, s:O, s:O*, s:b, s:O, s:O, s:O}", "Sound",
			   json_array_size(image->notes) == 0, "Notes", image->notes, "Description",
			   description, "Signature", signature, "Compared", what->expected ? 1 : 0,
			   "Differences", differences, "NotCompared", not_compared, "Unpinned",
			   unpinned);
	if (!report) {
		errno = ENOMEM;
		err_errno(err, "MEMORY", "report");
	}
	return report;
}

json_t *eif_verify(int fd, const char *path, const struct eif_verification *what, struct err *err)
{
	cleanup_with(eif_image_clear) struct eif_image image = EIF_IMAGE_INIT;
	cleanup_with(inventory_clear) struct inventory inventory;
	const struct eif_sink sink = inventory_sink(&inventory, UNPINNED_ENTRIES, false);
	int failed = what->lenient ? eif_read_lenient(fd, path, &sink, &image, err)
				   : eif_read(fd, path, &sink, &image, err);

	if (failed)
		return NULL;
	inventory_finish(&inventory);
	return compose(&image, &inventory, what, err);
}
