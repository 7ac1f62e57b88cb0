/*
 * Unit tests of what init decides without a machine: command line, initial root, run
 * specification, attributes and folders, finding the command, the NSM codec, and a realm and an
 * enclave with files in the place of their devices. Never runs supervise(), which ends every
 * process it may end. Buffers are allocated to the byte, so that a sanitizer sees an over-read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <termios.h>
#include <unistd.h>

#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/nsm.h>
#include <linux/random.h>
#include <linux/seccomp.h>
#include <linux/vm_sockets.h>

#include "init.h"
#include "nsm.h"
#include "sha384.h"
#include "tsm.h"

/* A copy without a byte to spare. */
static void *copy(const void *data, size_t size)
{
	void *p = malloc(size ? size : 1);

	assert_non_null(p);
	if (size)
		memcpy(p, data, size);
	return p;
}

/* Root, and not that of a namespace that knows one user only. */
static bool can_change_user(void)
{
	unsigned int inside = 0;
	unsigned int outside = 0;
	unsigned int count = 0;
	FILE *map = fopen("/proc/self/uid_map", "re");

	assert_non_null(map);
	assert_int_equal(fscanf(map, "%u %u %u", &inside, &outside, &count), 3);
	fclose(map);
	return geteuid() == 0 && inside == 0 && count > 5000;
}

/* The command line */

static const char expected[] = "console=ttyS0 panic=1 mintmark.begin=t mintmark.end=t";

static int check(const char *line, size_t size, struct cmdcheck_rest *rest, struct refusal *why)
{
	char *exact = copy(line, size);
	int result;

	why->name = NULL;
	result = cmdcheck(exact, size, expected, rest, why);
	/* The words are looked at by the caller: give them back in memory that stays. */
	if (result == 0)
		rest->words = line + (rest->words - exact);
	else
		assert_string_equal(why->name, "INIT-CMDLINE");
	free(exact);
	return result;
}

static void accepts(const char *line, const char *words)
{
	struct cmdcheck_rest rest;
	struct refusal why;

	assert_int_equal(check(line, strlen(line), &rest, &why), 0);
	assert_null(why.name);
	assert_int_equal(rest.size, strlen(words));
	assert_memory_equal(rest.words, words, rest.size);
}

static void refuses(const char *line, size_t size)
{
	struct cmdcheck_rest rest;
	struct refusal why;

	assert_int_equal(check(line, size, &rest, &why), -1);
}

#define refuses_text(line) refuses(line, sizeof(line) - 1)

static void test_cmdline_accepted(void **state)
{
	(void)state;
	accepts("console=ttyS0 panic=1 mintmark.begin=t mintmark.end=t", "");
	accepts("console=ttyS0 panic=1 mintmark.begin=t mintmark.end=t\n", "");
	accepts("console=ttyS0 panic=1 mintmark.begin=t mintmark.end=t \n", "");
	accepts("console=ttyS0 panic=1 mintmark.begin=t mintmark.end=t "
		"virtio_mmio.device=4K@0x1:5\n",
		"virtio_mmio.device=4K@0x1:5");
	accepts("console=ttyS0 panic=1 mintmark.begin=t mintmark.end=t  a\xff mintmark.end=t x\n",
		" a\xff mintmark.end=t x");
}

static void test_cmdline_refused(void **state)
{
	(void)state;
	refuses_text("");
	refuses_text("\n");
	refuses_text("panic=1 mintmark.begin=t mintmark.end=t\n");
	refuses_text("mintmark.begin=t mintmark.end=t\n");
	refuses_text(" console=ttyS0 panic=1 mintmark.begin=t mintmark.end=t\n");
	refuses_text("console=ttyS0 panic=1  mintmark.begin=t mintmark.end=t\n");
	refuses_text("console=ttyS0 panic=1 x mintmark.begin=t mintmark.end=t\n");
	refuses_text("console=ttyS0 panic=1 mintmark.begin=t x mintmark.end=t\n");
	refuses_text("console=ttyS0 panic=1 mintmark.begin=t\n");
	/* A first archive entry, moved behind the last marker. */
	refuses_text("console=ttyS0 panic=1 mintmark.begin=t mintmark.end=t07070100000000\n");
	refuses_text("console=ttyS0 panic=1 mintmark.begin=t mintmark.end=t\t\n");
	refuses_text("console=ttyS0 panic=1 mintmark.begin=t mintmark.end=t\nx");
	refuses_text("console=ttyS0 panic=1 mintmark.begin=t mintmark.end=t\n\n");
}

static void test_cmdline_nul(void **state)
{
	(void)state;
	refuses_text("\0console=ttyS0 panic=1 mintmark.begin=t mintmark.end=t\n");
	refuses_text("console=ttyS0 panic=1 mintmark.begin=t mintmark.end=t\0\n");
	refuses_text("console=ttyS0 panic=1 mintmark.begin=t mintmark.end=t\0");
	refuses_text("console=ttyS0 panic=1 mintmark.begin=t mintmark.end=t a\0b\n");
	refuses_text("console=ttyS0\0panic=1 mintmark.begin=t mintmark.end=t\n");
}

/* No shorter line, no line without its first bytes, and no line with one other byte passes. */
static void test_cmdline_every_byte(void **state)
{
	char line[sizeof(expected)];
	size_t size = strlen(expected);

	(void)state;
	for (size_t cut = 1; cut <= size; cut++) {
		refuses(expected, size - cut);
		refuses(expected + cut, size - cut);
	}
	for (size_t at = 0; at < size; at++)
		for (int byte = 0; byte < 256; byte++) {
			memcpy(line, expected, sizeof(line));
			if (line[at] == (char)byte)
				continue;
			line[at] = (char)byte;
			refuses(line, size);
		}
}

static void test_cmdline_says_where(void **state)
{
	static const char line[] = "console=ttyS0 panic=0 mintmark.begin=t mintmark.end=t\n";
	struct cmdcheck_rest rest;
	struct refusal why;

	(void)state;
	assert_int_equal(check(line, sizeof(line) - 1, &rest, &why), -1);
	assert_non_null(strstr(why.text, "byte 20"));
	assert_non_null(strstr(why.text, "expected \"1 mintmark.begin=t"));
	assert_non_null(strstr(why.text, "found \"0 mintmark.begin=t"));
}

/* The initial root */

static const struct root_rule rules[] = {
	{"init", S_IFMT | 07777, S_IFREG | 0755, 0},
	{"run", S_IFMT, S_IFREG, 0},
	{"dev", S_IFMT | 07777, S_IFDIR | 0755, 0},
	{"console", S_IFMT | 07777, S_IFCHR | 0600, 0x501},
};

static int entry(size_t rule, mode_t mode, uid_t uid, gid_t gid, dev_t device)
{
	const struct stat found = {
		.st_mode = mode, .st_uid = uid, .st_gid = gid, .st_rdev = device};
	struct refusal why = {.name = NULL};
	int result = rootcheck_entry("/", &rules[rule], &found, &why);

	if (result)
		assert_string_equal(why.name, "INIT-ROOT");
	return result;
}

static void test_root_altered(void **state)
{
	(void)state;
	assert_int_equal(entry(0, S_IFREG | 0755, 0, 0, 0), 0);
	assert_int_equal(entry(1, S_IFREG | 0123, 0, 0, 0), 0);
	assert_int_equal(entry(2, S_IFDIR | 0755, 0, 0, 0), 0);
	assert_int_equal(entry(3, S_IFCHR | 0600, 0, 0, makedev(5, 1)), 0);
	assert_int_equal(entry(0, S_IFREG | 0644, 0, 0, 0), -1);
	assert_int_equal(entry(0, S_IFREG | 04755, 0, 0, 0), -1);
	assert_int_equal(entry(0, S_IFLNK | 0755, 0, 0, 0), -1);
	assert_int_equal(entry(0, S_IFREG | 0755, 1, 0, 0), -1);
	assert_int_equal(entry(0, S_IFREG | 0755, 0, 1, 0), -1);
	assert_int_equal(entry(1, S_IFDIR | 0755, 0, 0, 0), -1);
	assert_int_equal(entry(1, S_IFIFO | 0644, 0, 0, 0), -1);
	assert_int_equal(entry(1, S_IFREG | 0644, 1000, 0, 0), -1);
	assert_int_equal(entry(2, S_IFDIR | 0777, 0, 0, 0), -1);
	assert_int_equal(entry(3, S_IFCHR | 0600, 0, 0, makedev(1, 3)), -1);
	assert_int_equal(entry(3, S_IFCHR | 0600, 0, 0, makedev(5, 0x101)), -1);
}

static void touch(const char *folder, const char *name, mode_t mode)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void remove_from(const char *folder, const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(unlink(path), 0);
}

static char *new_folder(char *template)
{
	assert_non_null(mkdtemp(template));
	return template;
}

static int check_folder(const char *path, size_t count, const char *found)
{
	static const struct root_rule two[] = {{"one", S_IFMT, S_IFREG, 0},
					       {"two", S_IFMT | 07777, S_IFREG | 0640, 0}};
	const struct root_folder folder = {path, count, two};
	struct refusal why = {.name = NULL};
	int result = rootcheck_folder(&folder, &why);

	if (result)
		assert_string_equal(why.name, "INIT-ROOT");
	if (result && !strstr(why.text, found))
		fail_msg("expected \"%s\" in \"%s\"", found, why.text);
	return result;
}

/* Exactly the entries of the list: each is missed, and each further one found. */
static void test_root_read(void **state)
{
	static const char *const strangers[] = {"On", "onet", "TRAILER!!!", "...", ".hidden"};
	char template[] = "/tmp/init-root-XXXXXX";
	char *folder = new_folder(template);
	char name[256];

	(void)state;
	assert_int_equal(check_folder(folder, 0, ""), 0);
	assert_int_equal(check_folder(folder, 2, "\"one\""), -1);
	touch(folder, "two", 0640);
	assert_int_equal(check_folder(folder, 2, "\"one\", found: No such file"), -1);
	remove_from(folder, "two");
	assert_int_equal(rmdir(folder), 0);
	assert_int_equal(check_folder(folder, 0, "No such file"), -1);
	if (geteuid() != 0) {
		print_message("skipped: further entries, for want of files of root's\n");
		skip();
	}
	assert_int_equal(mkdirat(AT_FDCWD, folder, 0700), 0);
	touch(folder, "two", 0640);
	touch(folder, "one", 0600);
	assert_int_equal(check_folder(folder, 2, ""), 0);
	assert_int_equal(check_folder(folder, 1, "expected 1 entries, found one more, \"two\""),
			 -1);
	for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++) {
		touch(folder, strangers[i], 0600);
		assert_int_equal(check_folder(folder, 2, strangers[i]), -1);
		remove_from(folder, strangers[i]);
	}
	memset(name, 'x', 255);
	name[255] = '\0';
	touch(folder, name, 0600);
	assert_int_equal(check_folder(folder, 2, "xxxxxx"), -1);
	remove_from(folder, name);
	assert_int_equal(check_folder(folder, 2, ""), 0);
	remove_from(folder, "one");
	remove_from(folder, "two");
	assert_int_equal(rmdir(folder), 0);
}

/* The run specification */

static void test_runspec_accepted(void **state)
{
	static const char file[] = "name=hello\0arg=/bin/hello\0arg=\0env=PATH=/bin\0"
				   "arg=two\nlines=\t\xff\x01\0env=\0env=A==b";
	char *data = copy(file, sizeof(file));
	struct refusal why = {.name = NULL};
	static struct runspec spec;

	(void)state;
	assert_int_equal(runspec_parse(data, sizeof(file), &spec, &why), 0);
	assert_memory_equal(data, file, sizeof(file));
	assert_string_equal(spec.name, "hello");
	assert_string_equal(spec.commands[0].argv[0], "/bin/hello");
	assert_string_equal(spec.commands[0].argv[1], "");
	assert_string_equal(spec.commands[0].argv[2], "two\nlines=\t\xff\x01");
	assert_null(spec.commands[0].argv[3]);
	assert_string_equal(spec.commands[0].envp[0], "PATH=/bin");
	assert_string_equal(spec.commands[0].envp[1], "");
	assert_string_equal(spec.commands[0].envp[2], "A==b");
	assert_null(spec.commands[0].envp[3]);
	free(data);
}

