/* SPDX-License-Identifier: MIT */
/*
 * littlefs_file.c: what a file on the disk does.
 */
#include <errno.h>

#include "littlefs_node.h"
#include "pool.h"

enum { MOST_BUFFERS = 1024 };

struct littlefs_buffer {
    uint8_t bytes[LITTLEFS_BUFFER];
};

static struct pool buffers = POOL(struct littlefs_buffer, MOST_BUFFERS);

int littlefs_open(struct littlefs_node *node, int flags)
{
    const char *path;

    if (node->buffer)
        return 0;
    int error = littlefs_path(node, &path);
    if (error)
        return error;
    node->buffer = pool_alloc(&buffers);
    if (!node->buffer)
        return -ENOMEM;
    node->config = (struct lfs_file_config){.buffer = node->buffer};
    flags |= libos_disk_mount.read_only ? LFS_O_RDONLY : LFS_O_RDWR;
    error = lfs_file_opencfg(&littlefs, &node->file, path, flags, &node->config);
    if (error) {
        pool_free(&buffers, node->buffer);
        node->buffer = 0;
    }
    return error;
}

/* What follows a write into the middle of a file has to be written again too, since each block points to some before it.
 * littlefs does that when the file is next used elsewhere, a byte at a time. This does the same beforehand in larger
 * pieces, with a second look at the file as it was. Where it cannot, littlefs will. */
static void copy_rest(struct littlefs_node *node)
{
    static uint8_t piece[LITTLEFS_BUFFER];
    lfs_file_t *file = &node->file, before;
    struct lfs_file_config config;
    const char *path;

    if (!(file->flags & LFS_F_WRITING) || file->flags & (LFS_F_INLINE | LFS_F_ERRED) ||
        file->pos >= file->ctz.size || littlefs_path(node, &path))
        return;
    config = (struct lfs_file_config){.buffer = pool_alloc(&buffers)};
    if (!config.buffer)
        return;
    if (!lfs_file_opencfg(&littlefs, &before, path, LFS_O_RDONLY, &config)) {
        before.ctz = file->ctz; /* not what was last synced, but what was there before this write */
        before.flags = LFS_O_RDONLY;
        before.cache.block = (lfs_block_t)-1; /* nothing is in it */
        lfs_soff_t n = lfs_file_seek(&littlefs, &before, (lfs_soff_t)file->pos, LFS_SEEK_SET);
        while (n >= 0 && file->pos < file->ctz.size) {
            n = lfs_file_read(&littlefs, &before, piece, sizeof piece);
            if (n > 0)
                n = lfs_file_write(&littlefs, file, piece, (lfs_size_t)n);
        }
        if (n == LFS_ERR_NOSPC)
            file->flags &= ~(uint32_t)LFS_F_ERRED; /* as in append() */
        lfs_file_close(&littlefs, &before);
    }
    pool_free(&buffers, config.buffer);
}

static lfs_soff_t go_to(struct littlefs_node *node, off_t at)
{
    if (at != (off_t)node->file.pos)
        copy_rest(node);
    return lfs_file_seek(&littlefs, &node->file, (lfs_soff_t)at, LFS_SEEK_SET);
}

int littlefs_close(struct littlefs_node *node)
{
    if (!node->buffer)
        return 0;
    copy_rest(node);
    int error = lfs_file_close(&littlefs, &node->file);
    pool_free(&buffers, node->buffer);
    node->buffer = 0;
    return error;
}

/* littlefs keeps the blocks of a file that no directory leads to if it is open and to be written: lfs_fs_traverse_() counts
 * them, and lfs_file_sync_() finds nowhere to write. When it is closed, they are free. */
int littlefs_keep(struct littlefs_node *node)
{
    if (!S_ISREG(node->inode.mode) || node->inode.references == 1)
        return 0; /* the caller's reference is the only one */
    int error = littlefs_open(node, 0);

    if (!error)
        node->file.flags |= LFS_F_DIRTY;
    return error;
}

