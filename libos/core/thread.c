/* SPDX-License-Identifier: MIT */
/*
 * thread.c: the scheduler. Threads take turns, in the order that run_queue.c
 * decides; who waits is in a queue; when nobody is ready, the idle thread halts the
 * processor.
 */
#include "thread.h"

#include <errno.h>

#include "clock.h"
#include "console.h"
#include "cpu.h"
#include "deferred.h"
#include "futex.h"
#include "interrupts.h"
#include "machine.h"
#include "pool.h"
#include "queue.h"
#include "run_queue.h"
#include "vm.h"

enum { MAX_THREADS = 1024 };

static struct pool pool = POOL(struct thread, MAX_THREADS);
static struct thread idle_thread;
static struct thread *interrupted; /* by work, which the idle thread does now; it is in no queue meanwhile */
static enum made_way made_way;     /* why it does not run */
static struct thread *dead;        /* who has ended and is not buried yet */
struct thread *all_threads = &main_thread;
static struct timer quantum;

static void bury(void);
static struct work burial = {.run = bury};

extern char __boot_stack_end[];

/* context.S */
void context_switch(uint64_t *save_rsp, uint64_t load_rsp);
void context_first(void);

/* ---- taking turns --------------------------------------------------------- */

/* From now on there may be somebody to take turns with. */
static void make_ready(struct thread *thread)
{
    run_queue_add(thread);
    if (!quantum.deadline)
        timer_set(&quantum, clock_monotonic() + quantum_ns);
}

/* Runs the next thread; the state of the running one says where it goes. Work that waits to be done comes first: the
 * idle thread does it. Who makes way for that goes on after those whom the work wakes. */
static void schedule(enum made_way why)
{
    struct thread *before = current, *next = &idle_thread;
    bool enabled = interrupts_disable();

    if (before != &idle_thread && deferred_wanted()) {
        if (before->state == THREAD_READY)
            interrupted = before;
        made_way = why;
    } else {
        if (before != &idle_thread && before->state == THREAD_READY)
            run_queue_put_back(before, why);
        struct thread *first = run_queue_take();
        if (first)
            next = first;
        if (!run_queue_empty() && !quantum.deadline)
            timer_set(&quantum, clock_monotonic() + quantum_ns);
    }
    if (next != before) {
        current = next;
        if (next->fs_base != before->fs_base)
            set_fs_base(next->fs_base);
        context_switch(&before->rsp, next->rsp);
    }
    resched_wanted = deferred_wanted() || signal_waits(current);
    if (enabled)
        interrupts_enable();
}

/* Whoever ran when the timer interrupt came has made way for this already. */
static void quantum_over(struct timer *timer)
{
    (void)timer;
    if (made_way == INTERRUPTED)
        made_way = QUANTUM_OVER;
}

/* What resched() is: called when preemption has become possible, with interrupts off by an interrupt. They stay off
 * up to its return from there, so that a flood of interrupts cannot pile up on the stack. */
static void preempt(void)
{
    preempt_disable();
    bool enabled = interrupts_disable();
    do {
        schedule(INTERRUPTED);
        if (signal_waits(current)) {
            resched_wanted = deferred_wanted();
            current->preempt_count--;
            deliver_signals();
            current->preempt_count++;
        }
    } while (resched_wanted);
    current->preempt_count--;
    if (enabled)
        interrupts_enable();
}

/* Runs on the boot stack: does the work that waits, and halts while no thread is ready. Work is done here so that no
 * program's stack has to be large enough for it. */
static _Noreturn void idle(void)
{
    for (;;) {
        interrupts_enable();
        deferred_run();
        if (interrupted)
            run_queue_put_back(interrupted, made_way);
        interrupted = 0;
        interrupts_disable();
        if (!run_queue_empty())
            schedule(YIELDED);
        else if (!deferred_wanted())
            run_queue_rest();
    }
}

/* Where a new thread begins; called by context_first(), with preemption disabled and interrupts off. */
static void arrive(void)
{
    resched_wanted = deferred_wanted() || signal_waits(current);
    interrupts_enable();
    preempt_enable();
}

/* Makes a stack look as context_switch() leaves one, to return into context_first(). Its floating-point environment is
 * its maker's, as POSIX has it. */
static void prepare(struct thread *thread, uintptr_t stack, int (*fn)(void *), void *arg)
{
    uint64_t *end = (uint64_t *)(stack & ~(uintptr_t)15);
    struct switch_frame *frame = (struct switch_frame *)(end - 1) - 1;

    end[-1] = 0; /* a backtrace ends here, and the stack is as after a call */
    *frame = (struct switch_frame){.floating_point = floating_point_state(),
                                   .r13 = (uintptr_t)arrive,
                                   .r12 = (uintptr_t)arg,
                                   .rbx = (uintptr_t)fn,
                                   .rip = (uintptr_t)context_first};
    thread->rsp = (uintptr_t)frame;
}

