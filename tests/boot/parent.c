/*
 * PID 1 of the small machine that plays an enclave's parent in the boot tests: answers heartbeats
 * on vsock port 9000. Misbehaves when its kernel's command line says so (parent.mode=silent or
 * wrong). Never part of an image: it checks nothing and obeys its command line.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <termios.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

enum { PORT = 9000, BEAT = 0xb7, WRONG_BEAT = 0x7b, RECEIVE_SECONDS = 10 };

enum mode { MODE_OK, MODE_SILENT, MODE_WRONG };

static _Noreturn void fail(const char *what)
{
	dprintf(1, "parent: failed: %s: %s\n", what, strerror(errno));
	tcdrain(1);
	reboot(RB_AUTOBOOT);
	_exit(1);
}

static void mount_system(const char *where, const char *type)
{
	if (mkdir(where, 0755) && errno != EEXIST)
		fail(where);
	if (mount(type, where, type, 0, NULL))
		fail(where);
}

/* Whether the command line has exactly this word. */
static bool has_word(const char *line, const char *word)
{
	size_t size = strlen(word);

	for (const char *at = line; *at; at += strcspn(at, " \n")) {
		at += strspn(at, " \n");
		if (strcspn(at, " \n") == size && !strncmp(at, word, size))
			return true;
	}
	return false;
}

static enum mode read_mode(void)
{
	char line[4096];
	int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		fail("/proc/cmdline");
	n = read(fd, line, sizeof(line) - 1);
	if (n < 0)
		fail("/proc/cmdline");
	close(fd);
	line[n] = '\0';
	if (has_word(line, "parent.mode=silent"))
		return MODE_SILENT;
	if (has_word(line, "parent.mode=wrong"))
		return MODE_WRONG;
	return MODE_OK;
}

static int listen_vsock(void)
{
	const struct sockaddr_vm here = {
		.svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_ANY, .svm_port = PORT};
	int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		fail("vsock socket");
	if (bind(fd, (const struct sockaddr *)&here, sizeof(here)))
		fail("vsock bind");
	if (listen(fd, 8))
		fail("vsock listen");
	return fd;
}

/* Reads one byte; says what is wrong when there is none. */
static bool read_byte(int client, unsigned int cid, unsigned char *byte)
{
	ssize_t n = recv(client, byte, 1, 0);

	if (n < 0)
		dprintf(1, "parent: CID %u: receive: %s\n", cid, strerror(errno));
	if (n == 0)
		dprintf(1, "parent: CID %u: closed before its heartbeat\n", cid);
	return n == 1;
}

static void serve(int client, unsigned int cid, enum mode mode)
{
	const struct timeval limit = {.tv_sec = RECEIVE_SECONDS};
	unsigned char byte;

	if (setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)))
		fail("receive time limit");
	if (!read_byte(client, cid, &byte))
		return;
	if (byte != BEAT) {
		dprintf(1, "parent: CID %u: expected byte 0x%02x, found 0x%02x\n", cid, BEAT, byte);
		return;
	}
	if (mode == MODE_SILENT) {
		dprintf(1, "parent: silent towards CID %u\n", cid);
		/* Holds the connection, so that the enclave waits instead of seeing its end. */
		if (recv(client, &byte, 1, 0) < 0)
			dprintf(1, "parent: CID %u waited in vain\n", cid);
		return;
	}
	if (mode == MODE_WRONG)
		byte = WRONG_BEAT;
	if (send(client, &byte, 1, MSG_NOSIGNAL) != 1) {
		dprintf(1, "parent: CID %u: send: %s\n", cid, strerror(errno));
		return;
	}
	if (mode == MODE_WRONG)
		dprintf(1, "parent: wrong answer to CID %u\n", cid);
	else
		dprintf(1, "parent: heartbeat from CID %u\n", cid);
}

int main(void)
{
	enum mode mode;
	int listener;

	mount_system("/proc", "proc");
	mount_system("/dev", "devtmpfs");
	mode = read_mode();
	listener = listen_vsock();
	dprintf(1, "parent: ready\n");
	for (;;) {
		struct sockaddr_vm peer = {.svm_cid = 0};
		socklen_t size = sizeof(peer);
		int client = accept4(listener, (struct sockaddr *)&peer, &size, SOCK_CLOEXEC);

		if (client < 0)
			fail("vsock accept");
		serve(client, peer.svm_cid, mode);
		close(client);
	}
}
