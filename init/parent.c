/* Connects and receives. Never waits without an end. */
#include <poll.h>
#include <sys/socket.h>
#include <time.h>

#include <linux/vm_sockets.h>

#include "init.h"

enum { PARENT_CID = 3, BETWEEN_MS = 100, HEARTBEAT_PORT = 9000, HEARTBEAT_MS = 10000, BEAT = 0xb7 };

/* Waits until the connection is ready for something. Returns 0, or -1 with errno set. */
static int await(const struct parent *parent, short events)
{
	struct pollfd polled = {.fd = parent->fd, .events = events};
	int64_t left = parent->deadline - machine_ms();
	int ready = left > 0 ? poll(&polled, 1, (int)left) : 0;

	if (ready == 0)
		errno = ETIMEDOUT;
	return ready == 1 ? 0 : -1;
}

static int connect_once(struct parent *parent, unsigned int port)
{
	/* An enclave's parent is another machine on the same host; a realm's is the host. */
	const unsigned int cid = access(platform_cca.device, F_OK) ? PARENT_CID : VMADDR_CID_HOST;
	const struct sockaddr_vm address = {AF_VSOCK, .svm_cid = cid, .svm_port = port};
	int error = 0;
	socklen_t size = sizeof(error);

	parent->fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (parent->fd < 0)
		return -1;
	if (connect(parent->fd, (const struct sockaddr *)&address, sizeof(address)) &&
	    (errno != EINPROGRESS || await(parent, POLLOUT) ||
	     getsockopt(parent->fd, SOL_SOCKET, SO_ERROR, &error, &size)))
		error = errno;
	if (error == 0)
		return 0;
	close(parent->fd);
	errno = error;
	return -1;
}

int parent_connect(struct parent *parent, unsigned int port, int milliseconds, bool again)
{
	parent->deadline = machine_ms() + milliseconds;
	while (connect_once(parent, port)) {
		if (!again || machine_ms() >= parent->deadline)
			return -1;
		poll(NULL, 0, BETWEEN_MS);
	}
	return 0;
}

int parent_receive(const struct parent *parent, void *data, size_t size)
{
	while (size > 0) {
		ssize_t n = await(parent, POLLIN) ? -1 : recv(parent->fd, data, size, 0);

		if (n == 0)
			errno = ENODATA;
		if (n <= 0)
			return -1;
		data = (char *)data + n;
		size -= (size_t)n;
	}
	return 0;
}

int heartbeat(struct refusal *why)
{
	unsigned char beat = BEAT;
	struct parent parent;

	if (parent_connect(&parent, HEARTBEAT_PORT, HEARTBEAT_MS, true))
		return refuse(why, "INIT-HEARTBEAT", "the parent's port 9000: connect: %m");
	if (send(parent.fd, &beat, 1, MSG_NOSIGNAL) != 1 || parent_receive(&parent, &beat, 1))
		return refuse(why, "INIT-HEARTBEAT",
			      "the parent's port 9000: expected 0x%02x, found nothing: %m", BEAT);
	if (beat != BEAT)
		return refuse(why, "INIT-HEARTBEAT",
			      "the parent's port 9000: expected 0x%02x, found 0x%02x", BEAT, beat);
	return close(parent.fd);
}
