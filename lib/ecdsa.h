/*
 * The two ways to write an ECDSA signature: r and s one after the other, each as long as the
 * curve's order, as COSE has it, and the DER of OpenSSL and X.509. Never computes one.
 */
#ifndef MINTMARK_ECDSA_H
#define MINTMARK_ECDSA_H

#include <stdbool.h>
#include <stddef.h>

/* The DER of size bytes r and s, to be freed by OpenSSL; a negative size when there is none. */
int ecdsa_to_der(const unsigned char *raw, size_t size, unsigned char **der);

/* From DER to size bytes of r and s; false when it is no such signature. */
bool ecdsa_from_der(const unsigned char *der, size_t der_size, unsigned char *raw, size_t size);

#endif