static long node_read(struct inode *inode, void *buf, size_t len, off_t at)
{
    struct littlefs_node *node = node_of(inode);

    littlefs_lock();
    long n = 0;
    if (at < inode->size) {
        n = littlefs_open(node, 0);
        if (!n) {
            copy_rest(node);
            n = go_to(node, at);
        }
        if (n >= 0)
            n = lfs_file_read(&littlefs, &node->file, buf, (lfs_size_t)(len < LFS_FILE_MAX ? len : LFS_FILE_MAX));
    }
    littlefs_unlock();
    return error_of((int)n);
}

/* Writes at the file's position. How much, even if then the disk was full: littlefs would forget what it could not
 * write whole, and what it says of it is in `file` alone. */
static long append(struct littlefs_node *node, const void *buf, size_t len)
{
    lfs_off_t start = node->file.pos;
    long n = lfs_file_write(&littlefs, &node->file, buf, (lfs_size_t)len);

    if (n == LFS_ERR_NOSPC) {
        node->file.flags &= ~(uint32_t)LFS_F_ERRED;
        if (node->file.pos > start)
            n = (long)(node->file.pos - start);
    }
    node->inode.size = lfs_file_size(&littlefs, &node->file);
    return n;
}

/* Zeros from the end of a file to `end`. littlefs would write them too, a byte at a time. */
static long extend(struct littlefs_node *node, off_t end)
{
    static uint8_t zeros[LITTLEFS_SECTOR];
    off_t before = node->inode.size;
    long n = go_to(node, before);

    while (n >= 0 && node->inode.size < end) {
        off_t left = end - node->inode.size;

        n = append(node, zeros, left < LITTLEFS_SECTOR ? (size_t)left : LITTLEFS_SECTOR);
    }
    if (n < 0 && node->inode.size > before && !lfs_file_truncate(&littlefs, &node->file, (lfs_off_t)before))
        node->inode.size = before;
    return n < 0 ? n : 0;
}

static long node_write(struct inode *inode, const void *buf, size_t len, off_t at)
{
    struct littlefs_node *node = node_of(inode);

    if (at >= LFS_FILE_MAX)
        return -EFBIG;
    if (len > (size_t)(LFS_FILE_MAX - at))
        len = (size_t)(LFS_FILE_MAX - at);
    littlefs_lock();
    long n = littlefs_open(node, 0);
    if (!n && at > inode->size)
        n = extend(node, at);
    if (!n)
        n = go_to(node, at);
    if (n >= 0)
        n = append(node, buf, len);
    littlefs_unlock();
    return error_of((int)n);
}

static int node_truncate(struct inode *inode, off_t size)
{
    struct littlefs_node *node = node_of(inode);

    if (size > LFS_FILE_MAX)
        return -EFBIG;
    littlefs_lock();
    int error = littlefs_open(node, 0);
    if (!error)
        copy_rest(node);
    if (!error && size < inode->size)
        error = lfs_file_truncate(&littlefs, &node->file, (lfs_off_t)size);
    else if (!error)
        error = (int)extend(node, size);
    if (node->buffer)
        inode->size = lfs_file_size(&littlefs, &node->file);
    littlefs_unlock();
    return error_of(error);
}

/* What changes a directory is on the disk when the call returns; so only what was written to files is left to do. */
int littlefs_sync_node(struct littlefs_node *node)
{
    if (!node->buffer || libos_disk_mount.read_only)
        return 0;
    copy_rest(node);
    /* littlefs does nothing then, and says nothing of it. */
    if (node->file.flags & LFS_F_ERRED)
        return -EIO;
    int error = lfs_file_sync(&littlefs, &node->file);
    if (error == LFS_ERR_NOSPC)
        node->file.flags &= ~(uint32_t)LFS_F_ERRED; /* there may be room the next time */
    return error;
}

int littlefs_sync(struct inode *inode)
{
    littlefs_lock();
    int error = littlefs_sync_node(node_of(inode));
    littlefs_unlock();
    return error_of(error);
}

const struct inode_ops littlefs_file_ops = {
    .read = node_read,
    .write = node_write,
    .truncate = node_truncate,
    .sync = littlefs_sync,
    .release = littlefs_release,
};
