/* SPDX-License-Identifier: MIT */
/*
 * open.c: opening files by their names, and making them.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>

#include "path.h"
#include "services.h"

static mode_t creation_mask = 022;

long libos_sys_umask(mode_t mask)
{
    mode_t before = creation_mask;

    creation_mask = mask & 0777;
    return before;
}

mode_t creation_mode(mode_t mode)
{
    return mode & 07777 & ~creation_mask;
}

static bool changes(int flags)
{
    return (flags & O_ACCMODE) == O_WRONLY || (flags & O_ACCMODE) == O_RDWR || flags & O_TRUNC;
}

static int create(struct place *place, mode_t mode)
{
    struct inode *directory = place->directory;

    if (directory->mount->read_only || !directory->ops->create)
        return -EROFS;
    if (!directory->links)
        return -ENOENT;
    return directory->ops->create(directory, place->name, creation_mode(mode), &place->inode);
}

/* Whether what is there may be opened so. */
static int check(const struct place *place, int flags)
{
    const struct inode *inode = place->inode;
    bool directory = S_ISDIR(inode->mode);

    if (flags & O_CREAT && flags & O_EXCL)
        return -EEXIST;
    if (S_ISLNK(inode->mode))
        return flags & O_DIRECTORY ? -ENOTDIR : -ELOOP;
    if (directory && (flags & O_CREAT || changes(flags)))
        return -EISDIR;
    if (!directory && flags & O_DIRECTORY)
        return -ENOTDIR;
    return S_ISREG(inode->mode) && changes(flags) && inode->mount->read_only ? -EROFS : 0;
}

static int open_place(struct place *place, int flags, mode_t mode, struct file **file)
{
    bool made = !place->inode;
    int result;

    if (flags & O_CREAT && place->slash)
        return -EISDIR;
    if (made)
        result = flags & O_CREAT ? create(place, mode) : -ENOENT;
    else
        result = check(place, flags);
    if (!result && !made && flags & O_TRUNC && S_ISREG(place->inode->mode))
        result = inode_truncate(place->inode, 0);
    if (result)
        return result;
    inode_get(place->inode);
    return inode_open(place->inode, flags, file);
}

/* Of the flags that Linux has and POSIX has not, O_PATH and O_TMPFILE are refused. Everything that is written with
 * O_SYNC is written by fsync() only. */
static long open_at(int at, const char *path, int flags, mode_t mode)
{
    int how = flags & O_CREAT ? PATH_MAKE : 0;
    bool exclusive = flags & O_CREAT && flags & O_EXCL;
    struct file *file;
    int result;

    if (flags & O_PATH || (flags & O_TMPFILE) == O_TMPFILE)
        return -EOPNOTSUPP;
    if (!(flags & O_NOFOLLOW) && !exclusive)
        how |= PATH_FOLLOW;
    if (file_lowest(0) < 0)
        return -EMFILE; /* before anything is made or cut short */
    do {
        struct place place;

        result = path_place(at, path, how, &place);
        if (result)
            return result;
        result = open_place(&place, flags, mode, &file);
        place_put(&place);
    } while (result == -EEXIST && !exclusive); /* another thread has made it since: then it is there */
    if (result)
        return result;
    int fd = file_install(file, 0);
    if (fd < 0)
        file_put(file);
    else if (flags & O_CLOEXEC)
        file_close_on_exec(fd);
    return fd;
}

long libos_sys_openat(int at, const char *path, int flags, mode_t mode)
{
    path_begin();
    return path_end(open_at(at, path, flags, mode));
}

long libos_sys_open(const char *path, int flags, mode_t mode)
{
    return libos_sys_openat(AT_FDCWD, path, flags, mode);
}

long libos_sys_creat(const char *path, mode_t mode)
{
    return libos_sys_openat(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}
