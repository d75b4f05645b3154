/* SPDX-License-Identifier: MIT */
/*
 * tree.h: directories that are kept in memory: what /, /dev and /tmp share.
 *
 * A node is in its directory's list, which holds a reference, or has been removed.
 * With preemption disabled; nothing waits.
 */
#ifndef LIBOS_TREE_H
#define LIBOS_TREE_H

#include "fs.h"

struct tree_node {
    struct inode inode;
    struct tree_node *parent; /* null for a root, and once removed */
    struct tree_node *next;
    struct tree_node *first, *last; /* of a directory */
    const char *name;
    uint32_t hash; /* of the name, set by tree_add() */
    off_t order;   /* goes up along the list: an entry's place for entry(), whatever comes and goes around it */
};

/* Adds a node at the end of a directory, and takes it out again. Its reference changes hands. */
void tree_add(struct tree_node *directory, struct tree_node *node);
void tree_remove(struct tree_node *node);

/* The node of a name of `len` bytes, without a reference; null if there is none. */
struct tree_node *tree_find(const struct tree_node *directory, const char *name, size_t len);

/* For struct inode_ops. */
int tree_lookup(struct inode *directory, const char *name, struct inode **found);
int tree_place(struct inode *directory, struct inode **parent, char *name);
int tree_entry(struct inode *directory, off_t *position, struct dirent *entry);

#endif
