/* SPDX-License-Identifier: MIT */
/*
 * threads.c: what the C library's pthreads are made of.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <string.h>

#include "services.h"
#include "thread.h"

long libos_sys_sched_yield(void)
{
    preempt_disable();
    thread_yield();
    preempt_enable();
    return 0;
}

/* One policy, SCHED_OTHER, and in it one priority, 0: every thread gets its turn. */
static long check(int tid, int policy, const struct sched_param *parameters)
{
    if (tid < 0 || policy < 0 || !parameters)
        return -EINVAL;
    preempt_disable();
    bool found = !tid || tid == current->tid || thread_find(tid);
    preempt_enable();
    return !found ? -ESRCH : policy == SCHED_OTHER && !parameters->sched_priority ? 0 : -EINVAL;
}

/* What every thread has. */
static const struct sched_param usual;

/* One processor. */
long libos_sys_sched_getaffinity(int tid, size_t len, unsigned long *mask)
{
    long result = len < sizeof *mask || len % sizeof *mask ? -EINVAL : check(tid, SCHED_OTHER, &usual);
    if (!result)
        *mask = 1;
    return result ? result : (long)sizeof *mask;
}

long libos_sys_sched_getscheduler(int tid)
{
    return check(tid, SCHED_OTHER, &usual);
}

long libos_sys_sched_setscheduler(int tid, int policy, const struct sched_param *parameters)
{
    return check(tid, policy, parameters);
}

long libos_sys_sched_getparam(int tid, struct sched_param *parameters)
{
    if (parameters)
        *parameters = usual;
    return check(tid, SCHED_OTHER, parameters);
}

long libos_sys_sched_setparam(int tid, const struct sched_param *parameters)
{
    return check(tid, SCHED_OTHER, parameters);
}

long libos_sys_sched_get_priority_max(int policy)
{
    return check(0, policy, &usual);
}

long libos_sys_sched_get_priority_min(int policy)
{
    return check(0, policy, &usual);
}

/* A list of locks for a kernel to release that outlives the threads. Here the C library does it when a thread ends; it
 * only asks whether the list can be had. */
long libos_sys_set_robust_list(void *head, size_t len)
{
    (void)head, (void)len;
    return 0;
}

long libos_sys_get_robust_list(int tid, void **head, size_t *len)
{
    (void)tid;
    *head = 0;
    *len = 0;
    return 0;
}

/* One processor sees its own stores in order. */
long libos_sys_membarrier(int command, unsigned flags, int cpu)
{
    (void)command, (void)flags, (void)cpu;
    return 0;
}

/* In place of clone(2), which returns twice: starts a thread at a function. Called by musl/thread.c. */
int libos_start_thread(int (*fn)(void *), void *stack, void *arg, int *parent_tid, uintptr_t fs_base,
                       int *child_tid)
{
    threads_init();
    preempt_disable();
    struct thread *thread = thread_start(fn, arg, (uintptr_t)stack, fs_base);
    int tid = thread ? thread->tid : -EAGAIN;
    if (thread) {
        thread->clear_tid = child_tid;
        *parent_tid = tid;
    }
    preempt_enable();
    return tid;
}

/* Ends the running thread and unmaps the stack it runs on. */
_Noreturn void libos_end_thread_unmapped(void *stack, size_t len)
{
    preempt_disable();
    current->dead_stack = (uintptr_t)stack;
    current->dead_stack_len = len;
    thread_end(0);
}