static void test_runspec_identity(void **state)
{
	static const char file[] = "name=x\0uid=4294967292\0gid=7\0group=7\0group=0\0arg=/x\0"
				   "workdir=/srv/a b\0stopsignal=3\0volume=/data\0volume=/v\n"
				   "\0xattr=security.capability:00:p";
	char *data = copy(file, sizeof(file));
	struct refusal why = {.name = NULL};
	static struct runspec spec;

	(void)state;
	assert_int_equal(runspec_parse(data, sizeof(file), &spec, &why), 0);
	assert_int_equal(spec.commands[0].uid, 4294967292);
	assert_int_equal(spec.commands[0].gid, 7);
	assert_int_equal(spec.commands[0].group_count, 2);
	assert_int_equal(spec.commands[0].groups[0], 7);
	assert_int_equal(spec.commands[0].groups[1], 0);
	assert_string_equal(spec.commands[0].workdir, "/srv/a b");
	assert_int_equal(spec.stop_signal, SIGQUIT);
	assert_string_equal(spec.volumes[0], "/data");
	assert_string_equal(spec.volumes[1], "/v\n");
	assert_null(spec.volumes[2]);
	assert_string_equal(spec.xattrs[0], "security.capability:00:p");
	assert_null(spec.xattrs[1]);
	free(data);
}

static void test_runspec_defaults(void **state)
{
	static const char file[] = "name=x\0arg=/x";
	char *data = copy(file, sizeof(file));
	struct refusal why = {.name = NULL};
	static struct runspec spec;

	(void)state;
	assert_int_equal(runspec_parse(data, sizeof(file), &spec, &why), 0);
	assert_int_equal(spec.commands[0].uid, 0);
	assert_int_equal(spec.commands[0].gid, 0);
	assert_int_equal(spec.commands[0].group_count, 0);
	assert_null(spec.commands[0].workdir);
	assert_int_equal(spec.stop_signal, SIGTERM);
	assert_null(spec.volumes[0]);
	assert_null(spec.xattrs[0]);
	free(data);
}

/* Everything that a recipe can say, of the application and of its helpers. */
static void test_runspec_sections(void **state)
{
	static const char file[] =
		"name=x\0arg=/x\0umask=0027\0rlimit=nofile:10:20\0rlimit=core:0:unlimited\0"
		"caps=0000000000000001\0seccomp=none\0newprivs=no\0hostname=h\0grace=0\0"
		"readonly=yes\0platform=plain\0attest=yes\0config=yes\0port=a>b\0port=\0digest=ab\0"
		"process=dns:always\0arg=/dns\0env=A=b\0uid=7\0nsm=yes\0"
		"process=a_name_of_thirty_one_characters:never\0arg=/y\0arg=z\0"
		"process=last:on-failure\0arg=/z\0group=5\0group=6\0workdir=/w";
	char *data = copy(file, sizeof(file));
	struct refusal why = {.name = NULL};
	static struct runspec spec;
	const struct command *c = spec.commands;

	(void)state;
	assert_int_equal(runspec_parse(data, sizeof(file), &spec, &why), 0);
	assert_int_equal(spec.count, 4);
	assert_string_equal(spec.hostname, "h");
	assert_string_equal(spec.digest, "ab");
	assert_int_equal(spec.grace, 0);
	assert_true(spec.readonly && spec.plain && spec.attest && spec.config);
	assert_string_equal(spec.ports[0], "a>b");
	assert_string_equal(spec.ports[1], "");
	assert_null(spec.ports[2]);
	assert_string_equal(c[0].name, "application");
	assert_int_equal(c[0].umask, 027);
	assert_int_equal(c[0].limited, 1U << RLIMIT_NOFILE | 1U << RLIMIT_CORE);
	assert_int_equal(c[0].limits[RLIMIT_NOFILE].rlim_cur, 10);
	assert_int_equal(c[0].limits[RLIMIT_NOFILE].rlim_max, 20);
	assert_int_equal(c[0].limits[RLIMIT_CORE].rlim_cur, 0);
	assert_true(c[0].limits[RLIMIT_CORE].rlim_max == RLIM_INFINITY);
	assert_int_equal(c[0].caps, 1);
	assert_true(c[0].unconfined && c[0].no_new_privs && !c[0].nsm);
	assert_string_equal(c[1].name, "dns");
	assert_int_equal(c[1].restart, RESTART_ALWAYS);
	assert_string_equal(c[1].argv[0], "/dns");
	assert_null(c[1].argv[1]);
	assert_string_equal(c[1].envp[0], "A=b");
	assert_int_equal(c[1].uid, 7);
	assert_true(c[1].nsm && !c[1].unconfined && !c[1].no_new_privs);
	assert_int_equal(c[1].umask, 022);
	assert_int_equal(c[1].limited, 0);
	assert_int_equal(c[1].caps, 0xa80425fb);
	assert_string_equal(c[2].name, "a_name_of_thirty_one_characters");
	assert_int_equal(c[2].restart, RESTART_NEVER);
	assert_string_equal(c[2].argv[1], "z");
	assert_int_equal(c[2].uid, 0);
	assert_int_equal(c[3].restart, RESTART_ON_FAILURE);
	assert_int_equal(c[3].group_count, 2);
	assert_int_equal(c[3].groups[1], 6);
	assert_string_equal(c[3].workdir, "/w");
	assert_null(c[0].workdir);
	free(data);
}

/* The resources of a limit stand at Linux's numbers. */
static void test_runspec_limits(void **state)
{
	static const struct {
		const char *name;
		int resource;
	} limits[] = {
		{"as", RLIMIT_AS},
		{"core", RLIMIT_CORE},
		{"cpu", RLIMIT_CPU},
		{"data", RLIMIT_DATA},
		{"fsize", RLIMIT_FSIZE},
		{"locks", RLIMIT_LOCKS},
		{"memlock", RLIMIT_MEMLOCK},
		{"msgqueue", RLIMIT_MSGQUEUE},
		{"nice", RLIMIT_NICE},
		{"nofile", RLIMIT_NOFILE},
		{"nproc", RLIMIT_NPROC},
		{"rss", RLIMIT_RSS},
		{"rtprio", RLIMIT_RTPRIO},
		{"rttime", RLIMIT_RTTIME},
		{"sigpending", RLIMIT_SIGPENDING},
		{"stack", RLIMIT_STACK},
	};
	static struct runspec spec;
	struct refusal why;
	char file[128];

	(void)state;
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		int size = snprintf(file, sizeof(file), "name=x%carg=/x%crlimit=%s:1:2", 0, 0,
				    limits[i].name);

		assert_int_equal(runspec_parse(file, (size_t)size + 1, &spec, &why), 0);
		assert_int_equal(spec.commands[0].limited, 1U << limits[i].resource);
		assert_int_equal(spec.commands[0].limits[limits[i].resource].rlim_max, 2);
	}
}

static void runspec_refused(const char *file, size_t size, const char *what)
{
	char *data = copy(file, size);
	struct refusal why = {.name = NULL};
	static struct runspec spec;

	assert_int_equal(runspec_parse(data, size, &spec, &why), -1);
	assert_string_equal(why.name, "INIT-RUNSPEC");
	if (!strstr(why.text, what))
		fail_msg("expected \"%s\" in \"%s\"", what, why.text);
	free(data);
}

/* The literals' own NUL ends the last record. */
#define runspec_refuses(file, what) runspec_refused(file, sizeof(file), what)

static void test_runspec_refused(void **state)
{
	(void)state;
	runspec_refused("", 0, "at least one record name=");
	runspec_refuses("name=x", "at least one record arg=");
	runspec_refuses("arg=/x", "at least one record name=");
	runspec_refuses("name=x\0arg=/x\0name=y", "byte 14: expected at most 1 records name=");
	runspec_refuses("name=\0arg=/x", "expected a value");
	runspec_refuses("name=x\0arg=", "expected a value");
	runspec_refuses("name=x\0arg=/x\0user=root", "expected a known key, found \"user=root\"");
	runspec_refuses("name=x\0arg=/x\0Arg=y", "expected a known key, found \"Arg=y\"");
	runspec_refuses("name=x\0arg=/x\0arg =y", "expected a known key, found \"arg =y\"");
	runspec_refuses("name=x\0arg=/x\0=y", "expected a known key, found \"=y\"");
	runspec_refuses("name=x\0arg=/x\0env", "expected a known key, found \"env\"");
	runspec_refuses("name=x\0arg=/x\0\0env=a=b", "expected a known key, found \"\"");
	runspec_refuses("", "expected a known key, found \"\"");
	runspec_refuses("name=x\0arg=/x\0uid=", "expected a number from 0 to 4294967292");
	runspec_refuses("name=x\0arg=/x\0uid=root", "found \"root\"");
	runspec_refuses("name=x\0arg=/x\0uid=-1", "found \"-1\"");
	runspec_refuses("name=x\0arg=/x\0uid=1 ", "found \"1 \"");
	runspec_refuses("name=x\0arg=/x\0gid=4294967293", "found \"4294967293\"");
	runspec_refuses("name=x\0arg=/x\0gid=18446744073709551616", "expected a number");
	runspec_refuses("name=x\0arg=/x\0group=0x10", "expected a number");
	runspec_refuses("name=x\0arg=/x\0uid=1\0uid=1", "at most 1 records uid=");
	runspec_refuses("name=x\0arg=/x\0workdir=/a\0workdir=/a", "at most 1 records workdir=");
	runspec_refuses("name=x\0arg=/x\0workdir=srv", "expected an absolute path");
	runspec_refuses("name=x\0arg=/x\0workdir=", "expected an absolute path");
	runspec_refuses("name=x\0arg=/x\0volume=", "expected an absolute path");
	runspec_refuses("name=x\0arg=/x\0volume=data", "expected an absolute path");
	runspec_refuses("name=x\0arg=/x\0volume=/", "for a volume one below /, found \"/\"");
	runspec_refuses("name=x\0arg=/x\0stopsignal=0", "expected a number from 1 to 64");
	runspec_refuses("name=x\0arg=/x\0stopsignal=65", "expected a number from 1 to 64");
	runspec_refuses("name=x\0arg=/x\0stopsignal=TERM", "expected a number");
	runspec_refuses("name=x\0arg=/x\0umask=1000", "expected a number from 0 to 511");
	runspec_refuses("name=x\0arg=/x\0umask=8", "expected a number");
	runspec_refuses("name=x\0arg=/x\0umask=", "expected a number");
	runspec_refuses("name=x\0arg=/x\0caps=1", "expected 16 hexadecimal digits");
	runspec_refuses("name=x\0arg=/x\0caps=00000000A80425FB", "expected 16 hex");
	runspec_refuses("name=x\0arg=/x\0caps=ffffffffffffffff", "expected 16 hex");
	runspec_refuses("name=x\0arg=/x\0caps=00000000000000000", "expected 16 hex");
	runspec_refuses("name=x\0arg=/x\0rlimit=nofile:2:1", "NAME:SOFT:HARD");
	runspec_refuses("name=x\0arg=/x\0rlimit=nofile:1", "NAME:SOFT:HARD");
	runspec_refuses("name=x\0arg=/x\0rlimit=nofile", "NAME:SOFT:HARD");
	runspec_refuses("name=x\0arg=/x\0rlimit=files:1:2", "NAME:SOFT:HARD");
	runspec_refuses("name=x\0arg=/x\0rlimit=nofile:1:2:3", "NAME:SOFT:HARD");
	runspec_refuses("name=x\0arg=/x\0rlimit=nofile:-1:2", "NAME:SOFT:HARD");
	runspec_refuses("name=x\0arg=/x\0rlimit=nofile:1:18446744073709551615", "NAME:SOFT:HARD");
	runspec_refuses("name=x\0arg=/x\0rlimit=as:1:2\0rlimit=as:1:2", "NAME:SOFT:HARD");
	runspec_refuses("name=x\0arg=/x\0nsm=no", "expected a known key");
	runspec_refuses("name=x\0arg=/x\0nsm=yes!", "expected nothing behind it");
	runspec_refuses("name=x\0arg=/x\0nsm=yes\0nsm=yes", "at most 1 records nsm=yes");
	runspec_refuses("name=x\0arg=/x\0grace=3601", "expected a number from 0 to 3600");
	runspec_refuses("name=x\0arg=/x\0port=", "expected a value");
	runspec_refuses("name=x\0process=a:never\0arg=/x",
			"byte 7: expected at least one record arg=");
	runspec_refuses("arg=x\0process=a:never\0arg=/x\0name=x", "at least one record name=");
	runspec_refuses("name=x\0arg=/x\0process=a:never", "at least one record arg=");
	runspec_refuses("name=x\0arg=/x\0process=a\0arg=/x", "NAME:always");
	runspec_refuses("name=x\0arg=/x\0process=:never\0arg=/x", "NAME:always");
	runspec_refuses("name=x\0arg=/x\0process=a:Never\0arg=/x", "NAME:always");
	runspec_refuses("name=x\0arg=/x\0process=a:never:never\0arg=/x", "NAME:always");
	runspec_refuses("name=x\0arg=/x\0process=a_name_of_thirty-two_characters_:never",
			"NAME:alw");
	runspec_refuses("name=x\0arg=/x\0process=a:never\0arg=/y\0volume=/v", "a key of a process");
	runspec_refuses("name=x\0arg=/x\0process=a:never\0arg=/y\0attest=yes",
			"a key of a process");
	runspec_refuses("name=x\0arg=/x\0process=a:never\0arg=/y\0uid=1\0uid=1",
			"at most 1 records");
#define HELPER "process=a:never\0arg=/y\0"
	runspec_refuses("name=x\0arg=/x\0" HELPER HELPER HELPER HELPER HELPER HELPER HELPER HELPER
			"process=a:never\0arg=/y",
			"at most 8 times");
}

