/*
 * Realm Extensible Measurements: what software in the realm adds after the start. The old value is
 * hashed with the new one's bytes, and these only: no padding (TF-RMM, measurement_extend).
 */
#include "room.h"

int realm_rem_extend(enum hash_algorithm algorithm, unsigned char *rem, const void *value,
		     size_t size, struct err *err)
{
	cleanup_hash struct hash *hash = NULL;

	if (size < 1 || size > REALM_REM_MAX)
		return err_set(err, EXIT_MALFORMED, "REM-SIZE",
			       "a value of 1 to %d bytes expected, found %zu", REALM_REM_MAX, size);
	hash = hash_new(algorithm, err);
	if (!hash || hash_update(hash, rem, hash_size(algorithm), err) < 0 ||
	    hash_update(hash, value, size, err) < 0)
		return -1;
	return hash_final(hash, rem, err);
}
