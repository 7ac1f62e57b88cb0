/*
 * Unit tests of what an image's config and a recipe's records come to: the config object, users and
 * groups, signals, paths, the bytes of the run specification, and attributes that travel in it.
 * Trees are made in memory; nothing is written to disk.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../rootfs/manifest.h"
#include "../../rootfs/rootfs.h"
#include "../../rootfs/runspec.h"
#include "../../rootfs/tree.h"

static json_t *parse_json(const char *text)
{
	json_error_t reason;
	json_t *json = json_loads(text, JSON_ALLOW_NUL | JSON_DECODE_ANY, &reason);

	if (!json)
		fail_msg("%s: %s", text, reason.text);
	return json;
}

static int parse(struct image_config *config, const char *text, struct err *err)
{
	cleanup_json json_t *json = parse_json(text);

	return config_parse(config, json, err);
}

static void config_is_read(void **state)
{
	cleanup_with(config_clear) struct image_config config = {0};
	cleanup_json json_t *shown = NULL;
	cleanup_json json_t *expected = NULL;
	struct err err = {0};

	(void)state;
	assert_int_equal(
		parse(&config,
		      "{\"architecture\":\"arm64\",\"os\":\"linux\",\"variant\":\"v8\",\"config\":{"
		      "\"Entrypoint\":[\"/bin/"
		      "a\",\"\"],\"Cmd\":[\"x\\ny\"],\"Env\":[\"A=\",\"B=1=2\"],"
		      "\"User\":\"app:1\",\"WorkingDir\":\"/srv\",\"StopSignal\":\"SIGQUIT\","
		      "\"ExposedPorts\":{\"80/tcp\":{},\"53/udp\":null},\"Volumes\":{\"/b\":{},\"/"
		      "a\":{}},"
		      "\"Labels\":{\"z\":\"1\",\"a\":\"\",\"n\":null},\"ArgsEscaped\":true,"
		      "\"Shell\":7,"
		      "\"OnBuild\":{},\"Healthcheck\":[],\"Unknown\":1}}",
		      &err),
		0);
	shown = config_json(&config, &err);
	expected = parse_json(
		"{\"architecture\":\"arm64\",\"os\":\"linux\",\"variant\":\"v8\","
		"\"Entrypoint\":[\"/bin/a\",\"\"],\"Cmd\":[\"x\\ny\"],\"Env\":[\"A=\",\"B=1=2\"],"
		"\"User\":\"app:1\",\"WorkingDir\":\"/srv\",\"StopSignal\":\"SIGQUIT\","
		"\"ExposedPorts\":[\"53/udp\",\"80/tcp\"],\"Volumes\":[\"/a\",\"/b\"],"
		"\"Labels\":{\"a\":\"\",\"n\":\"\",\"z\":\"1\"}}");
	assert_true(json_equal(shown, expected));
	assert_true(config.given);
}

static void null_is_missing(void **state)
{
	static const char *const texts[] = {
		"{}",
		"{\"config\":null}",
		"{\"config\":{}}",
		"{\"os\":null,\"config\":{\"Entrypoint\":null,\"Cmd\":null,\"Env\":null,\"User\":"
		"null,"
		"\"WorkingDir\":\"\",\"StopSignal\":\"\",\"ExposedPorts\":null,\"Volumes\":null,"
		"\"Labels\":null}}",
	};
	struct err err = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		cleanup_with(config_clear) struct image_config config = {0};
		const struct image_config empty = {.given = true};

		assert_int_equal(parse(&config, texts[i], &err), 0);
		config.labels = config.label_count ? config.labels : (free(config.labels), NULL);
		assert_memory_equal(&config, &empty, sizeof(empty));
	}
}

static void config_is_strict(void **state)
{
	static const struct {
		const char *text;
		const char *found;
	} cases[] = {
		{"[]", "found a list"},
		{"null", "found null"},
		{"{\"os\":1}", "os: a string expected, found a number"},
		{"{\"config\":[]}", "config: an object expected, found a list"},
		{"{\"config\":{\"Entrypoint\":\"/bin/sh\"}}", "Entrypoint: a list of strings"},
		{"{\"config\":{\"Cmd\":{}}}", "Cmd: a list of strings expected, found an object"},
		{"{\"config\":{\"Cmd\":[1]}}", "Cmd: a string expected, found a number"},
		{"{\"config\":{\"Cmd\":[null]}}", "Cmd: a string expected, found null"},
		{"{\"config\":{\"Cmd\":[\"a\\u0000b\"]}}", "Cmd: a string without NUL"},
		{"{\"config\":{\"Env\":[\"A\"]}}", "NAME=value expected, found \"A\""},
		{"{\"config\":{\"Env\":[\"=A\"]}}", "found \"=A\""},
		{"{\"config\":{\"Env\":[\"\"]}}", "found \"\""},
		{"{\"config\":{\"Env\":{\"A\":\"b\"}}}", "Env: a list of strings"},
		{"{\"config\":{\"User\":0}}", "User: a string expected, found a number"},
		{"{\"config\":{\"User\":\"a\\u0000\"}}", "User: a string without NUL"},
		{"{\"config\":{\"WorkingDir\":[]}}", "WorkingDir: a string"},
		{"{\"config\":{\"StopSignal\":15}}", "StopSignal: a string"},
		{"{\"config\":{\"ExposedPorts\":[\"80\"]}}", "ExposedPorts: an object"},
		{"{\"config\":{\"ExposedPorts\":{\"80\":1}}}", "members that are empty objects"},
		{"{\"config\":{\"Volumes\":{\"/a\":\"\"}}}", "found a string"},
		{"{\"config\":{\"Labels\":[]}}", "Labels: an object"},
		{"{\"config\":{\"Labels\":{\"a\":true}}}", "found a truth value"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cleanup_with(config_clear) struct image_config config = {0};
		struct err err = {0};

		assert_int_equal(parse(&config, cases[i].text, &err), -1);
		assert_string_equal(err.name, "OCI-CONFIG");
		assert_int_equal(err.status, EXIT_MALFORMED);
		if (!strstr(err.text, cases[i].found))
			fail_msg("expected \"%s\" in \"%s\"", cases[i].found, err.text);
	}
}

/* A tree with files whose contents are strings */

