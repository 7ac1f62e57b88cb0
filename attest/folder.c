/* Names and files of a folder. The order in which a file system gives names never shows. */
#include "folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "outfile.h"
#include "text.h"

enum { BLOCK = 65536, NAMES_MAX = 4096 };

char *folder_path(const char *folder, const char *middle, const char *name, struct err *err)
{
	char *path = NULL;

	if (asprintf(&path, "%s/%s%s%s", folder, middle ? middle : "", middle ? "/" : "", name) >=
	    0)
		return path;
	no_memory(err);
	return NULL;
}

static void cleanup_dir_at(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Takes the names, which are freed. */
static json_t *sorted(char **names, size_t count, struct err *err)
{
	json_t *list = json_array();

	qsort(names, count, sizeof(*names), by_bytes);
	for (size_t i = 0; i < count; i++) {
		if (list && json_array_append_new(list, json_string(names[i])) < 0) {
			json_decref(list);
			list = NULL;
		}
		free(names[i]);
	}
	if (!list)
		err_set(err, EXIT_ENVIRONMENT, "FILE-READ",
			"names in UTF-8 expected, found another");
	return list;
}

/* Whether a name of a folder is one that is looked for. */
typedef bool wanted_fn(int dir, const char *name, const char *what);

static bool holds(int dir, const char *name, const char *file)
{
	char path[512];
	struct stat st;

	return snprintf(path, sizeof(path), "%s/%s", name, file) < (int)sizeof(path) &&
	       fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode) &&
	       fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
}

static bool ends_like(int dir, const char *name, const char *suffix)
{
	size_t size = strlen(name);
	struct stat st;

	return size >= strlen(suffix) && strcmp(name + size - strlen(suffix), suffix) == 0 &&
	       fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
}

static json_t *list_names(const char *folder, wanted_fn *wanted, const char *what, struct err *err)
{
	cleanup_with(cleanup_dir_at) DIR *dir = opendir(folder);
	char *names[NAMES_MAX];
	const struct dirent *entry;
	size_t count = 0;

	if (!dir) {
		err_errno(err, "FILE-OPEN", "%s", folder);
		return NULL;
	}
	while ((entry = readdir(dir)) && count < NAMES_MAX)
		if (entry->d_name[0] != '.' && wanted(dirfd(dir), entry->d_name, what)) {
			names[count] = strdup(entry->d_name);
			count += names[count] != NULL;
		}
	return sorted(names, count, err);
}

json_t *folder_with(const char *folder, const char *file, struct err *err)
{
	return list_names(folder, holds, file, err);
}

json_t *folder_files(const char *folder, const char *suffix, struct err *err)
{
	struct stat st;

	if (stat(folder, &st) < 0 && errno == ENOENT)
		return json_array();
	return list_names(folder, ends_like, suffix, err);
}

int file_write(const char *path, const void *data, size_t size, struct err *err)
{
	cleanup_with(outfile_close) struct outfile out = OUTFILE_INIT;

	if (outfile_open(&out, path, err) < 0 || outfile_write(&out, data, size, err) < 0)
		return -1;
	return outfile_commit(&out, err);
}

int file_write_durable(const char *path, const void *data, size_t size, struct err *err)
{
	cleanup_with(outfile_close) struct outfile out = OUTFILE_INIT;

	if (outfile_open(&out, path, err) < 0 || outfile_write(&out, data, size, err) < 0)
		return -1;
	return outfile_commit_durable(&out, err);
}

int file_write_json(const char *path, const json_t *json, bool compact, struct err *err)
{
	size_t flags = JSON_SORT_KEYS | (compact ? JSON_COMPACT : JSON_INDENT(2));
	cleanup_free char *text = json_dumps(json, flags);
	size_t size;

	if (!text)
		return no_memory(err);
	size = strlen(text);
	text[size] = '\n'; /* in place of the NUL */
	return file_write(path, text, size + 1, err);
}

static int hash_file(FILE *file, const char *path, struct hash *hash, struct err *err)
{
	cleanup_free char *block = malloc(BLOCK);
	size_t got;

	if (!block)
		return no_memory(err);
	while ((got = fread(block, 1, BLOCK, file)) > 0)
		if (hash_update(hash, block, got, err) < 0)
			return -1;
	return ferror(file) ? err_errno(err, "FILE-READ", "%s", path) : 0;
}

int file_sha256(const char *path, char hex[HASH_MAX_HEX], struct err *err)
{
	cleanup_fclose FILE *file = fopen(path, "re");
	cleanup_hash struct hash *hash = NULL;
	unsigned char digest[HASH_MAX_SIZE];

	if (!file)
		return err_errno(err, "FILE-OPEN", "%s", path);
	hash = hash_new(HASH_SHA256, err);
	if (!hash || hash_file(file, path, hash, err) < 0 || hash_final(hash, digest, err) < 0)
		return -1;
	hash_hex(digest, SHA256_SIZE, hex);
	return 0;
}

int data_sha256(const void *data, size_t size, char hex[HASH_MAX_HEX], struct err *err)
{
	cleanup_hash struct hash *hash = hash_new(HASH_SHA256, err);
	unsigned char digest[HASH_MAX_SIZE];

	if (!hash || hash_update(hash, data, size, err) < 0 || hash_final(hash, digest, err) < 0)
		return -1;
	hash_hex(digest, SHA256_SIZE, hex);
	return 0;
}

json_t *sums_parse(const char *text)
{
	cleanup_json json_t *sums = json_object();
	unsigned char digest[SHA256_SIZE];

	for (const char *line = text; *line;) {
		size_t length = strcspn(line, "\n");
		cleanup_free char *hex = strndup(line, 2 * SHA256_SIZE);
		cleanup_free char *name =
			length > 66 ? strndup(line + 66, length - 66) : strdup("");

		if (!hex || !name || line[length] != '\n' || length <= 66 ||
		    strncmp(line + 64, "  ", 2) != 0 || !hex_decode(hex, digest, SHA256_SIZE) ||
		    json_object_get(sums, name) ||
		    json_object_set_new(sums, name, json_string(hex)) < 0)
			return NULL;
		line += length + 1;
	}
	return json_incref(sums);
}

int folder_make(const char *path, struct err *err)
{
	if (mkdir(path, 0755) == 0 || errno == EEXIST)
		return 0;
	return err_errno(err, "FILE-CREATE", "%s", path);
}
