/* SPDX-License-Identifier: MIT */
/*
 * names.c: giving files names, and taking them away.
 *
 * Where several errors apply, the one that Linux reports is reported.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "path.h"
#include "services.h"

enum { RENAME_NOREPLACE = 1 }; /* linux/fs.h */

/* A name that can be given or taken: not ".", ".." or the root directory. */
static bool ordinary(const struct place *place)
{
    return place->name[0] && strcmp(place->name, ".") && strcmp(place->name, "..");
}

/* A place for a new name. `directory`: a slash may follow. */
static int new_place(int at, const char *path, bool directory, struct place *place)
{
    int result = path_place(at, path, PATH_MAKE, place);

    if (result)
        return result;
    if (place->inode)
        result = -EEXIST;
    else if (place->slash && !directory)
        result = -ENOENT;
    else if (place->directory->mount->read_only)
        result = -EROFS;
    else if (!place->directory->links)
        result = -ENOENT;
    if (result)
        place_put(place);
    return result;
}

static int mkdir_at(int at, const char *path, mode_t mode)
{
    struct place place;
    int result = new_place(at, path, true, &place);

    if (result)
        return result;
    const struct inode_ops *ops = place.directory->ops;
    result = ops->mkdir ? ops->mkdir(place.directory, place.name, creation_mode(mode), &place.inode) : -EROFS;
    place_put(&place);
    return result;
}

long libos_sys_mkdirat(int at, const char *path, mode_t mode)
{
    path_begin();
    return path_end(mkdir_at(at, path, mode));
}

long libos_sys_mkdir(const char *path, mode_t mode)
{
    return libos_sys_mkdirat(AT_FDCWD, path, mode);
}

static int symlink_at(const char *target, int at, const char *path)
{
    struct place place;

    if (!*target)
        return -ENOENT;
    if (strnlen(target, PATH_MAX) == PATH_MAX)
        return -ENAMETOOLONG;
    int result = new_place(at, path, false, &place);
    if (result)
        return result;
    const struct inode_ops *ops = place.directory->ops;
    result = ops->symlink ? ops->symlink(place.directory, place.name, target) : -EPERM;
    place_put(&place);
    return result;
}

long libos_sys_symlinkat(const char *target, int at, const char *path)
{
    path_begin();
    return path_end(symlink_at(target, at, path));
}

long libos_sys_symlink(const char *target, const char *path)
{
    return libos_sys_symlinkat(target, AT_FDCWD, path);
}

/* No file system here gives a file a second name. */
static int link_at(int from_at, const char *from, int to_at, const char *to, int how)
{
    struct place place;
    struct inode *inode;
    int result = path_inode(from_at, from, how, &inode);

    if (result)
        return result;
    result = new_place(to_at, to, false, &place);
    if (!result) {
        result = place.directory->mount == inode->mount ? -EPERM : -EXDEV;
        place_put(&place);
    }
    inode_put(inode);
    return result;
}

long libos_sys_linkat(int from_at, const char *from, int to_at, const char *to, int flags)
{
    if (flags & ~AT_SYMLINK_FOLLOW)
        return -EINVAL;
    path_begin();
    return path_end(link_at(from_at, from, to_at, to, flags ? PATH_FOLLOW : 0));
}

