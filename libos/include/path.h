/* SPDX-License-Identifier: MIT */
/*
 * path.h: from a path to an inode.
 *
 * With preemption disabled: between path_begin() and path_end(). May wait, as file
 * systems may.
 */
#ifndef LIBOS_PATH_H
#define LIBOS_PATH_H

#include "current.h"
#include "fs.h"

/* What each call that uses these does first, and last. */
static inline void path_begin(void)
{
    preempt_disable();
}

static inline long path_end(long result)
{
    preempt_enable();
    return result;
}

/* Where a path leads: the directory of its last component, that component, and what is there. */
struct place {
    struct inode *directory;
    struct inode *inode;     /* null if there is nothing of that name */
    char name[NAME_MAX + 1]; /* "." and ".." too; "" for the root directory */
    bool slash;              /* a slash follows it */
};

/* PATH_FOLLOW: a symbolic link at the end is followed. PATH_MAKE: for who wants to change the name itself: a slash at
 * the end follows no link, and does not ask for a directory; that is left to the caller. */
enum { PATH_FOLLOW = 1, PATH_MAKE = 2 };

/* Finds the place of a path that starts at the directory `at` is open at; AT_FDCWD: the current directory. 0 even if
 * there is nothing of that name, or the error of the component that failed. Then place_put(). */
int path_place(int at, const char *path, int how, struct place *place);
void place_put(struct place *place);

/* The inode at a path, with a reference; -ENOENT if there is none. */
int path_inode(int at, const char *path, int how, struct inode **found);

/* The root directory, with a reference. */
int path_root(struct inode **root);

/* Where a directory is: its parent, and its name there into NAME_MAX + 1 bytes. 1 for the root directory, which is its
 * own parent. */
int path_parent(struct inode *directory, struct inode **parent, char *name);

/* What has a name, not "." or "..", in a directory: a mounted file system's root, or what lookup() says. */
int mount_lookup(struct inode *directory, const char *name, struct inode **found);

/* Makes a directory the current one. */
void path_change(struct inode *directory);

/* The next entry of a directory as readdir() has it, with "." and "..": 1, or 0 at the end. */
int path_entry(struct inode *directory, off_t *position, struct dirent *entry);

/* The permission bits of a new file: what the program asked for, less the umask. */
mode_t creation_mode(mode_t mode);

/* The mounted file systems, in turn: null after the last. */
struct mount *mount_number(size_t i);

#endif
