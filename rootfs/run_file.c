/*
 * The file "run" of an archive: its bytes, and the extended attributes that travel in it. Records
 * "key=value", each ended by NUL; docs/init.md has the keys. The same specification always gives
 * the same bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "rootfs.h"
#include "runspec.h"

enum { SIGTERM_NUMBER = 15 };

/* Stands where the tree's digest will, which is known when the tree was written. */
static const char unknown_digest[] =
	"0000000000000000000000000000000000000000000000000000000000000000";

static int no_memory(struct err *err)
{
	return err_errno(err, "ROOTFS-MEMORY", "run specification");
}

/* Counts records of a key, because init bounds each. */
struct writer {
	FILE *file;
	const char *key;
	size_t count;
};

static int put(struct writer *w, const char *key, const char *value, struct err *err)
{
	w->count = w->key && strcmp(w->key, key) == 0 ? w->count + 1 : 1;
	w->key = key;
	if (w->count > RUNSPEC_STRINGS_MAX)
		return err_set(err, EXIT_MALFORMED, "RUN-SIZE",
			       "at most %d records %s= expected, found more", RUNSPEC_STRINGS_MAX,
			       key);
	fprintf(w->file, "%s=%s%c", key, value, '\0');
	return 0;
}

static int put_number(struct writer *w, const char *key, uint32_t number, struct err *err)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", number);
	return put(w, key, text, err);
}

static int put_list(struct writer *w, const char *key, const struct strings *list, struct err *err)
{
	for (size_t i = 0; i < list->count; i++)
		if (put(w, key, list->at[i], err) < 0)
			return -1;
	return 0;
}

/* Nothing for root without further groups, which is what a process of init's is. */
static int put_account(struct writer *w, const struct account *account, struct err *err)
{
	if (account->uid != 0 && put_number(w, "uid", account->uid, err) < 0)
		return -1;
	if (account->gid != 0 && put_number(w, "gid", account->gid, err) < 0)
		return -1;
	for (size_t i = 0; i < account->group_count; i++)
		if (put_number(w, "group", account->groups[i], err) < 0)
			return -1;
	return 0;
}

static int put_xattr(struct writer *w, const struct xattr *xattr, const char *path, struct err *err)
{
	cleanup_free char *hex = xattr_hex(xattr, err);
	cleanup_free char *value = NULL;

	if (!hex)
		return -1;
	if (asprintf(&value, "%s:%s:%s", xattr->name, hex, path) < 0)
		return no_memory(err);
	return put(w, "xattr", value, err);
}

static int put_xattrs(struct writer *w, struct node *base, struct err *err)
{
	cleanup_with(list_free) struct list list = LIST_INIT;

	if (list_make(&list, base, false, err) < 0)
		return -1;
	for (size_t i = 0; i < list.count; i++) {
		const struct item *item = &list.entries[i];
		const struct xattr *xattr = item->node->inode->xattrs;

		for (; item == item->first && xattr; xattr = xattr->next)
			if (put_xattr(w, xattr, item->path, err) < 0)
				return -1;
	}
	return 0;
}

/* Records that are init's already. */
static void put_settings(struct writer *w, const struct strings *settings)
{
	for (size_t i = 0; i < settings->count; i++)
		fprintf(w->file, "%s%c", settings->at[i], '\0');
	w->key = NULL;
}

static int put_process(struct writer *w, const struct process *process, struct err *err)
{
	if (put_list(w, "env", &process->env, err) < 0 ||
	    put_list(w, "arg", &process->args, err) < 0 ||
	    put_account(w, &process->account, err) < 0)
		return -1;
	if (process->workdir && put(w, "workdir", process->workdir, err) < 0)
		return -1;
	put_settings(w, &process->settings);
	return 0;
}

static int put_all(struct writer *w, const struct runspec *spec, struct node *base, struct err *err)
{
	if (put(w, "name", spec->name, err) < 0)
		return -1;
	if (spec->names_digest && put(w, "digest", unknown_digest, err) < 0)
		return -1;
	if (put_process(w, &spec->processes[0], err) < 0)
		return -1;
	if (spec->stop_signal && spec->stop_signal != SIGTERM_NUMBER &&
	    put_number(w, "stopsignal", (uint32_t)spec->stop_signal, err) < 0)
		return -1;
	if (put_list(w, "volume", &spec->volumes, err) < 0)
		return -1;
	put_settings(w, &spec->settings);
	if (put_xattrs(w, base, err) < 0)
		return -1;
	for (size_t i = 1; i <= spec->count; i++)
		if (put(w, "process", spec->processes[i].head, err) < 0 ||
		    put_process(w, &spec->processes[i], err) < 0)
			return -1;
	return 0;
}

static bool names_host(const struct strings *settings)
{
	for (size_t i = 0; i < settings->count; i++)
		if (strncmp(settings->at[i], "hostname=", 9) == 0)
			return true;
	return false;
}

static int encode(FILE *file, const struct runspec *spec, struct node *base, struct err *err)
{
	struct writer writer = {.file = file};

	return put_all(&writer, spec, base, err);
}

