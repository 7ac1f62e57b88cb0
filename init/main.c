/*
 * PID 1 of an enclave: makes sure that the machine is the one that was measured, gives the
 * application its file systems, starts it, and ends the machine when it ends or when anything is
 * not as it should be. Never takes an instruction from the command line, from its arguments or
 * from its environment, and never returns from main().
 */
#include <sys/utsname.h>

#include "cmdline.h"
#include "init.h"

/* Twice x86's and arm64's COMMAND_LINE_SIZE. */
enum { CMDLINE_SIZE_MAX = 4096 };

/*
 * Files as containers have them: few by default, because programs of old cannot count further, and
 * room for those that ask for more. Services are the last to be killed.
 */
enum { FILES_SOFT = 1024, FILES_HARD = 524288, SERVICE_SCORE = -999 };

static int check_cmdline(struct refusal *why)
{
	char line[CMDLINE_SIZE_MAX];
	struct cmdcheck_rest rest;
	size_t size;

	if (read_whole_file("/proc/cmdline", line, sizeof(line), &size))
		return refuse(why, "INIT-CMDLINE", "/proc/cmdline: %m");
	if (cmdcheck(line, size, CMDLINE_EXPECTED, &rest, why))
		return -1;
	if (rest.size > 0)
		console_say("ignored, from the hypervisor: %.*s", (int)rest.size, rest.words);
	return 0;
}

static int read_runspec(struct runspec *spec, struct refusal *why)
{
	static char data[RUNSPEC_SIZE_MAX + 1];
	size_t size;

	if (read_whole_file("/run", data, sizeof(data), &size))
		return refuse(why, "INIT-RUNSPEC",
			      "/run: expected a regular file of at most %d bytes, found: %m",
			      RUNSPEC_SIZE_MAX);
	return runspec_parse(data, size, spec, why);
}

/*
 * What attests belongs to one user, whom the image names, or to nobody. A process of that user's,
 * or of root's, could open it anyway, so that each of these has to be named.
 */
static int give_module(const struct runspec *spec, const struct platform *platform,
		       struct refusal *why)
{
	const struct command *owner = NULL;

	for (size_t i = 0; i < spec->count; i++)
		if (spec->commands[i].nsm)
			owner = &spec->commands[i];
	for (size_t i = 0; owner && i < spec->count; i++) {
		const struct command *c = &spec->commands[i];

		if (c->nsm ? c->uid != owner->uid : c->uid == owner->uid || c->uid == 0)
			return refuse(why, "INIT-RUNSPEC",
				      "/run: nsm=yes: expected one user, and nobody else of it or "
				      "root, found %s",
				      c->name);
	}
	if (platform->give(owner))
		return refuse(why, "INIT-PLATFORM", "what attests: give or take it away: %m");
	return 0;
}

static int make_folders(const struct runspec *spec, struct refusal *why)
{
	for (size_t i = 0; spec->volumes[i]; i++)
		if (folder_make(spec->volumes[i], why))
			return -1;
	for (size_t i = 0; i < spec->count; i++)
		if (spec->commands[i].workdir && folder_make(spec->commands[i].workdir, why))
			return -1;
	return mounts_seal(spec->readonly, spec->volumes, why);
}

/* Returns the descriptor that /attest asks, 0 where there is nothing to ask, or -1. */
static int prepare(const struct runspec *spec, struct refusal *why)
{
	const struct rlimit files = {.rlim_cur = FILES_SOFT, .rlim_max = FILES_HARD};
	const char *hostname = spec->hostname ? spec->hostname : spec->name;
	const struct platform *platform;
	struct utsname kernel;
	int module;

	/* Attributes while nothing is mounted on the tree, so that every file can be reached. */
	if (mounts_enter_root(why) || attributes_apply(AT_FDCWD, spec->xattrs, why) ||
	    mounts_all(why))
		return -1;
	console_open();
	/* Every user may open what is standard output anyway; it has one owner for many users. */
	if (uname(&kernel) || setrlimit(RLIMIT_NOFILE, &files) || chmod("/dev/console", 0666))
		return refuse(why, "INIT-START", "the kernel's name, limits and the console: %m");
	platform = platform_find(spec->plain, why);
	console_say("%.200s, tree %.64s, Linux %s, %s", spec->name,
		    spec->digest ? spec->digest : "not named", kernel.release,
		    platform ? platform->name : "no platform");
	module = platform ? platform->open(why) : -1;
	if (module < 0 || network_up(hostname, why) || network_files("", hostname, why) ||
	    heartbeat(why) || config_measure(spec, platform->extend, module, why) ||
	    make_folders(spec, why) || (module && give_module(spec, platform, why)))
		return -1;
	return module;
}

/* A program of ramdisk 0, which is never to end, has no rights and is the last to be killed. */
static struct command service(char *argv[], int program, int module, uid_t id)
{
	static char *envp[] = {NULL};
	struct command command = {.restart = RESTART_ALWAYS,
				  .program = program,
				  .unconfined = true,
				  .no_new_privs = true,
				  .module = module,
				  .argv = argv,
				  .envp = envp,
				  .uid = id,
				  .gid = id,
				  .oom_score = SERVICE_SCORE};

	snprintf(command.name, sizeof(command.name), "%s", argv[0]);
	return command;
}

static int run(const struct runspec *spec, const int programs[2], int module, struct ending *end,
	       struct refusal *why)
{
	static char names[2][8] = {"attest", "ports"};
	char *attest_argv[] = {names[0], NULL};
	char *ports_argv[RUNSPEC_STRINGS_MAX + 2] = {names[1]};
	const struct command attest = service(attest_argv, programs[0], module, COMMAND_ATTEST_ID);
	const struct command ports = service(ports_argv, programs[1], 0, COMMAND_PORTS_ID);
	const struct command *commands[SUPERVISE_MAX];
	size_t count = 0;

	memcpy((void *)(ports_argv + 1), (const void *)spec->ports, sizeof(spec->ports));
	if (spec->attest && module)
		commands[count++] = &attest;
	if (spec->ports[0])
		commands[count++] = &ports;
	for (size_t i = 1; i < spec->count; i++)
		commands[count++] = &spec->commands[i];
	commands[count++] = &spec->commands[0];
	return supervise(commands, count, spec->stop_signal, spec->grace, end, why);
}

int main(void)
{
	static struct runspec spec;
	struct refusal why = {.name = "INIT-START"};
	struct ending end;
	int programs[2];
	int module = -1;

	/* By hand, on a machine that is somebody's, this would mount and restart things. */
	if (getpid() != 1)
		_exit(2);
	umask(022);
	console_open();
	/* Everything that is checked and read while the initial root is still the root. */
	if (!mounts_early_proc(&why) && !check_cmdline(&why) && !rootcheck(&why) &&
	    !read_runspec(&spec, &why)) {
		/* Out of reach for everybody else once the root has changed. */
		programs[0] = open("/attest", O_PATH | O_CLOEXEC);
		programs[1] = open("/ports", O_PATH | O_CLOEXEC);
		module = prepare(&spec, &why);
	}
	if (module < 0 || run(&spec, programs, module, &end, &why))
		console_say("refused: %s: %s", why.name, why.text);
	else
		report_end(&end);
	machine_end();
}