/* Unmaps the stacks of those who have ended. */
static void bury(void)
{
    struct thread *thread;

    while ((thread = dead)) {
        dead = thread->next;
        if (thread->dead_stack_len)
            vm_unmap(thread->dead_stack, thread->dead_stack_len);
        if (thread != &main_thread)
            pool_free(&pool, thread);
    }
}

void threads_init(void)
{
    if (resched == preempt)
        return;
    idle_thread.preempt_count = 1;
    prepare(&idle_thread, (uintptr_t)__boot_stack_end, 0, 0);
    /* The idle thread never ends preemption's ban: it goes straight into its loop. */
    ((struct switch_frame *)idle_thread.rsp)->rip = (uintptr_t)idle;
    quantum.run = quantum_over;
    futex = futex_of_threads;
    interrupts_used = true;
    interrupts_init();
    resched = preempt;
    end_thread = thread_end;
    report_threads = threads_report;
}

/* ---- threads -------------------------------------------------------------- */

struct thread *thread_start(int (*fn)(void *), void *arg, uintptr_t stack, uintptr_t fs_base)
{
    static int last_tid = 1;
    struct thread *thread = pool_alloc(&pool);

    if (!thread)
        return 0;
    thread->tid = ++last_tid;
    thread->fs_base = fs_base;
    thread->blocked = current->blocked;
    thread->preempt_count = 1;
    thread->all_next = all_threads;
    all_threads = thread;
    prepare(thread, stack, fn, arg);
    make_ready(thread);
    return thread;
}

_Noreturn void thread_end(int status)
{
    struct thread **link = &all_threads;

    preempt_disable();
    if (!all_threads->all_next)
        program_end((unsigned)status & 0xff);
    while (*link != current)
        link = &(*link)->all_next;
    *link = current->all_next;
    if (forget_signals)
        forget_signals(current);
    if (current->clear_tid) {
        *current->clear_tid = 0;
        futex_wake(current->clear_tid, 1);
    }
    current->state = THREAD_ENDED;
    current->next = dead;
    dead = current;
    interrupts_disable();
    work_ask(&burial); /* by the idle thread: this stack is still in use */
    schedule(YIELDED);
    panic("a thread that has ended runs");
}

struct thread *thread_find(int tid)
{
    struct thread *thread = all_threads;

    while (thread && thread->tid != tid)
        thread = thread->all_next;
    return thread;
}

struct thread *thread_for_signal(uint64_t bit)
{
    struct thread *thread = all_threads;

    if (current != &idle_thread && !(current->blocked & bit))
        return current;
    while (thread && thread->blocked & bit)
        thread = thread->all_next;
    return thread ? thread : current == &idle_thread ? all_threads : current;
}

void thread_yield(void)
{
    if (!run_queue_empty())
        schedule(YIELDED);
}

/* ---- waiting -------------------------------------------------------------- */

/* The deadline of a thread's wait; on the stack of the thread, since it can only wait once at a time. */
struct wait_timer {
    struct timer timer;
    struct thread *thread;
};

static void wait_over(struct timer *timer)
{
    wake_thread(((struct wait_timer *)timer)->thread, -ETIMEDOUT);
}

int wait_on(struct wait_queue *queue, uint64_t deadline)
{
    struct wait_timer over = {.timer.run = wait_over, .thread = current};

    threads_init();
    if (signal_waits(current)) {
        resched_wanted = true; /* so that its handler runs when preemption is enabled */
        return -EINTR;
    }
    current->state = THREAD_WAITING;
    current->queue = queue;
    if (queue)
        queue_push(queue, current);
    if (deadline != FOREVER)
        timer_set(&over.timer, deadline);
    schedule(YIELDED);
    timer_cancel(&over.timer);
    /* A signal to the process may have been taken by another thread meanwhile. It may not be waited on here again: what
     * this thread waits for may have happened while it was in no queue. */
    if (current->wait_result == -EINTR && !signal_waits(current))
        return 0;
    return current->wait_result;
}

void wait_through_signals(struct wait_queue *queue)
{
    uint64_t blocked = current->blocked;

    current->blocked = ~0ull;
    wait_on(queue, FOREVER);
    current->blocked = blocked;
    if (signal_waits(current))
        resched_wanted = true;
}

void wake_thread(struct thread *thread, int result)
{
    if (thread->state != THREAD_WAITING)
        return;
    if (thread->queue)
        queue_take_out(thread->queue, thread);
    thread->queue = 0;
    thread->state = THREAD_READY;
    thread->wait_result = result;
    make_ready(thread);
}

int wake_one(struct wait_queue *queue)
{
    if (!queue->first)
        return 0;
    wake_thread(queue->first, 0);
    return 1;
}

int wake_all(struct wait_queue *queue)
{
    int woken = 0;

    while (wake_one(queue))
        woken++;
    return woken;
}
