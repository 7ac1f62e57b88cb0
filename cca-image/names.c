/* Names and numbers of hash algorithms and of the RMM's generations. */
#include "room.h"

#include <string.h>

/* In the order of enum hash_algorithm; numbers of the RMM's RmmHashAlgorithm. */
static const struct {
	const char *name;
	unsigned number;
} hashes[] = {{"sha-256", 0}, {"sha-384", 2}, {"sha-512", 1}};

static const char *const rmms[] = {"1.0", "2.0"};

bool realm_hash_parse(const char *text, enum hash_algorithm *hash)
{
	for (unsigned i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++) {
		if (strcmp(hashes[i].name, text) == 0) {
			*hash = (enum hash_algorithm)i;
			return true;
		}
	}
	return false;
}

const char *realm_hash_name(enum hash_algorithm hash)
{
	return hashes[hash].name;
}

unsigned realm_hash_number(enum hash_algorithm hash)
{
	return hashes[hash].number;
}

bool realm_hash_of_number(uint64_t number, enum hash_algorithm *hash)
{
	for (unsigned i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++) {
		if (hashes[i].number == number) {
			*hash = (enum hash_algorithm)i;
			return true;
		}
	}
	return false;
}

bool realm_rmm_parse(const char *text, enum realm_rmm *rmm)
{
	for (unsigned i = 0; i < sizeof(rmms) / sizeof(rmms[0]); i++) {
		if (strcmp(rmms[i], text) == 0) {
			*rmm = (enum realm_rmm)i;
			return true;
		}
	}
	return false;
}

const char *realm_rmm_name(enum realm_rmm rmm)
{
	return rmms[rmm];
}

json_t *realm_params_json(const struct realm_params *params)
{
	char flags[19];

	snprintf(flags, sizeof(flags), "0x%llx", (unsigned long long)params->flags);
	return json_pack("{s:s, s:i, s:i, s:i, s:i, s:i, s:i}", "flags", flags, "s2sz",
			 params->s2sz, "sve_vl", params->sve_vl, "num_bps", params->num_bps,
			 "num_wps", params->num_wps, "pmu_num_ctrs", params->pmu_num_ctrs,
			 "hash_algo", (int)realm_hash_number(params->hash));
}
