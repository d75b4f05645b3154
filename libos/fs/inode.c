/* SPDX-License-Identifier: MIT */
/*
 * inode.c: inodes in use, and files that are open on them.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "clock.h"
#include "cpu.h"
#include "path.h"

enum { BLOCK = 512 };
#define NANOSECONDS 1000000000

struct timestamp time_now(void)
{
    return (struct timestamp){.cycles = rdtsc()};
}

void inode_get(struct inode *inode)
{
    inode->references++;
}

void inode_put(struct inode *inode)
{
    if (--inode->references == 0)
        inode->ops->release(inode);
}

void inode_stat(const struct inode *inode, struct stat *st)
{
    const struct timestamp *t = &inode->modified;
    int64_t ns = t->cycles ? (int64_t)clock_wall_at(t->cycles) : t->ns;

    memset(st, 0, sizeof *st);
    st->st_dev = inode->mount->number;
    st->st_ino = inode->number;
    st->st_mode = inode->mode;
    st->st_nlink = inode->links;
    st->st_rdev = inode->device;
    st->st_size = inode->size;
    st->st_blksize = 4096;
    st->st_blocks = (inode->size + BLOCK - 1) / BLOCK;
    st->st_mtim = (struct timespec){ns / NANOSECONDS, ns % NANOSECONDS};
    st->st_atim = st->st_ctim = st->st_mtim;
}

/* ---- open files ----------------------------------------------------------- */

static struct inode *object(struct file *file)
{
    return file->object;
}

/* A position and an end of a file are only what they seem while no other thread reads or writes. */
static void lock(const struct inode *inode)
{
    if (inode->mount->lock)
        inode->mount->lock();
}

static void unlock(const struct inode *inode)
{
    if (inode->mount->unlock)
        inode->mount->unlock();
}

static long read_at(struct file *file, void *buf, size_t len, off_t *at)
{
    struct inode *inode = object(file);

    lock(inode);
    long n = inode->ops->read(inode, buf, len, *at);
    if (n > 0)
        *at += n;
    unlock(inode);
    return n;
}

static long write_at(struct file *file, const void *buf, size_t len, off_t *at)
{
    struct inode *inode = object(file);

    if (!len)
        return 0;
    lock(inode);
    if (file->flags & O_APPEND)
        *at = inode->size;
    long n = inode->ops->write(inode, buf, len, *at);
    if (n > 0) {
        *at += n;
        inode->modified = time_now();
    }
    unlock(inode);
    return n;
}

static long open_read(struct file *file, void *buf, size_t len)
{
    return read_at(file, buf, len, &file->position);
}

static long open_write(struct file *file, const void *buf, size_t len)
{
    return write_at(file, buf, len, &file->position);
}

static long open_pread(struct file *file, void *buf, size_t len, off_t at)
{
    return read_at(file, buf, len, &at);
}

static long open_pwrite(struct file *file, const void *buf, size_t len, off_t at)
{
    return write_at(file, buf, len, &at);
}

static off_t open_size(struct file *file)
{
    return object(file)->size;
}

static long open_stat(struct file *file, struct stat *st)
{
    inode_stat(object(file), st);
    return 0;
}

static long open_truncate(struct file *file, off_t size)
{
    return inode_truncate(object(file), size);
}

static long open_sync(struct file *file)
{
    struct inode *inode = object(file);

    return inode->ops->sync ? inode->ops->sync(inode) : 0;
}

static long open_entry(struct file *file, struct dirent *entry)
{
    return path_entry(object(file), &file->position, entry);
}

static void open_release(struct file *file)
{
    inode_put(object(file));
}

/* Whatever is seekable, or would be: devices too. */
static const struct file_ops regular_ops = {
    .read = open_read,
    .write = open_write,
    .pread = open_pread,
    .pwrite = open_pwrite,
    .size = open_size,
    .stat = open_stat,
    .truncate = open_truncate,
    .sync = open_sync,
    .map = inode_map,
    .release = open_release,
};
static const struct file_ops directory_ops = {
    .entry = open_entry, .stat = open_stat, .sync = open_sync, .release = open_release};

int inode_truncate(struct inode *inode, off_t size)
{
    if (!S_ISREG(inode->mode))
        return S_ISDIR(inode->mode) ? -EISDIR : -EINVAL;
    if (!inode->ops->truncate)
        return -EROFS;
    int result = inode->ops->truncate(inode, size);
    if (!result)
        inode->modified = time_now();
    return result;
}

int inode_open(struct inode *inode, int flags, struct file **file)
{
    enum { ONLY_AT_OPENING = O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC };

    if (inode->ops->open)
        return inode->ops->open(inode, flags, file);
    *file = file_make(S_ISDIR(inode->mode) ? &directory_ops : &regular_ops, inode, flags & ~ONLY_AT_OPENING);
    if (*file)
        return 0;
    inode_put(inode);
    return -ENFILE;
}

struct inode *file_inode(struct file *file)
{
    return file->ops == &regular_ops || file->ops == &directory_ops ? file->object : 0;
}
