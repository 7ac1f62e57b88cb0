/*
 * PID 1 of the small machine that plays an enclave's parent in the boot tests: answers heartbeats
 * on vsock port 9000, takes how an enclave ended on 9001, hands out launch configurations on 9002,
 * and passes connections on. What it says where comes from its kernel's command line and from the
 * test, on port 9003. Never part of an image: it checks nothing and obeys everybody.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <termios.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

enum {
	HEARTBEAT_PORT = 9000,
	STATUS_PORT = 9001,
	CONFIG_PORT = 9002,
	CONTROL_PORT = 9003, /* lines of the test, see command() */
	RELAY_PORT = 9004,   /* "CID PORT\n", then whatever that port says */
	ECHO_PORT = 9005,
	BEAT = 0xb7,
	WRONG_BEAT = 0x7b,
	RECEIVE_SECONDS = 10,
	HOLD_SECONDS = 60,
	CONFIG_MAX = 2 * 1024 * 1024, /* more than an enclave takes */
	BACKLOG = 64,
	PACKET_MAX = 2048,
};

/* How a port answers. A refused port has no listener at all. */
enum mode { MODE_OK, MODE_SILENT, MODE_WRONG, MODE_CLOSE, MODE_REFUSE, MODE_SHORT };

static const char *const mode_names[] = {"ok", "silent", "wrong", "close", "refuse", "short"};

static struct port {
	const char *name;
	unsigned int number;
	enum mode mode;
	void (*serve)(int client, unsigned int cid, enum mode mode);
	int listener;
} ports[];

static unsigned char config[CONFIG_MAX];
static size_t config_size;

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

static int listen_vsock(unsigned int port)
{
	const struct sockaddr_vm here = {
		.svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_ANY, .svm_port = port};
	int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		fail("vsock socket");
	if (bind(fd, (const struct sockaddr *)&here, sizeof(here)))
		fail("vsock bind");
	if (listen(fd, BACKLOG))
		fail("vsock listen");
	return fd;
}

static void set_receive_limit(int fd, int seconds)
{
	const struct timeval limit = {.tv_sec = seconds};

	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)))
		fail("receive time limit");
}

static bool send_all(int fd, const void *data, size_t size)
{
	const char *at = data;

	while (size > 0) {
		/* The device between two machines hands on no larger packets than a guest has room for. */
		ssize_t n = send(fd, at, size < PACKET_MAX ? size : PACKET_MAX, MSG_NOSIGNAL);

		if (n < 0)
			return false;
		at += n;
		size -= (size_t)n;
	}
	return true;
}

/* Holds the connection, so that the enclave waits instead of seeing its end. */
static void hold(int client, unsigned int cid)
{
	char byte;

	set_receive_limit(client, HOLD_SECONDS);
	dprintf(1, "parent: silent towards CID %u\n", cid);
	while (recv(client, &byte, 1, 0) > 0)
		;
	dprintf(1, "parent: CID %u waited in vain\n", cid);
}

static void serve_heartbeat(int client, unsigned int cid, enum mode mode)
{
	unsigned char byte;
	ssize_t n = recv(client, &byte, 1, 0);

	if (n < 0)
		dprintf(1, "parent: CID %u: receive: %s\n", cid, strerror(errno));
	else if (n == 0)
		dprintf(1, "parent: CID %u: closed before its heartbeat\n", cid);
	else if (byte != BEAT)
		dprintf(1, "parent: CID %u: expected byte 0x%02x, found 0x%02x\n", cid, BEAT, byte);
	else if (mode == MODE_SILENT)
		hold(client, cid);
	else if (mode == MODE_CLOSE)
		dprintf(1, "parent: closed towards CID %u\n", cid);
	else {
		byte = mode == MODE_WRONG ? WRONG_BEAT : BEAT;
		if (send(client, &byte, 1, MSG_NOSIGNAL) != 1)
			dprintf(1, "parent: CID %u: send: %s\n", cid, strerror(errno));
		else if (mode == MODE_WRONG)
			dprintf(1, "parent: wrong answer to CID %u\n", cid);
		else
			dprintf(1, "parent: heartbeat from CID %u\n", cid);
	}
}

