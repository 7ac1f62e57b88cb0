/*
 * A root made of pinned Debian packages: what is in their data.tar, a record of each package, and
 * the few files that docs/rootfs.md lists as made from packages' own. Never runs a maintainer
 * script or looks anything up: the lock file and the packages are the only inputs.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "deb.h"
#include "layer.h"
#include "outfile.h"
#include "place.h"
#include "spool.h"
#include "stanza.h"
#include "tar_header.h"

enum {
	LOCK_MAX = 16 << 20,	/* bytes of a lock file */
	CONTROL_MAX = 1 << 20,	/* bytes of a control file */
	MD5SUMS_MAX = 64 << 20, /* bytes of md5sums */
};

struct lock {
	char *text;
	struct deb_pin *pins; /* base-files first, then as they stand in the file */
	size_t count;
	unsigned char sha256[SHA256_SIZE]; /* of the file */
};

/* What control.tar says. */
struct record {
	char *name;
	char *architecture;
	char *control;
	size_t control_size;
	char *md5sums; /* NULL when the package has none */
	size_t md5sums_size;
};

static void free_lock(struct lock *lock)
{
	free(lock->text);
	free(lock->pins);
}

static void free_record(struct record *record)
{
	free(record->name);
	free(record->architecture);
	free(record->control);
	free(record->md5sums);
}

static int no_memory(struct err *err)
{
	return err_errno(err, "ROOTFS-MEMORY", "debs");
}

static bool parse_bytes(const char *text, uint64_t *size)
{
	char *end;

	if (strspn(text, "0123456789") != strlen(text) || !*text)
		return false;
	errno = 0;
	*size = strtoull(text, &end, 10);
	return errno == 0;
}

/* "sha256 size path"; changes the line. */
static bool parse_pin(char *line, struct deb_pin *pin)
{
	char *save;
	const char *sha = strtok_r(line, " \t", &save);
	const char *size = strtok_r(NULL, " \t", &save);
	const char *path = strtok_r(NULL, " \t", &save);
	const char *slash = path ? strrchr(path, '/') : NULL;
	size_t length = path ? strlen(path) : 0;

	if (!path || strtok_r(NULL, " \t", &save) || strlen(sha) != 2 * SHA256_SIZE ||
	    strspn(sha, "0123456789abcdef") != 2 * SHA256_SIZE || !parse_bytes(size, &pin->size) ||
	    strstr(path, "..") || length < 5 || strcmp(path + length - 4, ".deb") != 0)
		return false;
	strcpy(pin->sha256, sha);
	pin->name = slash ? slash + 1 : path;
	return true;
}

static int add_pin(struct lock *lock, const struct deb_pin *pin, struct err *err)
{
	struct deb_pin *more = reallocarray(lock->pins, lock->count + 1, sizeof(*more));

	if (!more)
		return no_memory(err);
	lock->pins = more;
	/* It brings the links of merged /usr, through which others may go. */
	if (strncmp(pin->name, "base-files_", strlen("base-files_")) == 0) {
		memmove(more + 1, more, lock->count * sizeof(*more));
		more[0] = *pin;
	} else {
		more[lock->count] = *pin;
	}
	lock->count++;
	return 0;
}

static int hash_bytes(const void *data, size_t size, unsigned char digest[SHA256_SIZE],
		      struct err *err)
{
	cleanup_hash struct hash *hash = hash_new(HASH_SHA256, err);

	return hash && hash_update(hash, data, size, err) == 0 ? hash_final(hash, digest, err) : -1;
}

static int read_lock(struct lock *lock, const char *path, struct err *err)
{
	size_t size;
	size_t number = 0;
	char *next;

	lock->text = read_small_file(path, LOCK_MAX, &size, err);
	if (!lock->text)
		return -1;
	if (hash_bytes(lock->text, size, lock->sha256, err) < 0)
		return -1;
	if (strlen(lock->text) != size)
		return err_set(err, EXIT_MALFORMED, "DEBS-LOCK",
			       "%s: text expected, found a NUL byte", path);
	for (char *line = lock->text; line; line = next) {
		struct deb_pin pin;

		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		number++;
		if (*line == '#' || line[strspn(line, " \t")] == '\0')
			continue;
		if (!parse_pin(line, &pin))
			return err_set(err, EXIT_MALFORMED, "DEBS-LOCK",
				       "%s line %zu: \"sha256 size path\" of a .deb expected, "
				       "found something else",
				       path, number);
		if (add_pin(lock, &pin, err) < 0)
			return -1;
	}
	if (lock->count == 0)
		return err_set(err, EXIT_MALFORMED, "DEBS-LOCK",
			       "%s: at least one package expected, found none", path);
	return 0;
}

