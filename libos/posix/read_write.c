/* SPDX-License-Identifier: MIT */
/*
 * read_write.c: bytes in and out of open files.
 *
 * A file with positions has pread and pwrite as well as read and write.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "console_file.h"
#include "current.h"
#include "files.h"
#include "services.h"

static bool readable(const struct file *file)
{
    return (file->flags & O_ACCMODE) != O_WRONLY;
}

static bool writable(const struct file *file)
{
    return (file->flags & O_ACCMODE) != O_RDONLY;
}

long file_read(struct file *file, void *buf, size_t len)
{
    if (!readable(file))
        return -EBADF;
    if (file == &console_file)
        console_input_init();
    if (!file->ops->read)
        return file->ops->entry ? -EISDIR : -EINVAL;
    return file->ops->read(file, buf, len);
}

long file_write(struct file *file, const void *buf, size_t len)
{
    if (!writable(file))
        return -EBADF;
    return file->ops->write ? file->ops->write(file, buf, len) : -EINVAL;
}

/* What each of these calls does around its own part: finds the file, and lets nobody else at it. */
static struct file *begin(int fd)
{
    preempt_disable();
    struct file *file = file_get(fd);
    if (!file)
        preempt_enable();
    return file;
}

static long end(struct file *file, long result)
{
    file_put(file);
    preempt_enable();
    return result;
}

long libos_sys_read(int fd, void *buf, size_t len)
{
    struct file *file = begin(fd);
    return file ? end(file, file_read(file, buf, len)) : -EBADF;
}

long libos_sys_write(int fd, const void *buf, size_t len)
{
    struct file *file = begin(fd);
    return file ? end(file, file_write(file, buf, len)) : -EBADF;
}

/* No vector has more pieces: IOV_MAX of POSIX. */
enum { MAX_PIECES = 1024 };

long libos_sys_readv(int fd, const struct iovec *vec, int count)
{
    struct file *file = begin(fd);
    long total = 0;

    if (!file)
        return -EBADF;
    if (count < 0 || count > MAX_PIECES)
        return end(file, -EINVAL);
    if (file->ops->readv)
        return end(file, file->ops->readv(file, vec, count));
    for (int i = 0; i < count; i++) {
        /* What has come is given back before there is any waiting for more. */
        if (total && !(file_ready(file) & 1))
            break;
        long n = file_read(file, vec[i].iov_base, vec[i].iov_len);
        if (n < 0)
            return end(file, total ? total : n);
        total += n;
        if ((size_t)n < vec[i].iov_len || (n && !file->ops->pread && ((char *)vec[i].iov_base)[n - 1] == '\n'))
            break;
    }
    return end(file, total);
}

long libos_sys_writev(int fd, const struct iovec *vec, int count)
{
    struct file *file = begin(fd);
    long total = 0;

    if (!file)
        return -EBADF;
    if (count < 0 || count > MAX_PIECES)
        return end(file, -EINVAL);
    if (file->ops->writev)
        return end(file, file->ops->writev(file, vec, count));
    for (int i = 0; i < count; i++) {
        long n = file_write(file, vec[i].iov_base, vec[i].iov_len);
        if (n < 0)
            return end(file, total ? total : n);
        total += n;
        if ((size_t)n < vec[i].iov_len)
            break;
    }
    return end(file, total);
}

long libos_sys_pread64(int fd, void *buf, size_t len, off_t at)
{
    struct file *file = begin(fd);

    if (!file)
        return -EBADF;
    if (!readable(file))
        return end(file, -EBADF);
    if (!file->ops->pread)
        return end(file, file->ops->entry ? -EISDIR : -ESPIPE);
    return end(file, at < 0 ? -EINVAL : file->ops->pread(file, buf, len, at));
}

long libos_sys_pwrite64(int fd, const void *buf, size_t len, off_t at)
{
    struct file *file = begin(fd);

    if (!file)
        return -EBADF;
    if (!writable(file))
        return end(file, -EBADF);
    if (!file->ops->pwrite)
        return end(file, -ESPIPE);
    return end(file, at < 0 ? -EINVAL : file->ops->pwrite(file, buf, len, at));
}

/* Both at a position, as a loop over their simple relatives: nothing comes between two pieces but another thread. */
static long at_position(int fd, const struct iovec *vec, int count, off_t at, bool writing)
{
    long total = 0;

    if (count < 0 || count > MAX_PIECES)
        return -EINVAL;
    for (int i = 0; i < count; i++) {
        long n = writing ? libos_sys_pwrite64(fd, vec[i].iov_base, vec[i].iov_len, at + total)
                         : libos_sys_pread64(fd, vec[i].iov_base, vec[i].iov_len, at + total);
        if (n < 0)
            return total ? total : n;
        total += n;
        if ((size_t)n < vec[i].iov_len)
            break;
    }
    return total;
}

long libos_sys_preadv(int fd, const struct iovec *vec, int count, off_t at)
{
    return at_position(fd, vec, count, at, false);
}

long libos_sys_pwritev(int fd, const struct iovec *vec, int count, off_t at)
{
    return at_position(fd, vec, count, at, true);
}

long libos_sys_lseek(int fd, off_t offset, int whence)
{
    struct file *file = begin(fd);
    off_t base = 0;

    if (!file)
        return -EBADF;
    if (!file->ops->size && !file->ops->entry)
        return end(file, -ESPIPE);
    if (whence == SEEK_CUR)
        base = file->position;
    else if (whence == SEEK_END && file->ops->size)
        base = file->ops->size(file);
    else if (whence != SEEK_SET)
        return end(file, -EINVAL);
    if (offset + base < 0)
        return end(file, -EINVAL);
    file->position = offset + base;
    return end(file, file->position);
}

long libos_sys_fstat(int fd, struct stat *st)
{
    struct file *file = begin(fd);

    if (!file)
        return -EBADF;
    memset(st, 0, sizeof *st);
    return end(file, file->ops->stat ? file->ops->stat(file, st) : 0);
}

long libos_sys_ioctl(int fd, unsigned long request, void *argument)
{
    struct file *file = begin(fd);

    if (!file)
        return -EBADF;
    return end(file, file->ops->ioctl ? file->ops->ioctl(file, request, argument) : -ENOTTY);
}

long libos_sys_ftruncate(int fd, off_t size)
{
    struct file *file = begin(fd);

    if (!file)
        return -EBADF;
    if (!writable(file) || !file->ops->truncate || size < 0)
        return end(file, -EINVAL);
    return end(file, file->ops->truncate(file, size));
}

long libos_sys_fsync(int fd)
{
    struct file *file = begin(fd);

    if (!file)
        return -EBADF;
    return end(file, file->ops->sync ? file->ops->sync(file) : file->ops->pwrite ? 0 : -EINVAL);
}

long libos_sys_fdatasync(int fd)
{
    return libos_sys_fsync(fd);
}
