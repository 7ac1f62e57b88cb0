/* Reads a file up to its end or up to a bound. Never returns part of a file. */
#include "readfile.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static int read_to_end(int fd, char *data, size_t room, size_t *size)
{
	size_t used = 0;

	while (used < room) {
		ssize_t n = read(fd, data + used, room - used);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0) {
			*size = used;
			return 0;
		}
		used += (size_t)n;
	}

	char more;
	ssize_t n;

	do
		n = read(fd, &more, 1);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -1;
	if (n > 0) {
		errno = EFBIG;
		return -1;
	}
	*size = used;
	return 0;
}

int read_whole_file(const char *path, char *data, size_t room, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;
	int result = -1;
	int saved;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0) {
		if (S_ISREG(st.st_mode))
			result = read_to_end(fd, data, room, size);
		else
			errno = EINVAL;
	}
	saved = errno;
	close(fd);
	errno = saved;
	return result;
}
