/*
 * The rootfs room: a container's root becomes one tree in memory, the tree becomes a canonical
 * newc archive and a manifest. Nothing is ever extracted to disk. docs/rootfs.md defines the
 * archive's bytes, the tree digest and the manifest.
 *
 * All functions that return int follow lib/err.h: 0, or -1 with err filled in.
 */
#ifndef MINTMARK_ROOTFS_H
#define MINTMARK_ROOTFS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "cleanup.h"
#include "err.h"
#include "hash.h"
#include "limit.h"
#include "outfile.h"

struct rootfs; /* one archive: a tree, perhaps under a prefix, and single files beside it */

enum rootfs_compression { ROOTFS_PLAIN, ROOTFS_GZIP, ROOTFS_ZSTD };

struct rootfs_options {
	const char *prefix; /* one path component, or NULL: the tree is the archive's top level */
	bool owner_root;    /* every uid and gid becomes 0 */
	enum rootfs_compression compression; /* of the archive that is written */
	const struct rootfs_limits *limits;  /* NULL for rootfs_default_limits */
	const char *packages; /* for debs: a folder of packages, each named by its sha256 */
	const char *platform; /* OS/ARCH[/VARIANT] that sources must be for, or NULL */
	bool any_device;      /* layers of images may have any device */
};

/*
 * An empty archive, owned by the caller; NULL on failure. ROOTFS-PATH when the prefix is not one
 * plain path component, ROOTFS-TRAILER-NAME when it is the name that ends an archive.
 */
struct rootfs *rootfs_new(const struct rootfs_options *options, struct err *err);

/* Accepts NULL. */
void rootfs_free(struct rootfs *rootfs);

/*
 * Lays what "SCHEME:LOCATION" names over the tree, which the source before it left. File contents
 * stay where they are (or go to an unlinked spool file) until they are written. ROOTFS-SOURCE for
 * an unknown scheme; the errors of each kind of source are in docs/rootfs.md.
 */
int rootfs_read(struct rootfs *rootfs, const char *source, struct err *err);

/*
 * Prints "SHA256 SIZE MEDIATYPE" of every blob that the image needs, as far as is known from those
 * that are there; OCI-BLOB-MISSING for the first one that has to be read and is not. The source is
 * oci: or oci-archive:, platform as in rootfs_options.
 */
int rootfs_blobs(const char *source, const char *platform, FILE *out, struct err *err);

/*
 * Adds one regular file at the archive's top level, owned by 0:0, outside of the tree and of its
 * digest. mode is the permission bits. ROOTFS-COLLISION when the name is taken.
 */
int rootfs_add(struct rootfs *rootfs, const char *name, const char *file, uint32_t mode,
	       struct err *err);

/* "none", "gzip" or "zstd"; USAGE otherwise. */
int rootfs_compression_parse(const char *name, enum rootfs_compression *compression,
			     struct err *err);

/*
 * Makes the run specification of what the image says and of the recipe's records, a file of
 * NUL-terminated key=value records, or NULL. Only after rootfs_read(). RUN-*; ROOTFS-COLLISION for
 * an archive, which brings one.
 */
int rootfs_resolve_run(struct rootfs *rootfs, const char *records, struct err *err);

/*
 * Adds the resolved run specification as the archive's top-level file "run"; with it, the files'
 * capabilities of the tree travel. RUN-NAME, RUN-COMMAND, RUN-SIZE; ROOTFS-COLLISION as above.
 */
int rootfs_add_run(struct rootfs *rootfs, struct err *err);

/*
 * Writes the archive: the bytes that GNU cpio 2.15 makes of the same tree with all times 0, or a
 * compressed form of them, with zeros up to a multiple of 4. Also computes the digest of every file's contents. ROOTFS-CHANGED when a source did not hold still,
 * ROOTFS-XATTR when the tree has extended attributes that no run specification carries.
 */
int rootfs_write_cpio(struct rootfs *rootfs, struct outfile *out, struct err *err);

/* Computes the digests of all contents without writing anything. */
int rootfs_hash(struct rootfs *rootfs, struct err *err);

/* The tree digest; only after rootfs_write_cpio(), rootfs_hash() or rootfs_unpack(). */
int rootfs_digest(struct rootfs *rootfs, unsigned char digest[SHA256_SIZE], struct err *err);

/* Writes the manifest of the archive; only after the digests were computed, as above. */
int rootfs_write_manifest(struct rootfs *rootfs, struct outfile *out, struct err *err);

/*
 * Prints counts by type, bytes and the tree digest; in JSON also what a container image says about
 * running it, and the run specification that it gives, that an archive has, or that was resolved.
 */
int rootfs_describe(struct rootfs *rootfs, bool json, FILE *out, struct err *err);

/* Something beside the tree that an SBOM names: a kernel, a C library. */
struct rootfs_part {
	const char *name;
	const char *version;
	const char *sha256; /* of what it was made from, in lower-case hexadecimal */
};

enum rootfs_sbom_format { ROOTFS_SPDX, ROOTFS_CYCLONEDX };

/*
 * The software bill of materials, JSON that the caller frees, of the packages that the tree says
 * it holds and of the parts, which are sorted in place. NULL with SBOM-COMPONENT for a part that
 * cannot be one, PACKAGES-* for a package database that cannot be read.
 */
char *rootfs_sbom(struct rootfs *rootfs, enum rootfs_sbom_format format, struct rootfs_part *parts,
		  size_t count, struct err *err);

/*
 * Prints what had better not be in an image. LINT-HIGH (status 1) when fail is set and something
 * of severity high was found.
 */
int rootfs_lint(struct rootfs *rootfs, bool json, bool fail, FILE *out, struct err *err);

/*
 * Unpacks an archive, plain or compressed by gzip, xz or zstd, into the tree as Linux 6.12
 * (init/initramfs.c) would into an empty root. What the kernel skips or replaces becomes a remark. Where the kernel would stop with
 * a message, or the archive ends in the middle of an entry, the tree holds what came before and -1
 * is returned with CPIO-*, so that the caller can still print it.
 */
int rootfs_unpack(struct rootfs *rootfs, const char *file, struct err *err);

/* Prints the unpacked tree, sorted by path, then the remarks. */
int rootfs_list(struct rootfs *rootfs, bool json, FILE *out, struct err *err);

/*
 * Compares an unpacked tree with a manifest. ROOTFS-DIFFERENCE (status 1) names the first
 * difference; MANIFEST-* when the manifest is not one.
 */
int rootfs_verify(struct rootfs *rootfs, const char *manifest, struct err *err);

static inline void cleanup_rootfs_at(struct rootfs **rootfs)
{
	rootfs_free(*rootfs);
}
#define cleanup_rootfs cleanup_with(cleanup_rootfs_at)

#endif