struct text {
	struct contents contents;
	const char *text;
};

static int read_text(struct contents *contents, const struct inode *inode, const char *path,
		     struct sink *sink, struct err *err)
{
	(void)path;
	return sink->take(sink, ((struct text *)contents)->text, inode->size, err);
}

static struct node *add(struct node *dir, const char *name, uint32_t mode)
{
	struct err err = {0};
	cleanup_inode struct inode *inode = inode_new(mode, 0, 0, &err);

	assert_non_null(inode);
	return node_add(dir, name, inode, &err);
}

static struct node *add_file(struct node *dir, const char *name, struct text *text)
{
	struct node *node = add(dir, name, S_IFREG | 0644);

	text->contents.read = read_text;
	node->inode->contents = &text->contents;
	node->inode->size = (uint32_t)strlen(text->text);
	return node;
}

static struct node *add_link(struct node *dir, const char *name, const char *target)
{
	struct node *node = add(dir, name, S_IFLNK | 0777);
	struct err err = {0};

	assert_int_equal(inode_set_target(node->inode, target, &err), 0);
	return node;
}

static const char passwd_text[] = "root:x:0:0:root:/root:/bin/sh\n"
				  "\n"
				  "# a comment\n"
				  "short:x\n"
				  "app:x:abc:0::/evil:\n"
				  "app:x::0::/evil:\n"
				  "app:x:-1:0::/evil:\n"
				  "app:x:4294967295:0::/evil:\n"
				  "  app:x:1000:1001:An App:/home/app:/bin/sh\n"
				  "app:x:7:7::/second:\n"
				  "nogid:x:55\n"
				  ":x:9:9::/:\n"
				  "123:x:77:78::/digits:\n"
				  "4294967295:x:80:80::/number:\n"
				  "18446744073709551616:x:81:81::/number:\n"
				  "bare:x:60:61\n"
				  "last:x:99:98::/last:/bin/false";
static const char group_text[] = "root:x:0:\n"
				 "bin:x:1:root,app\n"
				 "broken\n"
				 "bad:x:x:app\n"
				 "wheel:x:10:app,root\r\n"
				 "app:x:1001:\n"
				 "again:x:10:app\n"
				 "apple:x:11:apple,xapp,app2\n"
				 "456:x:12:\n"
				 "4294967295:x:14:\n"
				 "end:x:13:last";

struct place {
	struct node *top;
	struct node *etc;
	struct text passwd;
	struct text group;
};