/* The data of the entry in memory, with a NUL behind it. */
static char *slurp(struct tar *tar, const struct tar_entry *entry, size_t limit, struct err *err)
{
	cleanup_free char *data = NULL;

	if (entry->size > limit) {
		err_set(err, EXIT_MALFORMED, "DEBS-CONTROL",
			"%s: at most %zu bytes expected, found %llu", entry->path, limit,
			(unsigned long long)entry->size);
		return NULL;
	}
	data = calloc(1, (size_t)entry->size + 1);
	if (!data) {
		no_memory(err);
		return NULL;
	}
	return tar_read(tar, data, (size_t)entry->size, err) < 0 ? NULL : steal_ptr(data);
}

static int read_control_entry(struct record *record, struct tar *tar, const struct tar_entry *entry,
			      struct err *err)
{
	const char *path = entry->path + (strncmp(entry->path, "./", 2) == 0 ? 2 : 0);
	bool control = strcmp(path, "control") == 0;
	char **slot = control ? &record->control : &record->md5sums;

	if (entry->type != '0' || (!control && strcmp(path, "md5sums") != 0))
		return 0;
	if (*slot)
		return err_set(err, EXIT_MALFORMED, "DEBS-CONTROL",
			       "%s: one file expected, found two", path);
	*slot = slurp(tar, entry, control ? CONTROL_MAX : MD5SUMS_MAX, err);
	*(control ? &record->control_size : &record->md5sums_size) = (size_t)entry->size;
	return *slot ? 0 : -1;
}

static int read_control_tar(struct record *record, const struct deb *deb, struct err *err)
{
	cleanup_with(tar_entry_clear) struct tar_entry entry = {0};
	cleanup_stream struct stream *stream = stream_open_part(&deb->control, err);
	struct tar tar = {.stream = stream};
	int found;

	if (!stream)
		return -1;
	while ((found = tar_next(&tar, &entry, err)) > 0)
		if (read_control_entry(record, &tar, &entry, err) < 0)
			return -1;
	if (found < 0 || stream_settle(stream, err) < 0 ||
	    deb_compare(deb, stream, deb->control_sha256, err) < 0)
		return -1;
	if (!record->control)
		return err_set(err, EXIT_MALFORMED, "DEBS-CONTROL",
			       "a file control expected, found none");
	return 0;
}

/* NAME.md5sums is where the sums of NAME go. */
static bool is_package_name(const char *name)
{
	static const char sums[] = ".md5sums";
	size_t length = strlen(name);

	return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789+-.") == length && length >= 2 &&
	       length <= 200 && !strchr("+-.", name[0]) &&
	       (length < strlen(sums) || strcmp(name + length - strlen(sums), sums) != 0);
}

static int take_fields(struct stanza_reader *reader, char **values, struct err *err)
{
	struct record *record = reader->to;

	if (record->name || !values[0] || !is_package_name(values[0]) || !values[1] || !values[2])
		return err_set(err, EXIT_MALFORMED, "DEBS-CONTROL",
			       "one record with Package, Version and Architecture expected, found "
			       "another");
	record->name = steal_ptr(values[0]);
	record->architecture = steal_ptr(values[2]);
	return 0;
}

static int parse_control(struct record *record, struct err *err)
{
	static const char *const keys[] = {"Package", "Version", "Architecture", NULL};
	cleanup_with(stanza_clear) struct stanza_reader reader = {
		.syntax = STANZA_CONTROL, .keys = keys, .take = take_fields, .to = record};

	stanza_begin(&reader);
	if (reader.sink.take(&reader.sink, record->control, record->control_size, err) < 0 ||
	    stanza_end(&reader, err) < 0)
		return -1;
	if (!record->name)
		return err_set(err, EXIT_MALFORMED, "DEBS-CONTROL",
			       "a record in control expected, found none");
	return 0;
}

