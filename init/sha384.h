/* SHA-384: of libtomcrypt sha384_init(), sha384_process() and sha384_done(), and nothing else. */
#ifndef MINTMARK_SHA384_H
#define MINTMARK_SHA384_H

#define LTC_NOTHING
#define LTC_SHA384
#define LTC_SHA512
#define LTC_SMALL_CODE
#define LTC_NO_ASM
#define LTC_NO_TEST
#define ARGTYPE 4 /* a wrong argument is an error, and prints nothing */
#include <tomcrypt.h>

#endif