static int setup(void **state)
{
	struct place *place = calloc(1, sizeof(*place));
	struct err err = {0};

	assert_non_null(place);
	*state = place;
	place->passwd.text = passwd_text;
	place->group.text = group_text;
	place->top = node_new_top(&err);
	place->etc = add(place->top, "etc", S_IFDIR | 0755);
	add_file(place->etc, "passwd", &place->passwd);
	add_file(place->etc, "group", &place->group);
	return 0;
}

static int teardown(void **state)
{
	struct place *place = *state;

	node_remove(place->top);
	free(place);
	return 0;
}

/* "UID:GID:GROUP,GROUP HOME", or the error's name. */
static char *who(struct node *base, const char *user, char text[256])
{
	cleanup_with(account_clear) struct account account = {0};
	struct err err = {0};
	size_t used;

	if (account_find(&account, base, user, &err) < 0) {
		snprintf(text, 256, "%s", err.name);
		return text;
	}
	snprintf(text, 256, "%u:%u:", account.uid, account.gid);
	for (size_t i = 0; i < account.group_count; i++) {
		used = strlen(text);
		snprintf(text + used, 256 - used, "%s%u", i ? "," : "", account.groups[i]);
	}
	used = strlen(text);
	snprintf(text + used, 256 - used, " %s", account.home);
	return text;
}

static void users_are_found(void **state)
{
	static const struct {
		const char *user;
		const char *who;
	} cases[] = {
		/* root is a member of groups, as in Alpine's images */
		{"", "0:0:0,1,10 /root"},
		{"root", "0:0:0,1,10 /root"},
		{"0", "0:0:0,1,10 /root"},
		{":", "0:0:0,1,10 /root"},
		{"app", "1000:1001:1001,1,10 /home/app"},
		{"1000", "1000:1001:1001,1,10 /home/app"},
		{"01000", "1000:1001:1001,1,10 /home/app"},
		/* a group of one's own choice puts the memberships away */
		{"app:app", "1000:1001:1001 /home/app"},
		{"app:wheel", "1000:10:10 /home/app"},
		{"app:77", "1000:77:77 /home/app"},
		{"app:", "1000:1001:1001,1,10 /home/app"},
		{"root:root", "0:0: /root"},
		{"0:0", "0:0: /root"},
		{":wheel", "0:10:10 /root"},
		{"5000", "5000:0:0 /"},
		{"5000:6000", "5000:6000:6000 /"},
		{"5000:wheel", "5000:10:10 /"},
		{"4294967294", "4294967294:0:0 /"},
		/* numbers are never names */
		{"123", "123:0:0 /"},
		{"app:456", "1000:456:456 /home/app"},
		{"77", "77:78:78 /digits"},
		{"bare", "60:61:61 /"},
		{"last", "99:98:98,13 /last"},
		{"app:app:more", "RUN-USER"},
		{"nobody", "RUN-USER"},
		{"short", "RUN-USER"},
		{"nogid", "RUN-USER"},
		{"app:nobody", "RUN-USER"},
		{"app:broken", "RUN-USER"},
		{"-1", "RUN-USER"},
		{"+5", "RUN-USER"},
		{"4294967295", "RUN-USER"},
		{"18446744073709551616", "RUN-USER"},
		{"app:4294967295", "RUN-USER"},
		{" app", "RUN-USER"},
	};
	struct place *place = *state;
	char text[256];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (strcmp(who(place->top, cases[i].user, text), cases[i].who) != 0)
			fail_msg("\"%s\": expected %s, found %s", cases[i].user, cases[i].who,
				 text);
}

static void accounts_may_be_missing(void **state)
{
	struct place *place = *state;
	char text[256];

	node_remove(node_child(place->etc, "passwd"));
	node_remove(node_child(place->etc, "group"));
	assert_string_equal(who(place->top, "", text), "0:0: /");
	assert_string_equal(who(place->top, "7:8", text), "7:8:8 /");
	assert_string_equal(who(place->top, "root", text), "RUN-USER");
	assert_string_equal(who(place->top, "7:wheel", text), "RUN-USER");
	node_remove(place->etc);
	assert_string_equal(who(place->top, "7", text), "7:0:0 /");
}

