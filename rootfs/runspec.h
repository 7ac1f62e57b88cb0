/*
 * The run specification: what init starts, as whom, where and with what, made of the image's
 * config and the recipe's records. Names are resolved inside the tree, so that init meets numbers
 * only. Internal to the rootfs room; docs/rootfs.md has the rules.
 */
#ifndef MINTMARK_ROOTFS_RUNSPEC_H
#define MINTMARK_ROOTFS_RUNSPEC_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "tree.h"

enum {
	RUNSPEC_SIZE_MAX = 128 * 1024, /* bytes of the file; init reads no more */
	RUNSPEC_STRINGS_MAX = 1024,    /* records of one key; likewise */
	RUNSPEC_PROCESSES_MAX = 9,     /* the application and eight helpers */
	RUNSPEC_HELPER_MAX = 31,       /* bytes of a helper's name */
	RUNSPEC_GRACE_MAX = 3600,      /* seconds */
	RUNSPEC_RULES_MAX = 256,       /* for forwarding, as init/ports/forward.h has it */
	SIGNAL_MAX = 64,	       /* Linux's last, on every architecture that we build for */
};

/* What the recipe says about one process. A text that it does not give is NULL. */
struct process_records {
	char *head; /* of a helper: NAME:POLICY */
	struct strings args;
	struct strings env;
	char *user;
	char *group;
	char *workdir;
	struct strings settings; /* records as init has them */
};

/* What the recipe says. */
struct run_records {
	char *name;
	char *stop_signal;
	struct strings volumes;
	struct strings ports;
	struct strings settings;
	size_t count; /* of processes beyond the application */
	struct process_records processes[RUNSPEC_PROCESSES_MAX]; /* the application first */
};

/* Whether a machine can be called so: 1 to 64 of a-z A-Z 0-9 . - _ */
bool run_is_hostname(const char *text);

/* What two settings of the image say together: RUN-SETTING when /ports could not do it. */
int settings_check(const struct strings *settings, struct err *err);

/*
 * Takes a record about limits, filters or the machine and adds what init reads instead to one of
 * the lists; image is NULL where only a process is spoken of. Returns 1, 0 for a record of another
 * kind, or -1: RUN-SETTING.
 */
int setting_add(struct strings *image, struct strings *process, const char *record,
		struct err *err);

/*
 * Reads NUL-terminated key=value records into zeroed records, which are to be cleared also after a
 * failure. RUN-RECORD names the byte.
 */
int run_records_parse(struct run_records *records, const char *data, size_t size, struct err *err);
void run_records_clear(struct run_records *records);

/* The ids above are those of init's services, and chown()'s "leave it alone". */
#define RUNSPEC_ID_MAX (UINT32_MAX - 3)

struct account {
	uint32_t uid;
	uint32_t gid;
	uint32_t *groups; /* with gid first, none twice; owned; none at all for root without any */
	size_t group_count;
	char *home; /* as the passwd file says, or "/"; owned */
};

/*
 * Who "user", "uid", "user:group", "uid:gid" or a mixture is, by etc/passwd and etc/group of the
 * tree; "" is root. RUN-USER for a name that they do not know, numbers out of range, and files that
 * are too large or no files.
 */
int account_find(struct account *account, struct node *base, const char *user, struct err *err);
void account_clear(struct account *account);

/* Digits of a base up to 10 and nothing else, up to size bytes of text, at most a number. */
bool run_number(const char *text, size_t size, unsigned int base, uint64_t most, uint64_t *number);

/* Whether NAME:SOFT:HARD is a limit that init takes, and none of the settings is of its name. */
bool run_limit_is(const struct strings *settings, const char *value);

struct process {
	char *head; /* of a helper: NAME:POLICY */
	struct strings env;
	struct strings args;
	struct account account;
	char *workdir;		 /* absolute and plain; NULL: the root */
	struct strings settings; /* further records, as init has them */
};

struct runspec {
	char *name;	 /* NULL unless the recipe gave one */
	int stop_signal; /* 0: the image and the recipe name none */
	struct strings volumes;
	struct strings ports;
	struct strings settings;
	bool names_digest;				 /* of the tree, in the finished archive */
	size_t count;					 /* of processes beyond the application */
	struct process processes[RUNSPEC_PROCESSES_MAX]; /* the application first */
};

/* 0 with *number set for "TERM", "SIGTERM", "15", "RTMIN+3", in either case; else -1. */
int signal_number(const char *text, int *number);

/*
 * An absolute path without empty, "." and ".." components, the last taken as words: "/a/../b" is
 * "/b". Owned by the caller; NULL with the error called name when it is relative.
 */
char *plain_absolute(const char *path, const char *name, struct err *err);

/* Makes a zeroed runspec of both; to be cleared also after a failure. RUN-*. */
int runspec_make(struct runspec *spec, struct node *base, const struct image_config *config,
		 const struct run_records *records, struct err *err);
void runspec_clear(struct runspec *spec);

/*
 * The bytes of the file: what init acts upon and, from the tree, extended attributes. Owned by the
 * caller. RUN-COMMAND without a command, RUN-NAME without a name, RUN-SIZE beyond init's bounds.
 */
int runspec_encode(const struct runspec *spec, struct node *base, char **data, size_t *size,
		   struct err *err);

/*
 * Reads those bytes back into a zeroed runspec, to be cleared also after a failure: RUN-RECORD for
 * what init would refuse. Attributes are left to runspec_apply_xattrs(); ports and a user's home
 * are not among the bytes.
 */
int runspec_decode(struct runspec *spec, const char *data, size_t size, struct err *err);

/* Gives the tree the attributes that the bytes of a run specification name: RUN-XATTR. */
int runspec_apply_xattrs(const char *data, size_t size, struct node *base, struct err *err);

/* The member "RunSpecification" of a description; NULL with ROOTFS-MEMORY. */
json_t *runspec_json(const struct runspec *spec, struct err *err);

#endif
