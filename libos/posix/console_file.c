/* SPDX-License-Identifier: MIT */
/*
 * console_file.c: the serial console as a file, for output.
 */
#include "console_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>

#include "console.h"

static long console_file_write(struct file *file, const void *buf, size_t len)
{
    (void)file;
    console_write(buf, len);
    return (long)len;
}

static long console_file_stat(struct file *file, struct stat *st)
{
    (void)file;
    st->st_mode = S_IFCHR | 0620;
    st->st_nlink = 1;
    st->st_blksize = 1024;
    return 0;
}

static long console_file_ioctl(struct file *file, unsigned long request, void *argument)
{
    (void)file;
    if (request != TIOCGWINSZ)
        return -ENOTTY;
    /* Having a window size is how musl tells a terminal: stdout is then flushed at every newline. */
    *(struct winsize *)argument = (struct winsize){.ws_row = 24, .ws_col = 80};
    return 0;
}

struct file_ops console_file_ops = {
    .write = console_file_write,
    .stat = console_file_stat,
    .ioctl = console_file_ioctl,
};

/* One reference of its own, so that it is never given back. */
struct file console_file = {.ops = &console_file_ops, .references = 4, .flags = O_RDWR};
