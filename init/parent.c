/* Speaks with the parent. Never waits for ever, and never sends more than a fixed word. */
#include "parent.h"

#include <errno.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

#include "machine.h"

enum {
	STEP_S = 5,	  /* one operation: a slow emulator needs more than a second */
	BETWEEN_MS = 100, /* after a connection that failed */
	HEARTBEAT_PORT = 9000,
	HEARTBEAT_MS = 10000,
	BEAT = 0xb7,
};

/* Returns a connected socket, or -1 with errno set. */
static int connect_once(unsigned int port, int64_t left_ms)
{
	const struct sockaddr_vm parent = {
		.svm_family = AF_VSOCK, .svm_cid = PARENT_CID, .svm_port = port};
	const struct timeval step = {.tv_sec = STEP_S};
	/* At least a second, because zero means the kernel's default. */
	const struct timeval left = {.tv_sec =
					     left_ms < STEP_S * 1000 ? left_ms / 1000 + 1 : STEP_S};
	int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int saved;

	if (fd < 0)
		return -1;
	if (!setsockopt(fd, AF_VSOCK, SO_VM_SOCKETS_CONNECT_TIMEOUT, &left, sizeof(left)) &&
	    !setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &step, sizeof(step)) &&
	    !setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &step, sizeof(step)) &&
	    !connect(fd, (const struct sockaddr *)&parent, sizeof(parent)))
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

int parent_connect(unsigned int port, int ms)
{
	const struct timespec pause = {.tv_nsec = BETWEEN_MS * 1000000L};
	int64_t end = machine_ms() + ms;
	int fd = connect_once(port, ms);

	while (fd < 0 && machine_ms() < end) {
		nanosleep(&pause, NULL);
		fd = connect_once(port, end - machine_ms());
	}
	return fd;
}

static int exchange(int fd, struct refusal *why)
{
	unsigned char beat = BEAT;
	ssize_t n = send(fd, &beat, 1, MSG_NOSIGNAL);

	if (n == 1)
		n = recv(fd, &beat, 1, 0);
	/* What a socket says when its time is over. */
	if (n < 0 && errno == EAGAIN)
		errno = ETIMEDOUT;
	if (n < 0)
		return refuse_errno(why, "INIT-HEARTBEAT",
				    "CID %d port %d: expected 0x%02x, found nothing", PARENT_CID,
				    HEARTBEAT_PORT, BEAT);
	if (n == 0)
		return refuse(why, "INIT-HEARTBEAT",
			      "CID %d port %d: expected 0x%02x, found the end of the connection",
			      PARENT_CID, HEARTBEAT_PORT, BEAT);
	if (beat != BEAT)
		return refuse(why, "INIT-HEARTBEAT",
			      "CID %d port %d: expected 0x%02x, found 0x%02x", PARENT_CID,
			      HEARTBEAT_PORT, BEAT, beat);
	return 0;
}

int heartbeat(struct refusal *why)
{
	int fd = parent_connect(HEARTBEAT_PORT, HEARTBEAT_MS);
	int result;

	if (fd < 0)
		return refuse_errno(why, "INIT-HEARTBEAT", "CID %d port %d: connect", PARENT_CID,
				    HEARTBEAT_PORT);
	result = exchange(fd, why);
	close(fd);
	return result;
}
