/* SPDX-License-Identifier: MIT */
/*
 * copy.c: from one open file to another.
 */
#include <errno.h>
#include <fcntl.h>

#include "path.h"
#include "pool.h"
#include "services.h"

enum { PIECE = 4096, MAX_COPIES = 64 };

/* Too large for the stack of a thread. */
struct piece {
    char bytes[PIECE];
};

static struct pool pieces = POOL(struct piece, MAX_COPIES);

/* Where one end of a copy stands: at the offset that the caller keeps, or at the file's own. */
static off_t *position(struct file *file, off_t *offset)
{
    return offset ? offset : &file->position;
}

/* Copies until the source ends, or an error; how much, or the error if nothing was. */
static long copy(struct file *in, off_t *from, struct file *out, off_t *to, size_t len)
{
    struct piece *piece = pool_alloc(&pieces);
    size_t done = 0;
    long n = 0;

    if (!piece)
        return -ENOMEM;
    while (done < len) {
        n = in->ops->pread(in, piece->bytes, len - done < PIECE ? len - done : PIECE, *from);
        if (n <= 0)
            break;
        n = to ? out->ops->pwrite(out, piece->bytes, (size_t)n, *to) : file_write(out, piece->bytes, (size_t)n);
        if (n <= 0)
            break;
        *from += n;
        if (to)
            *to += n;
        done += (size_t)n;
    }
    pool_free(&pieces, piece);
    return done ? (long)done : n;
}

static bool reads(const struct file *file)
{
    return (file->flags & O_ACCMODE) != O_WRONLY;
}

static bool writes(const struct file *file)
{
    return (file->flags & O_ACCMODE) != O_RDONLY;
}

static long send_file(struct file *out, struct file *in, off_t *offset, size_t len)
{
    if (!reads(in) || !writes(out))
        return -EBADF;
    if (!in->ops->pread)
        return offset ? -ESPIPE : -EINVAL;
    if (offset && *offset < 0)
        return -EINVAL;
    if (out->flags & O_APPEND)
        return -EINVAL;
    return copy(in, position(in, offset), out, 0, len);
}

static bool regular(struct file *file)
{
    struct inode *inode = file_inode(file);

    return inode && S_ISREG(inode->mode);
}

static bool directory(struct file *file)
{
    struct inode *inode = file_inode(file);

    return inode && S_ISDIR(inode->mode);
}

static long copy_range(struct file *in, off_t *from, struct file *out, off_t *to, size_t len)
{
    if (directory(in) || directory(out))
        return -EISDIR;
    if (!regular(in) || !regular(out))
        return -EINVAL;
    if (!reads(in) || !writes(out) || out->flags & O_APPEND)
        return -EBADF;
    from = position(in, from);
    to = position(out, to);
    if (*from < 0 || *to < 0)
        return -EOVERFLOW;
    if (file_inode(in) == file_inode(out) && *from < *to + (off_t)len && *to < *from + (off_t)len)
        return -EINVAL; /* it would copy what it has just written */
    return copy(in, from, out, to, len);
}

/* Both files of a copy. */
struct ends {
    struct file *in, *out;
};

static bool get(struct ends *ends, int in, int out)
{
    *ends = (struct ends){file_get(in), file_get(out)};
    return ends->in && ends->out;
}

static long put(struct ends *ends, long result)
{
    if (ends->in)
        file_put(ends->in);
    if (ends->out)
        file_put(ends->out);
    return path_end(result);
}

long libos_sys_sendfile(int out, int in, off_t *offset, size_t len)
{
    struct ends ends;

    path_begin();
    return put(&ends, get(&ends, in, out) ? send_file(ends.out, ends.in, offset, len) : -EBADF);
}

long libos_sys_copy_file_range(int in, off_t *from, int out, off_t *to, size_t len, unsigned flags)
{
    struct ends ends;

    if (flags)
        return -EINVAL;
    path_begin();
    return put(&ends, get(&ends, in, out) ? copy_range(ends.in, from, ends.out, to, len) : -EBADF);
}
