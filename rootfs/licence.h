/* Licence expressions of SPDX. Internal to the rootfs room. */
#ifndef MINTMARK_ROOTFS_LICENCE_H
#define MINTMARK_ROOTFS_LICENCE_H

#include <stdbool.h>

/*
 * Whether the text is an expression (SPDX 2.3, annex D) of identifiers that the SPDX list has; only
 * those that distributions use often are known here, another is no expression then.
 */
bool licence_is_expression(const char *text);

#endif
