/* Reading at a place of a file. Never moves the file's own position. */
#include "room.h"

#include <errno.h>
#include <unistd.h>

ssize_t read_at(int fd, void *data, size_t size, uint64_t offset, const char *path, struct err *err)
{
	size_t used = 0;

	while (used < size) {
		ssize_t n = pread(fd, (char *)data + used, size - used, (off_t)(offset + used));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, "FILE-READ", "%s", path);
		if (n == 0)
			break;
		used += (size_t)n;
	}
	return (ssize_t)used;
}
