/*
 * Receives the launch configuration and measures it. Never looks into it, never keeps it in memory,
 * and never takes a second one.
 */
#include "init.h"
#include "nsm.h"
#include "sha384.h"

enum { PORT = 9002, ALL_MS = 20000, CHUNK = 4096 };

#define WHERE "CID 3 port 9002"

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

/* A file that only the application's user can read, in a folder that only root can change. */
static int create(const struct runspec *spec)
{
	int fd;

	if (mkdir("/run/mintmark", 0755))
		return -1;
	fd = open(CONFIG_PATH, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
	if (fd < 0 || fchown(fd, spec->commands[0].uid, spec->commands[0].gid) == 0)
		return fd;
	close(fd);
	return -1;
}

static int take_config(const struct runspec *spec, hash_state *hash, struct refusal *why)
{
	struct parent parent;
	int fd = create(spec);
	int result;

	if (fd < 0)
		return refuse(why, "INIT-CONFIG", CONFIG_PATH ": create: %m");
	if (parent_connect(&parent, PORT, ALL_MS, true))
		return refuse(why, "INIT-CONFIG", WHERE ": connect: %m");
	result = take(&parent, fd, hash, why);
	close(parent.fd);
	close(fd);
	return result;
}

int config_extend_pcr(int module, const uint8_t digest[CONFIG_DIGEST_SIZE], struct refusal *why)
{
	const struct nsm_request extend = {.command = NSM_EXTEND_PCR,
					   .index = CONFIG_PCR,
					   .fields = {{digest, CONFIG_DIGEST_SIZE}}};
	const struct nsm_request lock = {.command = NSM_LOCK_PCR, .index = CONFIG_PCR};
	uint8_t response[NSM_RESPONSE_MAX];
	struct nsm_bytes answer;

	if (nsm_ask(module, &extend, response, &answer) ||
	    nsm_ask(module, &lock, response, &answer))
		return refuse(why, "INIT-CONFIG", "extend and lock PCR%d: %m", CONFIG_PCR);
	return 0;
}

int config_measure(const struct runspec *spec, config_extend *extend, int module,
		   struct refusal *why)
{
	unsigned char digest[CONFIG_DIGEST_SIZE];
	hash_state hash;

	sha384_init(&hash);
	if (spec->config)
		sha384_process(&hash, some, sizeof(some));
	else
		sha384_process(&hash, none, sizeof(none));
	if (spec->config && take_config(spec, &hash, why))
		return -1;
	sha384_done(&hash, digest);
	return extend(module, digest, why);
}
