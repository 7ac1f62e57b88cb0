/* Reads a file up to its end or up to a bound. Never returns part of a file. */
#include "init.h"

int read_whole_file(const char *path, char *data, size_t room, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;
	ssize_t n = -1;

	*size = 0;
	if (fd < 0)
		return -1;
	errno = EINVAL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		while (*size < room && (n = read(fd, data + *size, room - *size)) > 0)
			*size += (size_t)n;
	if (n > 0)
		errno = EFBIG;
	close(fd);
	return n == 0 ? 0 : -1;
}
