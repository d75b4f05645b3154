/* SPDX-License-Identifier: MIT */
/*
 * littlefs_node.h: files and directories of the disk that are in use: what the two
 * halves of the file system share. All with the lock of littlefs.h held.
 */
#ifndef LIBOS_LITTLEFS_NODE_H
#define LIBOS_LITTLEFS_NODE_H

#include "fs.h"
#include "littlefs.h"

struct littlefs_node {
    struct inode inode;
    struct littlefs_node *next; /* of all in use */
    struct littlefs_node *directory;
    struct littlefs_buffer *buffer; /* of a file; null, and `file` means nothing, until its first use */
    lfs_file_t file;
    struct lfs_file_config config;
    char name[LFS_NAME_MAX + 1];
};

static inline struct littlefs_node *node_of(struct inode *inode)
{
    return (struct littlefs_node *)inode;
}

/* littlefs's errors are Linux's numbers, but for what it calls corrupt, EILSEQ. */
static inline int error_of(int error)
{
    return error == LFS_ERR_CORRUPT ? LFS_ERR_IO : error;
}

/* The path of a node in littlefs's terms, good until the next call. -ENOENT if it has lost its name. */
int littlefs_path(struct littlefs_node *node, const char **path);

/* What stat() and readdir() call a name in a directory. */
ino_t littlefs_number(const struct inode *directory, const char *name);

/* What a file does: littlefs_file.c. */
extern const struct inode_ops littlefs_file_ops;

/* Has littlefs open a file, at its first use: 0 at every later one. Closes it again, writing what is to be written;
 * it may be opened anew, at another path. */
int littlefs_open(struct littlefs_node *node, int flags);
int littlefs_close(struct littlefs_node *node);

/* Makes a file that is about to lose its name one that those who have it can still use. */
int littlefs_keep(struct littlefs_node *node);

/* Writes what is to be written, with the lock held. */
int littlefs_sync_node(struct littlefs_node *node);

/* struct inode_ops' sync, of files and directories. */
int littlefs_sync(struct inode *inode);

/* struct inode_ops' entry; and the end of all readings of a directory: littlefs_reading.c. */
int littlefs_entry(struct inode *directory, off_t *position, struct dirent *entry);
void littlefs_end_readings(struct littlefs_node *directory);

/* The last reference is gone: closes it if it is a file, and gives it back. */
void littlefs_release(struct inode *inode);

#endif
