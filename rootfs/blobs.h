/*
 * Where an image's blobs lie: the files of a folder, or the members of an archive, which is
 * indexed once. Internal to the rootfs room.
 */
#ifndef MINTMARK_ROOTFS_BLOBS_H
#define MINTMARK_ROOTFS_BLOBS_H

#include <sys/stat.h>

#include "limit.h"
#include "stream.h"

/* A file's bytes, or some of them. */
struct blob {
	struct stream_part part;
	char *name; /* of part */
	int fd;	    /* its own, or -1 when it lies in an archive */
	struct stat seen;
};

#define BLOB_INIT ((struct blob){.fd = -1})

/* Opens a regular file; ROOTFS-READ. blob_close() in any case. */
int blob_open(struct blob *blob, const char *path, struct err *err);

/*
 * The whole blob in memory, followed by a NUL; owned by the caller. NULL with OCI-JSON when it has
 * more than limit bytes.
 */
char *blob_read(const struct blob *blob, size_t limit, struct err *err);

/* SHA-256 of the bytes as they lie there. */
int blob_hash(const struct blob *blob, unsigned char digest[SHA256_SIZE], struct err *err);

/* ROOTFS-CHANGED unless the file is as it was when it was opened. */
int blob_settle(const struct blob *blob, struct err *err);

void blob_close(struct blob *blob);
#define cleanup_blob cleanup_with(blob_close)

struct blobs;

/* Both: owned by the caller, NULL on failure. ROOTFS-READ. */
struct blobs *blobs_open_folder(const char *path, struct err *err);

/*
 * An archive that is compressed is decompressed to an unlinked file first. Its members count as
 * entries, and it may become as large as one layer: ROOTFS-LIMIT.
 * OCI-ARCHIVE when it has a member twice, or one that is neither file, folder nor link.
 */
struct blobs *blobs_open_archive(const char *path, struct rootfs_usage *usage, struct err *err);

/* Accepts NULL. */
void blobs_close(struct blobs *blobs);

/*
 * Opens what lies under the name, a plain path. OCI-BLOB-MISSING when there is nothing. In a folder
 * symbolic links are followed, because folders of blobs are shared that way: who reads a blob
 * compares its digest.
 */
int blobs_find(const struct blobs *blobs, const char *name, struct blob *blob, struct err *err);

static inline void cleanup_blobs_at(struct blobs **blobs)
{
	blobs_close(*blobs);
}
#define cleanup_blobs cleanup_with(cleanup_blobs_at)

#endif