static void test_runspec_final_nul(void **state)
{
	static const char file[] = "name=x\0arg=/x";

	(void)state;
	runspec_refused(file, sizeof(file) - 1, "byte 12: expected a NUL byte at the end");
	runspec_refused("name=x\0arg=/x\n", sizeof("name=x\0arg=/x\n") - 1, "found 0x0a");
}

/* As many strings as there may be, and one more. */
static void test_runspec_bound(void **state)
{
	enum { RECORD = sizeof("arg=x") };
	static const char name[] = "name=x";
	size_t size = sizeof(name) + (RUNSPEC_STRINGS_MAX + 1) * RECORD;
	char *data = malloc(size);
	struct refusal why = {.name = NULL};
	static struct runspec spec;

	(void)state;
	assert_non_null(data);
	memcpy(data, name, sizeof(name));
	for (size_t i = 0; i <= RUNSPEC_STRINGS_MAX; i++)
		memcpy(data + sizeof(name) + i * RECORD, "arg=x", RECORD);
	assert_int_equal(runspec_parse(data, size - RECORD, &spec, &why), 0);
	assert_null(spec.commands[0].argv[RUNSPEC_STRINGS_MAX]);
	assert_non_null(spec.commands[0].argv[RUNSPEC_STRINGS_MAX - 1]);
	assert_int_equal(runspec_parse(data, size, &spec, &why), -1);
	assert_string_equal(why.name, "INIT-RUNSPEC");
	free(data);
}

/* Attributes and folders */

/* cap_net_raw, permitted and effective. */
#define RAW	 "0100000200200000000000000000000000000000"
#define ON(path) "security.capability:" RAW ":" path

static int apply_one(int root, const char *record, const char *found)
{
	char *records[] = {(char *)record, NULL};
	struct refusal why = {.name = NULL};
	int result = attributes_apply(root, records, &why);

	if (result)
		assert_string_equal(why.name, "INIT-XATTR");
	if (result && !strstr(why.text, found))
		fail_msg("expected \"%s\" in \"%s\"", found, why.text);
	return result;
}

static void test_attribute_parsed(void **state)
{
	static const char *const refused[] = {
		"",
		"security.capability",
		"security.capability:",
		"security.capability:" RAW,
		"security.capability:" RAW ":",
		"security.capability:" RAW "00:p",
		"security.capability:0100000200200000000000000000000000000:p",
		"security.capability:010000020020000000000000000000000000000G:p",
		"security.capability:010000020020000000000000000000000000000A:p",
		"security.selinux:" RAW ":p",
		"user.x:" RAW ":p",
	};
	char *record;

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		record = copy(refused[i], strlen(refused[i]) + 1);
		assert_int_equal(apply_one(AT_FDCWD, record, "expected security.capability:HEX"),
				 -1);
		free(record);
	}
	assert_int_equal(apply_one(AT_FDCWD, ON("no:such\n/\xff"), "no:such\n/\xff: expected"), -1);
}

/* A file inside gets it; whatever leads elsewhere does not. */
static void test_attributes_stay_inside(void **state)
{
	char template[] = "/tmp/init-xattr-XXXXXX";
	char *folder = new_folder(template);
	unsigned char value[64];
	char path[128];
	int root = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int in;

	(void)state;
	assert_true(root >= 0);
	touch(folder, "file", 0755);
	assert_int_equal(mkdirat(root, "in", 0755), 0);
	assert_int_equal(mkfifoat(root, "fifo", 0600), 0);
	assert_int_equal(symlinkat("file", root, "link"), 0);
	assert_int_equal(symlinkat(".", root, "here"), 0);
	in = openat(root, "in", O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(in >= 0);
	assert_int_equal(apply_one(root, ON("link"), "symbolic links"), -1);
	assert_int_equal(apply_one(root, ON("here/file"), "symbolic links"), -1);
	assert_int_equal(apply_one(in, ON("../file"), "cross-device"), -1);
	snprintf(path, sizeof(path), ON("%s/file"), folder);
	assert_int_equal(apply_one(in, path, "cross-device"), -1);
	assert_int_equal(apply_one(root, ON("in"), "Invalid argument"), -1);
	assert_int_equal(apply_one(root, ON("fifo"), "Invalid argument"), -1);
	assert_int_equal(apply_one(root, ON("none"), "No such file"), -1);
	assert_int_equal(apply_one(root, "user.x:00:file", "expected security.capability"), -1);
	snprintf(path, sizeof(path), "%s/file", folder);
	assert_int_equal(getxattr(path, "security.capability", value, sizeof(value)), -1);
	if (can_change_user()) {
		assert_int_equal(apply_one(root, ON("file"), ""), 0);
		assert_int_equal(getxattr(path, "security.capability", value, sizeof(value)), 20);
		assert_memory_equal(value, "\1\0\0\2\0\x20\0", 7);
	}
	unlinkat(root, "file", 0);
	unlinkat(root, "fifo", 0);
	unlinkat(root, "link", 0);
	unlinkat(root, "here", 0);
	unlinkat(root, "in", AT_REMOVEDIR);
	close(in);
	close(root);
	assert_int_equal(rmdir(folder), 0);
}

static void folder_refused(const char *path, const char *found)
{
	struct refusal why = {.name = NULL};

	assert_int_equal(folder_make(path, &why), -1);
	assert_string_equal(why.name, "INIT-FOLDER");
	if (!strstr(why.text, found))
		fail_msg("expected \"%s\" in \"%s\"", found, why.text);
}

static void test_folders(void **state)
{
	char template[] = "/tmp/init-folder-XXXXXX";
	char *folder = new_folder(template);
	struct refusal why = {.name = NULL};
	char path[128];
	char long_path[5000] = "/";
	struct stat st;

	(void)state;
	snprintf(path, sizeof(path), "%s/a/b c/d", folder);
	assert_int_equal(folder_make(path, &why), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0755);
	assert_int_equal(chmod(path, 0700), 0);
	assert_int_equal(folder_make(path, &why), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0700);
	assert_int_equal(folder_make("/", &why), 0);
	touch(folder, "file", 0644);
	snprintf(path, sizeof(path), "%s/file", folder);
	folder_refused(path, "found: Not a directory");
	snprintf(path, sizeof(path), "%s/file/x", folder);
	folder_refused(path, "Not a directory");
	folder_refused("relative", "expected an absolute path");
	folder_refused("", "expected an absolute path");
	memset(long_path + 1, 'x', sizeof(long_path) - 2);
	folder_refused(long_path, "expected an absolute path below");
	remove_from(folder, "file");
	for (const char *const *part = (const char *const[]){"a/b c/d", "a/b c", "a", "", NULL};
	     *part; part++) {
		snprintf(path, sizeof(path), "%s/%s", folder, *part);
		assert_int_equal(rmdir(path), 0);
	}
}

/* Files, refusals, the console */

static void test_read_whole_file(void **state)
{
	char template[] = "/tmp/init-file-XXXXXX";
	char *folder = new_folder(template);
	char path[64];
	char other[64];
	char data[5];
	size_t size;
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "%s/f", folder);
	snprintf(other, sizeof(other), "%s/g", folder);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "a\0bc", 4), 4);
	assert_int_equal(read_whole_file(path, data, 5, &size), 0);
	assert_int_equal(size, 4);
	assert_memory_equal(data, "a\0bc", 4);
	assert_int_equal(read_whole_file(path, data, 4, &size), -1);
	assert_int_equal(errno, EFBIG);
	assert_int_equal(symlink(path, other), 0);
	assert_int_equal(read_whole_file(other, data, 5, &size), -1);
	assert_int_equal(errno, ELOOP);
	assert_int_equal(unlink(other), 0);
	assert_int_equal(mkfifo(other, 0600), 0);
	assert_int_equal(read_whole_file(other, data, 5, &size), -1);
	assert_int_equal(errno, EINVAL);
	close(fd);
	unlink(other);
	unlink(path);
	rmdir(folder);
}

static void test_refusal_is_cut(void **state)
{
	char *text = malloc(5000);
	struct refusal *why = malloc(sizeof(*why));

	(void)state;
	assert_non_null(text);
	assert_non_null(why);
	memset(text, 'x', 4999);
	text[4999] = '\0';
	assert_int_equal(refuse(why, "INIT-ROOT", "%s", text), -1);
	assert_int_equal(strlen(why->text), sizeof(why->text) - 1);
	errno = ENOENT;
	assert_int_equal(refuse(why, "INIT-ROOT", "%s: %m", text), -1);
	assert_int_equal(strlen(why->text), sizeof(why->text) - 1);
	errno = ENOENT;
	assert_int_equal(refuse(why, "INIT-EXEC", "\"%s\": %m", "x"), -1);
	assert_string_equal(why->text, "\"x\": No such file or directory");
	free(why);
	free(text);
}

/* What console_say() writes; the caller frees it. */
static char *said(const char *text)
{
	char *line = calloc(1, 8192);
	int saved = dup(1);
	int ends[2];

	assert_non_null(line);
	fflush(stdout);
	assert_int_equal(pipe(ends), 0);
	assert_true(dup2(ends[1], 1) == 1);
	console_say("%s", text);
	assert_true(dup2(saved, 1) == 1);
	close(saved);
	close(ends[1]);
	assert_true(read(ends[0], line, 8191) > 0);
	close(ends[0]);
	return line;
}

static void test_console_lines(void **state)
{
	char text[5000];
	char *line;

	(void)state;
	line = said("a\x1b[2J\r\n\xff\x7f~");
	assert_string_equal(line, "mintmark: a?[2J????~\n");
	free(line);
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	line = said(text);
	assert_int_equal(line[strlen(line) - 1], '\n');
	assert_true(strlen(line) > 2048 && strlen(line) < sizeof(text));
	free(line);
}

/* The main end of a terminal where the system has none to give; -1 where we may not make one. */
static int new_terminal(void)
{
	char template[] = "/tmp/init-pts-XXXXXX";
	char *folder = new_folder(template);
	char path[64];
	int fd = -1;

	snprintf(path, sizeof(path), "%s/ptmx", folder);
	if (unshare(CLONE_NEWNS) == 0) {
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
		if (mount("devpts", folder, "devpts", 0, "ptmxmode=0600") == 0) {
			fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
			umount2(folder, MNT_DETACH);
		}
	}
	assert_int_equal(rmdir(folder), 0);
	return fd;
}

