/* Mounts from one table. Never mounts anything that comes from outside the image. */
#include "mounts.h"

#include <errno.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define SAFE (MS_NOSUID | MS_NODEV | MS_NOEXEC)

/* In this order: /dev/pts and /dev/shm lie on /dev, /sys/fs/cgroup on /sys. */
static const struct {
	const char *where;
	const char *type;
	unsigned long flags;
	const char *options;
} table[] = {
	{"/dev", "devtmpfs", MS_NOSUID | MS_NOEXEC, "mode=0755"},
	/* Group 5 is tty in every distribution; programs rely on it to write to a terminal. */
	{"/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "mode=0620,gid=5,ptmxmode=0666"},
	{"/dev/shm", "tmpfs", SAFE, "mode=1777"},
	{"/proc", "proc", SAFE, NULL},
	{"/sys", "sysfs", SAFE, NULL},
	{"/sys/fs/cgroup", "cgroup2", SAFE, NULL},
	{"/run", "tmpfs", SAFE, "mode=0755"},
	{"/tmp", "tmpfs", SAFE, "mode=1777"},
};

/* What shells and servers expect in /dev, and devtmpfs does not bring. */
static const struct {
	const char *where;
	const char *target;
} links[] = {
	{"/dev/fd", "/proc/self/fd"},
	{"/dev/stdin", "/proc/self/fd/0"},
	{"/dev/stdout", "/proc/self/fd/1"},
	{"/dev/stderr", "/proc/self/fd/2"},
};

static int mount_one(const char *where, const char *type, unsigned long flags, const char *options,
		     struct refusal *why)
{
	if (mkdir(where, 0755) && errno != EEXIST)
		return refuse_errno(why, "INIT-MOUNT", "%s: make the mount point", where);
	if (mount(type, where, type, flags, options))
		return refuse_errno(why, "INIT-MOUNT", "%s: mount %s", where, type);
	return 0;
}

int mounts_early_proc(struct refusal *why)
{
	/* Nothing in the ramdisks may be called /proc, so it must not be there yet. */
	if (mkdir("/proc", 0555))
		return refuse_errno(why, "INIT-ROOT", "/proc: make the mount point");
	if (mount("proc", "/proc", "proc", SAFE, NULL))
		return refuse_errno(why, "INIT-MOUNT", "/proc: mount proc");
	return 0;
}

int mounts_drop_early_proc(struct refusal *why)
{
	if (umount2("/proc", 0))
		return refuse_errno(why, "INIT-MOUNT", "/proc: unmount");
	return 0;
}

int mounts_all(struct refusal *why)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (mount_one(table[i].where, table[i].type, table[i].flags, table[i].options, why))
			return -1;
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		if (symlink(links[i].target, links[i].where))
			return refuse_errno(why, "INIT-MOUNT", "%s: make the link", links[i].where);
	return 0;
}
