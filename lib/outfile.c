/* Whole-or-nothing output files, and reading that does not stop short. */
#include "outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"

/* rename() would put a plain file in the place of /dev/null, of a fifo or of a symbolic link. */
static int check_replaceable(const char *path, struct err *err)
{
	struct stat st;

	if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return err_set(err, EXIT_ENVIRONMENT, "FILE-CREATE",
			       "%s: a regular file or none expected, found another type", path);
	return 0;
}

int outfile_open(struct outfile *out, const char *path, struct err *err)
{
	cleanup_free char *temp = NULL;
	cleanup_free char *final = strdup(path);
	const char *slash = strrchr(path, '/');
	int dir = slash ? (int)(slash - path) + 1 : 0;
	int fd;

	if (check_replaceable(path, err) < 0)
		return -1;
	if (!final || asprintf(&temp, "%.*s.%s.XXXXXX", dir, path, path + dir) < 0) {
		temp = NULL;
		return err_errno(err, "FILE-CREATE", "%s", path);
	}
	fd = mkostemp(temp, O_CLOEXEC);
	if (fd < 0)
		return err_errno(err, "FILE-CREATE", "%s", path);
	*out = (struct outfile){.fd = fd, .path = steal_ptr(final), .temp = steal_ptr(temp)};
	return 0;
}

int outfile_write(struct outfile *out, const void *data, size_t size, struct err *err)
{
	const char *p = data;

	while (size > 0) {
		ssize_t n = write(out->fd, p, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, "FILE-WRITE", "%s", out->path);
		p += n;
		size -= (size_t)n;
	}
	return 0;
}

int outfile_read_back(struct outfile *out, void *data, size_t size, struct err *err)
{
	off_t offset = lseek(out->fd, 0, SEEK_CUR) - (off_t)size;
	char *p = data;

	while (size > 0) {
		ssize_t n = pread(out->fd, p, size, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			errno = EIO; /* somebody else is at the file */
		if (n <= 0)
			return err_errno(err, "FILE-WRITE", "%s", out->path);
		p += n;
		offset += n;
		size -= (size_t)n;
	}
	return 0;
}

int outfile_write_at(struct outfile *out, const void *data, size_t size, off_t offset,
		     struct err *err)
{
	const char *p = data;

	while (size > 0) {
		ssize_t n = pwrite(out->fd, p, size, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, "FILE-WRITE", "%s", out->path);
		p += n;
		offset += n;
		size -= (size_t)n;
	}
	return 0;
}

int outfile_commit(struct outfile *out, struct err *err)
{
	mode_t mask = umask(0);
	int fd;

	umask(mask);
	if (fchmod(out->fd, 0644 & ~mask) < 0)
		return err_errno(err, "FILE-WRITE", "%s", out->path);
	fd = steal_fd(&out->fd);
	if (close(fd) < 0)
		return err_errno(err, "FILE-WRITE", "%s", out->path);
	if (rename(out->temp, out->path) < 0)
		return err_errno(err, "FILE-CREATE", "%s", out->path);
	free(steal_ptr(out->temp));
	return 0;
}

/* A name is in its folder's own data. */
int sync_name(const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	cleanup_free char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	cleanup_close int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	return fd < 0 || fsync(fd) < 0 ? err_errno(err, "FILE-WRITE", "%s", path) : 0;
}

int outfile_commit_durable(struct outfile *out, struct err *err)
{
	if (fdatasync(out->fd) < 0)
		return err_errno(err, "FILE-WRITE", "%s", out->path);
	if (outfile_commit(out, err) < 0)
		return -1;
	return sync_name(out->path, err);
}

void outfile_close(struct outfile *out)
{
	if (out->fd >= 0)
		close(steal_fd(&out->fd));
	if (out->temp)
		unlink(out->temp);
	free(steal_ptr(out->temp));
	free(steal_ptr(out->path));
}

int read_exactly(int fd, void *data, size_t size, const char *path, struct err *err)
{
	char *p = data;

	while (size > 0) {
		ssize_t n = read(fd, p, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, "FILE-READ", "%s", path);
		if (n == 0)
			return err_set(err, EXIT_MALFORMED, "FILE-SHORT",
				       "%s: %zu more bytes expected, found the end", path, size);
		p += n;
		size -= (size_t)n;
	}
	return 0;
}

/* Up to limit bytes; data has room for one more. */
static int read_all(int fd, char *data, size_t limit, size_t *size, const char *path,
		    struct err *err)
{
	size_t used = 0;

	while (used <= limit) {
		ssize_t n = read(fd, data + used, limit + 1 - used);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, "FILE-READ", "%s", path);
		if (n == 0) {
			*size = used;
			return 0;
		}
		used += (size_t)n;
	}
	return err_set(err, EXIT_MALFORMED, "FILE-SIZE",
		       "%s: at most %zu bytes expected, found more", path, limit);
}

/* A file that knows its size gets no more room than that, so that reading behind it is seen. */
static size_t room_for(int fd, size_t limit)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 &&
	    (uintmax_t)st.st_size < limit)
		return (size_t)st.st_size;
	return limit;
}

void *read_small_file(const char *path, size_t limit, size_t *size, struct err *err)
{
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *data;

	if (fd < 0) {
		err_errno(err, "FILE-OPEN", "%s", path);
		return NULL;
	}
	limit = room_for(fd, limit);
	data = malloc(limit + 2);
	if (!data) {
		err_errno(err, "FILE-READ", "%s", path);
		return NULL;
	}
	if (read_all(fd, data, limit, size, path, err) < 0) {
		explicit_bzero(data, limit + 2);
		free(data);
		return NULL;
	}
	data[*size] = '\0';
	return data;
}
