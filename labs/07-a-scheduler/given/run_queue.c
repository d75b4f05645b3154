/* SPDX-License-Identifier: MIT */
/*
 * run_queue.c: in place of the library OS's own. It asks your scheduler.c, looks at
 * each answer, and keeps a record of both for the check.
 */
#include "run_queue.h"

#include "console.h"
#include "cpu.h"
#include "lab.h"
#include "machine.h"
#include "scheduler.h"

enum { MOST_EVENTS = 6000 };

/* A tick. Short, so that a check takes a second and not a minute. */
const uint64_t quantum_ns = 1000000;

unsigned turn_ticks = 1, patience = 1u << 30;

/* What this file knows of each thread. */
static struct seat {
    struct thread *thread;
    const char *came_by; /* the function that scheduler.c got it by; null while it is not there */
    int priority;
    volatile unsigned ticks; /* that came while it ran */
} seats[MAX_TID];

static volatile unsigned ready_count;
static struct thread *aside; /* who was interrupted between ticks: it just goes on */
static int next_priority;
static bool halted;

static struct {
    char kind;
    unsigned char tid;
} events[MOST_EVENTS];
static unsigned event_count;
static bool recording;

static void note(char kind, int tid)
{
    if (recording && event_count < MOST_EVENTS) {
        events[event_count].kind = kind;
        events[event_count++].tid = (unsigned char)tid;
    }
}

/* ---- complaints ------------------------------------------------------------ */

static void say_thread(const struct thread *thread)
{
    console_puts("thread ");
    console_dec((uint64_t)thread->tid);
}

static _Noreturn void wrong(void)
{
    console_puts(".\n");
    panic("scheduler.c gave a wrong answer");
}

static void check_next(const struct thread *thread)
{
    if (!thread) {
        if (!ready_count)
            return;
        console_puts("\nlab: scheduler_next() gave null, and ");
        for (int tid = 0; tid < MAX_TID; tid++) {
            if (!seats[tid].came_by)
                continue;
            say_thread(seats[tid].thread);
            console_puts(" is ready. It came by ");
            console_puts(seats[tid].came_by);
            wrong();
        }
    }
    for (int tid = 0; tid < MAX_TID; tid++) {
        if (seats[tid].thread != thread)
            continue;
        if (seats[thread->tid].came_by)
            return;
        console_puts("\nlab: scheduler_next() gave ");
        say_thread(thread);
        console_puts(thread->state == THREAD_WAITING ? ", which is not ready: it waits"
                     : thread->state == THREAD_ENDED
                         ? ", which is not ready: it has ended"
                         : ", which is not ready: it was given before, and did not come back");
        wrong();
    }
    console_puts("\nlab: scheduler_next() gave an address that is no thread");
    wrong();
}

/* ---- what core/thread.c calls ----------------------------------------------- */

static struct seat *come(struct thread *thread, const char *by, char kind)
{
    if (thread->tid < 0 || thread->tid >= MAX_TID)
        panic("this lab has room for 63 threads");
    struct seat *seat = &seats[thread->tid];

    if (seat->thread != thread) {
        seat->thread = thread;
        seat->priority = next_priority;
    }
    seat->came_by = by;
    ready_count++;
    note(kind, thread->tid);
    return seat;
}

void run_queue_add(struct thread *thread)
{
    come(thread, "scheduler_ready()", 'R');
    scheduler_ready(thread);
}

void run_queue_put_back(struct thread *thread, enum made_way why)
{
    if (why == INTERRUPTED) {
        aside = thread;
    } else if (why == QUANTUM_OVER) {
        come(thread, "scheduler_tick()", 'T')->ticks++;
        scheduler_tick(thread);
    } else {
        come(thread, "scheduler_yield()", 'Y');
        scheduler_yield(thread);
    }
}

struct thread *run_queue_take(void)
{
    struct thread *thread = aside;

    if (thread) {
        aside = 0;
        return thread;
    }
    thread = scheduler_next();
    check_next(thread);
    if (thread) {
        seats[thread->tid].came_by = 0;
        ready_count--;
        note('N', thread->tid);
    }
    return thread;
}

bool run_queue_empty(void)
{
    return !ready_count && !aside;
}

void run_queue_rest(void)
{
    halted = false;
    note('I', 0);
    scheduler_rest();
    if (!halted) {
        console_puts("\nlab: scheduler_rest() came back without a halt: an idle processor would spin");
        wrong();
    }
}

/* ---- what scheduler.c calls -------------------------------------------------- */

int priority_of(const struct thread *thread)
{
    return seats[thread->tid].priority;
}

void halt_until_interrupt(void)
{
    halted = true;
    interrupts_wait();
}

/* ---- what the trial program calls --------------------------------------------- */

void lab_begin(unsigned turn, unsigned most_ticks, int priority)
{
    turn_ticks = turn;
    patience = most_ticks;
    seats[current->tid] = (struct seat){.thread = current, .priority = priority};
    recording = true;
}

void lab_priority(int priority)
{
    next_priority = priority;
}

void lab_run(unsigned ticks)
{
    const struct seat *seat = &seats[current->tid];
    unsigned end = seat->ticks + ticks;

    while (seat->ticks < end && ready_count)
        cpu_relax();
}

void lab_end(void)
{
    recording = false;
    preempt_disable();
    console_puts("\nrecord");
    for (unsigned i = 0; i < event_count; i++) {
        char text[] = {' ', events[i].kind, 0};

        console_puts(text);
        console_dec(events[i].tid);
    }
    console_puts("\n");
    preempt_enable();
}
