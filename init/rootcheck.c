/* Compares folders with the list below. Never looks into /rootfs and never changes anything. */
#include <dirent.h>
#include <sys/syscall.h>

#include "init.h"

enum { EXACT = S_IFMT | 07777, CONSOLE = 0x501 /* 5:1 */ };

/*
 * /dev, /dev/console and /root come from the archive that is built into every kernel
 * (usr/default_cpio_list); /proc is made by init before it looks, which fails if it was there.
 * Nobody but root can read the services' programs, so that nobody but root can look into them.
 */
static const struct root_rule top[] = {
	{"init", EXACT, S_IFREG | 0755, 0},  {"attest", EXACT, S_IFREG | 0711, 0},
	{"ports", EXACT, S_IFREG | 0711, 0}, {"run", S_IFMT, S_IFREG, 0},
	{"rootfs", S_IFMT, S_IFDIR, 0},	     {"dev", EXACT, S_IFDIR | 0755, 0},
	{"root", EXACT, S_IFDIR | 0700, 0},  {"proc", S_IFMT, S_IFDIR, 0}};

static const struct root_rule dev[] = {{"console", EXACT, S_IFCHR | 0600, CONSOLE}};

static const struct root_folder folders[] = {{"/", sizeof(top) / sizeof(top[0]), top},
					     {"/dev", sizeof(dev) / sizeof(dev[0]), dev},
					     {"/root", 0, NULL}};

int rootcheck_entry(const char *folder, const struct root_rule *rule, const struct stat *found,
		    struct refusal *why)
{
	if ((found->st_mode & rule->mask) == rule->mode && found->st_uid == 0 &&
	    found->st_gid == 0 && found->st_rdev == rule->device)
		return 0;
	return refuse(
		why, "INIT-ROOT",
		"%s: \"%s\": expected mode %06o, owner 0:0, device %#x, found %06o, %u:%u, %#x",
		folder, rule->name, rule->mode, (unsigned int)rule->device,
		found->st_mode & rule->mask, found->st_uid, found->st_gid,
		(unsigned int)found->st_rdev);
}

static int check_rules(int fd, const struct root_folder *folder, struct refusal *why)
{
	for (size_t i = 0; i < folder->count; i++) {
		struct stat found;

		if (fstatat(fd, folder->rules[i].name, &found, AT_SYMLINK_NOFOLLOW))
			return refuse(why, "INIT-ROOT", "%s: expected an entry \"%s\", found: %m",
				      folder->path, folder->rules[i].name);
		if (rootcheck_entry(folder->path, &folder->rules[i], &found, why))
			return -1;
	}
	return 0;
}

static int check_name(const struct root_folder *folder, const char *name, struct refusal *why)
{
	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return 0;
	for (size_t i = 0; i < folder->count; i++)
		if (!strcmp(folder->rules[i].name, name))
			return 0;
	return refuse(why, "INIT-ROOT", "%s: expected %zu entries, found one more, \"%s\"",
		      folder->path, folder->count, name);
}

static int check_names(int fd, const struct root_folder *folder, struct refusal *why)
{
	_Alignas(struct dirent) char records[1024];
	long size;

	while ((size = syscall(SYS_getdents64, fd, records, sizeof(records))) > 0)
		for (long at = 0; at < size;) {
			const struct dirent *entry = (const void *)(records + at);

			if (check_name(folder, entry->d_name, why))
				return -1;
			at += entry->d_reclen;
		}
	return size ? refuse(why, "INIT-ROOT", "%s: %m", folder->path) : 0;
}

int rootcheck_folder(const struct root_folder *folder, struct refusal *why)
{
	int fd = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return refuse(why, "INIT-ROOT", "%s: %m", folder->path);
	return check_rules(fd, folder, why) || check_names(fd, folder, why) ? -1 : close(fd);
}

int rootcheck(struct refusal *why)
{
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (rootcheck_folder(&folders[i], why))
			return -1;
	return 0;
}
