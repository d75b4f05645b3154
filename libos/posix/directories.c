/* SPDX-License-Identifier: MIT */
/*
 * directories.c: reading them, and the current one.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "path.h"
#include "services.h"

/* As many entries as fit, each as long as its name needs. */
static long get_entries(struct file *file, char *buf, size_t len)
{
    enum { HEAD = offsetof(struct dirent, d_name) };
    size_t done = 0;

    for (;;) {
        off_t before = file->position;
        struct dirent entry = {0};
        long result = file->ops->entry(file, &entry);

        if (result <= 0)
            return done ? (long)done : result;
        size_t size = (HEAD + strlen(entry.d_name) + 1 + 7) & ~(size_t)7;
        if (size > len - done) {
            file->position = before;
            return done ? (long)done : -EINVAL;
        }
        entry.d_reclen = (unsigned short)size;
        entry.d_off = file->position;
        memcpy(buf + done, &entry, size);
        done += size;
    }
}

long libos_sys_getdents64(int fd, void *buf, size_t len)
{
    path_begin();
    struct file *file = file_get(fd);
    if (!file)
        return path_end(-EBADF);
    struct inode *directory = file->ops->entry ? file_inode(file) : 0;
    long result = !directory ? -ENOTDIR : !directory->links ? -ENOENT : get_entries(file, buf, len);
    file_put(file);
    return path_end(result);
}

static long change_to(struct inode *inode)
{
    if (!S_ISDIR(inode->mode))
        return -ENOTDIR;
    path_change(inode);
    return 0;
}

long libos_sys_chdir(const char *path)
{
    struct inode *inode;

    path_begin();
    long result = path_inode(AT_FDCWD, path, PATH_FOLLOW, &inode);
    if (!result) {
        result = change_to(inode);
        inode_put(inode);
    }
    return path_end(result);
}

long libos_sys_fchdir(int fd)
{
    path_begin();
    struct file *file = file_get(fd);
    if (!file)
        return path_end(-EBADF);
    struct inode *inode = file_inode(file);
    long result = inode ? change_to(inode) : -ENOTDIR;
    file_put(file);
    return path_end(result);
}

/* Puts "/name" in front of what is at `*start`, not before `buf`. */
static bool prepend(char *buf, char **start, const char *name)
{
    size_t len = strlen(name);

    if ((size_t)(*start - buf) < len + 1)
        return false;
    *start -= len + 1;
    **start = '/';
    memcpy(*start + 1, name, len);
    return true;
}

/* From the current directory up to the root, building the path from its end. */
static long current_path(char *buf, size_t len)
{
    char name[NAME_MAX + 1], *start = buf + len;
    struct inode *directory, *parent;

    if (!len)
        return -ERANGE;
    *--start = 0;
    long result = path_inode(AT_FDCWD, ".", 0, &directory);
    if (result)
        return result;
    while (!(result = path_parent(directory, &parent, name))) {
        inode_put(directory);
        directory = parent;
        if (!prepend(buf, &start, name)) {
            result = -ERANGE;
            break;
        }
    }
    if (result == 1)
        inode_put(parent);
    inode_put(directory);
    if (result < 0)
        return result;
    if (!*start && !prepend(buf, &start, ""))
        return -ERANGE;
    size_t size = (size_t)(buf + len - start);
    memmove(buf, start, size);
    return (long)size;
}

long libos_sys_getcwd(char *buf, size_t len)
{
    path_begin();
    return path_end(current_path(buf, len));
}
