/* Sets file capabilities. Never follows a symbolic link, and sets no other attribute. */
#include <sys/syscall.h>
#include <sys/xattr.h>

#include <linux/openat2.h>

#include "init.h"

#define CAPABILITY "security.capability"

enum { VALUE_SIZE = 20 }; /* bytes of file capabilities in their version 2 */

/* The path of "security.capability:HEX:PATH", and the value; NULL when it is anything else. */
static const char *parse(const char *record, unsigned char value[VALUE_SIZE])
{
	static const char name[] = CAPABILITY ":";
	static const char digits[] = "0123456789abcdef";
	bool good = !strncmp(record, name, sizeof(name) - 1);

	record += good ? sizeof(name) - 1 : 0;
	for (size_t i = 0; good && i < 2UL * VALUE_SIZE; i++, record++) {
		const char *digit = memchr(digits, *record, sizeof(digits) - 1);

		good = digit != NULL;
		if (good)
			value[i / 2] = (unsigned char)(value[i / 2] << 4 | (digit - digits));
	}
	return good && record[0] == ':' && record[1] ? record + 1 : NULL;
}

static int apply(int root, const char *path, const unsigned char value[VALUE_SIZE])
{
	const struct open_how how = {
		.flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
	};
	int fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return -1;
	errno = EINVAL;
	if (!S_ISREG(st.st_mode) || fsetxattr(fd, CAPABILITY, value, VALUE_SIZE, 0))
		return -1;
	return close(fd);
}

int attributes_apply(int root, char *const records[], struct refusal *why)
{
	for (; *records; records++) {
		unsigned char value[VALUE_SIZE] = {0};
		const char *path = parse(*records, value);

		if (!path)
			return refuse(why, "INIT-XATTR",
				      "/run: expected " CAPABILITY ":HEX:PATH, found \"%.200s\"",
				      *records);
		if (apply(root, path, value))
			return refuse(why, "INIT-XATTR",
				      "%.200s: expected a file that takes " CAPABILITY
				      ", found: %m",
				      path);
	}
	return 0;
}
