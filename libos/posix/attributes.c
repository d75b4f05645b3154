/* SPDX-License-Identifier: MIT */
/*
 * attributes.c: lengths, permissions, owners and times of files; writing all of
 * them back.
 *
 * There is one user, number 0, to whom everything belongs. Of the three times of a
 * file, the last change of its contents is kept.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "path.h"
#include "services.h"

/* What one of these calls would like to change. */
struct change {
    int (*apply)(struct inode *inode, const struct change *change);
    mode_t mode;
    uid_t uid;
    gid_t gid;
    const struct timespec *times; /* of access and of modification; null: now */
    off_t size;
};

static int apply_change(struct inode *inode, const struct change *change)
{
    return inode->mount->read_only ? -EROFS : change->apply(inode, change);
}

static int kept(struct inode *inode)
{
    return inode->ops->changed ? inode->ops->changed(inode) : 0;
}

static long change_at(int at, const char *path, int how, const struct change *change)
{
    struct inode *inode;

    path_begin();
    int result = path_inode(at, path, how, &inode);
    if (!result) {
        result = apply_change(inode, change);
        inode_put(inode);
    }
    return path_end(result);
}

static long change_open(int fd, const struct change *change)
{
    path_begin();
    struct file *file = file_get(fd);
    if (!file)
        return path_end(-EBADF);
    struct inode *inode = file_inode(file);
    int result = inode ? apply_change(inode, change) : -EINVAL;
    file_put(file);
    return path_end(result);
}

/* ---- lengths ---------------------------------------------------------------------- */

static int set_size(struct inode *inode, const struct change *change)
{
    return inode_truncate(inode, change->size);
}

long libos_sys_truncate(const char *path, off_t size)
{
    if (size < 0)
        return -EINVAL;
    return change_at(AT_FDCWD, path, PATH_FOLLOW, &(struct change){set_size, .size = size});
}

/* ---- permissions ------------------------------------------------------------------ */

static int set_mode(struct inode *inode, const struct change *change)
{
    inode->mode = (inode->mode & S_IFMT) | (change->mode & 07777);
    return kept(inode);
}

long libos_sys_fchmodat(int at, const char *path, mode_t mode)
{
    return change_at(at, path, PATH_FOLLOW, &(struct change){set_mode, .mode = mode});
}

long libos_sys_chmod(const char *path, mode_t mode)
{
    return libos_sys_fchmodat(AT_FDCWD, path, mode);
}

long libos_sys_fchmod(int fd, mode_t mode)
{
    return change_open(fd, &(struct change){set_mode, .mode = mode});
}

/* ---- owners ----------------------------------------------------------------------- */

static int set_owner(struct inode *inode, const struct change *change)
{
    bool same = (change->uid == 0 || change->uid == (uid_t)-1) && (change->gid == 0 || change->gid == (gid_t)-1);

    (void)inode;
    return same ? 0 : -EPERM;
}

long libos_sys_fchownat(int at, const char *path, uid_t uid, gid_t gid, int flags)
{
    if (flags & ~AT_SYMLINK_NOFOLLOW)
        return -EINVAL;
    return change_at(at, path, flags ? 0 : PATH_FOLLOW, &(struct change){set_owner, .uid = uid, .gid = gid});
}

long libos_sys_chown(const char *path, uid_t uid, gid_t gid)
{
    return libos_sys_fchownat(AT_FDCWD, path, uid, gid, 0);
}

long libos_sys_lchown(const char *path, uid_t uid, gid_t gid)
{
    return libos_sys_fchownat(AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW);
}

long libos_sys_fchown(int fd, uid_t uid, gid_t gid)
{
    return change_open(fd, &(struct change){set_owner, .uid = uid, .gid = gid});
}

/* ---- times ------------------------------------------------------------------------ */

static bool valid(const struct timespec *t)
{
    return t->tv_nsec == UTIME_OMIT || t->tv_nsec == UTIME_NOW || (t->tv_nsec >= 0 && t->tv_nsec < 1000000000);
}

static int set_time(struct inode *inode, const struct change *change)
{
    const struct timespec *t = change->times ? &change->times[1] : 0;

    if (t && (!valid(&change->times[0]) || !valid(t)))
        return -EINVAL;
    if (t && t->tv_nsec == UTIME_OMIT)
        return 0;
    inode->modified =
        !t || t->tv_nsec == UTIME_NOW ? time_now() : (struct timestamp){.ns = t->tv_sec * 1000000000 + t->tv_nsec};
    return kept(inode);
}

long libos_sys_utimensat(int at, const char *path, const struct timespec times[2], int flags)
{
    struct change change = {set_time, .times = times};

    if (flags & ~AT_SYMLINK_NOFOLLOW)
        return -EINVAL;
    if (times && times[0].tv_nsec == UTIME_OMIT && times[1].tv_nsec == UTIME_OMIT)
        return 0; /* Linux does not even look whether there is such a file */
    return path ? change_at(at, path, flags ? 0 : PATH_FOLLOW, &change) : change_open(at, &change);
}

/* ---- writing back ----------------------------------------------------------------- */

/* Errors are fsync()'s to report. */
long libos_sys_sync(void)
{
    struct mount *mount;

    path_begin();
    for (size_t i = 0; (mount = mount_number(i)); i++)
        if (mount->root && mount->sync)
            mount->sync(mount);
    return path_end(0);
}

long libos_sys_syncfs(int fd)
{
    path_begin();
    struct file *file = file_get(fd);
    if (!file)
        return path_end(-EBADF);
    struct inode *inode = file_inode(file);
    int result = inode && inode->mount->sync ? inode->mount->sync(inode->mount) : 0;
    file_put(file);
    return path_end(result);
}
