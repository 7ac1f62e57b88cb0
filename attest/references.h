/* Forms of measurements.json, for the room's own files. */
#ifndef MINTMARK_ATTEST_REFERENCES_H
#define MINTMARK_ATTEST_REFERENCES_H

#include "room.h"

/* Members of a realm's measurements.json and values.json: lists of {"hash", "rim", conditions...}.
 * Ends with NULL.
 */
extern const char *const realm_lists[];

/* Whether one of these is a realm's. */
bool is_realm(const json_t *measured);

/* What a policy calls a platform. */
const char *policy_platform(enum attest_platform platform);

/* A digest of 32, 48 or 64 bytes in hexadecimal, or in both forms of values.json. */
bool digest_parse(const json_t *value, struct attest_digest *digest);

#endif
