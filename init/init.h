/*
 * The room's public face: everything that one file of PID 1 asks of another, in the order in which
 * a boot comes to it. Functions that can refuse return 0, or -1 with the refusal filled in.
 */
#ifndef MINTMARK_INIT_H
#define MINTMARK_INIT_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

/* refusal.c */
/*
 * Refusals: why the machine must not go on. A function that can refuse takes the refusal as its
 * last argument, leaves it untouched on success, and on failure fills it in and returns -1.
 * Only main.c prints one; printing one always ends the machine.
 */

struct refusal {
	const char *name; /* stable, a string constant, for instance INIT-ROOT */
	char text[640];	  /* what, expected, found; may hold bytes that are not printable */
};

/* Fills in why and returns -1. "%m" stands for what errno says. */
int refuse(struct refusal *why, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* console.c */
/* The console: whole lines, from the very first moment. */

/*
 * Puts /dev/console on descriptors 0, 1 and 2. A machine without a console is no reason to refuse:
 * then /dev/null takes its place, or, before devtmpfs is there, a descriptor that swallows nothing
 * and fails every write. Either way no later open() can land on 0, 1 or 2. May be called again.
 */
void console_open(void);

/*
 * Prints "mintmark: ", the text and a newline in one write. Bytes that are not printable ASCII
 * become '?': the text may quote a command line or names that an adversary chose. Waits at most a
 * second for a console that takes nothing, then drops the line.
 */
void console_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Waits until what was written has left the machine, at most three seconds. */
void console_drain(void);

/* machine.c */
/* The machine around the application: its root, file systems, name, network, and its end. */

/*
 * Reads the regular file at path (the last component may not be a symbolic link) and sets *size.
 * Returns -1 with errno set on failure; EFBIG when the file has room bytes or more, EINVAL when it
 * is not a regular file.
 */
int read_whole_file(const char *path, char *data, size_t room, size_t *size);

/* Mounts proc on the initial root, so that the command line can be read; makes /proc. */
int mounts_early_proc(struct refusal *why);

/* Makes /rootfs the root and the working directory; what was beside it is out of reach. */
int mounts_enter_root(struct refusal *why);

/*
 * Mounts everything in the table, making the mount points that the image lacks, and the links in
 * /dev.
 */
int mounts_all(struct refusal *why);

/*
 * The kernel's settings in /proc cannot be written to any more, and with root neither can the root;
 * the folders of the list, which ends with NULL, stay as they were.
 */
int mounts_seal(bool root, char *const volumes[], struct refusal *why);

/*
 * Makes the folder at an absolute path, and those above it, 0755 and root's, as far as they are
 * missing; links on the way are followed. INIT-FOLDER when there is something else.
 */
int folder_make(const char *path, struct refusal *why);

/*
 * Gives files below the folder root what the records "security.capability:HEX:PATH" say; the list
 * ends with NULL. INIT-XATTR when a record is none, when a path leads through a symbolic link, out
 * of root or to anything but a file, and when the attribute cannot be set.
 */
int attributes_apply(int root, char *const records[], struct refusal *why);

/*
 * Writes hosts, hostname and resolv.conf into the folder root/etc, each where there is nothing of
 * that name, or an empty file. INIT-NETWORK.
 */
int network_files(const char *root, const char *name, struct refusal *why);

/*
 * Names the machine, lets every user listen on every port, and brings lo up, which gives it
 * 127.0.0.1 and ::1. INIT-NETWORK.
 */
int network_up(const char *name, struct refusal *why);

/* Milliseconds that only grow. */
int64_t machine_ms(void);

/* Drains the console, writes back what is dirty and powers off. */
_Noreturn void machine_end(void);

/* cmdcheck.c */
/*
 * The kernel command line, as /proc/cmdline shows it: exactly the one this image was built for.
 *
 * No measurement covers where the kernel ends and the command line begins, or where the command
 * line ends and the first ramdisk begins: whoever starts the machine can move bytes across either
 * boundary and keep every PCR. Moved bytes take words away in front, or stick to the last marker
 * word at the end; both show here.
 */

/* What stands behind the last marker: the hypervisor's words, to be shown and never obeyed. */
struct cmdcheck_rest {
	const char *words; /* points into the line that was checked; not NUL-terminated */
	size_t size;	   /* 0 when there are none */
};

/*
 * Accepts the expected line, then nothing, or a space and anything; one final newline is
 * /proc/cmdline's own. Refuses everything else with INIT-CMDLINE, NUL bytes anywhere included.
 */
int cmdcheck(const char *line, size_t size, const char *expected, struct cmdcheck_rest *rest,
	     struct refusal *why);

/* rootcheck.c */
/*
 * The initial root directory: exactly what the two ramdisks and the kernel's own built-in archive
 * put there, so that an entry which was dropped, added or moved across a section boundary ends the
 * machine instead of changing it.
 */

/* One name that has to be there. */
struct root_rule {
	const char *name;
	mode_t mask; /* the bits of the mode that are compared: S_IFMT, or S_IFMT | 07777 */
	mode_t mode;
	dev_t device; /* of a device node; else 0 */
};

struct root_folder {
	const char *path;
	size_t count;
	const struct root_rule *rules;
};

/* What lstat() says of an entry fits its rule, and its user and group are 0; else INIT-ROOT. */
int rootcheck_entry(const char *folder, const struct root_rule *rule, const struct stat *found,
		    struct refusal *why);

/* Every rule is met by an entry of the folder, and there is no further entry; else INIT-ROOT. */
int rootcheck_folder(const struct root_folder *folder, struct refusal *why);

/* Checks each of the folders of the initial root. */
int rootcheck(struct refusal *why);

/* command.c */
/* Finding and starting a program. */

/* Where a command without '/' is looked for when its environment has no PATH. */
#define COMMAND_DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* The value of the first PATH= in envp, or COMMAND_DEFAULT_PATH. */
const char *command_path(char *const envp[]);

/* The users of /attest and /ports; no other process can be one of them. */
#define COMMAND_ATTEST_ID (UINT32_MAX - 1)
#define COMMAND_PORTS_ID  (UINT32_MAX - 2)

enum restart { RESTART_NEVER, RESTART_ON_FAILURE, RESTART_ALWAYS };

/* What to start, where, as whom and with which means. */
struct command {
	char name[32]; /* for the console */
	enum restart restart;
	int program; /* a descriptor to run; 0: argv says what */
	int module;  /* a descriptor that becomes number 3; 0: none */
	char **argv; /* both end with NULL */
	char **envp;
	const char *workdir; /* NULL: where init is */
	uid_t uid;
	gid_t gid;
	gid_t *groups; /* supplementary ones */
	size_t group_count;
	mode_t umask;
	uint64_t caps;	   /* bounds what root and programs with capabilities get; bit by number */
	bool unconfined;   /* by seccomp.c's list of system calls */
	bool no_new_privs; /* setuid programs and file capabilities do not count */
	bool nsm;	   /* may open /dev/nsm */
	int oom_score;	   /* the kernel's oom_score_adj */
	uint32_t limited;  /* a bit for each of limits that counts, by resource */
	struct rlimit limits[RLIM_NLIMITS];
};

/*
 * Starts the command as the leader of a new session, with no signal blocked. A word with a '/' is
 * taken as it is, another is looked for in the PATH of envp, never in init's own environment. The
 * working folder is entered as init, before the user changes; a user who is not root then owns the
 * console. Returns after the program has really started; INIT-EXEC when it cannot, INIT-FOLDER and
 * INIT-USER when folder or user cannot be had, INIT-START when the system refuses anything else.
 */
int command_start(const struct command *command, pid_t *pid, struct refusal *why);

/*
 * Takes from this process and its children, for good, the system calls in seccomp.c: in the spirit
 * of Docker's default profile, by capability. Returns 0, or -1 with errno set.
 */
int seccomp_confine(uint64_t caps);

/* runspec.c */
/*
 * The run specification, the file /run of the initial root: what to start, and how.
 *
 * The format is ours: records "key=value", each ended by one NUL byte, so that a value may hold
 * every other byte, newlines and '=' included. docs/init.md has the keys. The records before the
 * first "process=" belong to the application and to the image, those behind it to that helper.
 * Unknown keys are fatal: an init that ignored one would start something else than was asked for.
 */

enum {
	RUNSPEC_SIZE_MAX = 128 * 1024, /* bytes of the file; Linux takes as much in one argument */
	RUNSPEC_STRINGS_MAX = 1024,    /* records of one key, of one process */
	RUNSPEC_HELPERS_MAX = 8,
};

/* The strings point into the file's bytes, which have to outlive this; so do the commands here. */
struct runspec {
	char *name;
	char *digest;	/* of the application's tree; NULL: none was given */
	char *hostname; /* NULL: the name */
	char *volumes[RUNSPEC_STRINGS_MAX + 1]; /* ends with NULL, and so do the next two */
	char *xattrs[RUNSPEC_STRINGS_MAX + 1];
	char *ports[RUNSPEC_STRINGS_MAX + 1]; /* rules for /ports */
	int stop_signal;
	int grace;     /* seconds between it and SIGKILL */
	bool readonly; /* the root, but for the volumes */
	bool plain;    /* a machine that attests nothing will do */
	bool attest;   /* /attest is wanted */
	bool config;   /* a launch configuration is awaited */
	size_t count;  /* of commands: the application, then its helpers */
	struct command commands[1 + RUNSPEC_HELPERS_MAX];
	char *argv[1 + RUNSPEC_HELPERS_MAX][RUNSPEC_STRINGS_MAX + 1]; /* what they point to */
	char *envp[1 + RUNSPEC_HELPERS_MAX][RUNSPEC_STRINGS_MAX + 1];
	gid_t groups[1 + RUNSPEC_HELPERS_MAX][RUNSPEC_STRINGS_MAX];
};

/* Fills in spec from size bytes of data. INIT-RUNSPEC names the byte where it fails. */
int runspec_parse(char *data, size_t size, struct runspec *spec, struct refusal *why);

/* config.c */
/*
 * The launch configuration: bytes that the parent may hand over before the application starts, and
 * that are measured, so that a verifier knows which they were, or that there were none.
 */

enum { CONFIG_SIZE_MAX = 1024 * 1024, CONFIG_DIGEST_SIZE = 48 /* SHA-384 */ };

#define CONFIG_PATH "/run/mintmark/config"

/*
 * Makes a digest part of what the machine attests, once and for all: nobody can do so again before
 * it ends. INIT-CONFIG.
 */
typedef int config_extend(int module, const uint8_t digest[CONFIG_DIGEST_SIZE],
			  struct refusal *why);

/*
 * Where the run specification says "config=yes": connects to the parent's port 9002, reads a length of
 * four bytes, most significant first, and as many bytes, and writes these to CONFIG_PATH, for the
 * application's user alone; all within twenty seconds. Then measures them, or that there are none,
 * by extend, which may be NULL, with the given module. INIT-CONFIG.
 */
int config_measure(const struct runspec *spec, config_extend *extend, int module,
		   struct refusal *why);

/* platform.c */
/*
 * What kind of machine this is. Each kind has a file of its own, which says how to recognise it,
 * where its random numbers come from, and how a value becomes part of its measurements.
 */

struct platform {
	const char *name;
	const char *device; /* only such a machine has it */
	/*
	 * Returns after the kernel has random numbers that nobody outside chose, with the
	 * descriptor that /attest asks, or 0 where there is nothing to ask. INIT-ENTROPY.
	 */
	int (*open)(struct refusal *why);
	config_extend *extend; /* its module is what open() returned; NULL: nothing is attested */
	/*
	 * Gives what attests to that command's user, or to nobody for NULL, beside /attest; not
	 * called where there is nothing. Returns 0, or -1 with errno set.
	 */
	int (*give)(const struct command *owner);
};

extern const struct platform platform_nitro, platform_cca, platform_plain;

/*
 * The kind of this machine; NULL with INIT-PLATFORM for one that attests nothing, unless that will
 * do.
 */
const struct platform *platform_find(bool plain_will_do, struct refusal *why);

/* Mixes bytes into the kernel's random numbers, and counts each of their bits. INIT-ENTROPY. */
int platform_credit(const void *bytes, size_t size, struct refusal *why);

/* Waits until getrandom() answers, at most ten seconds. INIT-ENTROPY. */
int platform_await_random(struct refusal *why);

/* supervise.c */
/* What PID 1 does while the application and its helpers run. */

enum { SUPERVISE_MAX = 16 };

/* How a command ended. */
struct ending {
	bool by_signal;
	int number; /* of the signal, or the exit status */
};

/*
 * What the application gets when init gets a signal: mostly the same, 0 for nothing. SIGTERM asks
 * for the end, and becomes the signal that the application takes for that.
 */
int supervise_hands_on(int signal, int stop_signal);

/*
 * How many milliseconds to wait before a command that ended so is started again, when it was so
 * many the last time (0: it was never) and it ran for so long; 0 when it is not started again.
 */
int64_t supervise_wait(enum restart restart, const struct ending *end, int64_t last_ms,
		       int64_t ran_ms);

/*
 * Starts the commands in their order, the last of which is the application. Reaps whatever ends,
 * starts again what has to run, and forwards signals, until the application has ended; then asks
 * what is left to end, and kills it after grace seconds. At most SUPERVISE_MAX commands. The
 * refusals of command_start(), INIT-START.
 */
int supervise(const struct command *const commands[], size_t count, int stop_signal, int grace,
	      struct ending *end, struct refusal *why);

/* parent.c */
/*
 * Connections to the parent instance, which is CID 3: the only way out of an enclave. All that
 * comes back over one is an adversary's.
 */

struct parent {
	int fd;
	int64_t deadline; /* milliseconds of CLOCK_MONOTONIC: nothing below waits for longer */
};

/*
 * Connects to a port, and sets the deadline for this and everything after it; until then it tries
 * again after a failure, if it shall. Returns 0, or -1 with errno set and nothing to close.
 */
int parent_connect(struct parent *parent, unsigned int port, int milliseconds, bool again);

/* Receives exactly size bytes. Returns 0, or -1 with errno set: ENODATA at the connection's end. */
int parent_receive(const struct parent *parent, void *data, size_t size);

/*
 * The word that the enclave is up: writes 0xB7 to port 9000 and reads 0xB7 back, within ten
 * seconds, in which it tries again and again to connect. INIT-HEARTBEAT when there is no answer, or
 * another, which is final. Protocol: init/init.c of aws-nitro-enclaves-sdk-bootstrap.
 */
int heartbeat(struct refusal *why);

/* report.c */
/* The last word: how the application ended. */

/*
 * Says "exit status N" or "killed by signal N" as one line to the parent's port 9001, then on the console.
 * Tries once and takes at most three seconds: a parent that does not listen changes nothing.
 */
void report_end(const struct ending *end);

#endif
