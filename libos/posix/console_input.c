/* SPDX-License-Identifier: MIT */
/*
 * console_input.c: the serial console as a file, for input.
 *
 * Input is read a line at a time, as from a terminal: carriage return becomes
 * newline, and control-D on an empty line is the end of the file. There is no
 * echo: the other end does that.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>

#include "console.h"
#include "console_file.h"
#include "interrupts.h"
#include "thread.h"

enum { END_OF_TRANSMISSION = 4, CONSOLE_LINE = 4 };

static struct wait_queue readers;
static bool at_end;

static void input_came(void)
{
    wake_all(&readers);
    file_changed(&console_file);
}

static struct work input_work = {.run = input_came};

static void interrupt(void *context)
{
    (void)context;
    work_ask(&input_work);
}

static long console_file_read(struct file *file, void *buf, size_t len)
{
    char *out = buf;
    size_t n = 0;

    while (n < len && !at_end) {
        if (!console_has_input()) {
            if (file->flags & O_NONBLOCK)
                return n ? (long)n : -EAGAIN;
            int result = wait_restartable(&readers, FOREVER);
            if (result < 0)
                return n ? (long)n : result;
            continue;
        }
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

static unsigned console_file_ready(struct file *file)
{
    (void)file;
    return POLLOUT | (console_has_input() || at_end ? POLLIN : 0);
}

void console_input_init(void)
{
    if (console_file_ops.read)
        return;
    threads_init();
    preempt_disable();
    if (!console_file_ops.read) {
        int vector = interrupt_vector(interrupt, 0);

        if (vector >= 0) {
            ioapic_route(CONSOLE_LINE, vector);
            console_interrupts_enable();
        }
        console_file_ops.ready = console_file_ready;
        console_file_ops.read = console_file_read;
    }
    preempt_enable();
}
