/* SPDX-License-Identifier: MIT */
/*
 * queue.h: threads in a row, by their `next`: each is in one queue at most. Zeroes
 * are an empty queue.
 */
#ifndef LIBOS_QUEUE_H
#define LIBOS_QUEUE_H

#include "thread.h"

/* Puts a thread at the end. */
static inline void queue_push(struct wait_queue *queue, struct thread *thread)
{
    thread->next = 0;
    if (queue->last)
        queue->last->next = thread;
    else
        queue->first = thread;
    queue->last = thread;
}

/* Takes the first out; null if there is none. */
static inline struct thread *queue_pop(struct wait_queue *queue)
{
    struct thread *thread = queue->first;

    if (thread) {
        queue->first = thread->next;
        if (!queue->first)
            queue->last = 0;
    }
    return thread;
}

/* Takes a thread out, wherever it stands; nothing happens if it is not there. */
static inline void queue_take_out(struct wait_queue *queue, struct thread *thread)
{
    struct thread *before = 0, *t = queue->first;

    for (; t && t != thread; t = t->next)
        before = t;
    if (!t)
        return;
    if (before)
        before->next = t->next;
    else
        queue->first = t->next;
    if (queue->last == t)
        queue->last = before;
}

#endif
