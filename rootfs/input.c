/*
 * Reads what is stored. Never interprets it, and never reads beyond the part that it was given.
 */
#include "input.h"

#include <errno.h>
#include <unistd.h>

ssize_t input_read(struct input *input, void *data, size_t size, struct err *err)
{
	ssize_t n;

	if (input->seekable && size > input->left)
		size = (size_t)input->left;
	if (size == 0)
		return 0;
	do
		n = input->seekable ? pread(input->fd, data, size, input->offset)
				    : read(input->fd, data, size);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_errno(err, "ROOTFS-READ", "%s", input->name);
	if (n == 0 && input->seekable)
		return err_set(err, EXIT_ENVIRONMENT, "ROOTFS-CHANGED",
			       "%s: %llu more bytes expected, found the end", input->name,
			       (unsigned long long)input->left);
	input->offset += n;
	if (input->seekable)
		input->left -= (uint64_t)n;
	if (input->hash && hash_update(input->hash, data, (size_t)n, err) < 0)
		return -1;
	return n;
}

ssize_t input_peek(const struct input *input, void *data, size_t size)
{
	if (!input->seekable)
		return 0;
	if (size > input->left)
		size = (size_t)input->left;
	return pread(input->fd, data, size, input->offset);
}