/* Who shares the terminal has stopped it: the line comes all the same. */
static void test_console_taken_back(void **state)
{
	int main_end = new_terminal();
	struct pollfd ready = {.fd = main_end, .events = POLLIN};
	int terminal, saved;
	char line[256] = "";

	(void)state;
	if (main_end < 0) {
		print_message("no terminal: no rights to make one\n");
		skip();
	}
	assert_int_equal(unlockpt(main_end), 0);
	terminal = ioctl(main_end, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(terminal >= 0);
	fflush(stdout);
	saved = dup(1);
	for (int stopped = 0; stopped <= 1; stopped++) {
		if (stopped)
			assert_int_equal(tcflow(terminal, TCOOFF), 0);
		assert_int_equal(dup2(terminal, 1), 1);
		console_say("exit status %d", stopped);
		assert_int_equal(dup2(saved, 1), 1);
		/* The kernel passes it on when it likes. */
		assert_int_equal(poll(&ready, 1, 10000), 1);
		assert_true(read(main_end, line, sizeof(line)) > 22);
		assert_memory_equal(line, "mintmark: exit status ", 22);
		assert_int_equal(line[22], '0' + stopped);
	}
	close(saved);
	close(terminal);
	close(main_end);
}

/* Finding and starting the command */

static void test_command_path(void **state)
{
	char *both[] = {"XPATH=/no", "PATH=/a", "PATH=/b", NULL};
	char *none[] = {"PATHS=/no", NULL};

	(void)state;
	assert_string_equal(command_path(both), "/a");
	assert_string_equal(command_path(none), COMMAND_DEFAULT_PATH);
}

static int status_as(const struct command *command)
{
	struct refusal why = {.name = NULL};
	int status;
	pid_t pid;

	assert_int_equal(command_start(command, &pid, &why), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int status_of(char **argv, char **envp)
{
	const struct command command = {
		.argv = argv, .envp = envp, .caps = ~0ULL, .unconfined = true};

	return status_as(&command);
}

static void test_command_starts(void **state)
{
	char *absolute[] = {"/bin/sh", "-c", "exit 7", NULL};
	char *searched[] = {"sh", "-c", "test \"$A\" = '1 2' && test -z \"$HOME\"", NULL};
	/* A session leader's process group and session are itself; fields 5 and 6 of stat. */
	char *leader[] = {"sh", "-c", "read -r p c s pp g e r </proc/$$/stat; test $e = $$", NULL};
	char *envp[] = {"PATH=:/nowhere:/etc/passwd:/bin", "A=1 2", NULL};

	(void)state;
	assert_int_equal(status_of(absolute, envp), 7);
	assert_int_equal(status_of(searched, envp), 0);
	assert_int_equal(status_of(leader, envp), 0);
}

static void test_command_folder(void **state)
{
	char template[] = "/tmp/init-work-XXXXXX";
	char *argv[] = {"sh", "-c", "pwd >out; test \"$(pwd)\" = \"$W\"", NULL};
	char *envp[] = {NULL, NULL};
	char variable[64];
	struct command command = {.argv = argv,
				  .envp = envp,
				  .caps = ~0ULL,
				  .unconfined = true,
				  .workdir = new_folder(template)};
	struct refusal why = {.name = NULL};
	pid_t pid;

	(void)state;
	snprintf(variable, sizeof(variable), "W=%s", command.workdir);
	envp[0] = variable;
	assert_int_equal(status_as(&command), 0);
	remove_from(command.workdir, "out");
	rmdir(command.workdir);
	assert_int_equal(command_start(&command, &pid, &why), -1);
	assert_string_equal(why.name, "INIT-FOLDER");
	assert_non_null(strstr(why.text, "No such file or directory"));
}

/* All ids change at once and for good. */
static void test_command_user(void **state)
{
	static gid_t groups[] = {4001, 7};
	static gid_t many[65536 + 1];
	char *argv[] = {"sh", "-c",
			"grep -q '^Uid:\t4000\t4000\t4000\t4000$' /proc/self/status &&"
			"grep -q '^Gid:\t4001\t4001\t4001\t4001$' /proc/self/status &&"
			"grep -q '^Groups:\t7 4001 $' /proc/self/status &&"
			"grep -q '^CapEff:\t0000000000000000$' /proc/self/status &&"
			"grep -q '^CapPrm:\t0000000000000000$' /proc/self/status",
			NULL};
	char *groups_only[] = {"sh", "-c", "grep -q '^Groups:\t7 4001 $' /proc/self/status", NULL};
	char *none[] = {"sh", "-c", "grep -q '^Groups:\t $' /proc/self/status", NULL};
	char *envp[] = {NULL};
	struct command command = {.argv = argv,
				  .envp = envp,
				  .workdir = "/",
				  .uid = 4000,
				  .gid = 4001,
				  .groups = groups,
				  .group_count = 2};
	struct refusal why = {.name = NULL};
	pid_t pid;

	(void)state;
	if (!can_change_user()) {
		assert_int_equal(command_start(&command, &pid, &why), -1);
		assert_string_equal(why.name, "INIT-USER");
		return;
	}
	assert_int_equal(status_as(&command), 0);
	command.argv = groups_only;
	command.uid = command.gid = 0;
	assert_int_equal(status_as(&command), 0);
	command.argv = none;
	command.group_count = 0;
	command.uid = 4000;
	assert_int_equal(status_as(&command), 0);
	/* More than Linux lets a process have, and more than a run specification can say. */
	command.groups = many;
	command.group_count = sizeof(many) / sizeof(many[0]);
	assert_int_equal(command_start(&command, &pid, &why), -1);
	assert_string_equal(why.name, "INIT-USER");
	assert_non_null(strstr(why.text, "65537 groups: Invalid argument"));
}

static void start_refused(char *word, char **envp, const char *reason)
{
	char *argv[] = {word, NULL};
	const struct command command = {
		.argv = argv, .envp = envp, .caps = ~0ULL, .unconfined = true};
	struct refusal why = {.name = NULL};
	pid_t pid;

	assert_int_equal(command_start(&command, &pid, &why), -1);
	assert_string_equal(why.name, "INIT-EXEC");
	if (!strstr(why.text, reason))
		fail_msg("expected \"%s\" in \"%s\"", reason, why.text);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void test_command_refused(void **state)
{
	char template[] = "/tmp/init-exec-XXXXXX";
	char *folder = new_folder(template);
	char variable[64];
	char path[64];
	char *envp[] = {variable, NULL};
	char *empty[] = {"PATH=", NULL};
	char *dots[] = {"PATH=::/nowhere:", NULL};
	char long_path[5000] = "PATH=";

	(void)state;
	touch(folder, "plain", 0644);
	touch(folder, "junk", 0755);
	snprintf(variable, sizeof(variable), "PATH=%s:/nowhere", folder);
	snprintf(path, sizeof(path), "%s/plain", folder);
	start_refused("/no/such/program", envp, "No such file or directory");
	start_refused("sh", envp, "No such file or directory");
	start_refused("sh", empty, "No such file or directory");
	start_refused(path, envp, "Permission denied");
	start_refused("plain", envp, "Permission denied");
	assert_int_equal(chdir(folder), 0);
	start_refused("plain", dots, "No such file or directory");
	assert_int_equal(chdir("/"), 0);
	memset(long_path + 5, 'x', sizeof(long_path) - 6);
	start_refused("sh", (char *[]){long_path, NULL}, "No such file or directory");
	start_refused("junk", envp, "Exec format error");
	remove_from(folder, "plain");
	remove_from(folder, "junk");
	rmdir(folder);
}

static void test_forwarded_signals(void **state)
{
	static const int yes[] = {SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGPWR};
	static const int no[] = {SIGCHLD, SIGTSTP, SIGTTIN, SIGTTOU};

	(void)state;
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		assert_int_equal(supervise_hands_on(yes[i], SIGUSR1), yes[i]);
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		assert_int_equal(supervise_hands_on(no[i], SIGUSR1), 0);
	assert_int_equal(supervise_hands_on(SIGTERM, SIGTERM), SIGTERM);
	assert_int_equal(supervise_hands_on(SIGTERM, SIGQUIT), SIGQUIT);
}

/* A hundred milliseconds, two hundred, four hundred … up to a bound; what ran steadily begins anew; a policy decides whether. */
static void test_restarts(void **state)
{
	static const struct ending good = {.number = 0};
	static const struct ending bad = {.number = 1};
	static const struct ending killed = {.by_signal = true, .number = SIGKILL};
	int64_t wait = 0;

	(void)state;
	assert_int_equal(supervise_wait(RESTART_NEVER, &bad, 0, 0), 0);
	assert_int_equal(supervise_wait(RESTART_NEVER, &killed, 0, 0), 0);
	assert_int_equal(supervise_wait(RESTART_ON_FAILURE, &good, 0, 0), 0);
	assert_int_equal(supervise_wait(RESTART_ON_FAILURE, &bad, 0, 0), 100);
	assert_int_equal(supervise_wait(RESTART_ON_FAILURE, &killed, 0, 0), 100);
	assert_int_equal(supervise_wait(RESTART_ALWAYS, &good, 0, 0), 100);
	for (int i = 0; i < 8; i++) {
		int64_t next = supervise_wait(RESTART_ALWAYS, &bad, wait, 0);

		assert_int_equal(next, wait ? 2 * wait : 100);
		wait = next;
	}
	for (int i = 0; i < 4; i++)
		wait = supervise_wait(RESTART_ALWAYS, &bad, wait, 9999);
	assert_int_equal(wait, 30000);
	assert_int_equal(supervise_wait(RESTART_ALWAYS, &bad, wait, 10000), 100);
}

/* The filter */

#define DEFAULT_CAPS 0xa80425fbULL
#define ALL_CAPS     ((2ULL << CAP_LAST_CAP) - 1)

enum {
	NOBODY = 63,   /* the number of no capability */
	PASSED = EDOM, /* what a call fails with that a filter let pass */
	NUMBERS = 512, /* more than there are system calls */
};

/* What docs/init.md says is refused, and what brings it back. */
static const struct {
	unsigned int cap;
	long numbers[24]; /* 0 ends them */
} refused_numbers[] = {
	{CAP_SYS_ADMIN,
	 {SYS_mount,	     SYS_umount2, SYS_pivot_root, SYS_move_mount,      SYS_open_tree,
	  SYS_mount_setattr, SYS_fsopen,  SYS_fsconfig,	  SYS_fsmount,	       SYS_fspick,
	  SYS_unshare,	     SYS_setns,	  SYS_bpf,	  SYS_perf_event_open, SYS_quotactl,
	  SYS_quotactl_fd,   SYS_swapon,  SYS_swapoff,	  SYS_sethostname,     SYS_setdomainname,
	  SYS_fanotify_init}},
	{CAP_SYS_PTRACE,
	 {SYS_process_vm_readv, SYS_process_vm_writev, SYS_pidfd_getfd, SYS_kcmp, SYS_userfaultfd}},
	{CAP_SYS_MODULE, {SYS_init_module, SYS_finit_module, SYS_delete_module}},
	{CAP_SYS_BOOT, {SYS_kexec_load, SYS_kexec_file_load, SYS_reboot}},
	{CAP_SYS_TIME, {SYS_settimeofday, SYS_clock_settime}},
	{CAP_SYS_PACCT, {SYS_acct}},
	{CAP_SYSLOG, {SYS_syslog}},
	{CAP_DAC_READ_SEARCH, {SYS_open_by_handle_at}},
	{CAP_SYS_TTY_CONFIG, {SYS_vhangup}},
#ifdef __x86_64__
	{CAP_SYS_RAWIO, {SYS_ioperm, SYS_iopl}},
#endif
	{NOBODY,
	 {SYS_add_key, SYS_request_key, SYS_keyctl, SYS_io_uring_setup, SYS_io_uring_enter,
	  SYS_io_uring_register}},
};

/* One call, and what it has to fail with; with the capability that is PASSED. */
struct asked {
	unsigned int cap;
	int error;
	long number, first, second;
	int found;
};

/* Where not the number alone decides. */
static const struct asked by_argument[] = {
	{NOBODY, EPERM, SYS_socket, AF_ALG, 0, 0},
	{NOBODY, PASSED, SYS_socket, AF_INET, 0, 0},
	{NOBODY, PASSED, SYS_socket, AF_NETLINK, 0, 0},
	{NOBODY, PASSED, SYS_socket, AF_VSOCK, 0, 0},
	{CAP_SYS_RESOURCE, EPERM, SYS_prlimit64, 1, 0, 0},
	{NOBODY, PASSED, SYS_prlimit64, 0, 0, 0},
	{CAP_SYS_TTY_CONFIG, EPERM, SYS_ioctl, 0, TIOCSETD, 0},
	{CAP_SYS_TTY_CONFIG, EPERM, SYS_ioctl, 0, 1L << 32 | TIOCSETD, 0},
	{NOBODY, PASSED, SYS_ioctl, 0, TIOCGETD, 0},
	{CAP_SYS_ADMIN, ENOSYS, SYS_clone3, 0, 0, 0},
	{CAP_SYS_ADMIN, EPERM, SYS_clone, CLONE_NEWNS, 0, 0},
	{CAP_SYS_ADMIN, EPERM, SYS_clone, CLONE_NEWCGROUP, 0, 0},
	{CAP_SYS_ADMIN, EPERM, SYS_clone, CLONE_NEWUTS, 0, 0},
	{CAP_SYS_ADMIN, EPERM, SYS_clone, CLONE_NEWIPC, 0, 0},
	{CAP_SYS_ADMIN, EPERM, SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0},
	{CAP_SYS_ADMIN, EPERM, SYS_clone, CLONE_NEWPID, 0, 0},
	{CAP_SYS_ADMIN, EPERM, SYS_clone, CLONE_NEWNET, 0, 0},
	{NOBODY, PASSED, SYS_clone, CLONE_VM | CLONE_FS | CLONE_THREAD | SIGCHLD, 0, 0},
	/* x32: what is no call there, getpid, execve and one that is refused anyway. */
	{NOBODY, ENOSYS, 0x40000000, 0, 0, 0},
	{NOBODY, ENOSYS, 0x40000000 | SYS_getpid, 0, 0, 0},
	{NOBODY, ENOSYS, 0x40000000 | 520, 0, 0, 0},
	{NOBODY, ENOSYS, 0x40000000 | SYS_mount, 0, 0, 0},
	{NOBODY, ENOSYS, -1, 0, 0, 0},
};

/* All of that and every other number, in memory that a child shares. */
static struct asked *ask_everything(size_t *count)
{
	const size_t most = sizeof(by_argument) / sizeof(by_argument[0]) + NUMBERS;
	struct asked *asked = mmap(NULL, most * sizeof(*asked), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_true(asked != MAP_FAILED);
	memcpy(asked, by_argument, sizeof(by_argument));
	*count = sizeof(by_argument) / sizeof(by_argument[0]);
	for (long number = 0; number < NUMBERS; number++) {
		struct asked one = {.cap = NOBODY, .error = PASSED, .number = number};

		/* What confine() needs, and what is asked above. */
		if (number == SYS_prctl || number == SYS_exit_group || number == SYS_clone3)
			continue;
#ifdef __x86_64__
		/* Of uprobes, for the kernel's own code: no filter is asked. */
		if (number == 335 || number == 336)
			continue;
#endif
		for (size_t i = 0; i < sizeof(refused_numbers) / sizeof(refused_numbers[0]); i++)
			for (const long *n = refused_numbers[i].numbers; *n; n++)
				if (*n == number) {
					one.cap = refused_numbers[i].cap;
					one.error = EPERM;
				}
		asked[(*count)++] = one;
	}
	return asked;
}

/*
 * Confines this process, under a filter that refuses every call but those two which are needed
 * here: so none is made, whoever asks, and one that the filter under test lets pass fails with
 * PASSED. Of two filters that refuse a call the later one's error counts.
 */
static void confine(uint64_t caps)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_K | BPF_JEQ, SYS_prctl, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_K | BPF_JEQ, SYS_exit_group, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | PASSED),
	};
	const struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) || seccomp_confine(caps))
		_exit(253);
}

