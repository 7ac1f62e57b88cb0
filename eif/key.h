/* Keys that sign, for the room's own files. The key itself never comes out of here. */
#ifndef MINTMARK_EIF_KEY_H
#define MINTMARK_EIF_KEY_H

#include "cose.h"

/* Signs data into algorithm->size bytes of r and s. EIF-KEY, EIF-NONCE, EIF-SIGN. */
int key_sign(struct eif_key *key, const struct algorithm *algorithm, bool random_nonce,
	     const void *data, size_t size, unsigned char *signature, struct err *err);

#endif
