/* The RIM of an IGVM image: the order of its pages is the order in which they are measured. */
#include "igvm.h"

#include <string.h>

enum { RAM_UNIT = 2 << 20 };

static int take_page(void *context, uint64_t gpa, bool measured, const unsigned char *data,
		     struct err *err)
{
	static const unsigned char zeros[REALM_PAGE];
	struct realm_rim *rim = context;

	if (!measured)
		return realm_rim_data(rim, gpa, NULL, err);
	return realm_rim_data(rim, gpa, data ? data : zeros, err);
}

/*
 * RAM is what is required, in whole blocks of a usual host: pieces that share a block or touch are
 * one range, wherever the image cuts it.
 */
static int set_ripas(struct realm_rim *rim, const struct igvm_image *image, uint64_t block,
		     struct err *err)
{
	uint64_t unit = block < RAM_UNIT ? block : RAM_UNIT;
	uint64_t base = 0;
	uint64_t top = 0;

	for (size_t i = 0; i < image->memory_count; i++) {
		uint64_t first = round_down(image->memory[i].gpa, unit);

		if (first > top) {
			if (rim_ripas_range(rim, base, top, block, err) < 0)
				return -1;
			base = first;
		}
		top = round_up(image->memory[i].gpa + image->memory[i].size, unit);
	}
	return rim_ripas_range(rim, base, top, block, err);
}

int igvm_measure(int fd, const char *path, const struct igvm_loading *loading,
		 const struct realm_watcher *watcher, unsigned char *rim, struct err *err)
{
	struct realm_event rec = {.type = REALM_EVENT_REC, .flags = 1};
	struct igvm_image image;
	cleanup_rim struct realm_rim *chain = realm_rim_new(loading->rmm, &loading->params, err);
	const struct igvm_sink sink = {take_page, chain};

	if (!chain || igvm_read(fd, path, NULL, &image, err) < 0)
		return -1;
	realm_rim_watch(chain, watcher);
	if (!loading->ripas_last && set_ripas(chain, &image, loading->ripas_block, err) < 0)
		return -1;
	if (igvm_read(fd, path, &sink, &image, err) < 0)
		return -1;
	rec.pc = image.pc;
	memcpy(rec.gprs, image.gprs, sizeof(rec.gprs));
	if (realm_rim_event(chain, &rec, err) < 0)
		return -1;
	if (loading->ripas_last && set_ripas(chain, &image, loading->ripas_block, err) < 0)
		return -1;
	memcpy(rim, realm_rim_value(chain), hash_size(loading->params.hash));
	return 0;
}