/* Debian's name for OS/ARCH[/VARIANT]; NULL when there is none. */
static const char *debian_architecture(const char *platform)
{
	static const char *const names[][2] = {
		{"linux/amd64", "amd64"},     {"linux/arm64", "arm64"},
		{"linux/arm64/v8", "arm64"},  {"linux/arm/v7", "armhf"},
		{"linux/386", "i386"},	      {"linux/riscv64", "riscv64"},
		{"linux/ppc64le", "ppc64el"}, {"linux/s390x", "s390x"},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(platform, names[i][0]) == 0)
			return names[i][1];
	return NULL;
}

/* The first package that is for one architecture decides when no platform was asked for. */
static int check_architecture(const struct record *record, char architecture[32], struct err *err)
{
	if (strcmp(record->architecture, "all") == 0)
		return 0;
	if (!*architecture)
		snprintf(architecture, 32, "%s", record->architecture);
	if (strcmp(record->architecture, architecture) != 0)
		return err_set(err, EXIT_MALFORMED, "DEBS-ARCHITECTURE",
			       "architecture %s or all expected, found %s", architecture,
			       record->architecture);
	return 0;
}

struct memory {
	const char *data;
	size_t left;
};

static ssize_t give_memory(void *from, void *data, size_t size, struct err *err)
{
	struct memory *memory = from;

	(void)err;
	if (size > memory->left)
		size = memory->left;
	memcpy(data, memory->data, size);
	memory->data += size;
	memory->left -= size;
	return (ssize_t)size;
}

/* The directory at path, made where it is missing; links are not followed. */
static struct node *make_directory(struct rootfs *rootfs, const char *path, struct err *err)
{
	struct node *dir = rootfs->base;
	char name[ROOTFS_NAME_MAX + 1];

	for (const char *p = path; *p; p += strcspn(p, "/"), p += *p == '/') {
		struct node *node;

		snprintf(name, sizeof(name), "%.*s", (int)strcspn(p, "/"), p);
		node = node_child(dir, name);
		if (!node) {
			cleanup_inode struct inode *inode = inode_new(S_IFDIR | 0755, 0, 0, err);

			node = inode ? node_add(dir, name, inode, err) : NULL;
			if (!node)
				return NULL;
		}
		if (!S_ISDIR(node->inode->mode)) {
			err_set(err, EXIT_MALFORMED, "LAYER-CONFLICT",
				"%s: a directory expected, found another type", path);
			return NULL;
		}
		dir = node;
	}
	return dir;
}

/* The name counts as the package's own: what a later one brings there is in conflict with it. */
static int add_name(struct rootfs *rootfs, struct node *dir, const char *name, struct inode *inode,
		    struct err *err)
{
	struct node *node = node_add(dir, name, inode, err);

	if (!node)
		return -1;
	node->layer = rootfs->layer;
	return 0;
}

static int add_file(struct rootfs *rootfs, const char *folder, const char *name,
		    struct inode *inode, struct err *err)
{
	struct node *dir = make_directory(rootfs, folder, err);
	struct node *node = dir ? node_child(dir, name) : NULL;

	if (!dir)
		return -1;
	if (node && place_is_lower(rootfs, node))
		node_remove(node);
	else if (node)
		return err_set(err, EXIT_MALFORMED, "LAYER-CONFLICT",
			       "%s/%s: a free name expected, found an entry", folder, name);
	return add_name(rootfs, dir, name, inode, err);
}

static int write_status(struct rootfs *rootfs, const char *name, const char *data, size_t size,
			struct err *err)
{
	cleanup_inode struct inode *inode = inode_new(S_IFREG | 0644, 0, 0, err);
	struct spool *spool = spool_of(rootfs, err);
	struct memory memory = {data, size};

	if (!inode || !spool || inode_set_size(inode, size, name, err) < 0 ||
	    spool_fill(spool, inode, give_memory, &memory, err) < 0)
		return -1;
	return add_file(rootfs, "var/lib/dpkg/status.d", name, inode, err);
}

static int write_record(struct rootfs *rootfs, const struct record *record, struct err *err)
{
	char name[ROOTFS_NAME_MAX + 1];

	if (write_status(rootfs, record->name, record->control, record->control_size, err) < 0)
		return -1;
	if (!record->md5sums)
		return 0;
	snprintf(name, sizeof(name), "%s.md5sums", record->name);
	return write_status(rootfs, name, record->md5sums, record->md5sums_size, err);
}

