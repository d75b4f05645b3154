/* SPDX-License-Identifier: MIT */
/*
 * archive.h: an archive as a tree of read-only files.
 */
#ifndef LIBOS_ARCHIVE_H
#define LIBOS_ARCHIVE_H

#include "tree.h"

/* Builds the tree of an archive of `size` bytes below `root`, a directory. Names and contents are used where they lie,
 * so the archive must stay. Null, or what is wrong with it, and `*wrong`, the byte where; the tree is empty then. */
const char *cpio_read(struct tree_node *root, const char *archive, size_t size, size_t *wrong);

#endif
