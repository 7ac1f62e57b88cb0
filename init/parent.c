/* Connects, sends and receives. Never waits without an end. */
#include "parent.h"

#include <errno.h>
#include <limits.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

enum {
	STEP_MS = 5000,	  /* one try to connect: a slow emulator needs more than a second */
	BETWEEN_MS = 100, /* after a connection that failed */
	HEARTBEAT_PORT = 9000,
	HEARTBEAT_MS = 10000,
	BEAT = 0xb7,
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Limits the next operation; to a millisecond at least, because zero means "for ever". */
static int limit(const struct parent *parent, int level, int option, int64_t most)
{
	int64_t left = parent->deadline - now_ms();
	struct timeval time;

	if (left > most)
		left = most;
	if (left < 1)
		left = 1;
	time = (struct timeval){.tv_sec = left / 1000, .tv_usec = left % 1000 * 1000};
	return setsockopt(parent->fd, level, option, &time, sizeof(time));
}

static int connect_once(struct parent *parent, unsigned int port)
{
	const struct sockaddr_vm address = {
		.svm_family = AF_VSOCK, .svm_cid = PARENT_CID, .svm_port = port};
	int saved;

	parent->fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (parent->fd < 0)
		return -1;
	if (limit(parent, AF_VSOCK, SO_VM_SOCKETS_CONNECT_TIMEOUT, STEP_MS) == 0 &&
	    connect(parent->fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return 0;
	saved = errno;
	close(parent->fd);
	errno = saved;
	return -1;
}

int parent_connect(struct parent *parent, unsigned int port, int milliseconds, unsigned int tries)
{
	const struct timespec pause = {.tv_nsec = BETWEEN_MS * 1000000L};

	parent->deadline = now_ms() + milliseconds;
	while (connect_once(parent, port)) {
		if (--tries == 0 || now_ms() >= parent->deadline)
			return -1;
		nanosleep(&pause, NULL);
	}
	return 0;
}

/* What a socket says when its time is over. */
static ssize_t timed_out(void)
{
	if (errno == EAGAIN)
		errno = ETIMEDOUT;
	return -1;
}

int parent_send(const struct parent *parent, const void *data, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t n;

		if (limit(parent, SOL_SOCKET, SO_SNDTIMEO, INT_MAX))
			return -1;
		n = send(parent->fd, (const char *)data + done, size - done, MSG_NOSIGNAL);
		if (n < 0)
			return (int)timed_out();
		done += (size_t)n;
	}
	return 0;
}

ssize_t parent_receive(const struct parent *parent, void *data, size_t size)
{
	size_t done = 0;
	ssize_t n = 1;

	while (done < size && n > 0) {
		if (limit(parent, SOL_SOCKET, SO_RCVTIMEO, INT_MAX))
			return -1;
		n = recv(parent->fd, (char *)data + done, size - done, 0);
		if (n < 0)
			return timed_out();
		done += (size_t)n;
	}
	return (ssize_t)done;
}

#define WHERE "CID 3 port 9000"

static int exchange(const struct parent *parent, struct refusal *why)
{
	unsigned char beat = BEAT;
	ssize_t n;

	if (parent_send(parent, &beat, 1))
		return refuse_errno(why, "INIT-HEARTBEAT", WHERE ": send");
	n = parent_receive(parent, &beat, 1);
	if (n < 0)
		return refuse_errno(why, "INIT-HEARTBEAT", WHERE ": expected 0x%02x, found nothing",
				    BEAT);
	if (n == 0)
		return refuse(why, "INIT-HEARTBEAT",
			      WHERE ": expected 0x%02x, found the end of the connection", BEAT);
	if (beat != BEAT)
		return refuse(why, "INIT-HEARTBEAT", WHERE ": expected 0x%02x, found 0x%02x", BEAT,
			      beat);
	return 0;
}

int heartbeat(struct refusal *why)
{
	struct parent parent;
	int result;

	if (parent_connect(&parent, HEARTBEAT_PORT, HEARTBEAT_MS, UINT_MAX))
		return refuse_errno(why, "INIT-HEARTBEAT", WHERE ": connect");
	result = exchange(&parent, why);
	close(parent.fd);
	return result;
}
