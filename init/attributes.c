/* Sets file capabilities. Never follows a symbolic link, and sets no other attribute. */
#include "attributes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <linux/openat2.h>

#define CAPABILITY "security.capability"

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

int attribute_parse(const char *record, struct attribute *attribute)
{
	static const char name[] = CAPABILITY ":";

	if (strncmp(record, name, sizeof(name) - 1))
		return -1;
	record += sizeof(name) - 1;
	for (size_t i = 0; i < ATTRIBUTE_SIZE; i++, record += 2) {
		int high = nibble(record[0]);
		int low = high < 0 ? -1 : nibble(record[1]);

		if (low < 0)
			return -1;
		attribute->value[i] = (unsigned char)(high << 4 | low);
	}
	if (record[0] != ':' || !record[1])
		return -1;
	attribute->path = record + 1;
	return 0;
}

/* Returns a descriptor of a regular file, or -1 with errno set. */
static int open_file(int root, const char *path)
{
	const struct open_how how = {
		.flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
	};
	int fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	errno = EINVAL;
	return -1;
}

static int apply(int root, const char *record, struct refusal *why)
{
	struct attribute attribute;
	int result = 0;
	int fd;

	if (attribute_parse(record, &attribute))
		return refuse(why, "INIT-XATTR",
			      "/run: expected " CAPABILITY ":HEX:PATH, found \"%.200s\"", record);
	fd = open_file(root, attribute.path);
	if (fd < 0)
		return refuse_errno(why, "INIT-XATTR", "%.200s: expected a file, found",
				    attribute.path);
	if (fsetxattr(fd, CAPABILITY, attribute.value, ATTRIBUTE_SIZE, 0))
		result = refuse_errno(why, "INIT-XATTR", "%.200s: set " CAPABILITY, attribute.path);
	close(fd);
	return result;
}

int attributes_apply(int root, char *const records[], struct refusal *why)
{
	for (size_t i = 0; records[i]; i++)
		if (apply(root, records[i], why))
			return -1;
	return 0;
}
