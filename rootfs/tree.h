/*
 * The tree in memory: names (nodes) that point to what they name (inodes), as in a file system, so
 * that hard links are several names of one inode. Internal to the rootfs room.
 */
#ifndef MINTMARK_ROOTFS_TREE_H
#define MINTMARK_ROOTFS_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

#include <jansson.h>

#include "cleanup.h"
#include "config.h"
#include "err.h"
#include "hash.h"
#include "rootfs.h"

enum {
	ROOTFS_NAME_MAX = 255,	    /* bytes of one path component; the kernel's NAME_MAX */
	ROOTFS_PATH_MAX = 4095,	    /* bytes of a path without NUL; the kernel's PATH_MAX - 1 */
	ROOTFS_LINKS_MAX = 40,	    /* symbolic links in one path walk; the kernel's MAXSYMLINKS */
	ROOTFS_STEPS_MAX = 4096,    /* components of their targets, in all */
	ROOTFS_MAJOR_MAX = 0xfff,   /* Linux has 12 bits of major device number */
	ROOTFS_MINOR_MAX = 0xfffff, /* and 20 bits of minor */
};

struct item;
struct node;
struct inode;

/* Takes the bytes of one file in order. */
struct sink {
	int (*take)(struct sink *sink, const void *data, size_t size, struct err *err);
};

/* Where the contents of regular files lie until they are written. */
struct contents {
	struct contents *next;
	/* Gives exactly inode->size bytes to the sink; path is relative to the source's root. */
	int (*read)(struct contents *contents, const struct inode *inode, const char *path,
		    struct sink *sink, struct err *err);
	/* ROOTFS-CHANGED unless everything still is as it was read. May be NULL. */
	int (*settle)(struct contents *contents, struct err *err);
	void (*close)(struct contents *contents);
	/* The open file in which contents lie from inode->offset on. NULL where they lie elsewhere. */
	int (*file)(const struct contents *contents);
	/* Where there is a file: nobody will read these contents again. */
	void (*release)(struct contents *contents, const struct inode *inode);
};

/* What a file on disk looked like when its name was read. Only a folder's files have one. */
struct stamp {
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec mtime;
	struct timespec ctime;
};

/* An extended attribute. Lists are sorted as bytes by name and own what is in them. */
struct xattr {
	struct xattr *next;
	size_t size;
	unsigned char *value;
	char name[];
};

struct inode {
	uint32_t mode; /* S_IFMT and permission bits */
	uint32_t uid;
	uint32_t gid;
	unsigned int major : 12; /* of a device */
	unsigned int minor : 20;
	uint32_t size;	 /* of a regular file's contents, or of a symbolic link's target */
	uint32_t names;	 /* how many nodes hold it */
	uint32_t listed; /* scratch of the list made last: names in it */
	uint32_t check; /* CRC-32 of contents that wait in the spool */
	unsigned char sha256[SHA256_SIZE];
	char *target;		   /* of a symbolic link */
	struct xattr *xattrs;	   /* that init applies; of regular files only */
	struct contents *contents; /* where a regular file's bytes are; not owned */
	union {
		off_t offset;		 /* in contents, or */
		const struct node *home; /* the name in the source's own tree */
	};
	struct item *latest;  /* scratch of the list made last: the last entry in it */
	struct stamp stamp[]; /* one from inode_new_stamped(), else none */
};

struct node {
	struct node *parent; /* NULL at the top */
	struct node *next;   /* sibling */
	struct node *prev;
	struct node *child; /* any one of the children */
	void *index;	    /* the children by name, for tsearch() */
	struct inode *inode;
	uint32_t layer;	      /* whose entry it is; 0 for a parent that no layer has an entry for */
	uint32_t touched;     /* the last layer that has something here or below */
	uint32_t emptied;     /* the last layer that took away all that earlier ones left in it */
	uint16_t path_length; /* from the top, in bytes */
	bool added;	      /* not part of the tree proper */
	char name[];
};

/* A place in a listing that is sorted as bytes by path. */
struct item {
	const char *path;
	struct node *node;
	/*
	 * The first entry with the same inode; itself when alone. Always itself for a symbolic
	 * link, because the kernel unpacks two links of one inode as two links: archive, digest
	 * and manifest do not tell them from two inodes.
	 */
	struct item *first;
	struct item *previous; /* the one before it with the same inode */
	uint32_t number;       /* of the inode in the archive: how many others come first */
};

struct list {
	struct item *entries;
	size_t count;
	char *paths; /* of all of them */
};

/* An inode with one reference that the caller owns; NULL and ROOTFS-MEMORY on failure. */
struct inode *inode_new(uint32_t mode, uint32_t uid, uint32_t gid, struct err *err);