int runspec_encode(const struct runspec *spec, struct node *base, char **data, size_t *size,
		   struct err *err)
{
	cleanup_free char *text = NULL;
	size_t length = 0;
	FILE *file;
	bool lost;
	int failed;

	if (!spec->name)
		return err_set(err, EXIT_MALFORMED, "RUN-NAME",
			       "a record name= expected, found none");
	if (!run_is_hostname(spec->name) && !names_host(&spec->settings))
		return err_set(
			err, EXIT_MALFORMED, "RUN-NAME",
			"a name of at most 64 of a-z A-Z 0-9 . - _ expected, which becomes the "
			"machine's, or a record hostname=; found \"%.200s\"",
			spec->name);
	for (size_t i = 0; i <= spec->count; i++)
		if (spec->processes[i].args.count == 0 || !*spec->processes[i].args.at[0])
			return err_set(err, EXIT_MALFORMED, "RUN-COMMAND",
				       "a command expected, in the recipe or as the image's "
				       "Entrypoint or Cmd%s%s; found none",
				       i ? ", of the helper " : "",
				       i ? spec->processes[i].head : "");
	file = open_memstream(&text, &length);
	if (!file)
		return no_memory(err);
	failed = encode(file, spec, base, err);
	/* A write that failed need not fail again when the stream is closed. */
	lost = ferror(file) != 0;
	lost |= fclose(file) != 0;
	if (failed < 0)
		return -1;
	if (lost)
		return no_memory(err);
	if (length > RUNSPEC_SIZE_MAX)
		return err_set(err, EXIT_MALFORMED, "RUN-SIZE",
			       "a run specification of at most %d bytes expected, found %zu",
			       RUNSPEC_SIZE_MAX, length);
	*data = steal_ptr(text);
	*size = length;
	return 0;
}

/* Exactly that path: no link is followed, as init follows none. */
static struct node *find_exact(struct node *node, const char *path)
{
	char name[ROOTFS_NAME_MAX + 1];

	while (node && *path) {
		size_t size = strcspn(path, "/");

		if (size > ROOTFS_NAME_MAX || (path[size] && !path[size + 1]))
			return NULL;
		memcpy(name, path, size);
		name[size] = '\0';
		node = node_child(node, name);
		path += size + (path[size] == '/');
	}
	return node;
}

