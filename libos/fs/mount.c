/* SPDX-License-Identifier: MIT */
/*
 * mount.c: which file systems there are, and how they make one tree.
 *
 * The root directory is the archive's. The others hang at fixed names in it,
 * whether the archive has them or not: one line of the tree to remember, and no
 * mount().
 */
#include <errno.h>
#include <string.h>

#include "path.h"

enum { MOUNTS = 4 };

struct mount *mount_number(size_t i)
{
    static struct mount *const mounts[MOUNTS] = {&cpio_mount, &dev_mount, &tmpfs_mount, &libos_disk_mount};

    return i < MOUNTS ? mounts[i] : 0;
}

/* The root of a file system, with a reference. */
static int mount_root(struct mount *mount, struct inode **root)
{
    int result = mount->root ? 0 : mount->start(mount);

    if (result)
        return result;
    inode_get(mount->root);
    *root = mount->root;
    return 0;
}

static struct mount *mounted_at(const char *name)
{
    struct mount *mount;

    for (size_t i = 1; (mount = mount_number(i)); i++)
        if (!strcmp(mount->name, name))
            return mount;
    return 0;
}

static bool is_root(const struct inode *inode)
{
    return inode->mount == &cpio_mount && inode == cpio_mount.root;
}

int path_root(struct inode **root)
{
    return mount_root(&cpio_mount, root);
}

int path_parent(struct inode *directory, struct inode **parent, char *name)
{
    if (is_root(directory)) {
        *name = 0;
        return path_root(parent) ?: 1;
    }
    if (directory == directory->mount->root) {
        strcpy(name, directory->mount->name);
        return path_root(parent);
    }
    return directory->ops->place(directory, parent, name);
}

int mount_lookup(struct inode *directory, const char *name, struct inode **found)
{
    struct mount *mount = is_root(directory) ? mounted_at(name) : 0;

    return mount ? mount_root(mount, found) : directory->ops->lookup(directory, name, found);
}

/* Positions of a directory: 0 and 1 are "." and "..", then come the file system's own, and in the root directory, from
 * MOUNT_ENTRIES on, the mounts. */
#define MOUNT_ENTRIES ((off_t)1 << 62)

static int mount_entry(off_t *position, struct dirent *entry)
{
    struct mount *mount;

    if (*position < MOUNT_ENTRIES)
        *position = MOUNT_ENTRIES + 1;
    mount = mount_number((size_t)(*position - MOUNT_ENTRIES));
    if (!mount)
        return 0;
    strcpy(entry->d_name, mount->name);
    entry->d_ino = 1;
    entry->d_type = DT_DIR;
    ++*position;
    return 1;
}

int path_entry(struct inode *directory, off_t *position, struct dirent *entry)
{
    enum { DOTS = 2 };

    if (*position < DOTS) {
        strcpy(entry->d_name, *position ? ".." : ".");
        entry->d_ino = directory->number;
        entry->d_type = DT_DIR;
        ++*position;
        return 1;
    }
    int result = 0;
    while (*position < MOUNT_ENTRIES) {
        off_t own = *position - DOTS;

        result = directory->ops->entry(directory, &own, entry);
        if (result <= 0)
            break;
        *position = own + DOTS;
        if (!is_root(directory) || !mounted_at(entry->d_name))
            return result;
    }
    return result || !is_root(directory) ? result : mount_entry(position, entry);
}
