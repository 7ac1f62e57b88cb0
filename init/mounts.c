/* Mounts from one table. Never mounts anything that comes from outside the image. */
#include <limits.h>
#include <sys/mount.h>

#include "init.h"

#define SAFE (MS_NOSUID | MS_NODEV | MS_NOEXEC)

/* In this order: /dev/pts and /dev/shm lie on /dev, /sys/fs/cgroup on /sys. */
static const struct {
	const char *where;
	const char *type;
	unsigned long flags;
	const char *options;
	bool optional; /* where the kernel has no such folder */
} table[] = {
	{"/dev", "devtmpfs", MS_NOSUID | MS_NOEXEC, "mode=0755", false},
	/* Group 5 is tty in every distribution; programs rely on it to write to a terminal. */
	{"/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "mode=0620,gid=5,ptmxmode=0666", false},
	{"/dev/shm", "tmpfs", SAFE, "mode=1777", false},
	{"/proc", "proc", SAFE, NULL, false},
	{"/sys", "sysfs", SAFE | MS_RDONLY, NULL, false},
	{"/sys/fs/cgroup", "cgroup2", SAFE | MS_RDONLY, "nsdelegate", false},
	{"/sys/kernel/config", "configfs", SAFE, NULL, true},
	{"/run", "tmpfs", SAFE, "mode=0755", false},
	{"/tmp", "tmpfs", SAFE, "mode=1777", false},
};

int mounts_early_proc(struct refusal *why)
{
	/* Nothing in the ramdisks may be called /proc, so it must not be there yet. */
	if (mkdir("/proc", 0555) || mount("proc", "/proc", "proc", SAFE, NULL))
		return refuse(why, "INIT-ROOT", "/proc: make it and mount proc: %m");
	return 0;
}

/*
 * pivot_root() does not work on the initial root, which is no mount that could be taken away: so
 * the tree is made a mount of its own and moved on top.
 */
int mounts_enter_root(struct refusal *why)
{
	if (mount("/rootfs", "/rootfs", NULL, MS_BIND, NULL) || chdir("/rootfs") ||
	    mount(".", "/", NULL, MS_MOVE, NULL) || chroot(".") || chdir("/"))
		return refuse(why, "INIT-MOUNT", "/rootfs: make it the root: %m");
	return 0;
}

int mounts_all(struct refusal *why)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const char *where = table[i].where;
		const char *type = table[i].type;

		if (table[i].optional && access(where, F_OK))
			continue;
		if ((mkdir(where, 0755) && errno != EEXIST) ||
		    mount(type, where, type, table[i].flags, table[i].options))
			return refuse(why, "INIT-MOUNT", "%s: mount %s: %m", where, type);
	}
	/* What shells and servers expect in /dev, and devtmpfs does not bring. */
	if (symlink("/proc/self/fd", "/dev/fd") || symlink("/proc/self/fd/0", "/dev/stdin") ||
	    symlink("/proc/self/fd/1", "/dev/stdout") || symlink("/proc/self/fd/2", "/dev/stderr"))
		return refuse(why, "INIT-MOUNT", "/dev: make its links: %m");
	return 0;
}

int mounts_seal(bool root, char *const volumes[], struct refusal *why)
{
	/* As Docker has it: who is root, with whatever rights, could change the kernel here. */
	static const char *const kept[] = {"/proc/sys", "/proc/irq"};
	const unsigned long flags = MS_REMOUNT | MS_BIND | MS_RDONLY;

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (mount(kept[i], kept[i], NULL, MS_BIND, NULL) ||
		    mount(NULL, kept[i], NULL, flags | SAFE, NULL))
			return refuse(why, "INIT-MOUNT", "%s: make it read-only: %m", kept[i]);
	for (size_t i = 0; root && volumes[i]; i++)
		if (mount(volumes[i], volumes[i], NULL, MS_BIND | MS_REC, NULL))
			return refuse(why, "INIT-MOUNT", "%.200s: keep it writable: %m",
				      volumes[i]);
	if (root && mount(NULL, "/", NULL, flags, NULL))
		return refuse(why, "INIT-MOUNT", "/: make it read-only: %m");
	return 0;
}

int folder_make(const char *path, struct refusal *why)
{
	char part[PATH_MAX];
	size_t size = strlen(path);
	struct stat st;

	if (size >= sizeof(part) || path[0] != '/')
		return refuse(why, "INIT-FOLDER",
			      "\"%.200s\": expected an absolute path below %d bytes", path,
			      PATH_MAX);
	for (size_t end = 1; end <= size; end++) {
		memcpy(part, path, end);
		part[end] = '\0';
		if ((path[end] == '/' || !path[end]) && mkdir(part, 0755) && errno != EEXIST)
			return refuse(why, "INIT-FOLDER", "%.200s: make the folder: %m", part);
	}
	errno = ENOTDIR;
	if (stat(path, &st) || !S_ISDIR(st.st_mode))
		return refuse(why, "INIT-FOLDER", "%.200s: expected a folder, found: %m", path);
	return 0;
}
