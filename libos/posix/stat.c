/* SPDX-License-Identifier: MIT */
/*
 * stat.c: what is known of files and file systems, by name.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "path.h"
#include "services.h"

static int stat_at(int at, const char *path, struct stat *st, int how)
{
    struct inode *inode;
    int result = path_inode(at, path, how, &inode);

    if (result)
        return result;
    inode_stat(inode, st);
    inode_put(inode);
    return 0;
}

long libos_sys_newfstatat(int at, const char *path, struct stat *st, int flags)
{
    if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT))
        return -EINVAL;
    if (flags & AT_EMPTY_PATH && !*path) {
        if (at != AT_FDCWD)
            return libos_sys_fstat(at, st);
        path = ".";
    }
    path_begin();
    return path_end(stat_at(at, path, st, flags & AT_SYMLINK_NOFOLLOW ? 0 : PATH_FOLLOW));
}

long libos_sys_stat(const char *path, struct stat *st)
{
    return libos_sys_newfstatat(AT_FDCWD, path, st, 0);
}

long libos_sys_lstat(const char *path, struct stat *st)
{
    return libos_sys_newfstatat(AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW);
}

/* The one user may read and write everything, but a file that nobody may execute is none to execute. */
static int access_at(int at, const char *path, int mode, int how)
{
    struct inode *inode;
    int result = path_inode(at, path, how, &inode);

    if (result)
        return result;
    if (mode & X_OK && S_ISREG(inode->mode) && !(inode->mode & 0111))
        result = -EACCES;
    else if (mode & W_OK && inode->mount->read_only)
        result = -EROFS;
    inode_put(inode);
    return result;
}

long libos_sys_faccessat2(int at, const char *path, int mode, int flags)
{
    if (mode & ~(R_OK | W_OK | X_OK) || flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW))
        return -EINVAL;
    path_begin();
    return path_end(access_at(at, path, mode, flags & AT_SYMLINK_NOFOLLOW ? 0 : PATH_FOLLOW));
}

long libos_sys_faccessat(int at, const char *path, int mode)
{
    return libos_sys_faccessat2(at, path, mode, 0);
}

long libos_sys_access(const char *path, int mode)
{
    return libos_sys_faccessat2(AT_FDCWD, path, mode, 0);
}

static int statfs_of(struct mount *mount, struct statfs *st)
{
    memset(st, 0, sizeof *st);
    st->f_namelen = NAME_MAX;
    st->f_fsid.__val[0] = (int)mount->number;
    st->f_flags = mount->read_only ? ST_RDONLY : 0;
    int result = mount->statfs(mount, st);
    st->f_frsize = st->f_bsize;
    return result;
}

static int statfs_at(const char *path, struct statfs *st)
{
    struct inode *inode;
    int result = path_inode(AT_FDCWD, path, PATH_FOLLOW, &inode);

    if (result)
        return result;
    result = statfs_of(inode->mount, st);
    inode_put(inode);
    return result;
}

long libos_sys_statfs(const char *path, struct statfs *st)
{
    path_begin();
    return path_end(statfs_at(path, st));
}

/* Of a pipe or a socket: that there is no file system. */
long libos_sys_fstatfs(int fd, struct statfs *st)
{
    path_begin();
    struct file *file = file_get(fd);
    if (!file)
        return path_end(-EBADF);
    struct inode *inode = file_inode(file);
    int result = inode ? statfs_of(inode->mount, st) : -ENOSYS;
    file_put(file);
    return path_end(result);
}
