/* SPDX-License-Identifier: MIT */
/*
 * futex.c: a queue of threads for each word that somebody waits for.
 *
 * The queues are records on the stacks of those who wait, found by address through
 * a small hash table.
 */
#include "futex.h"

#include <errno.h>

#include "clock.h"
#include "thread.h"

enum { BUCKETS = 64 };

struct waiter {
    const int *word;
    struct thread *thread;
    struct waiter *next;
};

static struct waiter *buckets[BUCKETS];

static struct waiter **bucket(const int *word)
{
    return &buckets[((uintptr_t)word >> 2) % BUCKETS];
}

static void append(struct waiter *waiter)
{
    struct waiter **link = bucket(waiter->word);

    while (*link)
        link = &(*link)->next;
    waiter->next = 0;
    *link = waiter;
}

/* Takes the first that waits for the word out of the table; null if there is none. */
static struct waiter *take(const int *word)
{
    for (struct waiter **link = bucket(word); *link; link = &(*link)->next) {
        struct waiter *waiter = *link;

        if (waiter->word == word) {
            *link = waiter->next;
            return waiter;
        }
    }
    return 0;
}

/* Takes a waiter out of the table; false if it has been taken out before. */
static bool forget(struct waiter *waiter)
{
    for (struct waiter **link = bucket(waiter->word); *link; link = &(*link)->next) {
        if (*link == waiter) {
            *link = waiter->next;
            return true;
        }
    }
    return false;
}

int futex_wait(const int *word, int expected, uint64_t deadline)
{
    struct waiter waiter = {.word = word, .thread = current};

    if (*(const volatile int *)word != expected)
        return -EAGAIN;
    append(&waiter);
    int result = wait_on(0, deadline);
    /* A deadline or a signal may come first and a waker after it, before this thread runs: then it has been woken, since
     * the waker will not wake another. */
    return forget(&waiter) ? result : 0;
}

int futex_wake(const int *word, int most)
{
    int woken = 0;
    struct waiter *waiter;

    while (woken < most && (waiter = take(word))) {
        wake_thread(waiter->thread, 0);
        woken++;
    }
    return woken;
}

int futex_requeue(const int *word, int most, const int *other, int moved)
{
    int count = futex_wake(word, most);
    struct waiter *waiter;

    for (int i = 0; i < moved && (waiter = take(word)); i++, count++) {
        waiter->word = other;
        append(waiter);
    }
    return count;
}

long futex_of_threads(int *word, int op, int value, uintptr_t timeout, int *other)
{
    long result;

    preempt_disable();
    if (op == FUTEX_WAIT && timeout)
        result = futex_wait(word, value, clock_deadline((const struct timespec *)timeout));
    else if (op == FUTEX_WAIT)
        while ((result = futex_wait(word, value, FOREVER)) == -EINTR && restart_after_signal &&
               restart_after_signal())
            ;
    else if (op == FUTEX_WAKE)
        result = futex_wake(word, value);
    else
        result = futex_requeue(word, value, other, (int)timeout);
    preempt_enable();
    return result;
}
