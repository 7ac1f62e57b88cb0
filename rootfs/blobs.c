/*
 * Folders and archives of blobs. Never looks at what is in a blob, and never writes anything but an
 * unlinked file.
 */
#include "blobs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>

#include "decoder.h"
#include "limit.h"
#include "place.h"
#include "rootfs.h"
#include "spool.h"
#include "tar_header.h"

enum {
	LINKS_MAX = 8, /* symbolic links in an archive, followed to find one member */
	BUFFER = 65536,
};

static int fill_blob(struct blob *blob, const char *name, struct err *err)
{
	blob->name = strdup(name);
	if (!blob->name)
		return err_errno(err, "ROOTFS-MEMORY", "%s", name);
	if (fstat(blob->fd, &blob->seen) < 0)
		return err_errno(err, "ROOTFS-READ", "%s", name);
	if (!S_ISREG(blob->seen.st_mode))
		return err_set(err, EXIT_ENVIRONMENT, "ROOTFS-READ",
			       "%s: a regular file expected, found something else", name);
	blob->part = (struct stream_part){
		.fd = blob->fd, .size = (uint64_t)blob->seen.st_size, .name = blob->name};
	return 0;
}

int blob_open(struct blob *blob, const char *path, struct err *err)
{
	*blob = BLOB_INIT;
	blob->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (blob->fd < 0)
		return err_errno(err, "ROOTFS-READ", "%s", path);
	return fill_blob(blob, path, err);
}

static int blob_changed(const struct blob *blob, struct err *err)
{
	return err_set(err, EXIT_ENVIRONMENT, "ROOTFS-CHANGED",
		       "%s: an unchanged file expected, found it changed", blob->name);
}

static int read_at(const struct blob *blob, void *data, size_t size, uint64_t offset,
		   struct err *err)
{
	char *p = data;

	while (size > 0) {
		ssize_t n = pread(blob->part.fd, p, size, blob->part.offset + (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, "ROOTFS-READ", "%s", blob->name);
		if (n == 0)
			return blob_changed(blob, err);
		p += n;
		size -= (size_t)n;
		offset += (uint64_t)n;
	}
	return 0;
}

char *blob_read(const struct blob *blob, size_t limit, struct err *err)
{
	cleanup_free char *data = NULL;

	if (blob->part.size > limit) {
		err_set(err, EXIT_MALFORMED, "OCI-JSON",
			"%s: at most %zu bytes expected, found %llu", blob->name, limit,
			(unsigned long long)blob->part.size);
		return NULL;
	}
	data = calloc(1, (size_t)blob->part.size + 1);
	if (!data) {
		err_errno(err, "ROOTFS-MEMORY", "%s", blob->name);
		return NULL;
	}
	if (read_at(blob, data, (size_t)blob->part.size, 0, err) < 0)
		return NULL;
	return steal_ptr(data);
}

int blob_hash(const struct blob *blob, unsigned char digest[SHA256_SIZE], struct err *err)
{
	cleanup_hash struct hash *hash = hash_new(HASH_SHA256, err);
	char buffer[BUFFER];

	if (!hash)
		return -1;
	for (uint64_t done = 0; done < blob->part.size;) {
		uint64_t left = blob->part.size - done;
		size_t size = left < sizeof(buffer) ? (size_t)left : sizeof(buffer);

		if (read_at(blob, buffer, size, done, err) < 0 ||
		    hash_update(hash, buffer, size, err) < 0)
			return -1;
		done += size;
	}
	return hash_final(hash, digest, err);
}

int blob_settle(const struct blob *blob, struct err *err)
{
	struct stat st;

	if (fstat(blob->part.fd, &st) < 0)
		return err_errno(err, "ROOTFS-READ", "%s", blob->name);
	if (st.st_size == blob->seen.st_size && st.st_mtim.tv_sec == blob->seen.st_mtim.tv_sec &&
	    st.st_mtim.tv_nsec == blob->seen.st_mtim.tv_nsec &&
	    st.st_ctim.tv_sec == blob->seen.st_ctim.tv_sec &&
	    st.st_ctim.tv_nsec == blob->seen.st_ctim.tv_nsec)
		return 0;
	return blob_changed(blob, err);
}

void blob_close(struct blob *blob)
{
	if (blob->fd >= 0)
		close(blob->fd);
	free(blob->name);
	*blob = BLOB_INIT;
}

struct member {
	char *name;
	char *link; /* of a link, else NULL */
	char type;
	uint64_t offset;
	uint64_t size;
};

struct blobs {
	int folder; /* -1 for an archive */
	struct blob archive;
	struct member *members; /* sorted by name */
	size_t count;
};

static struct blobs *new_blobs(struct err *err)
{
	struct blobs *blobs = calloc(1, sizeof(*blobs));

