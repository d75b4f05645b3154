/* SPDX-License-Identifier: MIT */
/*
 * pipe.c: bytes from one end to the other, through a buffer of 64 KiB.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>

#include "current.h"
#include "files.h"
#include "pipe.h"
#include "pool.h"
#include "services.h"
#include "signals.h"
#include "thread.h"
#include "vm.h"

enum { ATOMIC = 4096, MAX_PIPES = 512 };

static struct pool pool = POOL(struct pipe, MAX_PIPES);

struct pipe *pipe_make(void)
{
    struct pipe *pipe = pool_alloc(&pool);
    long buffer = pipe ? vm_map(0, PIPE_SIZE, PROT_READ | PROT_WRITE, false) : -ENOMEM;

    if (buffer >= 0) {
        pipe->buffer = (char *)buffer;
        return pipe;
    }
    if (pipe)
        pool_free(&pool, pipe);
    return 0;
}

void pipe_forget(struct pipe *pipe)
{
    if (pipe->reader || pipe->writer)
        return;
    vm_unmap((uintptr_t)pipe->buffer, PIPE_SIZE);
    pool_free(&pool, pipe);
}

size_t pipe_take(struct pipe *pipe, void *buf, size_t len, bool copy)
{
    size_t n = pipe->used < len ? pipe->used : len;
    size_t run = PIPE_SIZE - pipe->start < n ? PIPE_SIZE - pipe->start : n;

    memcpy(buf, pipe->buffer + pipe->start, run);
    memcpy((char *)buf + run, pipe->buffer, n - run);
    if (copy || !n)
        return n;
    pipe->start = (pipe->start + n) % PIPE_SIZE;
    pipe->used -= n;
    wake_all(&pipe->writers);
    if (pipe->writer)
        file_changed(pipe->writer);
    return n;
}

size_t pipe_put(struct pipe *pipe, const void *buf, size_t len)
{
    size_t room = PIPE_SIZE - pipe->used, n = room < len ? room : len;
    size_t end = (pipe->start + pipe->used) % PIPE_SIZE, run = PIPE_SIZE - end < n ? PIPE_SIZE - end : n;

    memcpy(pipe->buffer + end, buf, run);
    memcpy(pipe->buffer, (const char *)buf + run, n - run);
    pipe->used += n;
    if (n) {
        wake_all(&pipe->readers);
        file_changed(pipe->reader);
    }
    return n;
}

static long pipe_read(struct file *file, void *buf, size_t len)
{
    struct pipe *pipe = file->object;

    while (!pipe->used) {
        if (!pipe->writer || !len)
            return 0;
        if (file->flags & O_NONBLOCK)
            return -EAGAIN;
        int result = wait_restartable(&pipe->readers, FOREVER);
        if (result < 0)
            return result;
    }
    return (long)pipe_take(pipe, buf, len, false);
}

static long pipe_write(struct file *file, const void *buf, size_t len)
{
    struct pipe *pipe = file->object;
    const char *in = buf;
    size_t n = 0;

    while (n < len) {
        size_t room = PIPE_SIZE - pipe->used, left = len - n;

        if (!pipe->reader) {
            signal_send(current, SIGPIPE);
            return n ? (long)n : -EPIPE;
        }
        /* Up to ATOMIC bytes are never mixed with another thread's (PIPE_BUF in POSIX). */
        if (room && (left > ATOMIC || room >= left)) {
            n += pipe_put(pipe, in + n, left);
            continue;
        }
        if (file->flags & O_NONBLOCK)
            return n ? (long)n : -EAGAIN;
        int result = wait_restartable(&pipe->writers, FOREVER);
        if (result < 0)
            return n ? (long)n : result;
    }
    return (long)n;
}

static unsigned reader_ready(struct file *file)
{
    struct pipe *pipe = file->object;

    return (pipe->used ? POLLIN : 0) | (pipe->writer ? 0 : POLLHUP);
}

static unsigned writer_ready(struct file *file)
{
    struct pipe *pipe = file->object;

    return (PIPE_SIZE - pipe->used >= ATOMIC ? POLLOUT : 0) | (pipe->reader ? 0 : POLLERR);
}

static long pipe_stat(struct file *file, struct stat *st)
{
    (void)file;
    st->st_mode = S_IFIFO | 0600;
    st->st_nlink = 1;
    st->st_blksize = ATOMIC;
    return 0;
}

void pipe_close_reader(struct pipe *pipe)
{
    pipe->reader = 0;
    if (pipe->writer) {
        wake_all(&pipe->writers);
        file_changed(pipe->writer);
    }
    pipe_forget(pipe);
}

void pipe_close_writer(struct pipe *pipe)
{
    pipe->writer = 0;
    if (pipe->reader) {
        wake_all(&pipe->readers);
        file_changed(pipe->reader);
    }
    pipe_forget(pipe);
}

static void reader_release(struct file *file)
{
    pipe_close_reader(file->object);
}

static void writer_release(struct file *file)
{
    pipe_close_writer(file->object);
}

static const struct file_ops reader_ops = {
    .read = pipe_read, .stat = pipe_stat, .ready = reader_ready, .release = reader_release};
static const struct file_ops writer_ops = {
    .write = pipe_write, .stat = pipe_stat, .ready = writer_ready, .release = writer_release};

static long make(int fds[2], int flags)
{
    struct pipe *pipe = pipe_make();

    if (!pipe)
        return -ENOMEM;
    pipe->reader = file_make(&reader_ops, pipe, O_RDONLY | flags);
    pipe->writer = file_make(&writer_ops, pipe, O_WRONLY | flags);
    int reading = pipe->reader && pipe->writer ? file_install(pipe->reader, 0) : -ENOMEM;
    int writing = reading < 0 ? reading : file_install(pipe->writer, 0);
    if (writing >= 0) {
        fds[0] = reading;
        fds[1] = writing;
        return 0;
    }
    struct file *reader = pipe->reader, *writer = pipe->writer;
    if (reading >= 0)
        libos_sys_close(reading);
    else if (reader)
        file_put(reader);
    if (writer)
        file_put(writer);
    if (!reader && !writer)
        pipe_forget(pipe);
    return writing;
}

long libos_sys_pipe2(int fds[2], int flags)
{
    if (flags & ~(O_CLOEXEC | O_NONBLOCK))
        return -EINVAL;
    preempt_disable();
    long result = make(fds, flags & O_NONBLOCK);
    for (int i = 0; i < 2 && result == 0 && flags & O_CLOEXEC; i++)
        file_close_on_exec(fds[i]);
    preempt_enable();
    return result;
}

long libos_sys_pipe(int fds[2])
{
    return libos_sys_pipe2(fds, 0);
}
