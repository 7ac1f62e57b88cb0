/* The application's tree becomes the root. */
#ifndef MINTMARK_NEWROOT_H
#define MINTMARK_NEWROOT_H

#include "refusal.h"

/* Makes /rootfs the root and the working directory; what was beside it is out of reach. */
int newroot_enter(struct refusal *why);

#endif
