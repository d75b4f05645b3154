/*
 * scheduler.c: one queue, in the order in which threads came. Round robin falls out
 * of it when all priorities are equal.
 */
#include "scheduler.h"

static struct thread *first, *last;
static unsigned now;                           /* ticks so far */
static unsigned used[MAX_TID], since[MAX_TID]; /* ticks of its turn; when it became ready */

static void put(struct thread *thread, bool in_front)
{
    since[thread->tid] = now;
    thread->next = in_front ? first : 0;
    if (!first)
        first = last = thread;
    else if (in_front)
        first = thread;
    else
        last = last->next = thread;
}

void scheduler_ready(struct thread *thread)
{
    used[thread->tid] = 0;
    put(thread, false);
}

void scheduler_yield(struct thread *thread)
{
    used[thread->tid] = 0;
    put(thread, false);
}

void scheduler_tick(struct thread *thread)
{
    now++;
    if (++used[thread->tid] >= turn_ticks) {
        used[thread->tid] = 0;
        put(thread, false);
    } else {
        put(thread, true);
    }
}

static bool before(const struct thread *one, const struct thread *other)
{
    unsigned waited = now - since[one->tid], others = now - since[other->tid];

    if (waited >= patience || others >= patience)
        return waited > others;
    return priority_of(one) > priority_of(other);
}

struct thread *scheduler_next(void)
{
    struct thread **best = &first, *thread;

    for (struct thread **link = &first; *link; link = &(*link)->next)
        if (before(*link, *best))
            best = link;
    thread = *best;
    if (thread) {
        *best = thread->next;
        last = 0;
        for (struct thread *each = first; each; each = each->next)
            last = each;
    }
    return thread;
}

void scheduler_rest(void)
{
    __asm__ volatile("hlt");
}
