/* One byte to the parent and one back. Never sends anything else and never waits for ever. */
#include "heartbeat.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

enum {
	PARENT_CID = 3,
	PARENT_PORT = 9000,
	BEAT = 0xb7,
	ALL_MS = 10000,	  /* everything together */
	STEP_MS = 5000,	  /* one operation: a slow emulator needs more than a second */
	BETWEEN_MS = 100, /* after a connection that failed */
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The time for one more operation; at least a millisecond, because zero means "for ever". */
static struct timeval step_time(int64_t deadline)
{
	int64_t left = deadline - now_ms();

	if (left > STEP_MS)
		left = STEP_MS;
	if (left < 1)
		left = 1;
	return (struct timeval){.tv_sec = left / 1000, .tv_usec = left % 1000 * 1000};
}

static bool set_time(int fd, int level, int option, int64_t deadline)
{
	struct timeval time = step_time(deadline);

	return setsockopt(fd, level, option, &time, sizeof(time)) == 0;
}

/* Returns a connected socket, or -1 with errno set. */
static int connect_once(int64_t deadline)
{
	const struct sockaddr_vm parent = {
		.svm_family = AF_VSOCK, .svm_cid = PARENT_CID, .svm_port = PARENT_PORT};
	int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int saved;

	if (fd < 0)
		return -1;
	if (set_time(fd, AF_VSOCK, SO_VM_SOCKETS_CONNECT_TIMEOUT, deadline) &&
	    connect(fd, (const struct sockaddr *)&parent, sizeof(parent)) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

static int connect_parent(int64_t deadline)
{
	const struct timespec pause = {.tv_nsec = BETWEEN_MS * 1000000L};
	int fd = connect_once(deadline);

	while (fd < 0 && now_ms() < deadline) {
		nanosleep(&pause, NULL);
		fd = connect_once(deadline);
	}
	return fd;
}

static int exchange(int fd, int64_t deadline, struct refusal *why)
{
	unsigned char beat = BEAT;
	ssize_t n;

	if (!set_time(fd, SOL_SOCKET, SO_SNDTIMEO, deadline) ||
	    send(fd, &beat, 1, MSG_NOSIGNAL) != 1)
		return refuse_errno(why, "INIT-HEARTBEAT", "CID %d port %d: send", PARENT_CID,
				    PARENT_PORT);
	if (!set_time(fd, SOL_SOCKET, SO_RCVTIMEO, deadline))
		return refuse_errno(why, "INIT-HEARTBEAT", "CID %d port %d: set the time limit",
				    PARENT_CID, PARENT_PORT);
	n = recv(fd, &beat, 1, 0);
	if (n < 0) {
		/* What a socket says when its time is over. */
		if (errno == EAGAIN)
			errno = ETIMEDOUT;
		return refuse_errno(why, "INIT-HEARTBEAT",
				    "CID %d port %d: expected 0x%02x, found nothing", PARENT_CID,
				    PARENT_PORT, BEAT);
	}
	if (n == 0)
		return refuse(why, "INIT-HEARTBEAT",
			      "CID %d port %d: expected 0x%02x, found the end of the connection",
			      PARENT_CID, PARENT_PORT, BEAT);
	if (beat != BEAT)
		return refuse(why, "INIT-HEARTBEAT",
			      "CID %d port %d: expected 0x%02x, found 0x%02x", PARENT_CID,
			      PARENT_PORT, BEAT, beat);
	return 0;
}

int heartbeat(struct refusal *why)
{
	int64_t deadline = now_ms() + ALL_MS;
	int fd = connect_parent(deadline);
	int result;

	if (fd < 0)
		return refuse_errno(why, "INIT-HEARTBEAT", "CID %d port %d: connect", PARENT_CID,
				    PARENT_PORT);
	result = exchange(fd, deadline, why);
	close(fd);
	return result;
}
