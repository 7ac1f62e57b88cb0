/*
 * The attestation responder of every image: /attest of ramdisk 0, which PID 1 starts with what
 * attests as descriptor 3: the security module of an enclave, or a realm's folder of reports.
 * Listens on vsock port 5000, then gives up every system call but those that serving takes. Never
 * reads an argument or its environment, nor any file but the two in that folder.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <linux/vm_sockets.h>

#include "confine.h"
#include "respond.h"
#include "tsm.h"

enum { MODULE = 3, PORT = 5000, REALM_CALLS = 2 };

static int fail(const char *what)
{
	dprintf(1, "attest: %s: %s\n", what, strerror(errno));
	return 1;
}

static int listen_vsock(void)
{
	const struct sockaddr_vm here = {
		.svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_ANY, .svm_port = PORT};
	int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || bind(fd, (const struct sockaddr *)&here, sizeof(here)) ||
	    listen(fd, RESPOND_CLIENTS_MAX))
		return -1;
	return fd;
}

int main(void)
{
	/*
	 * poll() is one or the other, by architecture; dprintf() takes the two for writing. The
	 * last two are for the files of a folder, which have to be opened anew for each token.
	 */
	static const unsigned int calls[] = {
#ifdef SYS_poll
		SYS_poll,
#endif
		SYS_ppoll, SYS_accept4, SYS_recvfrom,	   SYS_sendto, SYS_close, SYS_ioctl,
		SYS_write, SYS_writev,	SYS_clock_gettime, SYS_openat, SYS_read};
	static struct responder responder;
	size_t count = sizeof(calls) / sizeof(calls[0]);
	struct stat st;
	int listener;

	if (fcntl(MODULE, F_SETFD, FD_CLOEXEC) || fstat(MODULE, &st))
		return fail("descriptor 3, what attests");
	listener = listen_vsock();
	if (listener < 0)
		return fail("listen on vsock port 5000");
	respond_begin(&responder, listener, MODULE);
	if (S_ISDIR(st.st_mode))
		responder.ask = tsm_ask;
	else
		count -= REALM_CALLS;
	if (confine(calls, count))
		return fail("give up system calls");
	dprintf(1, "attest: ready on vsock port %d\n", PORT);
	for (;;)
		respond(&responder, -1);
}