/* Shows what came until the end of the connection, on one line. */
static void serve_status(int client, unsigned int cid, enum mode mode)
{
	char text[512];
	size_t size = 0;
	ssize_t n = 1;

	if (mode == MODE_SILENT) {
		hold(client, cid);
		return;
	}
	while (n > 0 && size < sizeof(text)) {
		n = recv(client, text + size, sizeof(text) - size, 0);
		size += n > 0 ? (size_t)n : 0;
		/* The enclave waits for us to close: one line is all there is. */
		if (memchr(text, '\n', size))
			break;
	}
	for (size_t i = 0; i < size; i++)
		if (text[i] < 0x20 || text[i] > 0x7e)
			text[i] = '|';
	dprintf(1, "parent: status of CID %u: %.*s\n", cid, (int)size, text);
}

static void serve_config(int client, unsigned int cid, enum mode mode)
{
	size_t size = config_size;
	const unsigned char length[4] = {(unsigned char)(size >> 24), (unsigned char)(size >> 16),
					 (unsigned char)(size >> 8), (unsigned char)size};

	if (mode == MODE_SILENT) {
		hold(client, cid);
		return;
	}
	if (mode == MODE_SHORT && size > 0)
		size--;
	if (mode == MODE_CLOSE || !send_all(client, length, sizeof(length)) ||
	    !send_all(client, config, size))
		size = 0;
	dprintf(1, "parent: configuration of %zu bytes to CID %u\n", size, cid);
	shutdown(client, SHUT_WR);
	hold(client, cid);
}

static void serve_echo(int client, unsigned int cid, enum mode mode)
{
	static char data[65536];
	size_t all = 0;
	ssize_t n;

	(void)mode;
	set_receive_limit(client, HOLD_SECONDS);
	while ((n = recv(client, data, sizeof(data), 0)) > 0) {
		all += (size_t)n;
		if (!send_all(client, data, (size_t)n))
			break;
	}
	dprintf(1, "parent: echo of %zu bytes to CID %u\n", all, cid);
}

/* Reads a line byte by byte, so that what follows it stays in the socket. */
static bool read_line(int fd, char *line, size_t room)
{
	size_t size = 0;

	while (size + 1 < room && recv(fd, line + size, 1, 0) == 1) {
		if (line[size] == '\n') {
			line[size] = '\0';
			return true;
		}
		size++;
	}
	return false;
}

/* Passes on what comes on one socket; at its end, closes that direction of the other. */
static void pass_on(int from, int to)
{
	static char data[65536];
	ssize_t n;

	while ((n = recv(from, data, sizeof(data), 0)) > 0)
		if (!send_all(to, data, (size_t)n))
			break;
	shutdown(to, SHUT_WR);
}

static void serve_relay(int client, unsigned int cid, enum mode mode)
{
	struct sockaddr_vm there = {.svm_family = AF_VSOCK};
	char line[64];
	int fd;

	(void)cid;
	(void)mode;
	if (!read_line(client, line, sizeof(line)) ||
	    sscanf(line, "%u %u", &there.svm_cid, &there.svm_port) != 2)
		return;
	fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&there, sizeof(there))) {
		dprintf(1, "parent: relay to CID %u port %u: %s\n", there.svm_cid, there.svm_port,
			strerror(errno));
		return;
	}
	set_receive_limit(client, HOLD_SECONDS);
	set_receive_limit(fd, HOLD_SECONDS);
	if (fork() == 0) {
		pass_on(fd, client);
		_exit(0);
	}
	pass_on(client, fd);
}

static bool set_mode(const char *name, const char *mode)
{
	for (struct port *p = ports; p->name; p++) {
		if (strcmp(p->name, name))
			continue;
		for (size_t i = 0; i < sizeof(mode_names) / sizeof(mode_names[0]); i++)
			if (!strcmp(mode_names[i], mode)) {
				p->mode = (enum mode)i;
				return true;
			}
	}
	return false;
}

