/*
 * Where the entries of a layer belong in the tree, as if they were extracted into it one after the
 * other, with every path resolved inside of it. rootfs->layer is the number of the layer at hand.
 * Internal to the rootfs room.
 */
#ifndef MINTMARK_ROOTFS_PLACE_H
#define MINTMARK_ROOTFS_PLACE_H

#include "tree.h"

/* Begins the next layer; its name, for messages about what it brought, may be NULL. */
int place_layer(struct rootfs *rootfs, const char *name, struct err *err);

/*
 * The path without leading "./" and trailing "/", in place; "" is the root itself. Absolute paths
 * and odd components are refused, not repaired: ROOTFS-PATH, ROOTFS-PATH-LENGTH,
 * ROOTFS-NAME-LENGTH.
 */
char *place_path(char *path, struct err *err);

/*
 * Puts inode at the path, replacing what was there: the last one wins. Of two directories the
 * later one's metadata stays, and what is in them. Missing parents are made, parents that are
 * links are followed inside the root: ROOTFS-PARENT. With once, LAYER-CONFLICT when an earlier
 * package brought the path, unless both are directories or a link to one; then the earlier stays.
 */
int place_entry(struct rootfs *rootfs, char *path, struct inode *inode, bool once, struct err *err);

/* Whether it came from a source below the packages at hand, which replace it. */
bool place_is_lower(const struct rootfs *rootfs, const struct node *node);

/*
 * Makes path another name of what target names, by exactly its path and through no symbolic link:
 * ROOTFS-HARDLINK. Both are changed in place. Returns what both names stand for, which is the
 * tree's, or NULL.
 */
const struct inode *place_hardlink(struct rootfs *rootfs, char *path, char *target, bool once,
				   struct err *err);

/*
 * Takes away what earlier layers left at the path, or, with opaque, in the directory path. What
 * the layer at hand placed there stays. LAYER-WHITEOUT-PARENT when a link is on the way.
 */
int place_whiteout(struct rootfs *rootfs, char *path, bool opaque, struct err *err);

/* Lays everything below the directory from, and its own metadata, over the root. */
int place_tree(struct rootfs *rootfs, const struct node *from, struct err *err);

#endif
