/* Finding and starting the application's command. */
#ifndef MINTMARK_COMMAND_H
#define MINTMARK_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "refusal.h"

/* Where a command without '/' is looked for when its environment has no PATH. */
#define COMMAND_DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* The value of the first PATH= in envp, or COMMAND_DEFAULT_PATH. */
const char *command_path(char *const envp[]);

/*
 * Takes one folder off the list *dirs, advances *dirs behind it and writes "FOLDER/WORD" to path.
 * An empty folder, or a result that does not fit into room bytes, gives an empty path: it means
 * "nowhere", not "here". Returns false when the list, set to NULL by the last call, is used up.
 */
bool command_candidate(const char **dirs, const char *word, char *path, size_t room);

/* What to start, where and as whom. */
struct command {
	char *const *argv; /* both end with NULL */
	char *const *envp;
	const char *workdir; /* NULL: where init is */
	uid_t uid;
	gid_t gid;
	const gid_t *groups; /* supplementary ones */
	size_t group_count;
};

/*
 * Starts the command as the leader of a new session, with no signal blocked. A word with a '/' is
 * taken as it is, another is looked for in the PATH of envp, never in init's own environment. The
 * working folder is entered as init, before the user changes; a user who is not root then owns the
 * console. Returns after the program has really started; INIT-EXEC when it cannot, INIT-FOLDER and
 * INIT-USER when folder or user cannot be had, INIT-START when the system gives no process.
 */
int command_start(const struct command *command, pid_t *pid, struct refusal *why);

#endif
