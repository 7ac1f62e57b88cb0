/* Reference values: refused by name, or written as a CoRIM they say the same again. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#include "../../attest/publish.h"

static const char *const names[] = {"ATTEST-", NULL};

static void check_again(const struct attest_references *references)
{
	cleanup_with(attest_references_clear) struct attest_references again =
		ATTEST_REFERENCES_INIT;
	struct corim_plan plan = {.id = "fuzz",
				  .values = references->list,
				  .count = references->count,
				  .authority = ATTEST_AUTHORITY};
	cleanup_free unsigned char *corim = NULL;
	struct err err = {0};
	size_t size;

	/* A policy may have both; a CoRIM is of one platform. */
	for (size_t i = 1; i < references->count; i++)
		if (references->list[i].platform != references->list[0].platform)
			return;
	corim = corim_write(&plan, &size, &err);
	if (!corim)
		fuzz_fail("a CoRIM of what was accepted expected, found %s", err.text);
	fuzz_expect(attest_references_add(&again, corim, size, "again", &err), &err,
		    "reading it again");
	if (again.count != references->count)
		fuzz_fail("%zu images expected, found %zu", references->count, again.count);
	for (size_t i = 0; i < again.count; i++)
		for (unsigned k = 0; k < ATTEST_PCRS; k++)
			if (again.list[i].pcr[k].size != references->list[i].pcr[k].size ||
			    memcmp(again.list[i].pcr[k].data, references->list[i].pcr[k].data,
				   again.list[i].pcr[k].size) != 0)
				fuzz_fail("the same PCR%u expected, found another", k);
}

static int run(const uint8_t *data, size_t size)
{
	cleanup_with(attest_references_clear) struct attest_references references =
		ATTEST_REFERENCES_INIT;
	struct err err = {0};

	if (attest_references_add(&references, data, size, "fuzz", &err) < 0)
		fuzz_refused(&err, names);
	else
		check_again(&references);
	return 0;
}

const struct target fuzz_reference = {"reference", run, NULL};
