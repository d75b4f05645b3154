/* SPDX-License-Identifier: MIT */
/*
 * common.h: what the parts of contain.c share: the words it was started with, small
 * helpers, and the pipes between its three processes.
 */
#ifndef CONTAIN_COMMON_H
#define CONTAIN_COMMON_H

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

/* Our own failures, not the program's; container runtimes use the same number. */
enum { FAILED_STATUS = 125, PATH_SIZE = 4096, TEXT_SIZE = 1 << 16 };

struct options {
    const char
        *archive;       /* files for the root directory: cpio, by path or as a descriptor's number; may be absent */
    const char *report; /* where facts are told, likewise; may be absent */
    const char *hostname; /* in the container */
    unsigned long memory; /* MiB, of the container's control group and of its root file system */
    unsigned long pids;   /* processes and threads that the container may have */
    bool own_system;      /* nobody else uses this Linux: its control groups may be mounted and delegated at will */
    bool share_network;   /* the network namespace is the one we are started in */
    bool hold;            /* stop the program before its first instruction, for a tracer to take it */
    bool probe;           /* build everything, run nothing */
    const char *program;  /* path of the executable, outside */
    char **words;         /* the program's argument vector */
};

/* What the inner processes tell the supervisor. */
enum message_kind { IDENTIFIED, READY, FAILED, ENDED };

struct message {
    enum message_kind kind;
    int value; /* errno for FAILED; a wait status for ENDED */
    char what[48];
};

/*
 * `go` is written by the supervisor alone: a byte each time that the other side may go on. Its end, without a byte, means
 * that the supervisor is dead. `news` carries messages. The ends of `executed` that the program holds close by themselves
 * when it has become the program.
 */
struct pipes {
    int go[2], news[2], executed[2];
};

static inline void tell(const struct pipes *pipes, enum message_kind kind, int value, const char *what)
{
    struct message message = {.kind = kind, .value = value};

    snprintf(message.what, sizeof message.what, "%s", what);
    /* At most PIPE_BUF bytes, so it is written whole. If nobody listens any more, there is nobody to tell. */
    if (write(pipes->news[1], &message, sizeof message) < 0)
        _exit(FAILED_STATUS);
}

/* In an inner process: say what could not be done, and why, and end. */
static inline _Noreturn void give_up(const struct pipes *pipes, const char *what)
{
    tell(pipes, FAILED, errno, what);
    _exit(FAILED_STATUS);
}

static inline void await_go(const struct pipes *pipes)
{
    char byte;
    ssize_t got;

    do
        got = read(pipes->go[0], &byte, 1);
    while (got < 0 && errno == EINTR);
    if (got != 1)
        _exit(FAILED_STATUS);
}

/* A file's text, cut at TEXT_SIZE - 1, in a buffer of that size. False if it cannot be read: the text is empty then. */
static inline bool read_text(const char *path, char *text)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = 0, length = 0;

    while (fd >= 0 && length < TEXT_SIZE - 1 &&
           (got = read(fd, text + length, (size_t)(TEXT_SIZE - 1 - length))) > 0)
        length += got;
    text[length] = 0;
    if (fd >= 0)
        close(fd);
    return fd >= 0 && got >= 0;
}

static inline bool write_text(const char *path, const char *format, ...)
{
    char text[128];
    va_list more;
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd < 0)
        return false;
    va_start(more, format);
    int length = vsnprintf(text, sizeof text, format, more);
    va_end(more);
    ssize_t put = write(fd, text, (size_t)length);
    int error = errno;
    close(fd);
    errno = error;
    return put == length;
}

/* A descriptor that we inherited, by its number, or a file by its path. */
static inline int open_given(const char *given, int flags)
{
    char *end;
    long fd = strtol(given, &end, 10);

    if (*given && !*end)
        return fcntl((int)fd, F_SETFD, FD_CLOEXEC) ? -1 : (int)fd;
    return open(given, flags | O_CLOEXEC | O_NOCTTY);
}

#endif