static int nibble(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

static int decode_hex(const char *hex, size_t length, unsigned char *value)
{
	for (size_t i = 0; i + 1 < length; i += 2) {
		int high = nibble(hex[i]);
		int low = nibble(hex[i + 1]);

		if (high < 0 || low < 0)
			return -1;
		value[i / 2] = (unsigned char)(high << 4 | low);
	}
	return length % 2 ? -1 : 0;
}

static int refuse_record(const char *record, struct err *err)
{
	return err_set(err, EXIT_MALFORMED, "RUN-XATTR",
		       "xattr=NAME:HEX:PATH of a file in the tree expected, found \"%.300s\"",
		       record);
}

static int apply_record(const char *record, struct node *base, struct err *err)
{
	const char *value = record + strlen("xattr=");
	const char *hex = strchr(value, ':');
	const char *path = hex ? strchr(hex + 1, ':') : NULL;
	struct node *node = path && path[1] ? find_exact(base, path + 1) : NULL;
	struct refusals refusals = {0};
	struct xattr *xattr = NULL;
	cleanup_free char *name = NULL;
	cleanup_free unsigned char *bytes = NULL;
	int failed;

	if (!node)
		return refuse_record(record, err);
	name = strndup(value, (size_t)(hex - value));
	bytes = malloc((size_t)(path - hex));
	if (!name || !bytes)
		return no_memory(err);
	if (decode_hex(hex + 1, (size_t)(path - hex - 1), bytes) < 0)
		return refuse_record(record, err);
	failed = xattrs_add(&xattr, name, bytes, (size_t)(path - hex - 1) / 2, err);
	if (failed == 0)
		failed = inode_take_xattrs(node->inode, xattr, path + 1, &refusals, err);
	xattrs_free(xattr);
	return failed == 0 && refusals.count > 0 ? refuse_record(record, err) : failed;
}

int runspec_apply_xattrs(const char *data, size_t size, struct node *base, struct err *err)
{
	size_t at = 0;

	while (at < size) {
		const char *end = memchr(data + at, '\0', size - at);

		if (!end)
			return 0;
		if (strncmp(data + at, "xattr=", 6) == 0 && apply_record(data + at, base, err) < 0)
			return -1;
		at = (size_t)(end - data) + 1;
	}
	return 0;
}

static char *read_records(const char *path, size_t *size, struct err *err)
{
	cleanup_fclose FILE *file = fopen(path, "re");
	cleanup_free char *data = malloc(RUNSPEC_SIZE_MAX + 1);

	if (!file || !data) {
		err_errno(err, "ROOTFS-READ", "%s", path);
		return NULL;
	}
	*size = fread(data, 1, RUNSPEC_SIZE_MAX + 1, file);
	if (ferror(file)) {
		err_errno(err, "ROOTFS-READ", "%s", path);
		return NULL;
	}
	if (*size > RUNSPEC_SIZE_MAX) {
		err_set(err, EXIT_MALFORMED, "RUN-SIZE", "at most %d bytes expected, found more",
			RUNSPEC_SIZE_MAX);
		return NULL;
	}
	return steal_ptr(data);
}

static int resolve(struct rootfs *rootfs, const char *path, struct runspec *spec, struct err *err)
{
	cleanup_with(run_records_clear) struct run_records records = {0};
	cleanup_free char *data = NULL;
	size_t size = 0;

	if (path) {
		data = read_records(path, &size, err);
		if (!data || run_records_parse(&records, data, size, err) < 0)
			return err_wrap(err, "%s", path);
	}
	return runspec_make(spec, rootfs->base, &rootfs->config, &records, err);
}

/* Takes over what spec holds. */
static int keep_run(struct rootfs *rootfs, struct runspec *spec, struct err *err)
{
	struct runspec *kept = malloc(sizeof(*kept));

	if (!kept)
		return no_memory(err);
	*kept = *spec;
	*spec = (struct runspec){0};
	rootfs->run = kept;
	return 0;
}

int rootfs_resolve_run(struct rootfs *rootfs, const char *records, struct err *err)
{
	cleanup_with(runspec_clear) struct runspec spec = {0};

	/* Only an archive brings one of its own. */
	if (rootfs->run)
		return err_set(err, EXIT_USAGE, "ROOTFS-COLLISION",
			       "run: an archive without a run specification expected with --run");
	if (resolve(rootfs, records, &spec, err) < 0)
		return -1;
	return keep_run(rootfs, &spec, err);
}

void rootfs_forget_run(struct rootfs *rootfs)
{
	if (rootfs->run)
		runspec_clear(rootfs->run);
	free(rootfs->run);
	rootfs->run = NULL;
}

int rootfs_add_run(struct rootfs *rootfs, struct err *err)
{
	char *data;
	size_t size;

	/* What is not wholly written before this file cannot be named in it. */
	rootfs->run->names_digest = rootfs->prefix && strcmp(rootfs->prefix, "run") < 0;
	if (runspec_encode(rootfs->run, rootfs->base, &data, &size, err) < 0 ||
	    add_buffer(rootfs, "run", data, size, err) < 0)
		return -1;
	rootfs->has_run = true;
	if (!rootfs->run->names_digest)
		return 0;
	rootfs->naming = node_child(rootfs->top, "run");
	rootfs->named_digest = data + strlen(data) + 1 + strlen("digest=");
	return 0;
}

int rootfs_decode_run(struct rootfs *rootfs, struct err *err)
{
	cleanup_with(runspec_clear) struct runspec spec = {0};
	const struct inode *inode = node_child(rootfs->top, "run")->inode;
	cleanup_free char *data = NULL;

	if (inode->size > RUNSPEC_SIZE_MAX)
		return err_set(err, EXIT_MALFORMED, "RUN-SIZE",
			       "a run specification of at most %d bytes expected, found %llu",
			       RUNSPEC_SIZE_MAX, (unsigned long long)inode->size);
	data = load_contents(inode, "run", err);
	if (!data)
		return -1;
	if (runspec_decode(&spec, data, inode->size, err) < 0)
		return err_wrap(err, "run");
	return keep_run(rootfs, &spec, err);
}

/* The first record of that key, without it; NULL when there is none. */
static const char *find_record(const char *data, size_t size, const char *key)
{
	size_t length = strlen(key);

	for (size_t at = 0; at < size; at += strlen(data + at) + 1)
		if (strncmp(data + at, key, length) == 0)
			return data + at + length;
	return NULL;
}

int rootfs_check_run(struct rootfs *rootfs, const char *digest, struct err *err)
{
	const struct node *node = node_child(rootfs->top, "run");
	cleanup_free char *data = NULL;
	const char *named;

	if (!node || !node->added || !S_ISREG(node->inode->mode) ||
	    node->inode->size > RUNSPEC_SIZE_MAX)
		return 0;
	data = load_contents(node->inode, "run", err);
	if (!data)
		return -1;
	named = find_record(data, node->inode->size, "digest=");
	if (named && strcmp(named, digest) != 0)
		return err_set(err, EXIT_VERIFY, "ROOTFS-DIFFERENCE",
			       "run: digest=%s expected, found \"%.100s\"", digest, named);
	return 0;
}

int rootfs_unpack_run(struct rootfs *rootfs, struct err *err)
{
	const struct node *node = node_child(rootfs->top, "run");
	cleanup_free char *data = NULL;

	if (!node || !node->added || !S_ISREG(node->inode->mode) ||
	    node->inode->size > RUNSPEC_SIZE_MAX)
		return 0;
	data = load_contents(node->inode, "run", err);
	return data ? runspec_apply_xattrs(data, node->inode->size, rootfs->base, err) : -1;
}
