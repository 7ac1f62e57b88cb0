/* Traces of a realm's measurement: refused by name, or replayed alike twice, under either RMM. */
#include <string.h>

#include "fuzz.h"

#include "../../cca-image/room.h"

static int take_value(void *context, const unsigned char *rim, size_t size, struct err *err)
{
	unsigned char *mixed = context;

	(void)err;
	for (size_t i = 0; i < size; i++)
		mixed[i] = (unsigned char)(mixed[i] * 31 + rim[i]);
	return 0;
}

static int replay(const uint8_t *data, size_t size, enum realm_rmm rmm, unsigned char *mixed)
{
	static const char *const names[] = {"TRACE-", "REALM-HASH", "FILE-SHORT", NULL};
	const struct realm_replay how = {.rmm = rmm, .value = take_value, .context = mixed};
	struct err err = {0};

	memset(mixed, 0, HASH_MAX_SIZE);
	if (realm_replay_bytes((const char *)data, size, "/nowhere/fuzz", &how, &err) == 0)
		return 0;
	/* A file that is not there is nobody's fault. */
	if (strcmp(err.name, "FILE-OPEN") != 0)
		fuzz_refused(&err, names);
	return -1;
}

static int run(const uint8_t *data, size_t size)
{
	unsigned char first[HASH_MAX_SIZE];
	unsigned char second[HASH_MAX_SIZE];

	for (int rmm = REALM_RMM_1; rmm <= REALM_RMM_2; rmm++) {
		int status = replay(data, size, (enum realm_rmm)rmm, first);

		if (replay(data, size, (enum realm_rmm)rmm, second) != status ||
		    memcmp(first, second, sizeof(first)) != 0)
			fuzz_fail("the same again expected");
	}
	return 0;
}

const struct target fuzz_trace = {"trace", run, NULL};
