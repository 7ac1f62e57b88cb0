/*
 * One Debian package file: an ar archive of exactly debian-binary, control.tar and data.tar.
 * Format: deb(5). Internal to the rootfs room.
 */
#ifndef MINTMARK_ROOTFS_DEB_H
#define MINTMARK_ROOTFS_DEB_H

#include "blobs.h"

/* What a lock file says of a package. */
struct deb_pin {
	char sha256[2 * SHA256_SIZE + 1];
	uint64_t size;
	const char *name; /* for messages; outlives the package */
};

struct deb {
	struct blob blob;	    /* the file */
	const char *name;	    /* not owned */
	struct stream_part control; /* control.tar, compressed or not */
	struct stream_part data;
	unsigned char control_sha256[SHA256_SIZE]; /* of the bytes that matched the pin */
	unsigned char data_sha256[SHA256_SIZE];
};

#define DEB_INIT ((struct deb){.blob = BLOB_INIT})

/*
 * Opens the file and compares it with the pin: DEBS-MISSING, DEBS-SIZE, DEBS-DIGEST; finds its
 * members: DEBS-FORMAT. The caller closes it in any case.
 */
int deb_open(struct deb *deb, const char *path, const struct deb_pin *pin, struct err *err);

/* ROOTFS-CHANGED unless what the stream gave are the bytes that were compared with the pin. */
int deb_compare(const struct deb *deb, struct stream *stream,
		const unsigned char sha256[SHA256_SIZE], struct err *err);

/* ROOTFS-CHANGED unless the file is as it was when it was opened. */
int deb_settle(const struct deb *deb, struct err *err);

void deb_close(struct deb *deb);

#endif