static void check_filter(uint64_t caps, struct asked *asked, size_t count)
{
	int status = 0;
	pid_t pid;

	for (struct asked *one = asked; one < asked + count; one++)
		one->found = 0;
	pid = fork();
	if (pid == 0) {
		confine(caps);
		for (struct asked *one = asked; one < asked + count; one++)
			one->found = syscall(one->number, one->first, one->second, 0, 0, 0) < 0
					     ? errno
					     : 0;
		syscall(SYS_exit_group, 0); /* what a sanitizer does before _exit() is refused */
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	for (const struct asked *one = asked; one < asked + count; one++) {
		int error = caps >> one->cap & 1 ? PASSED : one->error;

		if (one->found != error)
			fail_msg("capabilities %llx, call %ld(%lx, %lx): expected error %d, found "
				 "%d",
				 (unsigned long long)caps, one->number, one->first, one->second,
				 error, one->found);
	}
}

/* What is listed is refused, nothing else is, and each capability brings back its own alone. */
static void test_confined(void **state)
{
	size_t count;
	struct asked *asked = ask_everything(&count);

	(void)state;
	check_filter(DEFAULT_CAPS, asked, count);
	check_filter(0, asked, count);
	check_filter(ALL_CAPS, asked, count);
	for (int cap = 0; cap <= CAP_LAST_CAP; cap++) {
		check_filter(1ULL << cap, asked, count);
		check_filter(ALL_CAPS & ~(1ULL << cap), asked, count);
	}
	munmap(asked, count * sizeof(*asked));
}

#ifdef __x86_64__
/* How a process ends that makes a system call as i386 does. */
static int call_as_i386(bool confined)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		long number = 20; /* getpid */

		signal(SIGSEGV, SIG_DFL);
		if (confined)
			confine(ALL_CAPS);
		__asm__ volatile("int $0x80" : "+a"(number) : : "r8", "r9", "r10", "r11", "memory");
		syscall(SYS_exit_group, 0);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}
#endif

static void test_other_instruction_set(void **state)
{
	(void)state;
#ifdef __x86_64__
	if (call_as_i386(false) == 0) {
		int status = call_as_i386(true);

		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGSYS);
		return;
	}
#endif
	print_message("skipped: this kernel runs no other instruction set\n");
	skip();
}

/* A process has what its command says, and knows no other descriptor. */
static void test_command_means(void **state)
{
	char *argv[] = {
		"sh", "-c",
		"test $(umask) = 0027 && test $(ulimit -Sn) = 20 && test $(ulimit -Hn) = 30 &&"
		"grep -q '^NoNewPrivs:\t1$' /proc/self/status &&"
		"grep -q '^Seccomp:\t2$' /proc/self/status &&"
		"grep -q '^CapBnd:\t0000000000000002$' /proc/self/status &&"
		"test \"$(readlink /proc/self/fd/3)\" = /dev/zero",
		NULL};
	char *envp[] = {NULL};
	int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	struct command command = {.argv = argv,
				  .envp = envp,
				  .umask = 027,
				  .caps = 1ULL << CAP_DAC_OVERRIDE | 1ULL << CAP_MKNOD,
				  .no_new_privs = true,
				  .module = zero,
				  .limited = 1U << RLIMIT_NOFILE};

	(void)state;
	if (geteuid() != 0) {
		print_message("skipped: who is not root bounds no capabilities\n");
		skip();
	}
	assert_true(zero >= 0);
	command.limits[RLIMIT_NOFILE] = (struct rlimit){.rlim_cur = 20, .rlim_max = 30};
	assert_int_equal(status_as(&command), 0);
	close(zero);
}

/* A program by its descriptor, whatever its path has become. */
static void test_command_descriptor(void **state)
{
	char *argv[] = {"anything", "-c", "exit 9", NULL};
	char *envp[] = {NULL};
	struct command command = {.argv = argv, .envp = envp, .caps = ~0ULL, .unconfined = true};
	struct refusal why = {.name = NULL};
	pid_t pid;

	(void)state;
	command.program = open("/bin/sh", O_PATH | O_CLOEXEC);
	assert_true(command.program >= 0);
	assert_int_equal(status_as(&command), 9);
	close(command.program);
	command.program = -1;
	assert_int_equal(command_start(&command, &pid, &why), -1);
	assert_string_equal(why.name, "INIT-EXEC");
}

static char *read_text(const char *folder, const char *name, char text[256])
{
	char path[128];
	size_t size = 0;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(read_whole_file(path, text, 255, &size), 0);
	text[size] = '\0';
	return text;
}

/* Names where there are none; a file or a link that is there stays. */
static void test_network_files(void **state)
{
	char template[] = "/tmp/init-net-XXXXXX";
	char *folder = new_folder(template);
	struct refusal why = {.name = NULL};
	char path[128];
	char text[256];

	(void)state;
	assert_int_equal(network_files(folder, "box", &why), 0);
	assert_string_equal(read_text(folder, "etc/hostname", text), "box\n");
	assert_string_equal(read_text(folder, "etc/hosts", text),
			    "127.0.0.1\tlocalhost box\n::1\tlocalhost ip6-localhost ip6-loopback "
			    "box\n");
	assert_string_equal(read_text(folder, "etc/resolv.conf", text), "nameserver 127.0.0.1\n");
	snprintf(path, sizeof(path), "%s/etc/resolv.conf", folder);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("nowhere", path), 0);
	/* An exported container's file, where its engine mounts its own. */
	remove_from(folder, "etc/hosts");
	touch(folder, "etc/hosts", 0644);
	assert_int_equal(network_files(folder, "other", &why), 0);
	assert_string_equal(read_text(folder, "etc/hostname", text), "box\n");
	assert_string_equal(read_text(folder, "etc/hosts", text),
			    "127.0.0.1\tlocalhost other\n::1\tlocalhost ip6-localhost ip6-loopback "
			    "other\n");
	assert_int_equal(readlink(path, text, sizeof(text)), 7);
	remove_from(folder, "etc/hostname");
	remove_from(folder, "etc/hosts");
	remove_from(folder, "etc/resolv.conf");
	snprintf(path, sizeof(path), "%s/etc", folder);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(rmdir(folder), 0);
}

/* The NSM codec */

/*
 * Pieces of CBOR. A letter that would go on with the hexadecimal number before it is written as a
 * number too.
 */
#define MAP1	     "\xa1"
#define MAP2	     "\xa2"
#define DESCRIBE_PCR "\x6b\x44\x65scribePCR"
#define ATTESTATION  "\x6b\x41ttestation"
#define DOCUMENT     "\x68\x64ocument"
#define EXTEND_PCR   "\x69\x45xtendPCR"
#define LOCK_PCR     "\x67LockPCR"
#define ERROR	     "\x65\x45rror"
#define LOCK	     "\x64lock\xf5"
#define DATA_KEY     "\x64\x64\x61ta"
#define VALUE48	     "0123456789abcdef0123456789abcdef0123456789abcdef"
#define DATA	     DATA_KEY "\x58\x30" VALUE48

static size_t encode(enum nsm_command command, unsigned int index, struct nsm_bytes first,
		     struct nsm_bytes second, struct nsm_bytes third, uint8_t *bytes)
{
	const struct nsm_request request = {
		.command = command, .index = index, .fields = {first, second, third}};

	errno = 0;
	return nsm_encode(&request, bytes);
}

/* A request has these bytes: serde_cbor's encoding of the official client's structures. */
#define encodes_as(bytes, ...)                                                                     \
	do {                                                                                       \
		static const uint8_t golden[] = bytes;                                             \
		assert_int_equal(encode(__VA_ARGS__, request), sizeof(golden) - 1);                \
		assert_memory_equal(request, golden, sizeof(golden) - 1);                          \
	} while (0)

static const struct nsm_bytes absent;

