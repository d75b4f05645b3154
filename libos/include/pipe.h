/* SPDX-License-Identifier: MIT */
/*
 * pipe.h: a buffer of 64 KiB between two files, one of which writes what the
 * other reads.
 *
 * With preemption disabled; nothing here waits.
 */
#ifndef LIBOS_PIPE_H
#define LIBOS_PIPE_H

#include <stdbool.h>
#include <stddef.h>

#include "files.h"
#include "thread.h"

enum { PIPE_SIZE = 65536 };

struct pipe {
    char *buffer;
    size_t start, used;
    struct file *reader, *writer; /* null once closed */
    struct wait_queue readers, writers;
};

/* A pipe without ends; null if memory is out. */
struct pipe *pipe_make(void);

/* Gives it back, if it has no ends any more. */
void pipe_forget(struct pipe *pipe);

/* Takes up to `len` bytes out, or only copies them; how many. Whoever waits to write is told. */
size_t pipe_take(struct pipe *pipe, void *buf, size_t len, bool copy);

/* Puts as much of `len` bytes in as there is room for; how much. Whoever waits to read is told. */
size_t pipe_put(struct pipe *pipe, const void *buf, size_t len);

/* An end is closed: the other is told, or the pipe forgotten. */
void pipe_close_reader(struct pipe *pipe);
void pipe_close_writer(struct pipe *pipe);

#endif