static void account_files_stay_inside(void **state)
{
	struct place *place = *state;
	struct node *usr = add(place->top, "usr", S_IFDIR | 0755);
	struct text text = {.text = "app:x:5:6::/x:/x"};
	char found[256];

	node_remove(node_child(place->etc, "passwd"));
	add_file(usr, "accounts", &text);
	add_link(place->etc, "passwd", "../../../usr/chain");
	add_link(usr, "chain", "/usr/./accounts");
	assert_string_equal(who(place->top, "app", found), "5:6:6,1,10 /x");
	node_remove(node_child(usr, "chain"));
	add_link(usr, "chain", "chain");
	assert_string_equal(who(place->top, "app", found), "RUN-USER");
	node_remove(node_child(place->etc, "passwd"));
	add(place->etc, "passwd", S_IFDIR | 0755);
	assert_string_equal(who(place->top, "5", found), "RUN-USER");
	node_remove(node_child(place->etc, "passwd"));
	add_file(place->etc, "passwd", &text)->inode->size = 5 << 20;
	assert_string_equal(who(place->top, "5", found), "RUN-USER");
	node_remove(node_child(place->etc, "passwd"));
	add_file(place->etc, "passwd", &text)->inode->size++;
	assert_string_equal(who(place->top, "5", found), "RUN-USER");
}

