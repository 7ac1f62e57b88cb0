/*
 * An image's config and a recipe's records become a run specification, which init must take
 * whenever we make one. An input is the config object, etc/passwd, etc/group and the records, with
 * a NUL byte behind each of the first three.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "runspec.h"
#include "text.h"

#include "../../rootfs/runspec.h"

int rootfs_accepts(const char *data, size_t length, char *why, size_t size)
{
	struct runspec spec = {0};
	struct err err = {0};
	int accepted = runspec_decode(&spec, data, length, &err) == 0;

	if (!accepted)
		snprintf(why, size, "%s", err.text);
	runspec_clear(&spec);
	return accepted;
}

/* What is read back gives the same bytes again. */
static void check_decoded(struct node *base, const char *data, size_t size)
{
	struct runspec spec = {0};
	struct err err = {0};
	char *again = NULL;
	size_t again_size;

	if (runspec_decode(&spec, data, size, &err) < 0 ||
	    runspec_encode(&spec, base, &again, &again_size, &err) < 0)
		fuzz_fail("our own run specification expected, found %s", err.text);
	if (again_size != size || memcmp(again, data, size) != 0)
		fuzz_fail("the same run specification expected, found another");
	free(again);
	runspec_clear(&spec);
}

static void check_specification(const struct runspec *spec, struct node *base)
{
	static const char *const names[] = {"RUN-", NULL};
	char *data = NULL;
	struct err err = {0};
	json_t *json;
	char why[600];
	size_t size;

	json = runspec_json(spec, &err);
	if (!json)
		fuzz_fail("a description expected, found %s", err.text);
	json_decref(json);
	if (runspec_encode(spec, base, &data, &size, &err) < 0) {
		fuzz_refused(&err, names);
		return;
	}
	if (!init_accepts(data, size, why, sizeof(why)))
		fuzz_fail("init refuses what we made: %s", why);
	check_decoded(base, data, size);
	free(data);
}

static void make(const struct image_config *config, const char *data, size_t size,
		 struct node *base)
{
	static const char *const names[] = {"RUN-", NULL};
	struct run_records records = {0};
	struct runspec spec = {0};
	struct err err = {0};

	if (run_records_parse(&records, data, size, &err) < 0 ||
	    runspec_make(&spec, base, config, &records, &err) < 0)
		fuzz_refused(&err, names);
	else
		check_specification(&spec, base);
	run_records_clear(&records);
	runspec_clear(&spec);
}

static int run(const uint8_t *bytes, size_t size)
{
	static const char *const names[] = {"OCI-", NULL};
	const char *data = (const char *)bytes;
	struct text object = text_take(&data, &size), passwd = text_take(&data, &size),
		    group = text_take(&data, &size);
	json_t *json = json_loadb(object.data, object.size, JSON_REJECT_DUPLICATES, NULL);
	struct image_config config = {0};
	struct err err = {0};
	struct node *base, *etc;

	if (!json)
		return -1;
	base = node_new_top(&err);
	etc = text_add(base, "etc", NULL);
	text_add(etc, "passwd", &passwd);
	text_add(etc, "group", &group);
	if (config_parse(&config, json, &err) < 0) {
		fuzz_refused(&err, names);
	} else {
		json_decref(config_json(&config, &err));
		make(&config, data, size, base);
	}
	config_clear(&config);
	node_remove(base);
	json_decref(json);
	return 0;
}

const struct target fuzz_config = {"config", run, NULL};
