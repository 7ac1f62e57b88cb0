/*
 * PID 1 of an enclave: makes sure that the machine is the one that was measured, gives the
 * application its file systems, starts it, and ends the machine when it ends or when anything is
 * not as it should be. Never takes an instruction from the command line, from its arguments or
 * from its environment, and never returns from main().
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "attributes.h"
#include "cmdcheck.h"
#include "cmdline.h"
#include "command.h"
#include "console.h"
#include "folders.h"
#include "loopback.h"
#include "machine.h"
#include "mounts.h"
#include "newroot.h"
#include "parent.h"
#include "readfile.h"
#include "rootcheck.h"
#include "runspec.h"
#include "supervise.h"

/* Twice x86's and arm64's COMMAND_LINE_SIZE. */
enum { CMDLINE_SIZE_MAX = 4096 };

static int check_cmdline(struct refusal *why)
{
	char line[CMDLINE_SIZE_MAX];
	struct cmdcheck_rest rest;
	size_t size;

	if (read_whole_file("/proc/cmdline", line, sizeof(line), &size))
		return refuse_errno(why, "INIT-CMDLINE",
				    "/proc/cmdline: expected at most %d bytes, found",
				    CMDLINE_SIZE_MAX);
	if (cmdcheck(line, size, CMDLINE_EXPECTED, &rest, why))
		return -1;
	if (rest.size > 0)
		console_say("ignored, from the hypervisor: %.*s", (int)rest.size, rest.words);
	return 0;
}

static int read_runspec(struct runspec *spec, struct refusal *why)
{
	static char data[RUNSPEC_SIZE_MAX];
	size_t size;

	if (read_whole_file("/run", data, sizeof(data), &size))
		return refuse_errno(why, "INIT-RUNSPEC",
				    "/run: expected a regular file of at most %d bytes, found",
				    RUNSPEC_SIZE_MAX);
	return runspec_parse(data, size, spec, why);
}

/* Everything that is checked and read while the initial root is still the root. */
static int inspect(struct runspec *spec, struct refusal *why)
{
	if (mounts_early_proc(why) || check_cmdline(why) || rootcheck(why) ||
	    read_runspec(spec, why))
		return -1;
	return mounts_drop_early_proc(why);
}

/* While nothing is mounted on the tree, so that every file that was measured can be reached. */
static int apply_attributes(const struct runspec *spec, struct refusal *why)
{
	int root;
	int result;

	if (!spec->xattrs[0])
		return 0;
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return refuse_errno(why, "INIT-XATTR", "/: open");
	result = attributes_apply(root, spec->xattrs, why);
	close(root);
	return result;
}

static int make_folders(const struct runspec *spec, struct refusal *why)
{
	for (size_t i = 0; spec->volumes[i]; i++)
		if (folder_make(spec->volumes[i], why))
			return -1;
	return spec->workdir ? folder_make(spec->workdir, why) : 0;
}

static int prepare(const struct runspec *spec, struct refusal *why)
{
	if (newroot_enter(why) || apply_attributes(spec, why) || mounts_all(why))
		return -1;
	console_open();
	if (make_folders(spec, why) || heartbeat(why))
		return -1;
	return loopback_up(why);
}

static int run(const struct runspec *spec, struct ending *end, struct refusal *why)
{
	const struct command command = {
		.argv = spec->argv,
		.envp = spec->envp,
		.workdir = spec->workdir,
		.uid = spec->uid,
		.gid = spec->gid,
		.groups = spec->groups,
		.group_count = spec->group_count,
	};
	struct utsname kernel;
	int signals;
	pid_t pid;

	if (uname(&kernel))
		return refuse_errno(why, "INIT-START", "uname");
	console_say("%.200s, Linux %s", spec->name, kernel.release);
	signals = supervise_signals(why);
	if (signals < 0 || command_start(&command, &pid, why))
		return -1;
	return supervise(pid, spec->stop_signal, signals, end, why);
}

int main(void)
{
	static struct runspec spec;
	struct refusal why;
	struct ending end;

	/* By hand, on a machine that is somebody's, this would mount and restart things. */
	if (getpid() != 1)
		_exit(2);
	umask(022);
	console_open();
	if (inspect(&spec, &why) || prepare(&spec, &why) || run(&spec, &end, &why))
		console_say("refused: %s: %s", why.name, why.text);
	else if (end.by_signal)
		console_say("killed by signal %d", end.number);
	else
		console_say("exit status %d", end.number);
	machine_end();
}
