/*
 * What had better not be in an image: state that differs from one build upstream to the next, and
 * what weakens whoever runs it. docs/rootfs.md lists the classes. Looks only; each file is read
 * once, in pieces, and nothing is kept but its first bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "manifest.h"
#include "rootfs.h"
#include "tree.h"

enum severity { LOW, MEDIUM, HIGH };

/* What is known of every class; a finding adds only where. */
static const struct class
{
	const char *name;
	enum severity severity;
	const char *text;
} classes[] = {
	{"authorized-keys", MEDIUM, "whoever has the key to it can log in"},
	{"backup", LOW, "a tool's copy of an earlier state"},
	{"cache", MEDIUM, "a cache with inode numbers or times, which differs from build to build"},
	{"capability", MEDIUM, "a program that runs with capabilities that its user need not have"},
	{"core-dump", HIGH, "the memory of a process, with whatever secrets it had"},
	{"credentials", HIGH, "a file in which tools keep passwords or tokens"},
	{"gzip-time", LOW, "a gzip header with a time, which differs from build to build"},
	{"history", LOW, "what somebody typed while the image was made"},
	{"log", LOW, "a log with entries of the time when the image was made"},
	{"machine-id", MEDIUM, "an identity that all instances would share; an empty file is fine"},
	{"package-cache", LOW, "packages or lists of them, which only a package manager needs"},
	{"password", HIGH, "an account with an empty password or with a password's hash"},
	{"password-date", LOW, "the day of a password's last change, which is the day of a build"},
	{"private-key", HIGH, "a private key, which everybody who has the image has too"},
	{"pyc", MEDIUM, "names a time of its source other than 0, so that Python never uses it"},
	{"random-seed", HIGH, "random numbers that everybody who has the image knows"},
	{"setgid", MEDIUM, "a program that runs with the rights of its group"},
	{"setuid", MEDIUM, "a program that runs with the rights of its owner"},
	{"temporary", LOW, "a file in a folder for what no image needs"},
	{"world-writable", HIGH, "everybody may change it"},
};

struct finding {
	const struct class *class;
	char *path;
};

struct findings {
	struct finding *list;
	size_t count;
	size_t by_severity[HIGH + 1];
};

static void free_findings(struct findings *findings)
{
	for (size_t i = 0; i < findings->count; i++)
		free(findings->list[i].path);
	free(findings->list);
}

static int find(struct findings *findings, const char *class, const char *path, struct err *err)
{
	cleanup_free char *copy = strdup(path);
	const struct class *known = classes;
	struct finding *more;

	while (strcmp(known->name, class) != 0)
		known++;
	for (size_t i = findings->count; i > 0 && strcmp(findings->list[i - 1].path, path) == 0;
	     i--)
		if (findings->list[i - 1].class == known)
			return 0;
	more = reallocarray(findings->list, findings->count + 1, sizeof(*more));
	if (!more)
		return err_errno(err, "ROOTFS-MEMORY", "lint");
	findings->list = more;
	if (!copy)
		return err_errno(err, "ROOTFS-MEMORY", "lint");
	more[findings->count++] = (struct finding){known, steal_ptr(copy)};
	findings->by_severity[known->severity]++;
	return 0;
}

/* Files that are known by where they lie. '*' at the end stands for whatever follows. */
static const struct place {
	const char *pattern;
	const char *class;
} places[] = {
	{"etc/.pwd.lock", "backup"},
	{"etc/group-", "backup"},
	{"etc/gshadow-", "backup"},
	{"etc/passwd-", "backup"},
	{"etc/shadow-", "backup"},
	{"etc/subgid-", "backup"},
	{"etc/subuid-", "backup"},
	{"var/backups/*", "backup"},
	{"var/cache/debconf/*", "cache"},
	{"var/lib/dpkg/available-old", "backup"},
	{"var/lib/dpkg/diversions-old", "backup"},
	{"var/lib/dpkg/statoverride-old", "backup"},
	{"var/lib/dpkg/status-old", "backup"},
	{"var/cache/fontconfig/*", "cache"},
	{"var/cache/ldconfig/aux-cache", "cache"},
	{"var/cache/man/*", "cache"},
	{"var/cache/apk/*", "package-cache"},
	{"var/cache/apt/*", "package-cache"},
	{"var/cache/dnf/*", "package-cache"},
	{"var/cache/yum/*", "package-cache"},
	{"var/lib/apt/lists/*", "package-cache"},
	{"var/log/*", "log"},
	{"var/lib/systemd/random-seed", "random-seed"},
	{"var/lib/systemd/credential.secret", "random-seed"},
	{"var/lib/urandom/random-seed", "random-seed"},
	{"var/lib/random-seed", "random-seed"},
	{"run/*", "temporary"},
	{"tmp/*", "temporary"},
	{"var/tmp/*", "temporary"},
};