long libos_sys_link(const char *from, const char *to)
{
    return libos_sys_linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

static long readlink_at(int at, const char *path, char *buf, size_t len)
{
    struct inode *inode;
    long result = path_inode(at, path, 0, &inode);

    if (result)
        return result;
    result = S_ISLNK(inode->mode) ? inode->ops->readlink(inode, buf, len) : -EINVAL;
    inode_put(inode);
    return result;
}

long libos_sys_readlinkat(int at, const char *path, char *buf, int len)
{
    if (len <= 0)
        return -EINVAL;
    path_begin();
    return path_end(readlink_at(at, path, buf, (size_t)len));
}

long libos_sys_readlink(const char *path, char *buf, int len)
{
    return libos_sys_readlinkat(AT_FDCWD, path, buf, len);
}

/* ---- taking names away --------------------------------------------------------- */

static int unlink_place(struct place *place)
{
    const struct inode_ops *ops = place->directory->ops;

    if (!ordinary(place))
        return -EISDIR;
    if (place->directory->mount->read_only)
        return -EROFS;
    if (!place->inode)
        return -ENOENT;
    if (S_ISDIR(place->inode->mode))
        return -EISDIR;
    if (place->slash)
        return -ENOTDIR;
    int result = ops->unlink ? ops->unlink(place->directory, place->name, place->inode) : -EROFS;
    if (!result)
        place->inode->links = 0;
    return result;
}

static int rmdir_place(struct place *place)
{
    const struct inode_ops *ops = place->directory->ops;

    if (!place->name[0])
        return -EBUSY;
    if (!ordinary(place))
        return place->name[1] ? -ENOTEMPTY : -EINVAL;
    if (place->directory->mount->read_only)
        return -EROFS;
    if (!place->inode)
        return -ENOENT;
    if (!S_ISDIR(place->inode->mode))
        return -ENOTDIR;
    int result = ops->rmdir ? ops->rmdir(place->directory, place->name, place->inode) : -EROFS;
    if (!result)
        place->inode->links = 0;
    return result;
}

static long remove_at(int at, const char *path, int (*remove)(struct place *))
{
    struct place place;

    path_begin();
    int result = path_place(at, path, PATH_MAKE, &place);
    if (!result) {
        result = remove(&place);
        place_put(&place);
    }
    return path_end(result);
}

long libos_sys_unlinkat(int at, const char *path, int flags)
{
    if (flags & ~AT_REMOVEDIR)
        return -EINVAL;
    return remove_at(at, path, flags ? rmdir_place : unlink_place);
}

long libos_sys_unlink(const char *path)
{
    return remove_at(AT_FDCWD, path, unlink_place);
}

long libos_sys_rmdir(const char *path)
{
    return remove_at(AT_FDCWD, path, rmdir_place);
}

/* ---- changing names --------------------------------------------------------------- */

/* 1 if a directory is another, or lies somewhere below it. */
static int is_within(struct inode *directory, const struct inode *other)
{
    char name[NAME_MAX + 1];
    struct inode *parent;
    int result = 0;

    inode_get(directory);
    while (directory != other && !(result = path_parent(directory, &parent, name))) {
        inode_put(directory);
        directory = parent;
    }
    bool found = directory == other;
    if (result == 1)
        inode_put(parent);
    inode_put(directory);
    return result < 0 ? result : found;
}

/* Whether `from` may take the name of what is at `to`, if anything is. */
static int check_rename(struct place *from, struct place *to)
{
    bool directory = S_ISDIR(from->inode->mode);
    int within;

    if (!directory && (from->slash || to->slash))
        return -ENOTDIR;
    if (directory && (within = is_within(to->directory, from->inode)))
        return within < 0 ? within : -EINVAL;
    if (!to->inode)
        return 0;
    if (S_ISDIR(to->inode->mode) && (within = is_within(from->directory, to->inode)))
        return within < 0 ? within : -ENOTEMPTY;
    if (directory != !!S_ISDIR(to->inode->mode))
        return directory ? -ENOTDIR : -EISDIR;
    return 0;
}

static int rename_places(struct place *from, struct place *to, unsigned flags)
{
    const struct inode_ops *ops = from->directory->ops;

    if (from->directory->mount != to->directory->mount)
        return -EXDEV;
    if (!ordinary(from))
        return -EBUSY;
    if (!ordinary(to))
        return flags & RENAME_NOREPLACE ? -EEXIST : -EBUSY;
    if (from->directory->mount->read_only || !ops->rename)
        return -EROFS;
    if (!from->inode || !to->directory->links)
        return -ENOENT;
    if (to->inode && flags & RENAME_NOREPLACE)
        return -EEXIST;
    int result = check_rename(from, to);
    if (result || from->inode == to->inode)
        return result;
    result = ops->rename(from->directory, from->name, from->inode, to->directory, to->name, to->inode);
    if (!result && to->inode)
        to->inode->links = 0;
    return result;
}

static int rename_at(int from_at, const char *from, int to_at, const char *to, unsigned flags)
{
    struct place source, target;
    int result = path_place(from_at, from, PATH_MAKE, &source);

    if (result)
        return result;
    result = path_place(to_at, to, PATH_MAKE, &target);
    if (!result) {
        result = rename_places(&source, &target, flags);
        place_put(&target);
    }
    place_put(&source);
    return result;
}

long libos_sys_renameat2(int from_at, const char *from, int to_at, const char *to, unsigned flags)
{
    if (flags & ~RENAME_NOREPLACE)
        return -EINVAL;
    path_begin();
    return path_end(rename_at(from_at, from, to_at, to, flags));
}

long libos_sys_renameat(int from_at, const char *from, int to_at, const char *to)
{
    return libos_sys_renameat2(from_at, from, to_at, to, 0);
}

long libos_sys_rename(const char *from, const char *to)
{
    return libos_sys_renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}
