/* SPDX-License-Identifier: MIT */
/*
 * console_files.c: file descriptors 0, 1 and 2, all of them the console.
 *
 * Input is read a line at a time, as from a terminal: carriage return becomes
 * newline, and control-D on an empty line is the end of the file. There is no
 * echo: the other end does that.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>

#include "clock.h"
#include "console.h"
#include "cpu.h"
#include "services.h"

enum { FD_COUNT = 3, END_OF_TRANSMISSION = 4 };

static bool closed[FD_COUNT];

static bool is_open(int fd)
{
    return fd >= 0 && fd < FD_COUNT && !closed[fd];
}

long libos_sys_read(int fd, void *buf, size_t len)
{
    static bool at_end;
    char *out = buf;
    size_t n = 0;

    if (!is_open(fd))
        return -EBADF;
    while (n < len && !at_end) {
        char c = console_getc();

        if (c == END_OF_TRANSMISSION) {
            at_end = n == 0;
            break;
        }
        out[n] = c == '\r' ? '\n' : c;
        if (out[n++] == '\n')
            break;
    }
    return (long)n;
}

long libos_sys_write(int fd, const void *buf, size_t len)
{
    if (!is_open(fd))
        return -EBADF;
    console_write(buf, len);
    return (long)len;
}

long libos_sys_readv(int fd, const struct iovec *vec, int count)
{
    long total = 0;

    for (int i = 0; i < count; i++) {
        long n = libos_sys_read(fd, vec[i].iov_base, vec[i].iov_len);

        if (n < 0)
            return total ? total : n;
        total += n;
        /* Waiting for a second line when the first has come would hang a terminal's user. */
        if ((size_t)n < vec[i].iov_len || (n && ((char *)vec[i].iov_base)[n - 1] == '\n'))
            break;
    }
    return total;
}

long libos_sys_writev(int fd, const struct iovec *vec, int count)
{
    long total = 0;

    if (!is_open(fd))
        return -EBADF;
    for (int i = 0; i < count; i++) {
        console_write(vec[i].iov_base, vec[i].iov_len);
        total += (long)vec[i].iov_len;
    }
    return total;
}

long libos_sys_lseek(int fd, off_t offset, int whence)
{
    (void)offset, (void)whence;
    return is_open(fd) ? -ESPIPE : -EBADF;
}

long libos_sys_close(int fd)
{
    if (!is_open(fd))
        return -EBADF;
    closed[fd] = true;
    return 0;
}

long libos_sys_fstat(int fd, struct stat *st)
{
    if (!is_open(fd))
        return -EBADF;
    memset(st, 0, sizeof *st);
    st->st_mode = S_IFCHR | 0620;
    st->st_nlink = 1;
    st->st_blksize = 1024;
    return 0;
}

long libos_sys_fcntl(int fd, int command, long argument)
{
    (void)argument;
    if (!is_open(fd))
        return -EBADF;
    switch (command) {
    case F_GETFL:
        return O_RDWR;
    case F_GETFD:
        return 0;
    default:
        return -EINVAL;
    }
}

long libos_sys_ioctl(int fd, unsigned long request, void *argument)
{
    if (!is_open(fd))
        return -EBADF;
    if (request != TIOCGWINSZ)
        return -ENOTTY;
    /* Having a window size is how musl tells a terminal: stdout is then flushed at every newline. */
    *(struct winsize *)argument = (struct winsize){.ws_row = 24, .ws_col = 80};
    return 0;
}

long libos_sys_poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
    uint64_t deadline = timeout_ms > 0 ? clock_monotonic() + (uint64_t)timeout_ms * 1000000 : 0;

    for (;;) {
        long ready = 0;

        for (nfds_t i = 0; i < count; i++) {
            fds[i].revents = 0;
            if (fds[i].fd < 0)
                continue;
            if (!is_open(fds[i].fd))
                fds[i].revents = POLLNVAL;
            else
                fds[i].revents = (short)(fds[i].events & (POLLOUT | (console_has_input() ? POLLIN : 0)));
            ready += fds[i].revents != 0;
        }
        if (ready || !timeout_ms || (timeout_ms > 0 && clock_monotonic() >= deadline))
            return ready;
        cpu_relax();
    }
}