	if (!blobs) {
		err_errno(err, "ROOTFS-MEMORY", "blobs");
		return NULL;
	}
	blobs->folder = -1;
	blobs->archive = BLOB_INIT;
	return blobs;
}

struct blobs *blobs_open_folder(const char *path, struct err *err)
{
	cleanup_blobs struct blobs *blobs = new_blobs(err);

	if (!blobs)
		return NULL;
	blobs->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (blobs->folder < 0) {
		err_errno(err, "ROOTFS-READ", "%s", path);
		return NULL;
	}
	return steal_ptr(blobs);
}

void blobs_close(struct blobs *blobs)
{
	if (!blobs)
		return;
	for (size_t i = 0; i < blobs->count; i++) {
		free(blobs->members[i].name);
		free(blobs->members[i].link);
	}
	free(blobs->members);
	blob_close(&blobs->archive);
	if (blobs->folder >= 0)
		close(blobs->folder);
	free(blobs);
}

static int missing(const char *name, struct err *err)
{
	return err_set(err, EXIT_ENVIRONMENT, "OCI-BLOB-MISSING", "%s expected, found nothing",
		       name);
}

static int compare_members(const void *a, const void *b)
{
	return strcmp(((const struct member *)a)->name, ((const struct member *)b)->name);
}

static const struct member *find_member(const struct blobs *blobs, const char *name)
{
	const struct member key = {.name = (char *)(uintptr_t)name};

	return blobs->count == 0 ? NULL
				 : bsearch(&key, blobs->members, blobs->count,
					   sizeof(*blobs->members), compare_members);
}

/* Where a symbolic link of the archive leads, as a plain path; owned by the caller. */
static char *resolve(const struct member *link)
{
	size_t room = strlen(link->name) + strlen(link->link) + 2;
	char *path = malloc(room);
	const char *rest = link->link;
	const char *slash = strrchr(link->name, '/');
	size_t used = slash ? (size_t)(slash - link->name) : 0;

	if (!path)
		return NULL;
	memcpy(path, link->name, used);
	while (*rest) {
		size_t size = strcspn(rest, "/");

		if (size == 2 && memcmp(rest, "..", 2) == 0) {
			while (used > 0 && path[--used] != '/')
				continue;
		} else if (size > 0 && !(size == 1 && *rest == '.')) {
			if (used > 0)
				path[used++] = '/';
			memcpy(path + used, rest, size);
			used += size;
		}
		rest += size + (rest[size] == '/');
	}
	path[used] = '\0';
	return path;
}

/* docker save makes symbolic links between equal layers. */
static const struct member *find_file(const struct blobs *blobs, const char *name)
{
	const struct member *member = find_member(blobs, name);

	for (int links = 0; member && member->type == '2' && links < LINKS_MAX; links++) {
		cleanup_free char *path = resolve(member);

		member = path ? find_member(blobs, path) : NULL;
	}
	return member && member->type == '0' ? member : NULL;
}

int blobs_find(const struct blobs *blobs, const char *name, struct blob *blob, struct err *err)
{
	const struct member *member;

	*blob = BLOB_INIT;
	if (blobs->folder >= 0) {
		blob->fd = openat(blobs->folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (blob->fd < 0 && (errno == ENOENT || errno == ENOTDIR))
			return missing(name, err);
		if (blob->fd < 0)
			return err_errno(err, "ROOTFS-READ", "%s", name);
		return fill_blob(blob, name, err);
	}
	member = find_file(blobs, name);
	if (!member)
		return missing(name, err);
	blob->name = strdup(name);
	if (!blob->name)
		return err_errno(err, "ROOTFS-MEMORY", "%s", name);
	blob->seen = blobs->archive.seen;
	blob->part = (struct stream_part){.fd = blobs->archive.fd,
					  .offset = (off_t)member->offset,
					  .size = member->size,
					  .name = blob->name};
	return 0;
}

static int odd_member(const char *name, const char *expected, struct err *err)
{
	return err_set(err, EXIT_MALFORMED, "OCI-ARCHIVE", "member %.200s: %s", name, expected);
}

static int add_member(struct blobs *blobs, struct tar_entry *entry, uint64_t offset,
		      struct rootfs_usage *usage, struct err *err)
{
	char *path = place_path(entry->path, err);
	struct member *more = blobs->members;
	struct member member = {.type = entry->type, .offset = offset, .size = entry->size};

	if (!path) {
		snprintf(err->name, sizeof(err->name), "OCI-ARCHIVE");
		return -1;
	}
	if (entry->type == '5')
		return 0;
	if (entry->type > '2' || !*path)
		return odd_member(path, "a file or a link expected, found another type", err);
	if (limit_entry(usage, err) < 0)
		return -1;
	if ((blobs->count & (blobs->count - 1)) == 0)
		more = reallocarray(more, blobs->count ? 2 * blobs->count : 1, sizeof(*more));
	if (!more)
		return err_errno(err, "ROOTFS-MEMORY", "archive");
	blobs->members = more;
	member.name = strdup(path);
	member.link = entry->type == '0' ? NULL : steal_ptr(entry->link);
	more[blobs->count++] = member;
	return member.name ? 0 : err_errno(err, "ROOTFS-MEMORY", "archive");
}

/* A hard link of the archive is the file that it names. */
static int join_link(const struct blobs *blobs, struct member *link, struct err *err)
{
	const char *path = place_path(link->link, err);
	const struct member *file = path ? find_member(blobs, path) : NULL;

	if (path && (!file || file->type != '0'))
		return odd_member(link->name, "a hard link to a file expected", err);
	if (!path) {
		snprintf(err->name, sizeof(err->name), "OCI-ARCHIVE");
		return -1;
	}
	link->offset = file->offset;
	link->size = file->size;
	return 0;
}

static int sort_members(struct blobs *blobs, struct err *err)
{
	if (blobs->count > 0)
		qsort(blobs->members, blobs->count, sizeof(*blobs->members), compare_members);
	for (size_t i = 1; i < blobs->count; i++)
		if (compare_members(&blobs->members[i - 1], &blobs->members[i]) == 0)
			return odd_member(blobs->members[i].name,
					  "each name once expected, found it twice", err);
	for (size_t i = 0; i < blobs->count; i++)
		if (blobs->members[i].type == '1' && join_link(blobs, &blobs->members[i], err) < 0)
			return -1;
	for (size_t i = 0; i < blobs->count; i++)
		if (blobs->members[i].type == '1')
			blobs->members[i].type = '0';
	return 0;
}

static int read_members(struct blobs *blobs, struct rootfs_usage *usage, struct err *err)
{
	cleanup_with(tar_entry_clear) struct tar_entry entry = {0};
	struct tar tar = {.part = &blobs->archive.part};
	int found;

	while ((found = tar_next(&tar, &entry, err)) > 0)
		if (add_member(blobs, &entry, tar.offset, usage, err) < 0)
			return -1;
	return found < 0 ? -1 : sort_members(blobs, err);
}

/* Whether the file begins like one that a stream decompresses. */
static bool is_compressed(const struct blob *blob)
{
	unsigned char head[INPUT_HEAD];

	return decoder_knows(head, pread(blob->fd, head, sizeof(head), 0));
}

/* Puts an unlinked file with the archive's plain bytes in the place of the archive. */
static int decompress(struct blob *archive, const char *path, const struct rootfs_limits *limits,
		      struct err *err)
{
	cleanup_stream struct stream *stream = stream_open(path, err);
	cleanup_close int fd = stream ? spool_file(err) : -1;
	char buffer[BUFFER];
	ssize_t n;

	if (fd < 0)
		return -1;
	stream_limit(stream, limits);
	while ((n = stream_read(stream, buffer, sizeof(buffer), err)) > 0)
		if (spool_write(fd, buffer, (size_t)n, err) < 0)
			return -1;
	if (n < 0 || stream_settle(stream, err) < 0)
		return -1;
	blob_close(archive);
	archive->fd = steal_fd(&fd);
	return fill_blob(archive, path, err);
}

struct blobs *blobs_open_archive(const char *path, struct rootfs_usage *usage, struct err *err)
{
	cleanup_blobs struct blobs *blobs = new_blobs(err);

	if (!blobs || blob_open(&blobs->archive, path, err) < 0)
		return NULL;
	if (is_compressed(&blobs->archive) &&
	    decompress(&blobs->archive, path, &usage->limits, err) < 0)
		return NULL;
	return read_members(blobs, usage, err) < 0 ? NULL : steal_ptr(blobs);
}
