/* Compares folders with the list below. Never looks into /rootfs and never changes anything. */
#include "rootcheck.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define EXACT (S_IFMT | 07777)

/*
 * /dev, /dev/console and /root come from the archive that is built into every kernel
 * (usr/default_cpio_list); /proc is made by init before it looks, which fails if it was there.
 */
static const struct root_rule top[] = {
	{"init", EXACT, S_IFREG | 0755, 0, 0},	{"attest", EXACT, S_IFREG | 0755, 0, 0},
	{"ports", EXACT, S_IFREG | 0755, 0, 0}, {"run", S_IFMT, S_IFREG, 0, 0},
	{"rootfs", S_IFMT, S_IFDIR, 0, 0},	{"dev", EXACT, S_IFDIR | 0755, 0, 0},
	{"root", EXACT, S_IFDIR | 0700, 0, 0},	{"proc", S_IFMT, S_IFDIR, 0, 0},
};

static const struct root_rule dev[] = {
	{"console", EXACT, S_IFCHR | 0600, 5, 1},
};

const struct root_folder root_folders[] = {
	{"/", top, sizeof(top) / sizeof(top[0])},
	{"/dev", dev, sizeof(dev) / sizeof(dev[0])},
	{"/root", NULL, 0},
	{NULL, NULL, 0},
};

static const struct root_rule *find_rule(const struct root_folder *folder, const char *name)
{
	for (size_t i = 0; i < folder->count; i++)
		if (!strcmp(folder->rules[i].name, name))
			return &folder->rules[i];
	return NULL;
}

static bool has(const struct root_entry *found, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(found[i].name, name))
			return true;
	return false;
}

int rootcheck_compare(const struct root_folder *folder, const struct root_entry *found,
		      size_t count, struct refusal *why)
{
	for (size_t i = 0; i < folder->count; i++)
		if (!has(found, count, folder->rules[i].name))
			return refuse(why, "INIT-ROOT", "%s: expected an entry \"%s\", found none",
				      folder->path, folder->rules[i].name);
	for (size_t i = 0; i < count; i++) {
		const struct root_entry *e = &found[i];
		const struct root_rule *rule = find_rule(folder, e->name);

		if (!rule)
			return refuse(why, "INIT-ROOT",
				      "%s: expected %zu entries, found one more, \"%s\"",
				      folder->path, folder->count, e->name);
		if ((e->mode & rule->mask) != rule->mode)
			return refuse(why, "INIT-ROOT",
				      "%s: \"%s\": expected mode %06o, found %06o", folder->path,
				      e->name, (unsigned int)rule->mode,
				      (unsigned int)(e->mode & rule->mask));
		if (e->uid != 0 || e->gid != 0)
			return refuse(why, "INIT-ROOT",
				      "%s: \"%s\": expected owner 0:0, found %u:%u", folder->path,
				      e->name, e->uid, e->gid);
		if (major(e->rdev) != rule->dev_major || minor(e->rdev) != rule->dev_minor)
			return refuse(why, "INIT-ROOT",
				      "%s: \"%s\": expected device %u:%u, found %u:%u",
				      folder->path, e->name, rule->dev_major, rule->dev_minor,
				      major(e->rdev), minor(e->rdev));
	}
	return 0;
}

/* What getdents64(2) returns; no header of the C library or the kernel declares it. */
struct dirent_record {
	uint64_t inode;
	int64_t offset;
	unsigned short size; /* of this record, the name included */
	unsigned char type;
	char name[];
};

static int add_entry(int folder, const char *path, const char *name, struct root_entry *found,
		     size_t *count, struct refusal *why)
{
	struct root_entry *e = &found[*count];
	struct stat st;

	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return 0;
	if (*count == ROOT_ENTRIES_MAX)
		return refuse(why, "INIT-ROOT",
			      "%s: expected at most %d entries, found one more, \"%s\"", path,
			      ROOT_ENTRIES_MAX, name);
	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return refuse_errno(why, "INIT-ROOT", "%s: \"%s\"", path, name);
	*e = (struct root_entry){
		.mode = st.st_mode, .uid = st.st_uid, .gid = st.st_gid, .rdev = st.st_rdev};
	strncpy(e->name, name, sizeof(e->name) - 1);
	(*count)++;
	return 0;
}

static int read_entries(int folder, const char *path, struct root_entry *found, size_t *count,
			struct refusal *why)
{
	_Alignas(struct dirent_record) char records[1024];

	*count = 0;
	for (;;) {
		long size = syscall(SYS_getdents64, folder, records, sizeof(records));

		if (size < 0)
			return refuse_errno(why, "INIT-ROOT", "%s", path);
		if (size == 0)
			return 0;
		for (long at = 0; at < size;) {
			const struct dirent_record *r = (const void *)(records + at);

			if (add_entry(folder, path, r->name, found, count, why))
				return -1;
			at += r->size;
		}
	}
}

int rootcheck_read(const char *path, struct root_entry *found, size_t *count, struct refusal *why)
{
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	int result;

	if (folder < 0)
		return refuse_errno(why, "INIT-ROOT", "%s", path);
	result = read_entries(folder, path, found, count, why);
	close(folder);
	return result;
}

int rootcheck(struct refusal *why)
{
	struct root_entry found[ROOT_ENTRIES_MAX];
	size_t count;

	for (const struct root_folder *f = root_folders; f->path; f++)
		if (rootcheck_read(f->path, found, &count, why) ||
		    rootcheck_compare(f, found, count, why))
			return -1;
	return 0;
}