/* Listeners as the modes want them. */
static void open_ports(void)
{
	for (struct port *p = ports; p->name; p++)
		if (p->mode == MODE_REFUSE && p->listener >= 0) {
			close(p->listener);
			p->listener = -1;
		} else if (p->mode != MODE_REFUSE && p->listener < 0) {
			p->listener = listen_vsock(p->number);
		}
}

/* "PORT MODE", or "blob SIZE" and that many bytes, which become the launch configuration. */
static bool command(int client, char *line)
{
	char *value = strchr(line, ' ');

	if (!value)
		return false;
	*value++ = '\0';
	if (strcmp(line, "blob"))
		return set_mode(line, value);
	config_size = strtoul(value, NULL, 10);
	if (config_size > sizeof(config))
		return false;
	for (size_t at = 0; at < config_size;) {
		ssize_t n = recv(client, config + at, config_size - at, 0);

		if (n <= 0)
			return false;
		at += (size_t)n;
	}
	return true;
}

static void serve_control(int client, unsigned int cid, enum mode mode)
{
	char line[64];

	(void)cid;
	(void)mode;
	while (read_line(client, line, sizeof(line))) {
		bool done = command(client, line);

		open_ports();
		if (!send_all(client, done ? "ok\n" : "no\n", 3))
			return;
	}
}

static struct port ports[] = {
	{"heartbeat", HEARTBEAT_PORT, MODE_OK, serve_heartbeat, -1},
	{"status", STATUS_PORT, MODE_OK, serve_status, -1},
	{"config", CONFIG_PORT, MODE_REFUSE, serve_config, -1},
	{"control", CONTROL_PORT, MODE_OK, serve_control, -1},
	{"relay", RELAY_PORT, MODE_OK, serve_relay, -1},
	{"echo", ECHO_PORT, MODE_OK, serve_echo, -1},
	{NULL, 0, MODE_OK, NULL, -1},
};

/* "parent.mode=MODE" on the command line is about heartbeats. */
static void read_mode(void)
{
	static const char word[] = "parent.mode=";
	char line[4096];
	int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t n;
	char *at;

	if (fd < 0)
		fail("/proc/cmdline");
	n = read(fd, line, sizeof(line) - 1);
	if (n < 0)
		fail("/proc/cmdline");
	close(fd);
	line[n] = '\0';
	at = strstr(line, word);
	if (!at)
		return;
	at += strlen(word);
	at[strcspn(at, " \n")] = '\0';
	if (!set_mode("heartbeat", at)) {
		errno = EINVAL;
		fail(at);
	}
}

static void accept_one(const struct port *p)
{
	struct sockaddr_vm peer = {.svm_cid = 0};
	socklen_t size = sizeof(peer);
	int client = accept4(p->listener, (struct sockaddr *)&peer, &size, SOCK_CLOEXEC);

	if (client < 0)
		fail("vsock accept");
	set_receive_limit(client, RECEIVE_SECONDS);
	/* What the test says changes this process; everybody else gets one of their own. */
	if (p->serve == serve_control) {
		p->serve(client, peer.svm_cid, p->mode);
	} else if (fork() == 0) {
		/* Or a port would stay taken while this process waits, after its listener was closed. */
		for (const struct port *other = ports; other->name; other++)
			if (other->listener >= 0)
				close(other->listener);
		p->serve(client, peer.svm_cid, p->mode);
		_exit(0);
	}
	close(client);
}

int main(void)
{
	mount_system("/proc", "proc");
	mount_system("/dev", "devtmpfs");
	signal(SIGCHLD, SIG_IGN);
	read_mode();
	open_ports();
	dprintf(1, "parent: ready\n");
	for (;;) {
		struct pollfd fds[sizeof(ports) / sizeof(ports[0])];
		nfds_t count = 0;

		/* poll leaves out what is -1. */
		for (const struct port *p = ports; p->name; p++)
			fds[count++] = (struct pollfd){.fd = p->listener, .events = POLLIN};
		if (poll(fds, count, -1) < 0)
			fail("poll");
		for (nfds_t i = 0; i < count; i++)
			if (fds[i].revents && ports[i].listener == fds[i].fd)
				accept_one(&ports[i]);
	}
}
