/*
 * Receives the launch configuration and measures it. Never looks into it, never keeps it in memory,
 * and never takes a second one.
 */
#include "init.h"
#include "sha384.h"

enum { PORT = 9002, ALL_MS = 20000, CHUNK = 4096 };

#define WHERE "the parent's port 9002"

/* What is hashed first, with the final NUL: so the bytes of one can never be those of the other. */
static const unsigned char some[] = "mintmark launch configuration 1";
static const unsigned char none[] = "mintmark no launch configuration 1";

/* The bytes, from the parent to the file and into the hash. */
static int take(const struct parent *parent, int fd, hash_state *hash, struct refusal *why)
{
	unsigned char chunk[CHUNK];
	size_t size;
	size_t n;

	if (parent_receive(parent, chunk, 4))
		return refuse(why, "INIT-CONFIG", WHERE ": receive the length: %m");
	size = (size_t)chunk[0] << 24 | (size_t)chunk[1] << 16 | (size_t)chunk[2] << 8 | chunk[3];
	if (size > CONFIG_SIZE_MAX)
		return refuse(why, "INIT-CONFIG", WHERE ": expected at most %d bytes, found %zu",
			      CONFIG_SIZE_MAX, size);
	console_say("launch configuration: %zu bytes", size);
	for (; size > 0; size -= n) {
		n = size < CHUNK ? size : CHUNK;
		if (parent_receive(parent, chunk, n))
			return refuse(why, "INIT-CONFIG", WHERE ": receive %zu bytes more: %m",
				      size);
		if (write(fd, chunk, n) != (ssize_t)n)
			return refuse(why, "INIT-CONFIG", CONFIG_PATH ": write: %m");
		sha384_process(hash, chunk, n);
	}
	return 0;
}

/* Into a file that only the application's user can read, in a folder that only root can change. */
static int take_config(const struct runspec *spec, hash_state *hash, struct refusal *why)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
	int fd = mkdir("/run/mintmark", 0755) ? -1 : open(CONFIG_PATH, flags, 0400);
	struct parent parent;

	if (fd < 0 || fchown(fd, spec->commands[0].uid, spec->commands[0].gid))
		return refuse(why, "INIT-CONFIG", CONFIG_PATH ": create: %m");
	if (parent_connect(&parent, PORT, ALL_MS, true))
		return refuse(why, "INIT-CONFIG", WHERE ": connect: %m");
	return take(&parent, fd, hash, why) ? -1 : close(parent.fd) + close(fd);
}

int config_measure(const struct runspec *spec, config_extend *extend, int module,
		   struct refusal *why)
{
	unsigned char digest[CONFIG_DIGEST_SIZE];
	hash_state hash;

	sha384_init(&hash);
	sha384_process(&hash, spec->config ? some : none,
		       spec->config ? sizeof(some) : sizeof(none));
	if (spec->config && take_config(spec, &hash, why))
		return -1;
	sha384_done(&hash, digest);
	return extend ? extend(module, digest, why) : 0;
}