static int read_files(struct rootfs *rootfs, const struct deb *deb, struct err *err)
{
	const struct layer_rules rules = {.name = deb->name, .once = true};
	cleanup_stream struct stream *stream = stream_open_part(&deb->data, err);

	if (!stream || layer_read(rootfs, stream, &rules, err) < 0)
		return -1;
	return deb_compare(deb, stream, deb->data_sha256, err);
}

static int read_package(struct rootfs *rootfs, const struct deb_pin *pin, char architecture[32],
			struct err *err)
{
	cleanup_with(deb_close) struct deb deb = DEB_INIT;
	cleanup_with(free_record) struct record record = {0};
	cleanup_free char *path = NULL;

	if (asprintf(&path, "%s/%s", rootfs->packages, pin->sha256) < 0) {
		path = NULL;
		return no_memory(err);
	}
	if (deb_open(&deb, path, pin, err) < 0)
		return -1;
	if (read_control_tar(&record, &deb, err) < 0 || parse_control(&record, err) < 0 ||
	    check_architecture(&record, architecture, err) < 0)
		return err_wrap(err, "%s", pin->name);
	if (read_files(rootfs, &deb, err) < 0)
		return -1;
	if (write_record(rootfs, &record, err) < 0)
		return err_wrap(err, "%s", pin->name);
	return deb_settle(&deb, err);
}

/* The regular file at exactly that path, or NULL. */
static struct node *plain_file(const struct rootfs *rootfs, const char *path)
{
	struct node *node = rootfs->base;
	char name[ROOTFS_NAME_MAX + 1];

	for (const char *p = path; node && *p; p += strcspn(p, "/"), p += *p == '/') {
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(p, "/"), p);
		node = S_ISDIR(node->inode->mode) ? node_child(node, name) : NULL;
	}
	return node && S_ISREG(node->inode->mode) ? node : NULL;
}

/* A second file with the same contents, which lie where they are. */
static int copy_file(struct rootfs *rootfs, const struct node *from, const char *name,
		     struct err *err)
{
	cleanup_inode struct inode *inode = inode_new(S_IFREG | 0644, 0, 0, err);
	struct node *dir = make_directory(rootfs, "etc", err);

	if (!inode || !dir)
		return -1;
	inode->size = from->inode->size;
	inode->contents = from->inode->contents;
	inode->offset = from->inode->offset;
	inode->check = from->inode->check;
	return node_child(dir, name) ? 0 : add_name(rootfs, dir, name, inode, err);
}

/* What the scripts of base-passwd and libc-bin do, as far as programs depend on it. */
static int make_copies(struct rootfs *rootfs, struct err *err)
{
	static const char *const copies[][2] = {
		{"usr/share/base-passwd/passwd.master", "passwd"},
		{"usr/share/base-passwd/group.master", "group"},
		{"usr/share/libc-bin/nsswitch.conf", "nsswitch.conf"},
	};

	for (size_t i = 0; i < sizeof(copies) / sizeof(copies[0]); i++) {
		const struct node *from = plain_file(rootfs, copies[i][0]);

		if (from && copy_file(rootfs, from, copies[i][1], err) < 0)
			return -1;
	}
	return 0;
}

int read_debs(struct rootfs *rootfs, const char *location, struct err *err)
{
	cleanup_with(free_lock) struct lock lock = {0};
	const char *wanted = rootfs->platform ? debian_architecture(rootfs->platform) : "";
	char architecture[32];

	if (!rootfs->packages)
		return err_set(err, EXIT_USAGE, "DEBS-PACKAGES",
			       "--packages FOLDER, with packages named by sha256, expected");
	if (!wanted)
		return err_set(err, EXIT_USAGE, "DEBS-ARCHITECTURE",
			       "a platform that Debian has expected, found %s", rootfs->platform);
	snprintf(architecture, sizeof(architecture), "%s", wanted);
	if (read_lock(&lock, location, err) < 0)
		return -1;
	rootfs->lower = rootfs->layer;
	for (size_t i = 0; i < lock.count; i++)
		if (read_package(rootfs, &lock.pins[i], architecture, err) < 0)
			return -1;
	if (make_copies(rootfs, err) < 0)
		return -1;
	return source_fact(rootfs, "Digest", digest_json(lock.sha256), err);
}