/* Files that are known by their name, in a home or anywhere. */
static const struct place names[] = {
	{".ash_history", "history"},
	{".bash_history", "history"},
	{".lesshst", "history"},
	{".mysql_history", "history"},
	{".psql_history", "history"},
	{".python_history", "history"},
	{".viminfo", "history"},
	{".wget-hsts", "history"},
	{".zsh_history", "history"},
	{".aws/credentials", "credentials"},
	{".docker/config.json", "credentials"},
	{".git-credentials", "credentials"},
	{".kube/config", "credentials"},
	{".netrc", "credentials"},
	{".pgpass", "credentials"},
	{".ssh/authorized_keys", "authorized-keys"},
};

static bool lies_at(const char *path, const char *pattern)
{
	size_t size = strlen(pattern);

	if (pattern[size - 1] == '*')
		return strncmp(path, pattern, size - 1) == 0;
	return strcmp(path, pattern) == 0;
}

static bool ends_with(const char *path, const char *name)
{
	size_t size = strlen(path);
	size_t end = strlen(name);

	return size >= end && strcmp(path + size - end, name) == 0 &&
	       (size == end || path[size - end - 1] == '/');
}

/* An empty file says nothing, wherever it lies. */
static int look_at_place(struct findings *findings, const struct item *item, struct err *err)
{
	if (item->node->inode->size == 0)
		return 0;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (lies_at(item->path, places[i].pattern) &&
		    find(findings, places[i].class, item->path, err) < 0)
			return -1;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (ends_with(item->path, names[i].pattern) &&
		    find(findings, names[i].class, item->path, err) < 0)
			return -1;
	return 0;
}

static int look_at_mode(struct findings *findings, const struct item *item, struct err *err)
{
	const struct inode *inode = item->node->inode;
	uint32_t mode = inode->mode;
	bool file = S_ISREG(mode);

	if (xattrs_find(inode->xattrs, "security.capability") &&
	    find(findings, "capability", item->path, err) < 0)
		return -1;
	if (file && (mode & S_ISUID) && find(findings, "setuid", item->path, err) < 0)
		return -1;
	if (file && (mode & S_ISGID) && find(findings, "setgid", item->path, err) < 0)
		return -1;
	if ((mode & S_IWOTH) && (file || (S_ISDIR(mode) && !(mode & S_ISVTX))))
		return find(findings, "world-writable", item->path, err);
	return 0;
}

enum { HEAD = 64, LINE = 512 };

/* What a file's bytes are looked at with. */
struct reader {
	struct sink sink;
	const char *path;
	unsigned char head[HEAD]; /* the first bytes */
	size_t head_size;
	char line[LINE]; /* the beginning of the line that is being read */
	size_t line_size;
	bool after_key; /* the line before begins a private key */
	bool private_key;
	bool passwords; /* the file is one of accounts */
	bool shadow;	/* of those, one with days of change */
	bool password;
	bool date;
	bool identity; /* the file is a machine's identity, and has one */
};

static bool is_key_header(const char *line)
{
	size_t size = strlen(line);

	return strncmp(line, "-----BEGIN ", 11) == 0 && size >= 27 &&
	       strcmp(line + size - 16, "PRIVATE KEY-----") == 0;
}

/* A library has the header as text, too; what follows it there is no key. */
static bool is_key_body(const char *line)
{
	static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				     "0123456789+/=";
	size_t size = strlen(line);

	return strncmp(line, "Proc-Type:", 10) == 0 || (size >= 16 && strspn(line, base64) == size);
}

