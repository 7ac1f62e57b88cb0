/* Lengths of digests, apart from hash.h because they are in the public faces of rooms. */
#ifndef MINTMARK_DIGEST_H
#define MINTMARK_DIGEST_H

enum { SHA256_SIZE = 32, SHA384_SIZE = 48 };

#endif
