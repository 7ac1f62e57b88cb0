/* Forms of measurements.json, for the room's own files. */
#ifndef MINTMARK_ATTEST_REFERENCES_H
#define MINTMARK_ATTEST_REFERENCES_H

#include "room.h"

/* Members of a realm's measurements.json and values.json: lists of {"RIM", "hash", conditions...}.
 * Ends with NULL.
 */
extern const char *const realm_lists[];

/* Whether one of these is a realm's. */
bool is_realm(const json_t *measured);

/* {"RIM": ..., and REMs and RPV where they are known}, in hexadecimal; the caller's. */
json_t *realm_registers(const struct attest_values *values);

/* What a policy calls a platform. */
const char *policy_platform(enum attest_platform platform);

/* A digest of 32, 48 or 64 bytes in hexadecimal, or in both forms of values.json. */
bool digest_parse(const json_t *value, struct attest_digest *digest);

#endif
