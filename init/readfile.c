/* Reads a file up to its end or up to a bound. Never returns part of a file. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "machine.h"

/* One byte more than there is room for tells that there is more. */
static int read_to_end(int fd, char *data, size_t room, size_t *size)
{
	size_t used = 0;
	char more;

	for (;;) {
		ssize_t n = used < room ? read(fd, data + used, room - used) : read(fd, &more, 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n > 0 && used == room)
			errno = EFBIG;
		if (n < 0 || (n > 0 && used == room))
			return -1;
		if (n == 0)
			break;
		used += (size_t)n;
	}
	*size = used;
	return 0;
}

int read_whole_file(const char *path, char *data, size_t room, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;
	int result = fd < 0 ? -1 : fstat(fd, &st);
	int saved;

	if (result == 0 && !S_ISREG(st.st_mode)) {
		errno = EINVAL;
		result = -1;
	}
	if (result == 0)
		result = read_to_end(fd, data, room, size);
	saved = errno;
	if (fd >= 0)
		close(fd);
	errno = saved;
	return result;
}