static void test_nsm_requests(void **state)
{
	const struct nsm_bytes empty = {(const uint8_t *)"", 0};
	const struct nsm_bytes two = {(const uint8_t *)"\1\2", 2};
	uint8_t *request = malloc(NSM_REQUEST_MAX);

	(void)state;
	assert_non_null(request);
	encodes_as("\x69GetRandom", NSM_GET_RANDOM, 0, absent, absent, absent);
	encodes_as(MAP1 DESCRIBE_PCR "\xa1\x65index\x00", NSM_DESCRIBE_PCR, 0, absent, absent,
		   absent);
	encodes_as(MAP1 DESCRIBE_PCR "\xa1\x65index\x18\x1f", NSM_DESCRIBE_PCR, 31, absent, absent,
		   absent);
	encodes_as(MAP1 EXTEND_PCR "\xa2\x65index\x10" DATA_KEY "\x42\x01\x02", NSM_EXTEND_PCR, 16,
		   two, absent, absent);
	encodes_as(MAP1 LOCK_PCR "\xa1\x65index\x10", NSM_LOCK_PCR, 16, absent, absent, absent);
	encodes_as(MAP1 ATTESTATION "\xa3\x69user_data\xf6\x65nonce\xf6\x6apublic_key\xf6",
		   NSM_ATTESTATION, 0, absent, absent, absent);
	encodes_as(MAP1 ATTESTATION "\xa3\x69user_data\x40\x65nonce\x42\x01\x02\x6apublic_key\xf6",
		   NSM_ATTESTATION, 0, empty, two, absent);
	free(request);
}

/* The head of a byte string in its three widths, and the bounds of the fields. */
static void test_nsm_request_bounds(void **state)
{
	static const uint8_t zeros[NSM_PUBLIC_KEY_MAX + 1];
	const struct nsm_bytes longest = {zeros, NSM_FIELD_MAX};
	const struct nsm_bytes too_long = {zeros, NSM_FIELD_MAX + 1};
	const struct nsm_bytes key = {zeros, NSM_PUBLIC_KEY_MAX};
	const struct nsm_bytes long_key = {zeros, sizeof(zeros)};
	uint8_t *request = malloc(NSM_REQUEST_MAX);
	/* Map, "Attestation", map, "user_data". */
	const size_t user_data = 1 + 12 + 1 + 10;
	static const struct {
		size_t size;
		const char *head;
	} heads[] = {{23, "\x57"}, {24, "\x58\x18"}, {255, "\x58\xff"}, {256, "\x59\x01"}};

	(void)state;
	assert_non_null(request);
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		const struct nsm_bytes some = {zeros, heads[i].size};

		assert_true(encode(NSM_ATTESTATION, 0, some, absent, absent, request) > 0);
		assert_memory_equal(request + user_data, heads[i].head, strlen(heads[i].head));
	}
	assert_true(encode(NSM_ATTESTATION, 0, longest, longest, key, request) >
		    2 * NSM_FIELD_MAX + NSM_PUBLIC_KEY_MAX);
	assert_true(encode(NSM_EXTEND_PCR, 31, longest, absent, absent, request) > NSM_FIELD_MAX);
	assert_int_equal(encode(NSM_ATTESTATION, 0, too_long, absent, absent, request), 0);
	assert_int_equal(errno, EMSGSIZE);
	assert_int_equal(encode(NSM_ATTESTATION, 0, absent, too_long, absent, request), 0);
	assert_int_equal(encode(NSM_ATTESTATION, 0, absent, absent, long_key, request), 0);
	assert_int_equal(encode(NSM_EXTEND_PCR, 0, too_long, absent, absent, request), 0);
	assert_int_equal(errno, EMSGSIZE);
	free(request);
}

static int decode(enum nsm_command command, const void *bytes, size_t size,
		  struct nsm_bytes *answer)
{
	uint8_t *exact = copy(bytes, size);
	int result;

	errno = 0;
	result = nsm_decode(command, exact, size, answer);
	if (result == 0) {
		/* Where in the response it lies is kept, but points into what outlives this. */
		if (answer->data)
			answer->data = (const uint8_t *)bytes + (answer->data - exact);
	}
	free(exact);
	return result;
}

#define decodes(command, bytes, answer) decode(command, bytes, sizeof(bytes) - 1, answer)

static void test_nsm_answers(void **state)
{
	struct nsm_bytes answer = {.size = 0};

	(void)state;
	assert_int_equal(decodes(NSM_DESCRIBE_PCR, MAP1 DESCRIBE_PCR MAP2 LOCK DATA, &answer), 0);
	assert_int_equal(answer.size, NSM_PCR_SIZE);
	assert_memory_equal(answer.data, VALUE48, NSM_PCR_SIZE);
	assert_int_equal(decodes(NSM_DESCRIBE_PCR,
				 MAP1 DESCRIBE_PCR MAP2 DATA_KEY "\x59\x00\x30" VALUE48
								 "\x64lock\xf4",
				 &answer),
			 0);
	assert_memory_equal(answer.data, VALUE48, NSM_PCR_SIZE);
	assert_int_equal(decodes(NSM_EXTEND_PCR, MAP1 EXTEND_PCR MAP1 DATA, &answer), 0);
	assert_int_equal(answer.size, NSM_PCR_SIZE);
	assert_int_equal(decodes(NSM_LOCK_PCR, LOCK_PCR, &answer), 0);
	assert_null(answer.data);
	assert_int_equal(
		decodes(NSM_GET_RANDOM, MAP1 "\x69GetRandom" MAP1 "\x66random\x43xyz", &answer), 0);
	assert_int_equal(answer.size, 3);
	assert_memory_equal(answer.data, "xyz", 3);
	assert_int_equal(
		decodes(NSM_ATTESTATION, MAP1 ATTESTATION MAP1 DOCUMENT "\x45hello", &answer), 0);
	assert_int_equal(answer.size, 5);
	assert_memory_equal(answer.data, "hello", 5);
}

static void refused(enum nsm_command command, const char *bytes, size_t size, int error)
{
	struct nsm_bytes answer = {.size = 77};

	assert_int_equal(decode(command, bytes, size, &answer), -1);
	assert_int_equal(errno, error);
	assert_int_equal(answer.size, 77);
	assert_null(answer.data);
}

#define refuses(command, bytes, error) refused(command, bytes, sizeof(bytes) - 1, error)
#define describe_refuses(bytes, error) refuses(NSM_DESCRIBE_PCR, bytes, error)

static void test_nsm_refused(void **state)
{
	(void)state;
	describe_refuses(MAP1 ERROR "\x6cInvalidIndex", EREMOTEIO);
	describe_refuses(MAP1 ERROR "\x6cInvalidIndex\x00", EPROTO);
	describe_refuses(MAP1 ERROR "\x6dInvalidIndex", EPROTO);
	describe_refuses(MAP1 ERROR "\x00", EPROTO);
	describe_refuses(LOCK_PCR, EPROTO);
	describe_refuses(MAP1 DESCRIBE_PCR MAP2 LOCK DATA "\x00", EPROTO);
	describe_refuses(MAP1 DESCRIBE_PCR MAP2 LOCK LOCK, EPROTO);
	describe_refuses(MAP1 DESCRIBE_PCR MAP2 DATA DATA, EPROTO);
	describe_refuses(MAP1 DESCRIBE_PCR "\xa3" LOCK DATA "\x64more\x00", EPROTO);
	describe_refuses(MAP1 DESCRIBE_PCR MAP1 LOCK, EPROTO);
	describe_refuses(MAP1 DESCRIBE_PCR MAP1 DATA, EPROTO);
	describe_refuses(MAP1 DESCRIBE_PCR "\xbf" LOCK DATA "\xff", EPROTO);
	describe_refuses("\xbf" DESCRIBE_PCR MAP2 LOCK DATA "\xff", EPROTO);
	describe_refuses(MAP1 DESCRIBE_PCR MAP2 LOCK DATA_KEY "\x5f\x58\x30" VALUE48 "\xff",
			 EPROTO);
	describe_refuses(MAP1 DESCRIBE_PCR MAP2 LOCK DATA_KEY "\x78\x30" VALUE48, EPROTO);
	describe_refuses(MAP1 DESCRIBE_PCR MAP2 LOCK DATA_KEY "\x58\x31" VALUE48, EPROTO);
	describe_refuses(MAP1 DESCRIBE_PCR MAP2 LOCK DATA_KEY "\x5a\xff\xff\xff\xff" VALUE48,
			 EPROTO);
	describe_refuses(MAP1 DESCRIBE_PCR MAP2 LOCK DATA_KEY "\x5b\0\0\0\0\0\0\0\x30" VALUE48,
			 EPROTO);
	describe_refuses(MAP1 DESCRIBE_PCR MAP2 "\x64lock\x01" DATA, EPROTO);
	describe_refuses(MAP1 DESCRIBE_PCR MAP2 "\x64lock\xf6" DATA, EPROTO);
	describe_refuses(MAP1 ATTESTATION MAP2 LOCK DATA, EPROTO);
	refuses(NSM_EXTEND_PCR, MAP1 ERROR "\x6dReadOnlyIndex", EREMOTEIO);
	refuses(NSM_EXTEND_PCR, MAP1 EXTEND_PCR MAP1 DATA_KEY "\x42x", EPROTO);
	refuses(NSM_EXTEND_PCR, MAP1 EXTEND_PCR MAP2 LOCK DATA, EPROTO);
	refuses(NSM_EXTEND_PCR, MAP1 EXTEND_PCR MAP1 LOCK, EPROTO);
	refuses(NSM_LOCK_PCR, MAP1 ERROR "\x6dReadOnlyIndex", EREMOTEIO);
	refuses(NSM_LOCK_PCR, LOCK_PCR "\x00", EPROTO);
	refuses(NSM_LOCK_PCR, "\x68LockPCRs", EPROTO);
	refuses(NSM_LOCK_PCR, "\x47LockPCR", EPROTO);
	refuses(NSM_GET_RANDOM, MAP1 "\x69GetRandom" MAP1 "\x66random\x43xy", EPROTO);
	refuses(NSM_ATTESTATION, MAP1 ERROR "\x6dInputTooLarge", EREMOTEIO);
	refuses(NSM_ATTESTATION, MAP1 ATTESTATION MAP1 DOCUMENT "\x45hello!", EPROTO);
}

/* Every answer that is cut short is refused, and no altered byte leads out of the buffer. */
static void test_nsm_every_byte(void **state)
{
	static const char answer[] = MAP1 DESCRIBE_PCR MAP2 LOCK DATA;
	static const char document[] = MAP1 ATTESTATION MAP1 DOCUMENT "\x45hello";
	char altered[sizeof(answer) - 1];
	struct nsm_bytes pcr;

	(void)state;
	for (size_t size = 0; size < sizeof(document) - 1; size++)
		refused(NSM_ATTESTATION, document, size, EPROTO);
	for (size_t size = 0; size < sizeof(altered); size++)
		refused(NSM_DESCRIBE_PCR, answer, size, EPROTO);
	for (size_t at = 0; at < sizeof(altered); at++)
		for (int byte = 0; byte < 256; byte++) {
			memcpy(altered, answer, sizeof(altered));
			altered[at] = (char)byte;
			if (decode(NSM_DESCRIBE_PCR, altered, sizeof(altered), &pcr) != 0)
				assert_int_equal(errno, EPROTO);
			else
				assert_true(at >= sizeof(altered) - NSM_PCR_SIZE ||
					    altered[at] == answer[at] || altered[at] == '\xf4');
		}
}

/* What is measured */

static void test_sha384(void **state)
{
	/* FIPS 180-2, appendix D.1, and what it says of one million "a". */
	static const uint8_t abc[] =
		"\xcb\x00\x75\x3f\x45\xa3\x5e\x8b\xb5\xa0\x3d\x69\x9a\xc6\x50\x07"
		"\x27\x2c\x32\xab\x0e\xde\xd1\x63\x1a\x8b\x60\x5a\x43\xff\x5b\xed"
		"\x80\x86\x07\x2b\xa1\xe7\xcc\x23\x58\xba\xec\xa1\x34\xc8\x25\xa7";
	static const uint8_t million[] =
		"\x9d\x0e\x18\x09\x71\x64\x74\xcb\x08\x6e\x83\x4e\x31\x0a\x4a\x1c"
		"\xed\x14\x9e\x9c\x00\xf2\x48\x52\x79\x72\xce\xc5\x70\x4c\x2a\x5b"
		"\x07\xb8\xb3\xdc\x38\xec\xc4\xeb\xae\x97\xdd\xd8\x7f\x3d\x89\x85";
	unsigned char digest[48];
	unsigned char thousand[1000];
	hash_state hash;

	(void)state;
	sha384_init(&hash);
	sha384_process(&hash, (const unsigned char *)"abc", 3);
	sha384_done(&hash, digest);
	assert_memory_equal(digest, abc, sizeof(digest));
	memset(thousand, 'a', sizeof(thousand));
	sha384_init(&hash);
	for (int i = 0; i < 1000; i++)
		sha384_process(&hash, thousand, sizeof(thousand));
	sha384_done(&hash, digest);
	assert_memory_equal(digest, million, sizeof(digest));
}

