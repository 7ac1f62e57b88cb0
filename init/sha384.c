/* Compiles SHA-384 from libtomcrypt's pinned sources. Never any cryptography of ours. */
#include "sha384.h"

#include <hashes/sha2/sha512.c>
#include <hashes/sha2/sha384.c>
