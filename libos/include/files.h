/* SPDX-License-Identifier: MIT */
/*
 * files.h: open files, whatever is behind them, and the numbers they go by.
 *
 * A struct file is what open(), pipe() or socket() make: shared by all descriptors
 * that dup() makes of it, and gone with the last of them. What it does is in its
 * operations; a missing one fails as POSIX has it. Everything here is called with
 * preemption disabled; operations may wait (thread.h).
 */
#ifndef LIBOS_FILES_H
#define LIBOS_FILES_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>

enum { DESCRIPTORS = 1024 };

struct file;

/* Results are bytes or 0, or a negative errno. With O_NONBLOCK in file->flags, -EAGAIN instead of waiting. */
struct file_ops {
    long (*read)(struct file *file, void *buf, size_t len);
    long (*write)(struct file *file, const void *buf, size_t len);
    /* For files to which it matters what belongs together, such as sockets. Missing: a part at a time. */
    long (*readv)(struct file *file, const struct iovec *vec, int count);
    long (*writev)(struct file *file, const struct iovec *vec, int count);
    /* Of files that have positions, which read() and write() then keep in file->position: the same elsewhere. */
    long (*pread)(struct file *file, void *buf, size_t len, off_t at);
    long (*pwrite)(struct file *file, const void *buf, size_t len, off_t at);
    off_t (*size)(struct file *file);
    long (*stat)(struct file *file, struct stat *st);
    long (*truncate)(struct file *file, off_t size);
    long (*sync)(struct file *file);
    /* The next entry of a directory, at file->position and stepping it: 1, or 0 at the end. */
    long (*entry)(struct file *file, struct dirent *entry);
    long (*ioctl)(struct file *file, unsigned long request, void *argument);
    /* mmap(2), except that the descriptor, `len` and `at` have been checked. Missing: -ENODEV. */
    long (*map)(struct file *file, uintptr_t address, size_t len, int prot, int flags, off_t at);
    /* POLLIN, POLLOUT, POLLERR, POLLHUP, POLLRDHUP: what is so now. Missing: always readable and writable. */
    unsigned (*ready)(struct file *file);
    /* The last descriptor is gone. The struct file is given back afterwards. */
    void (*release)(struct file *file);
};

struct file {
    const struct file_ops *ops;
    void *object;
    unsigned references;
    int flags; /* access mode, O_NONBLOCK, O_APPEND */
    off_t position;
    struct watch *watches;
};

/* Somebody who wants to know when a file's readiness changes: poll() and epoll. */
struct watch {
    void (*changed)(struct watch *watch);
    struct file *file;
    struct watch *next;
};

/* Opens descriptors 0, 1 and 2: the console. Called once, at boot. */
void files_init(void);

/* A file with one reference and no descriptor; null if memory is out. */
struct file *file_make(const struct file_ops *ops, void *object, int flags);

/* The file behind a descriptor, with a reference of the caller's own; null if there is none. */
struct file *file_get(int fd);

/* Gives a reference back. */
void file_put(struct file *file);

/* The lowest free descriptor from `least` on, or -EMFILE. */
int file_lowest(int least);

/* Gives a file the lowest free descriptor from `least` on, and takes over the caller's reference. The descriptor, or
 * -EMFILE: then the reference is still the caller's. */
int file_install(struct file *file, int least);

/* The same for a file just made, which is given back if that fails. */
int file_open(const struct file_ops *ops, void *object, int flags);

/* Has fcntl(F_GETFD) say that a descriptor is closed by exec(): O_CLOEXEC. */
void file_close_on_exec(int fd);

/* read() and write(): -EBADF if it is not open for that; they keep the position of a file that has one. */
long file_read(struct file *file, void *buf, size_t len);
long file_write(struct file *file, const void *buf, size_t len);

/* What epoll does about a file that is closed; null until there is an epoll. */
extern void (*file_closed)(struct file *file);

void file_watch(struct file *file, struct watch *watch);
void file_unwatch(struct watch *watch);

/* Tells who watches that the readiness may have changed. */
void file_changed(struct file *file);

/* What is so of a file now, as poll() has it. */
unsigned file_ready(struct file *file);

#endif
