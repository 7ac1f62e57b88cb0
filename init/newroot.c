/* Moves a folder of the initial root to /. Never copies and never deletes. */
#include "newroot.h"

#include <sys/mount.h>
#include <unistd.h>

/*
 * pivot_root() does not work on the initial root, which is no mount that could be taken away: so
 * the tree is made a mount of its own and moved on top.
 */
int newroot_enter(struct refusal *why)
{
	if (mount("/rootfs", "/rootfs", NULL, MS_BIND, NULL))
		return refuse_errno(why, "INIT-MOUNT", "/rootfs: bind on itself");
	if (chdir("/rootfs"))
		return refuse_errno(why, "INIT-MOUNT", "/rootfs: enter");
	if (mount(".", "/", NULL, MS_MOVE, NULL))
		return refuse_errno(why, "INIT-MOUNT", "/rootfs: move to /");
	if (chroot("."))
		return refuse_errno(why, "INIT-MOUNT", "/rootfs: chroot");
	if (chdir("/"))
		return refuse_errno(why, "INIT-MOUNT", "/: enter");
	return 0;
}