/* A hash or nothing at all; '*', '!' and x stand for no password here. */
static bool is_password(const char *field, size_t size)
{
	while (size > 0 && *field == '!') {
		field++;
		if (--size == 0)
			return false;
	}
	return !(size == 1 && (*field == '*' || *field == 'x'));
}

static void look_at_account(struct reader *reader)
{
	const char *password = strchr(reader->line, ':');
	const char *date = password ? strchr(password + 1, ':') : NULL;

	/* "+" and "-" lines are of NIS; a comment is none. */
	if (!date || strchr("+-#", reader->line[0]))
		return;
	if (is_password(password + 1, (size_t)(date - password - 1)))
		reader->password = true;
	if (reader->shadow && date[1] && date[1] != ':' && !(date[1] == '0' && date[2] == ':'))
		reader->date = true;
}

static void look_at_line(struct reader *reader)
{
	reader->line[reader->line_size] = '\0';
	if (reader->line_size > 0 && reader->line[reader->line_size - 1] == '\r')
		reader->line[reader->line_size - 1] = '\0';
	if (reader->after_key && is_key_body(reader->line))
		reader->private_key = true;
	reader->after_key = is_key_header(reader->line);
	if (strncmp(reader->line, "PuTTY-User-Key-File-", 20) == 0)
		reader->private_key = true;
	if (reader->passwords)
		look_at_account(reader);
	reader->line_size = 0;
}

static int take_bytes(struct sink *sink, const void *data, size_t size, struct err *err)
{
	struct reader *reader = (struct reader *)sink;
	const char *p = data;
	const char *end = p + size;
	size_t part = size < HEAD - reader->head_size ? size : HEAD - reader->head_size;

	(void)err;
	memcpy(reader->head + reader->head_size, data, part);
	reader->head_size += part;
	while (p < end) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));

		part = (size_t)((newline ? newline : end) - p);
		if (part > LINE - 1 - reader->line_size)
			part = LINE - 1 - reader->line_size;
		memcpy(reader->line + reader->line_size, p, part);
		reader->line_size += part;
		if (!newline)
			return 0;
		look_at_line(reader);
		p = newline + 1;
	}
	return 0;
}

static uint32_t little_endian(const unsigned char *p, size_t size)
{
	uint32_t value = 0;

	while (size-- > 0)
		value = value << 8 | p[size];
	return value;
}

/*
 * Python's own caches: PEP 552 since 3.7, whose first word is 3390 or more; before it the time
 * stands where the flags are now. All end the first four bytes with a line break.
 */
static bool is_stale_pyc(const struct reader *reader)
{
	uint32_t version = little_endian(reader->head, 2);
	const unsigned char *fields = reader->head + 4;

	if (!strstr(reader->path, ".pyc") || reader->head_size < 16 ||
	    memcmp(reader->head + 2, "\r\n", 2) != 0)
		return false;
	if (version < 3390 || version > 20000)
		return little_endian(fields, 4) != 0;
	return !(fields[0] & 1) && little_endian(fields + 4, 4) != 0;
}

static bool is_dated_gzip(const struct reader *reader)
{
	return reader->head_size >= 10 && memcmp(reader->head, "\x1f\x8b\x08", 3) == 0 &&
	       little_endian(reader->head + 4, 4) != 0;
}

/* ELF of type ET_CORE, 4, in the byte order that the file says. */
static bool is_core_dump(const struct reader *reader)
{
	const unsigned char *type = reader->head + 16;

	return reader->head_size >= 18 && memcmp(reader->head, "\177ELF", 4) == 0 &&
	       (reader->head[5] == 2 ? type[0] == 0 && type[1] == 4 : type[0] == 4 && type[1] == 0);
}

static bool is_identity(const struct reader *reader)
{
	return reader->identity && reader->head_size > 1 &&
	       !(reader->head_size >= 13 && memcmp(reader->head, "uninitialized", 13) == 0);
}

static int report(struct findings *findings, const struct reader *reader, struct err *err)
{
	const struct {
		bool found;
		const char *class;
	} seen[] = {
		{is_core_dump(reader), "core-dump"}, {is_dated_gzip(reader), "gzip-time"},
		{is_identity(reader), "machine-id"}, {reader->password, "password"},
		{reader->date, "password-date"},     {reader->private_key, "private-key"},
		{is_stale_pyc(reader), "pyc"},
	};

	for (size_t i = 0; i < sizeof(seen) / sizeof(seen[0]); i++)
		if (seen[i].found && find(findings, seen[i].class, reader->path, err) < 0)
			return -1;
	return 0;
}

