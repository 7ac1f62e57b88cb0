/*
 * Reads what is stored. Never interprets it, and never reads beyond the part that it was given.
 */
#include "input.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static ssize_t read_more(struct input *input, void *data, size_t size, struct err *err)
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
	return n;
}

static ssize_t take_head(struct input *input, void *data, size_t size)
{
	if (size > input->head_size)
		size = input->head_size;
	memcpy(data, input->head, size);
	input->head_size -= size;
	memmove(input->head, input->head + size, input->head_size);
	return (ssize_t)size;
}

ssize_t input_read(struct input *input, void *data, size_t size, struct err *err)
{
	ssize_t n = input->head_size > 0 ? take_head(input, data, size)
					 : read_more(input, data, size, err);

	if (n <= 0)
		return n;
	if (input->hash && hash_update(input->hash, data, (size_t)n, err) < 0)
		return -1;
	return n;
}

ssize_t input_peek(struct input *input, void *data, size_t size, struct err *err)
{
	while (input->head_size < INPUT_HEAD) {
		ssize_t n = read_more(input, input->head + input->head_size,
				      INPUT_HEAD - input->head_size, err);

		if (n < 0)
			return -1;
		if (n == 0)
			break;
		input->head_size += (size_t)n;
	}
	if (size > input->head_size)
		size = input->head_size;
	memcpy(data, input->head, size);
	return (ssize_t)size;
}