/* The parent's word is received whole, or not at all. */
static void test_parent_receive(void **state)
{
	struct parent parent = {.deadline = INT64_MAX};
	char data[8] = "";
	int ends[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	parent.fd = ends[0];
	assert_int_equal(send(ends[1], "abcde", 5, 0), 5);
	parent.deadline = 0;
	assert_int_equal(parent_receive(&parent, data, 3), -1);
	assert_int_equal(errno, ETIMEDOUT);
	/* Some weeks after the start of the machine, which is when the clock starts. */
	parent.deadline = INT32_MAX;
	assert_int_equal(parent_receive(&parent, data, 0), 0);
	assert_int_equal(parent_receive(&parent, data, 3), 0);
	assert_string_equal(data, "abc");
	assert_int_equal(close(ends[1]), 0);
	assert_int_equal(parent_receive(&parent, data, 3), -1);
	assert_int_equal(errno, ENODATA);
	close(ends[0]);
}

/* Random numbers */

static unsigned int alarm_in;	   /* seconds; 0: none is set */
static unsigned int alarm_waiting; /* what was set when a wait began */
static int random_calls;

/* The C library's, but that time passes when a test says so. */
unsigned int alarm(unsigned int seconds)
{
	unsigned int before = alarm_in;

	alarm_in = seconds;
	return before;
}

static void ring(void)
{
	assert_true(alarm_in > 0);
	alarm_in = 0;
	assert_int_equal(raise(SIGALRM), 0);
}

/*
 * One that has no answer. The processor stood still before this call, so that the first alarm is
 * over; only one that comes after it can end the wait.
 */
ssize_t getrandom(void *bytes, size_t size, unsigned int flags)
{
	(void)bytes;
	assert_int_equal(flags, 0);
	alarm_waiting = alarm_in;
	if (random_calls++ > 0)
		return (ssize_t)size;
	ring();
	ring();
	errno = EINTR;
	return -1;
}

/* Ten seconds and a bit more, whenever the host lets the processor run; no alarm is left behind. */
static void test_random_awaited(void **state)
{
	struct refusal why = {.name = NULL};

	(void)state;
	random_calls = 0;
	assert_int_equal(platform_await_random(&why), -1);
	assert_string_equal(why.name, "INIT-ENTROPY");
	assert_int_equal(alarm_waiting, 10);
	assert_int_equal(alarm_in, 0);
	alarm_waiting = 0;
	assert_int_equal(platform_await_random(&why), 0);
	assert_int_equal(alarm_waiting, 10);
	assert_int_equal(alarm_in, 0);
	assert_int_equal(random_calls, 2);
}

/* Realms */

/*
 * The C library's, but that a folder of reports has its files at once, as configfs makes them. Only
 * for the sources under test: nothing here makes such a folder itself.
 */
int mkdir(const char *path, mode_t mode)
{
	if (mkdirat(AT_FDCWD, path, mode))
		return -1;
	if (strstr(path, "/tsm/report/")) {
		touch(path, "inblob", 0200);
		touch(path, "outblob", 0444);
	}
	return 0;
}

static int outside = -1;

/* A root of its own, in which paths of init's are these tests'. */
static int enter_root(void **state)
{
	static const char *const folders[] = {"dev",
					      "sys",
					      "sys/kernel",
					      "sys/kernel/config",
					      "sys/kernel/config/tsm",
					      "sys/kernel/config/tsm/report"};
	static char template[] = "/tmp/init-realm-XXXXXX";
	static char name[sizeof(template)];

	memcpy(name, template, sizeof(template));
	outside = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	*state = new_folder(name);
	if (chdir(*state) || chroot(".")) {
		close(outside);
		outside = -1;
	}
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		assert_int_equal(mkdirat(AT_FDCWD, folders[i], 0755), 0);
	return 0;
}

/* What lies in it goes with the environment. */
static int leave_root(void **state)
{
	(void)state;
	if (outside < 0)
		return chdir("/");
	assert_int_equal(fchdir(outside) || chroot("."), 0);
	return close(outside);
}

#define NEEDS_ROOT()                                                                               \
	do {                                                                                       \
		if (outside < 0) {                                                                 \
			print_message("skipped: no rights to have a root of its own\n");           \
			skip();                                                                    \
		}                                                                                  \
	} while (0)

/* Lays a device from outside over a file; who may not make devices may do that, with mounts of its own. */
static void bring_device(const char *device, const char *path)
{
	int tree = (int)syscall(SYS_open_tree, outside, device, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	if (tree < 0 ||
	    syscall(SYS_move_mount, tree, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH)) {
		print_message("skipped: no mounts of its own here, to bring in %s\n", device);
		skip();
	}
	close(tree);
}

/* A platform is known by a device; a file of its name, which a tree could hold, is none. */
static void test_platform_found(void **state)
{
	struct refusal why = {.name = NULL};

	(void)state;
	NEEDS_ROOT();
	assert_null(platform_find(false, &why));
	assert_string_equal(why.name, "INIT-PLATFORM");
	touch("/dev", "nsm", 0600);
	touch("/dev", "cca_rem0", 0200);
	assert_null(platform_find(false, &why));
	assert_ptr_equal(platform_find(true, &why), &platform_plain);
	bring_device("dev/null", "/dev/cca_rem0");
	assert_ptr_equal(platform_find(false, &why), &platform_cca);
}

/* The digest and zeros, 64 bytes in all, in one write; no device, no realm. */
static void test_rem_extended(void **state)
{
	uint8_t digest[CONFIG_DIGEST_SIZE];
	uint8_t wanted[64] = {0};
	struct refusal why = {.name = NULL};
	char found[256];
	size_t size;

	(void)state;
	NEEDS_ROOT();
	for (size_t i = 0; i < sizeof(digest); i++)
		digest[i] = wanted[i] = (uint8_t)(i + 1);
	assert_int_equal(platform_cca.extend(0, digest, &why), -1);
	assert_string_equal(why.name, "INIT-CONFIG");
	touch("/dev", "cca_rem0", 0600);
	assert_int_equal(platform_cca.extend(0, digest, &why), 0);
	assert_int_equal(read_whole_file("/dev/cca_rem0", found, sizeof(found), &size), 0);
	assert_int_equal(size, sizeof(wanted));
	assert_memory_equal(found, wanted, sizeof(wanted));
	/* Not even where something is in its place that takes no byte. */
	bring_device("dev/full", "/dev/cca_rem0");
	assert_int_equal(platform_cca.extend(0, digest, &why), -1);
	assert_string_equal(why.name, "INIT-CONFIG");
	assert_non_null(strstr(why.text, "/dev/cca_rem0: extend it: "));
}

/* Its application's user alone can ask; with nobody to give it to, the reports have to go. */
static void test_reports_given(void **state)
{
	const struct command owner = {.uid = geteuid(), .gid = getegid()};
	const char *folder = "/sys/kernel/config/tsm/report/application";
	char text[256];
	struct stat st;
	int fd;

	(void)state;
	NEEDS_ROOT();
	assert_int_equal(platform_cca.give(&owner), 0);
	snprintf(text, sizeof(text), "%s/outblob", folder);
	assert_int_equal(stat(text, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0400);
	assert_int_equal(st.st_uid, owner.uid);
	assert_int_equal(platform_cca.give(&owner), -1);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(platform_cca.give(NULL), -1);
	fd = tsm_make("/sys/kernel/config/tsm/report/attest", owner.uid, owner.gid);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(faccessat(fd, "inblob", F_OK, 0), 0);
	close(fd);
	assert_int_equal(tsm_make("/sys/kernel/config/none/attest", owner.uid, owner.gid), -1);
	/* A folder in which the kernel puts no files is none of reports. */
	assert_int_equal(tsm_make("/sys/kernel/config/tsm/other", owner.uid, owner.gid), -1);
	assert_int_equal(errno, ENOENT);
}

/* No realm goes on without a processor that has random numbers; this one is another's. */
static void test_realm_random(void **state)
{
	struct refusal why = {.name = NULL};

	(void)state;
	NEEDS_ROOT();
#ifndef __aarch64__
	assert_int_equal(platform_cca.open(&why), -1);
	assert_string_equal(why.name, "INIT-ENTROPY");
	assert_non_null(strstr(why.text, "RNDRRS"));
	assert_int_equal(access("/sys/kernel/config/tsm/report/attest", F_OK), -1);
#endif
	assert_int_equal(platform_credit("0123456789abcdef", 16, &why), -1);
	assert_string_equal(why.name, "INIT-ENTROPY");
}

/* A Nitro enclave */

static size_t module_size; /* of the module's random bytes */
static int module_error;   /* what asking it fails with; 0: it answers */
static int credit_error;

static struct {
	int calls;
	int entropy_bits;
	int size;
	uint8_t bytes[512];
} credited;

/* The random bytes of the module of these tests. */
static uint8_t module_byte(size_t at)
{
	return (uint8_t)(at * 7 + 1);
}

static int ask_module(struct nsm_raw *raw)
{
	static const char request[] = "\x69GetRandom";
	static const char head[] = MAP1 "\x69GetRandom" MAP1 "\x66random\x59";
	uint8_t *answer = (uint8_t *)(uintptr_t)raw->response.addr;
	size_t at = sizeof(head) - 1;

	assert_int_equal(raw->request.len, sizeof(request) - 1);
	assert_memory_equal((const void *)(uintptr_t)raw->request.addr, request,
			    sizeof(request) - 1);
	assert_true(at + 2 + module_size <= raw->response.len);
	errno = module_error;
	if (module_error)
		return -1;
	memcpy(answer, head, at);
	answer[at++] = (uint8_t)(module_size >> 8);
	answer[at++] = (uint8_t)module_size;
	for (size_t i = 0; i < module_size; i++)
		answer[at++] = module_byte(i);
	raw->response.len = at;
	return 0;
}

static int take_credit(const struct rand_pool_info *pool)
{
	errno = credit_error;
	if (credit_error)
		return -1;
	credited.calls++;
	credited.entropy_bits = pool->entropy_count;
	credited.size = pool->buf_size;
	assert_in_range(pool->buf_size, 0, sizeof(credited.bytes));
	memcpy(credited.bytes, pool->buf, (size_t)pool->buf_size);
	return 0;
}

/*
 * The C library's, but that the module is the one above, and that nothing is credited to the kernel
 * that runs the tests.
 */
long syscall(long number, ...)
{
	static long (*real)(long number, ...);
	va_list list;
	long word[5];

	va_start(list, number);
	for (size_t i = 0; i < sizeof(word) / sizeof(word[0]); i++)
		word[i] = va_arg(list, long);
	va_end(list);
	if (number == SYS_ioctl && (unsigned long)word[1] == NSM_IOCTL_RAW)
		return ask_module((struct nsm_raw *)word[2]);
	if (number == SYS_ioctl && (unsigned long)word[1] == RNDADDENTROPY)
		return take_credit((const struct rand_pool_info *)word[2]);
	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "syscall");
	return real(number, word[0], word[1], word[2], word[3], word[4]);
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list list;
	long word;

	va_start(list, request);
	word = va_arg(list, long);
	va_end(list);
	return (int)syscall(SYS_ioctl, fd, request, word);
}

#define SOURCE "/sys/class/misc/hw_random/rng_current"

static void set_source(const char *name)
{
	int fd = open(SOURCE, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, name, strlen(name)), strlen(name));
	close(fd);
}

static void nitro_refused(const char *found)
{
	struct refusal why = {.name = NULL};

	assert_int_equal(platform_nitro.open(&why), -1);
	assert_string_equal(why.name, "INIT-ENTROPY");
	if (!strstr(why.text, found))
		fail_msg("expected \"%s\" in \"%s\"", found, why.text);
}

/* The first bytes of the module's so many are credited, each of their bits, before the wait. */
static void nitro_credits(size_t size, int expected_size)
{
	struct refusal why = {.name = NULL};
	int module;

	memset(&credited, 0, sizeof(credited));
	random_calls = 1;
	module_size = size;
	module = platform_nitro.open(&why);
	assert_true(module >= 0);
	assert_int_equal(close(module), 0);
	assert_int_equal(credited.calls, 1);
	assert_int_equal(credited.size, expected_size);
	assert_int_equal(credited.entropy_bits, 8 * expected_size);
	for (int i = 0; i < expected_size; i++)
		assert_int_equal(credited.bytes[i], module_byte((size_t)i));
	assert_int_equal(random_calls, 2);
}

/* The entropy gate, in its order; most of this no emulated module can be made to show. */
static void test_nitro_random(void **state)
{
	static const char *const folders[] = {"/sys/class", "/sys/class/misc",
					      "/sys/class/misc/hw_random"};

	(void)state;
	NEEDS_ROOT();
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		assert_int_equal(mkdirat(AT_FDCWD, folders[i], 0755), 0);
	memset(&credited, 0, sizeof(credited));
	random_calls = 1;
	module_size = 32;
	nitro_refused("/dev/nsm: No such file");
	touch("/dev", "nsm", 0600);
	nitro_refused(SOURCE ": No such file");
	set_source("none\n");
	nitro_refused("expected nsm-hwrng\n, found none\n");
	set_source("nsm-hwrng.1\n");
	nitro_refused("found nsm-hwrng.1\n");
	set_source("nsm-hwrng\n");
	module_error = EIO;
	nitro_refused("/dev/nsm: GetRandom: Input/output error");
	module_error = 0;
	module_size = 31;
	nitro_refused("expected at least 32 random bytes, found 31");
	module_size = 0;
	nitro_refused("expected at least 32 random bytes, found 0");
	module_size = 32;
	nitro_refused("/dev/random: credit random bytes: No such file");
	touch("/dev", "random", 0600);
	credit_error = EPERM;
	nitro_refused("/dev/random: credit random bytes: Operation not permitted");
	credit_error = 0;
	assert_int_equal(credited.calls, 0);
	assert_int_equal(random_calls, 1);
	nitro_credits(32, 32);
	nitro_credits(256, 256);
	nitro_credits(257, 256);
	/* Credited or not, a kernel that does not answer is none to go on with. */
	random_calls = 0;
	nitro_refused("getrandom: expected an answer within 10 s");
	assert_int_equal(credited.calls, 2);
}

/* The launch configuration */

static int extend_result;
static int extend_calls;
static uint8_t extended[CONFIG_DIGEST_SIZE];

static int extend_of_test(int module, const uint8_t digest[CONFIG_DIGEST_SIZE], struct refusal *why)
{
	assert_int_equal(module, 77);
	extend_calls++;
	memcpy(extended, digest, sizeof(extended));
	return extend_result ? refuse(why, "INIT-CONFIG", "test") : 0;
}

/* That there was no configuration is measured, too, wherever anything is. */
static void test_config_none(void **state)
{
	static const unsigned char none[] = "mintmark no launch configuration 1";
	const struct runspec *spec = calloc(1, sizeof(*spec));
	unsigned char digest[CONFIG_DIGEST_SIZE];
	struct refusal why = {.name = NULL};
	hash_state hash;

	(void)state;
	assert_non_null(spec);
	sha384_init(&hash);
	sha384_process(&hash, none, sizeof(none));
	sha384_done(&hash, digest);
	extend_result = 0;
	assert_int_equal(config_measure(spec, extend_of_test, 77, &why), 0);
	assert_memory_equal(extended, digest, sizeof(digest));
	extend_result = -1;
	assert_int_equal(config_measure(spec, extend_of_test, 77, &why), -1);
	assert_int_equal(config_measure(spec, NULL, 0, &why), 0);
	free((void *)spec);
}

static int parent_end = -1; /* what the next connection is to be */

/* The C library's, but that the parent is a test's. */
int socket(int domain, int type, int protocol)
{
	int fd = parent_end;

	if (domain != AF_VSOCK)
		return (int)syscall(SYS_socket, domain, type, protocol);
	assert_int_equal(type, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK);
	assert_true(fd >= 0);
	parent_end = -1;
	return fd;
}

/* Only for the sources under test, which connect to nobody else. */
int connect(int fd, const struct sockaddr *address, socklen_t size)
{
	const struct sockaddr_vm *parent = (const struct sockaddr_vm *)address;

	(void)fd;
	assert_int_equal(size, sizeof(*parent));
	assert_int_equal(parent->svm_family, AF_VSOCK);
	assert_int_equal(parent->svm_port, 9002);
	return 0;
}

/* What the parent sends: the first so many bytes of a length and of what follows it. */
struct sent {
	uint8_t length[4];
	uint8_t bytes[CONFIG_SIZE_MAX + 1];
};

static struct sent *config_says(uint32_t length)
{
	struct sent *sent = malloc(sizeof(*sent));

	assert_non_null(sent);
	for (size_t i = 0; i < sizeof(sent->bytes); i++)
		sent->bytes[i] = (uint8_t)(i % 251);
	for (size_t i = 0; i < 4; i++)
		sent->length[i] = (uint8_t)(length >> (24 - 8 * i));
	return sent;
}

/* A parent that sends size bytes and no more, piece by piece, and is gone. */
static pid_t send_config(const struct sent *sent, size_t size)
{
	int ends[2];
	pid_t pid;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
	parent_end = ends[0];
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		for (size_t at = 0; at < size;) {
			ssize_t n = write(ends[1], (const char *)sent + at,
					  size - at < 1000 ? size - at : 1000);

			if (n <= 0)
				_exit(1);
			at += (size_t)n;
		}
		_exit(0);
	}
	assert_true(pid > 0);
	assert_int_equal(close(ends[1]), 0);
	return pid;
}