static void signals_have_names(void **state)
{
	static const struct {
		const char *text;
		int number;
	} cases[] = {
		{"SIGTERM", 15},  {"term", 15},	  {"SigQuit", 3},     {"9", 9},
		{"64", 64},	  {"RTMIN", 34},  {"SIGRTMIN+3", 37}, {"RTMAX-1", 63},
		{"SIGRTMAX", 64}, {"WINCH", 28},  {"0", 0},	      {"65", 0},
		{"015", 0},	  {"", 0},	  {"SIG", 0},	      {"SIGSIGTERM", 0},
		{"TERM ", 0},	  {"-9", 0},	  {"RTMIN-1", 0},     {"RTMIN+31", 0},
		{"RTMIN+", 0},	  {"RTMIN+x", 0}, {"SIGNONE", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int number = 0;
		int failed = signal_number(cases[i].text, &number);

		if (number != cases[i].number || (failed == 0) != (number != 0))
			fail_msg("%s: expected %d, found %d", cases[i].text, cases[i].number,
				 number);
	}
}

static void paths_become_plain(void **state)
{
	static const char *const cases[][2] = {
		{"/", "/"},
		{"//", "/"},
		{"/a", "/a"},
		{"/a/", "/a"},
		{"/a//b/./c", "/a/b/c"},
		{"/..", "/"},
		{"/../a", "/a"},
		{"/a/../b", "/b"},
		{"/a/b/..", "/a"},
		{"/a/..", "/"},
		{"/...", "/..."},
		{"/a b\n", "/a b\n"},
		{"", NULL},
		{"a", NULL},
		{"./a", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = {0};
		cleanup_free char *plain = plain_absolute(cases[i][0], "RUN-WORKDIR", &err);

		if (cases[i][1])
			assert_string_equal(plain, cases[i][1]);
		else
			assert_string_equal(err.name, "RUN-WORKDIR");
	}
}

/* The bytes of the file */

static int encode(struct node *base, const char *config_text, const char *records_text,
		  size_t records_size, char **data, size_t *size, struct err *err)
{
	cleanup_with(config_clear) struct image_config config = {0};
	cleanup_with(run_records_clear) struct run_records records = {0};
	cleanup_with(runspec_clear) struct runspec spec = {0};

	if ((config_text && parse(&config, config_text, err) < 0) ||
	    run_records_parse(&records, records_text, records_size, err) < 0 ||
	    runspec_make(&spec, base, &config, &records, err) < 0)
		return -1;
	return runspec_encode(&spec, base, data, size, err);
}

/* What is read back gives the same bytes again. */
static void check_decoded(struct node *base, const char *data, size_t size)
{
	cleanup_with(runspec_clear) struct runspec spec = {0};
	cleanup_free char *again = NULL;
	struct err err = {0};
	size_t again_size = 0;

	if (runspec_decode(&spec, data, size, &err) < 0 ||
	    runspec_encode(&spec, base, &again, &again_size, &err) < 0)
		fail_msg("%s: %s", err.name, err.text);
	assert_int_equal(again_size, size);
	assert_memory_equal(again, data, size);
}

/* The literals' own NUL ends the last record. */
#define gives(base, config, records, expected)                                                     \
	check_bytes(base, config, records, sizeof(records), expected, sizeof(expected))

static void check_bytes(struct node *base, const char *config, const char *records,
			size_t records_size, const char *expected, size_t expected_size)
{
	cleanup_free char *data = NULL;
	struct err err = {0};
	size_t size = 0;

	if (encode(base, config, records, records_size, &data, &size, &err) < 0)
		fail_msg("%s: %s", err.name, err.text);
	assert_int_equal(size, expected_size);
	assert_memory_equal(data, expected, size);
	check_decoded(base, data, size);
}

#define CONFIG(members) "{\"config\":{" members "}}"
#define PATH_RECORD	"env=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\0"

static void records_alone_stay_as_they_are(void **state)
{
	struct err err = {0};
	struct node *top = node_new_top(&err);

	(void)state;
	gives(top, NULL, "name=hello\0env=PATH=/bin\0arg=/bin/hello\0port=80/tcp",
	      "name=hello\0env=PATH=/bin\0arg=/bin/hello");
	gives(top, NULL, "arg=a\0arg=\0name=n\0arg=x\ny=\xff\0env=B=\0env=A=\0env=B=2",
	      "name=n\0env=B=2\0env=A=\0arg=a\0arg=\0arg=x\ny=\xff");
	node_remove(top);
}

static void image_and_recipe_join(void **state)
{
	struct place *place = *state;

	node_remove(node_child(place->etc, "group"));
	gives(place->top, CONFIG("\"Entrypoint\":[\"/e\",\"1\"],\"Cmd\":[\"2\"]"), "name=n",
	      "name=n\0" PATH_RECORD "env=HOME=/root\0arg=/e\0arg=1\0arg=2");
	gives(place->top,
	      CONFIG("\"Entrypoint\":[\"/e\"],\"Cmd\":[\"2\"],\"Env\":[\"A=1\",\"PATH=/p\",\"A=2\","
		     "\"HOME=/h\",\"AB=3\"]"),
	      "name=n\0arg=/mine\0env=AB=4\0env=NEW=5\0env=A=6",
	      "name=n\0env=A=6\0env=PATH=/p\0env=HOME=/h\0env=AB=4\0env=NEW=5\0arg=/mine");
	gives(place->top,
	      CONFIG("\"Cmd\":[\"c\"],\"Env\":[\"PATH=\",\"HOME=\"],\"User\":\"app\","
		     "\"WorkingDir\":\"/w/../srv/\",\"StopSignal\":\"SIGINT\","
		     "\"Volumes\":{\"/v\":{},\"/a/\":{}},\"Labels\":{\"l\":\"1\"},"
		     "\"ExposedPorts\":{\"1/tcp\":{}}"),
	      "name=n\0volume=/b\0volume=/v",
	      "name=n\0env=PATH=\0env=HOME=\0arg=c\0uid=1000\0gid=1001\0group=1001\0"
	      "workdir=/srv\0stopsignal=2\0volume=/a\0volume=/b\0volume=/v");
	gives(place->top,
	      CONFIG("\"Cmd\":[\"c\"],\"Env\":[\"PATH=\",\"HOME=\"],\"User\":\"app\","
		     "\"WorkingDir\":\"/srv\",\"StopSignal\":\"SIGINT\""),
	      "name=n\0user=last\0group=5\0workdir=/\0stopsignal=TERM",
	      "name=n\0env=PATH=\0env=HOME=\0arg=c\0uid=99\0gid=5\0group=5");
	/* The home is that of the user whom the recipe chose. */
	gives(place->top, CONFIG("\"Cmd\":[\"c\"],\"User\":\"app\",\"Env\":[\"PATH=\"]"),
	      "name=n\0user=last",
	      "name=n\0env=PATH=\0env=HOME=/last\0arg=c\0uid=99\0gid=98\0group=98");
	gives(place->top,
	      CONFIG("\"Cmd\":[\"c\"],\"User\":\"app:1\",\"Env\":[\"PATH=\",\"HOME=\"]"),
	      "name=n\0group=2", "name=n\0env=PATH=\0env=HOME=\0arg=c\0uid=1000\0gid=2\0group=2");
}

#define fails(base, config, records, error)                                                        \
	check_error(base, config, records, sizeof(records), error)

static void check_error(struct node *base, const char *config, const char *records,
			size_t records_size, const char *error)
{
	cleanup_free char *data = NULL;
	struct err err = {0};
	size_t size;

	assert_int_equal(encode(base, config, records, records_size, &data, &size, &err), -1);
	assert_string_equal(err.name, error);
	assert_int_equal(err.status, EXIT_MALFORMED);
}

static void what_cannot_run_is_refused(void **state)
{
	struct node *top = ((struct place *)*state)->top;

	fails(top, NULL, "name=n\0", "RUN-RECORD");
	check_error(top, NULL, "name=n", 6, "RUN-RECORD");
	fails(top, NULL, "name=n\0arg", "RUN-RECORD");
	fails(top, NULL, "name=n\0cmd=x", "RUN-RECORD");
	fails(top, NULL, "name=n\0name=m", "RUN-RECORD");
	fails(top, NULL, "name=", "RUN-RECORD");
	fails(top, NULL, "name=n\0arg=a\0env=A", "RUN-RECORD");
	fails(top, NULL, "name=n\0arg=a\0env==A", "RUN-RECORD");
	fails(top, NULL, "arg=a", "RUN-NAME");
	fails(top, NULL, "name=n", "RUN-COMMAND");
	fails(top, CONFIG(""), "name=n", "RUN-COMMAND");
	fails(top, CONFIG("\"Cmd\":[\"\"]"), "name=n", "RUN-COMMAND");
	fails(top, NULL, "name=n\0arg=a\0user=nobody", "RUN-USER");
	fails(top, NULL, "name=n\0arg=a\0group=root:root", "RUN-USER");
	fails(top, NULL, "name=n\0arg=a\0workdir=srv", "RUN-WORKDIR");
	fails(top, CONFIG("\"Cmd\":[\"a\"],\"WorkingDir\":\"srv\""), "name=n", "RUN-WORKDIR");
	fails(top, NULL, "name=n\0arg=a\0stopsignal=NONE", "RUN-SIGNAL");
	fails(top, CONFIG("\"Cmd\":[\"a\"],\"StopSignal\":\"0\""), "name=n", "RUN-SIGNAL");
	fails(top, NULL, "name=n\0arg=a\0volume=/", "RUN-VOLUME");
	fails(top, CONFIG("\"Cmd\":[\"a\"],\"Volumes\":{\"data\":{}}"), "name=n", "RUN-VOLUME");
}

/* A config with so many variables or ports. */
static char *config_of(const char *list, const char *first, const char *last, int count,
		       const char *end)
{
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);

	assert_non_null(file);
	fprintf(file, "{\"config\":{\"Cmd\":[\"c\"],%s", list);
	for (int i = 0; i < count; i++) {
		fprintf(file, "%s\"%s%d%s", i ? "," : "", first, i, last);
	}
	fprintf(file, "%s}}", end);
	assert_int_equal(fclose(file), 0);
	return text;
}

static void images_lists_are_bounded(void **state)
{
	struct place *place = *state;
	cleanup_free char *variables = config_of("\"Env\":[", "V", "=\"", 20000, "]");
	cleanup_free char *ports = config_of("\"ExposedPorts\":{", "", "/udp\":{}", 20000, "}");
	cleanup_free char *data = NULL;
	struct err err = {0};
	size_t size;

	fails(place->top, variables, "name=n", "RUN-SIZE");
	/* They are only shown, and a range is written out. */
	assert_int_equal(encode(place->top, ports, "name=n", 7, &data, &size, &err), 0);
}

static void bounds_are_those_of_init(void **state)
{
	struct place *place = *state;
	cleanup_free char *many = malloc(8 + 6 * 1025);
	cleanup_free char *large = malloc(RUNSPEC_SIZE_MAX);
	char *end = mempcpy(many, "name=n", 7);

	assert_non_null(large);
	for (int i = 0; i < 1025; i++)
		end = mempcpy(end, "arg=a", 6);
	check_error(place->top, NULL, many, (size_t)(end - many), "RUN-SIZE");
	memset(large, 'x', RUNSPEC_SIZE_MAX);
	memcpy(large, "name=n\0arg=", 11);
	large[RUNSPEC_SIZE_MAX - 1] = '\0';
	/* What Docker adds for an image makes it too large. */
	check_error(place->top, CONFIG(""), large, RUNSPEC_SIZE_MAX, "RUN-SIZE");
}

/* Extended attributes */

#define CAP2 "\1\0\0\2\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define CAP3 "\1\0\0\3\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define HEX  "0100000200200000000000000000000000000000"

/* How many are refused of one attribute. */
static size_t take(struct inode *inode, const char *name, const char *value, size_t size)
{
	struct refusals refusals = {0};
	struct xattr *list = NULL;
	struct err err = {0};

	assert_int_equal(xattrs_add(&list, name, value, size, &err), 0);
	assert_int_equal(inode_take_xattrs(inode, list, "p", &refusals, &err), 0);
	xattrs_free(list);
	return refusals.count;
}

static void capabilities_are_checked(void **state)
{
	static const char name[] = "security.capability";
	struct err err = {0};
	cleanup_inode struct inode *file = inode_new(S_IFREG | 0755, 0, 0, &err);
	cleanup_inode struct inode *other = inode_new(S_IFREG | 0755, 0, 0, &err);
	cleanup_inode struct inode *folder = inode_new(S_IFDIR | 0755, 0, 0, &err);

	(void)state;
	assert_int_equal(take(file, name, CAP2, 19), 1);
	assert_int_equal(take(file, name, CAP2, 21), 1);
	assert_int_equal(take(file, name, CAP2 "\0\0\0", 24), 1);
	assert_int_equal(take(file, name, CAP3, 20), 1);
	assert_int_equal(
		take(file, name, "\1\0\0\3\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xe8\3\0\0", 24), 1);
	assert_int_equal(take(file, name, "\1\0\0\1\0\x20\0\0\0\0\0\0", 12), 1);
	assert_int_equal(take(file, name, "\2\0\0\2\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20), 1);
	assert_int_equal(take(file, name, "", 0), 1);
	assert_int_equal(take(file, "user.x", CAP2, 20), 1);
	assert_int_equal(take(file, "trusted.overlay.opaque", "y", 1), 1);
	assert_int_equal(take(file, "security.selinux", "x", 1), 0);
	assert_null(file->xattrs);
	assert_int_equal(take(folder, name, CAP2, 20), 1);
	assert_int_equal(take(file, name, CAP2, 20), 0);
	assert_int_equal(take(other, name, CAP3, 24), 0);
	assert_true(xattrs_equal(file->xattrs, other->xattrs));
	assert_int_equal(file->xattrs->size, 20);
}

static void attributes_travel(void **state)
{
	static const char records[] = "name=n\0arg=a\0xattr=security.capability:" HEX ":etc/b:c\n";
	struct place *place = *state;
	struct err err = {0};
	struct node *a = add(place->etc, "b:c\n", S_IFREG | 0755);
	struct xattr *list;

	node_remove(node_child(place->etc, "group"));
	assert_int_equal(take(a->inode, "security.capability", CAP2, 20), 0);
	/* One record for all names. */
	assert_non_null(node_add(place->top, "z", a->inode, &err));
	gives(place->top, NULL, "name=n\0arg=a",
	      "name=n\0arg=a\0xattr=security.capability:" HEX ":etc/b:c\n");
	list = steal_ptr(a->inode->xattrs);
	assert_int_equal(runspec_apply_xattrs(records, sizeof(records), place->top, &err), 0);
	assert_true(xattrs_equal(list, a->inode->xattrs));
	xattrs_free(list);
}

static void odd_attributes_are_refused(void **state)
{
	static const char *const records[] = {
		"xattr=",
		"xattr=security.capability:" HEX,
		"xattr=security.capability:" HEX ":",
		"xattr=security.capability:" HEX ":etc/none",
		"xattr=security.capability:" HEX ":etc/group/",
		"xattr=security.capability:" HEX ":etc",
		"xattr=security.capability:" HEX ":link",
		"xattr=security.capability:" HEX ":here/group",
		"xattr=security.capability:" HEX "0:etc/group",
		"xattr=security.capability:xx:etc/group",
		"xattr=user.x:" HEX ":etc/group",
	};
	struct place *place = *state;

	add_link(place->top, "link", "etc/group");
	add_link(place->top, "here", "etc");
	for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
		struct err err = {0};

		assert_int_equal(
			runspec_apply_xattrs(records[i], strlen(records[i]) + 1, place->top, &err),
			-1);
		assert_string_equal(err.name, "RUN-XATTR");
	}
}

static void what_init_refuses_is_not_shown(void **state)
{
	static const struct {
		const char *records;
		size_t size;
		const char *text;
	} cases[] = {
#define RECORDS(text) text, sizeof(text)
		{RECORDS("arg=a"), "a record name= expected, found none"},
		{RECORDS("name=n"), "a record arg= expected, found none"},
		{"", 0, "a record name= expected, found none"},
		{"name=n\0arg=a", 12, "byte 11: a NUL byte at the end expected, found 0x61"},
		{RECORDS("name=n\0arg=a\0"), "record at byte 13: key=value with a known key"},
		{RECORDS("name=n\0arg=a\0expose=80/tcp"), "record at byte 13: key=value with"},
		{RECORDS("name=n\0name=n\0arg=a"), "record at byte 7: no more records"},
		{RECORDS("name=n\0arg=a\0uid=1\0uid=1"), "no more records of its key"},
		{RECORDS("name=\0arg=a"), "record at byte 0: a value that is not empty"},
		{RECORDS("name=n\0arg=\0arg=a"), "record at byte 7: a value that is not empty"},
		{RECORDS("name=n\0arg=a\0uid=4294967293"), "a number from 0 to 4294967292"},
		{RECORDS("name=n\0arg=a\0gid="), "a number from 0 to 4294967292"},
		{RECORDS("name=n\0arg=a\0group=1x"), "a number from 0 to 4294967292"},
		{RECORDS("name=n\0arg=a\0stopsignal=0"), "a number from 1 to 64"},
		{RECORDS("name=n\0arg=a\0stopsignal=65"), "a number from 1 to 64"},
		{RECORDS("name=n\0arg=a\0workdir=srv"), "below / expected, found \"srv\""},
		{RECORDS("name=n\0arg=a\0volume="), "a volume one below / expected, found \"\""},
		{RECORDS("name=n\0arg=a\0volume=/"), "a volume one below / expected, found \"/\""},
#undef RECORDS
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cleanup_with(runspec_clear) struct runspec spec = {0};
		struct err err = {0};

		assert_int_equal(runspec_decode(&spec, cases[i].records, cases[i].size, &err), -1);
		assert_string_equal(err.name, "RUN-RECORD");
		if (!strstr(err.text, cases[i].text))
			fail_msg("expected %s, found %s", cases[i].text, err.text);
	}
}

static void odd_bytes_are_shown_in_base64(void **state)
{
	cleanup_with(run_records_clear) struct run_records records = {0};
	cleanup_with(runspec_clear) struct runspec spec = {0};
	static const char text[] = "name=n\0arg=\xff\0arg=b\0env=A=\xfe\0workdir=/\xfd";
	const struct image_config none = {0};
	cleanup_json json_t *shown = NULL;
	cleanup_json json_t *expected =
		parse_json("{\"name\":\"n\",\"env\":[{\"bytes_b64\":\"QT3+\"}],\"args\":[{\"bytes_"
			   "b64\":\"/w==\"},"
			   "\"b\"],\"user\":{\"uid\":0,\"gid\":0,\"groups\":[0,1,10]},\"workdir_"
			   "b64\":\"L/0=\","
			   "\"stopsignal\":15,\"volumes\":[],\"ports\":[],\"settings\":[],"
			   "\"machine\":[],\"helpers\":[]}");
	struct place *place = *state;
	struct err err = {0};

	assert_int_equal(run_records_parse(&records, text, sizeof(text), &err), 0);
	assert_int_equal(runspec_make(&spec, place->top, &none, &records, &err), 0);
	shown = runspec_json(&spec, &err);
	if (!json_equal(shown, expected))
		fail_msg("found %s", json_dumps(shown, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(config_is_read),
		cmocka_unit_test(null_is_missing),
		cmocka_unit_test(config_is_strict),
		cmocka_unit_test_setup_teardown(users_are_found, setup, teardown),
		cmocka_unit_test_setup_teardown(accounts_may_be_missing, setup, teardown),
		cmocka_unit_test_setup_teardown(account_files_stay_inside, setup, teardown),
		cmocka_unit_test(signals_have_names),
		cmocka_unit_test(paths_become_plain),
		cmocka_unit_test(records_alone_stay_as_they_are),
		cmocka_unit_test_setup_teardown(image_and_recipe_join, setup, teardown),
		cmocka_unit_test_setup_teardown(what_cannot_run_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(images_lists_are_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(bounds_are_those_of_init, setup, teardown),
		cmocka_unit_test(capabilities_are_checked),
		cmocka_unit_test_setup_teardown(attributes_travel, setup, teardown),
		cmocka_unit_test_setup_teardown(odd_attributes_are_refused, setup, teardown),
		cmocka_unit_test(what_init_refuses_is_not_shown),
		cmocka_unit_test_setup_teardown(odd_bytes_are_shown_in_base64, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