/* The same with room for a stamp, which is the caller's to fill. */
struct inode *inode_new_stamped(uint32_t mode, uint32_t uid, uint32_t gid, struct err *err);
struct inode *inode_ref(struct inode *inode);
void inode_unref(struct inode *inode); /* accepts NULL */

static inline void cleanup_inode_at(struct inode **inode)
{
	inode_unref(*inode);
}
#define cleanup_inode cleanup_with(cleanup_inode_at)

/* Makes it a symbolic link to target. ROOTFS-SYMLINK when that is empty or too long. */
int inode_set_target(struct inode *inode, const char *target, struct err *err);

/* Checks the size that newc can hold (below 4 GiB): ROOTFS-FILE-SIZE. */
int inode_set_size(struct inode *inode, uint64_t size, const char *path, struct err *err);

/* Checks device numbers against what Linux holds: ROOTFS-DEVICE; 0:0 is overlayfs's whiteout. */
int inode_set_device(struct inode *inode, uint64_t major, uint64_t minor, const char *path,
		     struct err *err);

/* "file", "directory", ...; NULL for a type that no archive entry has. */
const char *inode_type_name(const struct inode *inode);

/* A directory without a parent, mode 0755, 0:0; owned by the caller. */
struct node *node_new_top(struct err *err);

/* The child of that name, or NULL. */
struct node *node_child(const struct node *dir, const char *name);

/*
 * Adds a name for inode, of which it takes its own reference. The name must not exist. Checks
 * component and path length: ROOTFS-NAME-LENGTH, ROOTFS-PATH-LENGTH.
 */
struct node *node_add(struct node *dir, const char *name, struct inode *inode, struct err *err);

/* Lets the name stand for another inode, as the last of two duplicate entries does. */
void node_set_inode(struct node *node, struct inode *inode);

/* Takes the name and everything below it out of the tree. Accepts NULL. */
void node_remove(struct node *node);

/* The path from base, which does not appear in it; owned by the caller. "" for base itself. */
char *node_path(const struct node *node, const struct node *base, struct err *err);

/* ROOTFS-PATH unless name can be one component: not empty, ".", ".." and without '/'. */
int check_component(const char *name, const char *path, struct err *err);

enum walk_failure { WALK_MISSING = 1, WALK_NOT_DIRECTORY, WALK_LOOP, WALK_NAME_LENGTH, WALK_STEPS };

struct walk {
	struct node *root; /* absolute targets begin and ".." ends here */
	unsigned int links_left;
	unsigned int steps_left;
	bool escaped; /* a ".." tried to leave the root */
	enum walk_failure failure;
};

#define WALK_INIT(top)                                                                             \
	((struct walk){                                                                            \
		.root = (top), .links_left = ROOTFS_LINKS_MAX, .steps_left = ROOTFS_STEPS_MAX})

/*
 * Follows the first length bytes of path from dir as the kernel would, symbolic links included.
 * NULL with walk->failure set when that does not end at a directory.
 */
struct node *walk_path(struct walk *walk, struct node *dir, const char *path, size_t length);

/*
 * Everything below base, sorted; with_added includes what rootfs_add() put there. The list owns
 * its paths. Making a list invalidates the scratch members of inodes from an earlier list.
 */
int list_make(struct list *list, const struct node *base, bool with_added, struct err *err);
void list_free(struct list *list);
#define LIST_INIT ((struct list){0})

/* The archive. */
struct rootfs {
	struct node *top;  /* the archive's top level */
	struct node *base; /* the container's root: top, or the prefix */
	char *prefix;	   /* NULL when base is top */
	bool owner_root;
	enum rootfs_compression compression;
	struct rootfs_usage usage;
	const char *packages; /* of rootfs_options; not owned */
	bool any_device;
	char *platform;	    /* that was asked for, or NULL */
	uint32_t layer;	    /* number of the one being read, or of the last one, from 1 */
	uint32_t lower;	    /* layers up to this one are other sources than the packages at hand */
	char **layer_names; /* of all of them, for messages */
	json_t *sources;    /* what identifies each: an array, for rootfs_describe() */
	const char *unpacked; /* the file that rootfs_unpack() read; not owned */
	int unpacked_fd;      /* its plain bytes; owned by contents */
	struct contents *contents;
	struct spool *spool;	/* one of the contents, once there is one */
	struct remark *remarks; /* of rootfs_unpack(), in archive order */
	size_t remark_count;
	struct runspec *run;	    /* NULL until rootfs_resolve_run() or rootfs_decode_run() */
	bool has_run;		    /* the run specification is beside the tree */
	const struct node *naming;  /* its file, where it names the tree's digest; else NULL */
	char *named_digest;	    /* where: 64 bytes and a NUL, in contents; or NULL */
	struct image_config config; /* zeroed unless the tree comes from a container image */
};