static bool is_one_of(const char *path, const char *const *list)
{
	for (; *list; list++)
		if (strcmp(path, *list) == 0)
			return true;
	return false;
}

static int look_inside(struct findings *findings, const struct item *item, struct err *err)
{
	static const char *const accounts[] = {"etc/passwd", "etc/passwd-", "etc/shadow",
					       "etc/shadow-", NULL};
	static const char *const identities[] = {"etc/machine-id", "var/lib/dbus/machine-id", NULL};
	const struct inode *inode = item->node->inode;
	const char *path = item->path;
	struct reader reader = {
		.sink = {take_bytes},
		.path = path,
		.passwords = is_one_of(path, accounts),
		.shadow = is_one_of(path, accounts + 2),
		.identity = is_one_of(path, identities),
	};

	if (inode->contents->read(inode->contents, inode, path, &reader.sink, err) < 0)
		return -1;
	if (reader.line_size > 0)
		look_at_line(&reader);
	return report(findings, &reader, err);
}

/* Modes and contents are an inode's, so that they are looked at under its first name only. */
static int look_at(struct findings *findings, const struct item *item, struct err *err)
{
	bool file = S_ISREG(item->node->inode->mode);

	if (file && look_at_place(findings, item, err) < 0)
		return -1;
	if (item != item->first)
		return 0;
	if (look_at_mode(findings, item, err) < 0)
		return -1;
	return file ? look_inside(findings, item, err) : 0;
}

static const char *const severities[] = {"low", "medium", "high"};

static json_t *finding_json(const struct finding *finding)
{
	json_t *json = json_pack("{s:s, s:s}", "severity", severities[finding->class->severity],
				 "class", finding->class->name);

	if (!json || set_bytes(json, "path", finding->path) < 0 ||
	    json_object_set_new(json, "text", json_string(finding->class->text)) < 0) {
		json_decref(json);
		return NULL;
	}
	return json;
}

static int print_findings_json(const struct findings *findings, FILE *out, struct err *err)
{
	fputs("{\"Findings\":[", out);
	for (size_t i = 0; i < findings->count; i++) {
		cleanup_json json_t *json = finding_json(&findings->list[i]);

		if (!json)
			return err_errno(err, "ROOTFS-MEMORY", "JSON");
		fputs(i ? ",\n" : "\n", out);
		if (print_json(json, out, err) < 0)
			return -1;
	}
	fprintf(out, "\n],\n\"High\":%zu,\"Medium\":%zu,\"Low\":%zu}\n",
		findings->by_severity[HIGH], findings->by_severity[MEDIUM],
		findings->by_severity[LOW]);
	return 0;
}

static void print_findings(const struct findings *findings, FILE *out)
{
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->list[i];

		fprintf(out, "%-6s %-15s ", severities[finding->class->severity],
			finding->class->name);
		print_name(finding->path, out);
		fprintf(out, ": %s\n", finding->class->text);
	}
	fprintf(out, "%zu high, %zu medium, %zu low\n", findings->by_severity[HIGH],
		findings->by_severity[MEDIUM], findings->by_severity[LOW]);
}

int rootfs_lint(struct rootfs *rootfs, bool json, bool fail, FILE *out, struct err *err)
{
	cleanup_with(free_findings) struct findings findings = {0};
	cleanup_with(list_free) struct list list = LIST_INIT;

	if (list_make(&list, rootfs->base, false, err) < 0)
		return -1;
	for (size_t i = 0; i < list.count; i++)
		if (look_at(&findings, &list.entries[i], err) < 0)
			return -1;
	if (rootfs_settle(rootfs, err) < 0)
		return -1;
	if (json && print_findings_json(&findings, out, err) < 0)
		return -1;
	if (!json)
		print_findings(&findings, out);
	if (!fail || findings.by_severity[HIGH] == 0)
		return 0;
	return err_set(err, EXIT_VERIFY, "LINT-HIGH",
		       "no finding of severity high expected, found %zu",
		       findings.by_severity[HIGH]);
}