/* Such a configuration is measured and laid down, or refused for what is expected to be found. */
static void check_config(uint32_t length, size_t size, const char *found)
{
	static const unsigned char some[] = "mintmark launch configuration 1";
	struct runspec *spec = calloc(1, sizeof(*spec));
	struct sent *sent = config_says(length);
	struct refusal why = {.name = NULL};
	char *laid = malloc(CONFIG_SIZE_MAX + 1);
	unsigned char digest[CONFIG_DIGEST_SIZE];
	int fd = -1;
	hash_state hash;
	struct stat st;
	size_t laid_size;
	pid_t parent;

	assert_true(spec && laid);
	spec->config = true;
	spec->commands[0].uid = geteuid();
	spec->commands[0].gid = getegid();
	parent = send_config(sent, size);
	fd = parent_end;
	extend_calls = 0;
	extend_result = 0;
	fflush(stdout);
	assert_int_equal(config_measure(spec, extend_of_test, 77, &why), found ? -1 : 0);
	if (found) {
		assert_string_equal(why.name, "INIT-CONFIG");
		assert_int_equal(extend_calls, 0);
		if (!strstr(why.text, found))
			fail_msg("expected \"%s\" in \"%s\"", found, why.text);
		close(fd);
	} else {
		sha384_init(&hash);
		sha384_process(&hash, some, sizeof(some));
		sha384_process(&hash, sent->bytes, length);
		sha384_done(&hash, digest);
		assert_int_equal(extend_calls, 1);
		assert_memory_equal(extended, digest, sizeof(digest));
		assert_int_equal(
			read_whole_file(CONFIG_PATH, laid, CONFIG_SIZE_MAX + 1, &laid_size), 0);
		assert_int_equal(laid_size, length);
		assert_memory_equal(laid, sent->bytes, length);
		assert_int_equal(stat(CONFIG_PATH, &st), 0);
		assert_int_equal(st.st_mode, S_IFREG | 0400);
	}
	assert_int_equal(waitpid(parent, NULL, 0), parent);
	assert_int_equal(unlink(CONFIG_PATH), 0);
	assert_int_equal(rmdir("/run/mintmark"), 0);
	free(laid);
	free(sent);
	free(spec);
}

/* A length and as many bytes: all of them, and none that is not announced. */
static void test_config_received(void **state)
{
	(void)state;
	NEEDS_ROOT();
	assert_int_equal(mkdirat(AT_FDCWD, "/run", 0755), 0);
	check_config(0, 4, NULL);
	check_config(1, 4 + 1, NULL);
	check_config(4095, 4 + 4095, NULL);
	check_config(4096, 4 + 4096, NULL);
	check_config(4097, 4 + 4097, NULL);
	check_config(0x10203, 4 + 0x10203, NULL);
	check_config(1048576, 4 + 1048576, NULL);
	check_config(5, 4 + 10, NULL);
	check_config(1048577, 4 + 100, "expected at most 1048576 bytes, found 1048577");
	check_config(UINT32_MAX, 4 + 100, "expected at most 1048576 bytes, found 4294967295");
	check_config(0, 0, "receive the length: No data available");
	check_config(1, 3, "receive the length: No data available");
	check_config(1, 4, "receive 1 bytes more: No data available");
	check_config(100, 4 + 99, "receive 100 bytes more: No data available");
	check_config(10000, 4 + 5000, "receive 5904 bytes more: No data available");
	check_config(8192, 4 + 8191, "receive 4096 bytes more: No data available");
}

#define in_root(test) cmocka_unit_test_setup_teardown(test, enter_root, leave_root)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cmdline_accepted),
		cmocka_unit_test(test_cmdline_refused),
		cmocka_unit_test(test_cmdline_nul),
		cmocka_unit_test(test_cmdline_every_byte),
		cmocka_unit_test(test_cmdline_says_where),
		cmocka_unit_test(test_root_altered),
		cmocka_unit_test(test_root_read),
		cmocka_unit_test(test_runspec_accepted),
		cmocka_unit_test(test_runspec_identity),
		cmocka_unit_test(test_runspec_defaults),
		cmocka_unit_test(test_runspec_sections),
		cmocka_unit_test(test_runspec_limits),
		cmocka_unit_test(test_runspec_refused),
		cmocka_unit_test(test_runspec_final_nul),
		cmocka_unit_test(test_runspec_bound),
		cmocka_unit_test(test_attribute_parsed),
		cmocka_unit_test(test_attributes_stay_inside),
		cmocka_unit_test(test_folders),
		cmocka_unit_test(test_read_whole_file),
		cmocka_unit_test(test_refusal_is_cut),
		cmocka_unit_test(test_console_lines),
		cmocka_unit_test(test_console_taken_back),
		cmocka_unit_test(test_command_path),
		cmocka_unit_test(test_command_starts),
		cmocka_unit_test(test_command_folder),
		cmocka_unit_test(test_command_user),
		cmocka_unit_test(test_command_refused),
		cmocka_unit_test(test_forwarded_signals),
		cmocka_unit_test(test_restarts),
		cmocka_unit_test(test_confined),
		cmocka_unit_test(test_other_instruction_set),
		cmocka_unit_test(test_command_means),
		cmocka_unit_test(test_command_descriptor),
		cmocka_unit_test(test_network_files),
		cmocka_unit_test(test_nsm_requests),
		cmocka_unit_test(test_nsm_request_bounds),
		cmocka_unit_test(test_nsm_answers),
		cmocka_unit_test(test_nsm_refused),
		cmocka_unit_test(test_nsm_every_byte),
		cmocka_unit_test(test_sha384),
		cmocka_unit_test(test_parent_receive),
		cmocka_unit_test(test_random_awaited),
		cmocka_unit_test(test_config_none),
		in_root(test_platform_found),
		in_root(test_rem_extended),
		in_root(test_reports_given),
		in_root(test_realm_random),
		in_root(test_nitro_random),
		in_root(test_config_received),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
