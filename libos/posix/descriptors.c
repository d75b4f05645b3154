/* SPDX-License-Identifier: MIT */
/*
 * descriptors.c: the table of descriptors, and the calls that only concern it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>

#include "console_file.h"
#include "current.h"
#include "files.h"
#include "pool.h"
#include "services.h"

static struct pool pool = POOL(struct file, DESCRIPTORS + 64);
static struct file *descriptors[DESCRIPTORS];
static bool close_on_exec[DESCRIPTORS]; /* remembered, and never needed: there is no exec */

void (*file_closed)(struct file *file);

void files_init(void)
{
    for (int fd = 0; fd < 3; fd++)
        descriptors[fd] = &console_file;
}

struct file *file_make(const struct file_ops *ops, void *object, int flags)
{
    struct file *file = pool_alloc(&pool);

    if (file)
        *file = (struct file){.ops = ops, .object = object, .flags = flags, .references = 1};
    return file;
}

struct file *file_get(int fd)
{
    if (fd < 0 || fd >= DESCRIPTORS || !descriptors[fd])
        return 0;
    descriptors[fd]->references++;
    return descriptors[fd];
}

void file_put(struct file *file)
{
    if (--file->references)
        return;
    if (file_closed)
        file_closed(file);
    if (file->ops->release)
        file->ops->release(file);
    pool_free(&pool, file);
}

int file_lowest(int least)
{
    while (least < DESCRIPTORS && descriptors[least])
        least++;
    return least < DESCRIPTORS ? least : -EMFILE;
}

int file_install(struct file *file, int least)
{
    int fd = file_lowest(least);

    if (fd >= 0) {
        descriptors[fd] = file;
        close_on_exec[fd] = false;
    }
    return fd;
}

int file_open(const struct file_ops *ops, void *object, int flags)
{
    struct file *file = file_make(ops, object, flags);
    int fd = file ? file_install(file, 0) : -ENOMEM;

    if (file && fd < 0) {
        file->ops = &(const struct file_ops){0}; /* its maker still has the object */
        file_put(file);
    }
    return fd;
}

void file_close_on_exec(int fd)
{
    close_on_exec[fd] = true;
}

unsigned file_ready(struct file *file)
{
    unsigned ready = file->ops->ready ? file->ops->ready(file) : POLLIN | POLLOUT;

    /* Without priority bands, these say the same. */
    return ready | (ready & POLLIN ? POLLRDNORM : 0) | (ready & POLLOUT ? POLLWRNORM : 0);
}

void file_watch(struct file *file, struct watch *watch)
{
    watch->file = file;
    watch->next = file->watches;
    file->watches = watch;
}

void file_unwatch(struct watch *watch)
{
    struct watch **link = &watch->file->watches;

    while (*link && *link != watch)
        link = &(*link)->next;
    if (*link)
        *link = watch->next;
}

void file_changed(struct file *file)
{
    for (struct watch *watch = file->watches, *next; watch; watch = next) {
        next = watch->next;
        watch->changed(watch);
    }
}

long libos_sys_close(int fd)
{
    preempt_disable();
    struct file *file = file_get(fd);
    if (file) {
        descriptors[fd] = 0;
        file_put(file);
        file_put(file);
    }
    preempt_enable();
    return file ? 0 : -EBADF;
}

/* Puts what `from` stands for at `to`, whatever was there. */
static long duplicate(int from, int to, bool cloexec)
{
    preempt_disable();
    struct file *file = file_get(from);
    long result = to;
    if (!file || to < 0 || to >= DESCRIPTORS) {
        result = -EBADF;
        if (file)
            file_put(file);
    } else if (from == to) {
        file_put(file);
    } else {
        struct file *before = descriptors[to];

        descriptors[to] = file;
        close_on_exec[to] = cloexec;
        if (before)
            file_put(before);
    }
    preempt_enable();
    return result;
}

static long duplicate_above(int fd, int least, bool cloexec)
{
    preempt_disable();
    struct file *file = file_get(fd);
    long result = file ? file_install(file, least) : -EBADF;
    if (file && result < 0)
        file_put(file);
    else if (file && cloexec)
        file_close_on_exec((int)result);
    preempt_enable();
    return result;
}

long libos_sys_dup(int fd)
{
    return duplicate_above(fd, 0, false);
}

long libos_sys_dup2(int from, int to)
{
    return duplicate(from, to, false);
}

long libos_sys_dup3(int from, int to, int flags)
{
    if (from == to || flags & ~O_CLOEXEC)
        return -EINVAL;
    return duplicate(from, to, flags & O_CLOEXEC);
}

/* Locks always succeed: there is no other process that could hold one. */
long libos_sys_fcntl(int fd, int command, long argument)
{
    enum { CHANGEABLE = O_NONBLOCK | O_APPEND };
    long result = 0;

    if (command == F_DUPFD || command == F_DUPFD_CLOEXEC)
        return argument < 0 || argument >= DESCRIPTORS
                   ? -EINVAL
                   : duplicate_above(fd, (int)argument, command == F_DUPFD_CLOEXEC);
    preempt_disable();
    struct file *file = file_get(fd);
    if (!file) {
        preempt_enable();
        return -EBADF;
    }
    switch (command) {
    case F_GETFD:
        result = close_on_exec[fd] ? FD_CLOEXEC : 0;
        break;
    case F_SETFD:
        close_on_exec[fd] = argument & FD_CLOEXEC;
        break;
    case F_GETFL:
        result = file->flags;
        break;
    case F_SETFL:
        file->flags = (file->flags & ~CHANGEABLE) | ((int)argument & CHANGEABLE);
        break;
    case F_GETLK:
        ((struct flock *)argument)->l_type = F_UNLCK;
        break;
    case F_SETLK:
    case F_SETLKW:
        break;
    default:
        result = -EINVAL;
    }
    file_put(file);
    preempt_enable();
    return result;
}

/* Whether a descriptor is open. */
static long check(int fd)
{
    preempt_disable();
    struct file *file = file_get(fd);
    if (file)
        file_put(file);
    preempt_enable();
    return file ? 0 : -EBADF;
}

long libos_sys_flock(int fd, int operation)
{
    enum { SHARED = 1, EXCLUSIVE = 2, NO_WAIT = 4, UNLOCK = 8 }; /* sys/file.h */
    int kind = operation & ~NO_WAIT;

    return kind != SHARED && kind != EXCLUSIVE && kind != UNLOCK ? -EINVAL : check(fd);
}

/* Advice about what will be read next. Nothing here could follow it. */
long libos_sys_fadvise64(int fd, off_t at, off_t len, int advice)
{
    enum { ADVICES = 6 };

    (void)at;
    preempt_disable();
    struct file *file = file_get(fd);
    bool seeks = file && file->ops->pread;
    if (file)
        file_put(file);
    preempt_enable();
    if (!file)
        return -EBADF;
    return !seeks ? -ESPIPE : len < 0 || advice < 0 || advice >= ADVICES ? -EINVAL : 0;
}