/* Something that the kernel would pass over or replace without a word. */
struct remark {
	char *path;
	uint64_t offset; /* of the entry's header */
	const char *text;
};

/* Passes the contents of one regular file to sink (which may be NULL) and hashes them. */
int read_contents(struct inode *inode, const char *path, struct sink *sink, struct err *err);

/* All of a regular file's bytes and a NUL, owned by the caller; NULL on failure. */
char *load_contents(const struct inode *inode, const char *path, struct err *err);

/* The part of a regular file's path in the archive that its source knows; not owned. */
const char *source_path(const struct rootfs *rootfs, const struct item *entry);

/* Asks every source whether it held still. */
int rootfs_settle(struct rootfs *rootfs, struct err *err);

/* ROOTFS-DIFFERENCE unless the unpacked file is, byte for byte, what we would write. */
int rootfs_compare_cpio(struct rootfs *rootfs, struct err *err);

/* Adds a file at the top level, 0644 0:0, that consists of data, of which it takes ownership. */
int add_buffer(struct rootfs *rootfs, const char *name, char *data, size_t size, struct err *err);

/* Drops what rootfs_resolve_run() made. */
void rootfs_forget_run(struct rootfs *rootfs);

/* Keeps what the unpacked archive's file "run" says: RUN-RECORD, RUN-SIZE. */
int rootfs_decode_run(struct rootfs *rootfs, struct err *err);

/* Gives an unpacked tree the extended attributes that the archive's run specification carries. */
int rootfs_unpack_run(struct rootfs *rootfs, struct err *err);

/* ROOTFS-DIFFERENCE when the run specification beside the tree names another tree digest. */
int rootfs_check_run(struct rootfs *rootfs, const char *digest, struct err *err);

/*
 * The tree digest, of items that are all of the tree in their order; the first above bytes of each
 * path lead to it. Regular files have been hashed.
 */
int digest_items(const struct item *from, const struct item *to, size_t above,
		 unsigned char digest[SHA256_SIZE], struct err *err);

/* Readers of sources: location is what stands after "SCHEME:". */
int read_dir(struct rootfs *rootfs, const char *location, struct err *err);
int read_cpio(struct rootfs *rootfs, const char *location, struct err *err);
int read_tar(struct rootfs *rootfs, const char *location, struct err *err);
int read_debs(struct rootfs *rootfs, const char *location, struct err *err);
int read_oci(struct rootfs *rootfs, const char *location, struct err *err);
int read_oci_archive(struct rootfs *rootfs, const char *location, struct err *err);
int read_docker_archive(struct rootfs *rootfs, const char *location, struct err *err);

/* What the reader adds to what identifies the source at hand; takes the reference to value. */
int source_fact(struct rootfs *rootfs, const char *key, json_t *value, struct err *err);

/* "sha256:..." of a digest, NULL when there is no memory. */
json_t *digest_json(const unsigned char digest[SHA256_SIZE]);

/* Adds a copy to the list; equal names stay beside each other. ROOTFS-MEMORY. */
int xattrs_add(struct xattr **list, const char *name, const void *value, size_t size,
	       struct err *err);
void xattrs_free(struct xattr *list); /* accepts NULL */
const struct xattr *xattrs_find(const struct xattr *list, const char *name);
bool xattrs_equal(const struct xattr *a, const struct xattr *b);

/* The value in lower-case hexadecimal, owned by the caller; NULL with ROOTFS-MEMORY. */
char *xattr_hex(const struct xattr *xattr, struct err *err);

/* Names of files with extended attributes that are refused, as far as one error line has room. */
struct refusals {
	char text[800];
	size_t used;
	size_t count;
};

/*
 * Gives the inode the attributes that a source showed for it. Those that init cannot apply are
 * noted in refusals: every one but security.capability of regular files, in the layouts of
 * version 2, or 3 with root id 0, which is kept as 2.
 */
int inode_take_xattrs(struct inode *inode, const struct xattr *read, const char *path,
		      struct refusals *refusals, struct err *err);

/* For a further name of the inode: notes attributes that are not those that it has. */
int inode_check_xattrs(const struct inode *inode, const struct xattr *read, const char *path,
		       struct refusals *refusals, struct err *err);

void refuse_attribute(struct refusals *refusals, const char *path, const char *attribute);

/* ROOTFS-XATTR when there was any. */
int refusals_check(const struct refusals *refusals, const char *source, struct err *err);

/* ROOTFS-XATTR when the tree has attributes and no run specification carries them. */
int rootfs_check_xattrs(struct rootfs *rootfs, struct err *err);

/*
 * Whether an attribute belongs to the host rather than to the tree: only security.selinux, a label
 * that the host's policy gives to every file and that an enclave's kernel without SELinux ignores.
 */
bool attribute_of_host(const char *attribute);

#endif
