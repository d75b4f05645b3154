/* SPDX-License-Identifier: MIT */
/*
 * fs.h: files by name: inodes, mounted file systems, paths.
 *
 * An inode is a file, a directory, a symbolic link or a device, as its file system
 * keeps it; there is one struct inode for each that is in use, however many look
 * at it. File systems are mounted at names in the root directory: /dev, /tmp,
 * and /data for a disk; the root itself is the loader's archive.
 *
 * Lengths and positions are bytes. Results are 0 or a count, or a negative errno.
 * Everything here is called with preemption disabled. Operations may wait; other
 * threads run meanwhile, so a file system that waits keeps them out of its own
 * data by a lock of its own.
 *
 * There is one user, who may do anything: permission bits are kept and shown,
 * and not looked at.
 */
#ifndef LIBOS_FS_H
#define LIBOS_FS_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/types.h>

#include "files.h"

/* POSIX's. Its limits.h has a PAGE_SIZE beside them, which memory_map.h has, too. */
#ifndef NAME_MAX
#define NAME_MAX 255
#define PATH_MAX 4096
#endif

struct inode;
struct mount;

/* When something happened: nanoseconds since 1970, or, if `cycles` is not 0, the cycle counter's value at that moment,
 * which is turned into a time when somebody asks: a write need not read a clock. */
struct timestamp {
    uint64_t cycles;
    int64_t ns;
};

/* What a file system does. Names are single components without a slash, never empty, "." or "..", at most NAME_MAX
 * bytes. Inodes given are of this file system, and of the right type; a missing operation fails with EROFS if it would
 * change something, EPERM for symbolic links. Inodes given back are referenced for the caller. */
struct inode_ops {
    /* Of a directory. -ENOENT if there is no such name. */
    int (*lookup)(struct inode *directory, const char *name, struct inode **found);
    /* Where a directory, not a root, is: its parent, and its name there into NAME_MAX + 1 bytes. -ENOENT once it has
     * been removed. */
    int (*place)(struct inode *directory, struct inode **parent, char *name);
    /* The entry at *position, 0 being the first, stepping it: 1, or 0 at the end. "." and ".." are not among them. No
     * entry that is there all the while is given twice or left out, whatever else comes and goes meanwhile. */
    int (*entry)(struct inode *directory, off_t *position, struct dirent *entry);
    /* Makes a file, or a directory, with these permission bits. -EEXIST if the name is taken, -ENOSPC, -ENOMEM. */
    int (*create)(struct inode *directory, const char *name, mode_t mode, struct inode **made);
    int (*mkdir)(struct inode *directory, const char *name, mode_t mode, struct inode **made);
    int (*symlink)(struct inode *directory, const char *name, const char *target);
    /* Takes the name from `inode`, which goes on to live until release(): a file may still be open. rmdir: -ENOTEMPTY. */
    int (*unlink)(struct inode *directory, const char *name, struct inode *inode);
    int (*rmdir)(struct inode *directory, const char *name, struct inode *inode);
    /* Moves `inode` to `new_name` in `to`, in one step, also for who looks after a power cut. `replaced` is what has
     * that name now, of the same kind, or null; it loses it as by unlink() or rmdir(). Never into itself. */
    int (*rename)(struct inode *directory, const char *name, struct inode *inode, struct inode *to,
                  const char *new_name, struct inode *replaced);

    /* Of a file. Reading ends at `size`; writing past it grows the file, with zeros in between. */
    long (*read)(struct inode *inode, void *buf, size_t len, off_t at);
    long (*write)(struct inode *inode, const void *buf, size_t len, off_t at);
    int (*truncate)(struct inode *inode, off_t size);
    /* What was written is where it survives a power cut. Missing: nothing would. */
    int (*sync)(struct inode *inode);

    /* The target of a symbolic link, at most `len` bytes without a NUL: how many. */
    long (*readlink)(struct inode *inode, char *buf, size_t len);
    /* `mode` or `modified` have been changed: keep them, if that can be. Missing: they last as long as the inode. */
    int (*changed)(struct inode *inode);
    /* Of a device: what open() gives instead of a file of the operations above. */
    int (*open)(struct inode *inode, int flags, struct file **file);
    /* The last reference is gone. With `links` 0, so is the file. */
    void (*release)(struct inode *inode);
};

/* To be the first member of what the file system keeps of it. The file system fills in all of it, with one reference
 * for whom it gives the inode to, and keeps `size` right. */
struct inode {
    const struct inode_ops *ops;
    struct mount *mount;
    unsigned references;
    mode_t mode; /* type and permissions, as st_mode */
    ino_t number;
    nlink_t links; /* 0 once its name is gone: set by the callers of unlink(), rmdir() and rename() */
    dev_t device;  /* of a device, what st_rdev says */
    off_t size;
    struct timestamp modified; /* set by the callers of write() and truncate(), and by time_now() when it is made */
};

/* A file system in its place. */
struct mount {
    const char *name;   /* in the root directory; "" for the root */
    struct inode *root; /* null until start() has set it */
    bool read_only;     /* nothing that changes anything is asked of it */
    unsigned number;    /* its own: what st_dev says */
    /* Called before its first use, again if that failed: what a path to it then fails with. It sets `root`, for which
     * the mount keeps a reference, and may wait. */
    int (*start)(struct mount *mount);
    /* For a file system that waits: keeps other threads out of it from before a file's end or position is looked at until
     * after the read() or write() there. The same thread's operations in between go on. May be missing, both. */
    void (*lock)(void);
    void (*unlock)(void);
    /* Of the file system: fills in f_type, f_bsize, f_blocks, f_bfree, f_bavail, f_files, f_ffree. */
    int (*statfs)(struct mount *mount, struct statfs *st);
    /* As sync() of each file. May be missing. */
    int (*sync)(struct mount *mount);
};

/* The file systems: one .c file of fs/ each. The disk's is in the image only if that was asked for when it was built
 * (services in unilab.toolchain.build); otherwise its address is null. It takes no name of the program because of
 * its prefix. */
extern struct mount cpio_mount, dev_mount, tmpfs_mount;
extern struct mount libos_disk_mount;
#pragma weak libos_disk_mount

/* Now, as cheaply as it can be said. */
struct timestamp time_now(void);

/* References: who keeps an inode has one. */
void inode_get(struct inode *inode);
void inode_put(struct inode *inode);

/* What is known of an inode, for stat(). */
void inode_stat(const struct inode *inode, struct stat *st);

/* Changes the length of a file, and says when. -EISDIR, -EINVAL, -EROFS for what has none that could change. */
int inode_truncate(struct inode *inode, off_t size);

/* An open file of an inode, with the flags of open(), which have been checked. The inode's reference is taken over, or
 * given back if it fails. */
int inode_open(struct inode *inode, int flags, struct file **file);

/* struct file_ops' map, of such a file. */
long inode_map(struct file *file, uintptr_t address, size_t len, int prot, int flags, off_t at);

/* The inode that a file made by inode_open() is of, without a reference; null for pipes, sockets and the like. */
struct inode *file_inode(struct file *file);

#endif
