/* SPDX-License-Identifier: MIT */
/*
 * thread_report.c: what a panic says of the threads that were not running.
 *
 * What went wrong may have gone wrong here: nothing is followed that cannot be
 * read.
 */
#include "console.h"
#include "machine.h"
#include "paging.h"
#include "thread.h"

enum { MOST_REPORTED = 32 };

static bool readable(const void *start, size_t len)
{
    return paging_readable((uintptr_t)start) && paging_readable((uintptr_t)start + len - 1);
}

static void report(const struct thread *thread)
{
    const struct switch_frame *frame = (const struct switch_frame *)thread->rsp;

    console_puts("libos: thread ");
    console_dec((uint64_t)thread->tid);
    console_puts(thread->state == THREAD_READY ? " is ready to run\n" : " waits\n");
    if (readable(frame, sizeof *frame))
        print_backtrace(frame->rip, 0, frame->rbp);
}

void threads_report(void)
{
    const struct thread *thread = all_threads;

    /* The idle thread has no number. */
    console_puts(current->tid ? "libos: that was thread " : "libos: no thread was running");
    if (current->tid)
        console_dec((uint64_t)current->tid);
    console_puts("\n");
    for (int i = 0; thread && readable(thread, sizeof *thread); thread = thread->all_next) {
        if (thread == current)
            continue;
        if (i++ == MOST_REPORTED) {
            console_puts("libos: and more threads\n");
            break;
        }
        report(thread);
    }
}
