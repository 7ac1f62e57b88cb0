/* Asks for tokens. Never takes one for an answer that was made for another challenge. */
#include "tsm.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int tsm_make(const char *path, uid_t uid, gid_t gid)
{
	int fd = mkdir(path, 0755) ? -1 : open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 ||
	    (fchownat(fd, "inblob", uid, gid, 0) == 0 &&
	     fchownat(fd, "outblob", uid, gid, 0) == 0 && fchmodat(fd, "outblob", 0400, 0) == 0))
		return fd;
	close(fd);
	return -1;
}

/* The kernel takes the bytes when the file is closed, and says nothing of it. */
static int write_challenge(int folder, const uint8_t challenge[TSM_CHALLENGE_SIZE])
{
	int fd = openat(folder, "inblob", O_WRONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = write(fd, challenge, TSM_CHALLENGE_SIZE);
	close(fd);
	return n == TSM_CHALLENGE_SIZE ? 0 : -1;
}

/* The size of the token, or -1. The kernel makes it when it is first read. */
static ssize_t read_token(int folder, uint8_t token[NSM_RESPONSE_MAX])
{
	int fd = openat(folder, "outblob", O_RDONLY | O_CLOEXEC);
	size_t size = 0;
	ssize_t n = -1;
	int reason;

	if (fd < 0)
		return -1;
	while (size < NSM_RESPONSE_MAX && (n = read(fd, token + size, NSM_RESPONSE_MAX - size)) > 0)
		size += (size_t)n;
	reason = n > 0 ? EMSGSIZE : errno;
	close(fd);
	errno = reason;
	return n == 0 ? (ssize_t)size : -1;
}

int tsm_ask(int fd, const struct nsm_request *request, uint8_t response[NSM_RESPONSE_MAX],
	    struct nsm_bytes *answer)
{
	const struct nsm_bytes *nonce = &request->fields[NSM_NONCE];
	uint8_t challenge[TSM_CHALLENGE_SIZE] = {0};
	ssize_t size;

	errno = EOPNOTSUPP;
	if (request->command != NSM_ATTESTATION || request->fields[NSM_USER_DATA].data ||
	    request->fields[NSM_PUBLIC_KEY].data)
		return -1;
	errno = EMSGSIZE;
	if (nonce->size > sizeof(challenge))
		return -1;
	if (nonce->data)
		memcpy(challenge, nonce->data, nonce->size);
	if (write_challenge(fd, challenge))
		return -1;
	size = read_token(fd, response);
	if (size < 0)
		return -1;
	errno = EPROTO;
	if (!memmem(response, (size_t)size, challenge, sizeof(challenge)))
		return -1;
	*answer = (struct nsm_bytes){response, (size_t)size};
	return 0;
}
