/* SPDX-License-Identifier: MIT */
/*
 * timers.c: timers that send signals: alarm(), setitimer(), timer_create().
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>

#include "clock.h"
#include "pool.h"
#include "services.h"
#include "signals.h"
#include "thread.h"

enum { MAX_TIMERS = 64, NS_PER_S = 1000000000 };
/* A timer with a shorter interval misses some of its expirations: otherwise nothing else would ever run. */
enum { LEAST_NS = 50000 };

struct interval_timer {
    struct timer timer; /* first: it is how its end finds the rest */
    uint64_t due, interval;
    clockid_t clock;
    int tid;        /* who gets the signal; 0 for the process */
    int overrun;    /* expirations that the signal last taken stood for, beside its own */
    siginfo_t info; /* what is sent; signal 0 for nothing */
};

static struct pool pool = POOL(struct interval_timer, MAX_TIMERS);
static struct interval_timer *timers[MAX_TIMERS], alarm_timer;

static uint64_t nanoseconds(const struct timespec *t)
{
    return (uint64_t)t->tv_sec * NS_PER_S + (uint64_t)t->tv_nsec;
}

static struct timespec time_spec(uint64_t ns)
{
    return (struct timespec){.tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S)};
}

static bool valid(const struct timespec *t)
{
    return t->tv_sec >= 0 && t->tv_nsec >= 0 && t->tv_nsec < NS_PER_S;
}

/* At each expiration: the next is counted from when this one was due, not from now. */
static void expire(struct timer *timer)
{
    struct interval_timer *t = (struct interval_timer *)timer;
    uint64_t missed = 0;

    if (t->interval) {
        uint64_t least = clock_monotonic() + LEAST_NS;

        t->due += t->interval;
        if (t->due < least) {
            missed = (least - t->due) / t->interval + 1;
            t->due += missed * t->interval;
        }
        timer_set(timer, t->due);
    }
    struct thread *thread = t->tid ? thread_find(t->tid) : 0;
    if (!t->info.si_signo || (t->tid && !thread))
        return;
    /* Of one timer, one signal at most is pending. */
    siginfo_t *pending = t->info.si_code == SI_TIMER ? signal_of_timer(thread, t->info.si_timerid) : 0;
    if (pending) {
        pending->si_overrun += (int)missed + 1;
        return;
    }
    t->info.si_overrun = (int)missed;
    signal_queue(thread, &t->info);
}

static struct itimerspec state(const struct interval_timer *t)
{
    uint64_t now = clock_monotonic(), deadline = t->timer.deadline, left = 0;

    if (deadline)
        left = deadline > now ? deadline - now : 1; /* 0 would mean that it is not set */
    return (struct itimerspec){.it_interval = time_spec(t->interval), .it_value = time_spec(left)};
}

static void set(struct interval_timer *t, const struct itimerspec *new, bool absolute)
{
    uint64_t now = clock_monotonic(), value = nanoseconds(&new->it_value);

    timer_cancel(&t->timer);
    t->timer.run = expire;
    t->interval = nanoseconds(&new->it_interval);
    if (!value)
        return;
    if (absolute && t->clock == CLOCK_REALTIME)
        value -= clock_wall() - now; /* modulo 2^64 a past time stays in the past */
    t->due = absolute ? ((int64_t)value > 0 ? value : 1) : clock_deadline(&new->it_value);
    timer_set(&t->timer, t->due);
}

/* ---- setitimer ------------------------------------------------------------ */

static struct timespec from_microseconds(struct timeval t)
{
    return (struct timespec){t.tv_sec, t.tv_usec * 1000};
}

static struct timeval to_microseconds(struct timespec t)
{
    return (struct timeval){t.tv_sec, (t.tv_nsec + 999) / 1000};
}

static struct itimerval alarm_state(void)
{
    struct itimerspec now = state(&alarm_timer);

    return (struct itimerval){to_microseconds(now.it_interval), to_microseconds(now.it_value)};
}

/* Only of the time that passes: there is no telling the program's processor time from the machine's. */
long libos_sys_getitimer(int which, struct itimerval *now)
{
    if (which != ITIMER_REAL)
        return -EINVAL;
    preempt_disable();
    *now = alarm_state();
    preempt_enable();
    return 0;
}

long libos_sys_setitimer(int which, const struct itimerval *new, struct itimerval *old)
{
    struct itimerspec wanted = {from_microseconds(new->it_interval), from_microseconds(new->it_value)};

    if (which != ITIMER_REAL || !valid(&wanted.it_value) || !valid(&wanted.it_interval))
        return -EINVAL;
    threads_init();
    preempt_disable();
    if (old)
        *old = alarm_state();
    alarm_timer.info = (siginfo_t){.si_signo = SIGALRM, .si_code = SI_KERNEL};
    set(&alarm_timer, &wanted, false);
    preempt_enable();
    return 0;
}

/* ---- timer_create --------------------------------------------------------- */

static struct interval_timer *find(int id)
{
    return id >= 0 && id < MAX_TIMERS ? timers[id] : 0;
}

static void taken(const siginfo_t *info)
{
    struct interval_timer *t = find(info->si_timerid);

    if (t)
        t->overrun = info->si_overrun;
}

/* The timer gets the lowest number that is free. */
static long create(clockid_t clock, const struct kernel_sigevent *event)
{
    int id = 0;

    while (id < MAX_TIMERS && timers[id])
        id++;
    struct interval_timer *t = id < MAX_TIMERS ? pool_alloc(&pool) : 0;
    if (!t)
        return -EAGAIN;
    t->clock = clock;
    t->info.si_code = SI_TIMER;
    t->info.si_timerid = id;
    if (!event) {
        t->info.si_signo = SIGALRM;
        t->info.si_value.sival_int = id;
    } else if (event->notify != SIGEV_NONE) {
        t->info.si_signo = event->signo;
        t->info.si_value = event->value;
        t->tid = event->notify == SIGEV_THREAD_ID ? event->tid : 0;
    }
    timers[id] = t;
    timer_signal_taken = taken;
    return id;
}

/* CLOCK_REALTIME and CLOCK_MONOTONIC: processor time is not counted. */
long libos_sys_timer_create(clockid_t clock, const struct kernel_sigevent *event, int *id)
{
    if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME)
        return -EINVAL;
    if (event && event->notify != SIGEV_NONE) {
        if (event->notify != SIGEV_SIGNAL && event->notify != SIGEV_THREAD_ID)
            return -EINVAL;
        if (event->signo < 1 || event->signo > SIGNALS)
            return -EINVAL;
    }
    threads_init();
    preempt_disable();
    long result = create(clock, event);
    preempt_enable();
    if (result < 0)
        return result;
    *id = (int)result;
    return 0;
}

long libos_sys_timer_settime(int id, int flags, const struct itimerspec *new, struct itimerspec *old)
{
    if (!valid(&new->it_value) || !valid(&new->it_interval))
        return -EINVAL;
    preempt_disable();
    struct interval_timer *t = find(id);
    if (t && old)
        *old = state(t);
    if (t)
        set(t, new, flags & TIMER_ABSTIME);
    preempt_enable();
    return t ? 0 : -EINVAL;
}

long libos_sys_timer_gettime(int id, struct itimerspec *now)
{
    preempt_disable();
    struct interval_timer *t = find(id);
    if (t)
        *now = state(t);
    preempt_enable();
    return t ? 0 : -EINVAL;
}

long libos_sys_timer_getoverrun(int id)
{
    struct interval_timer *t = find(id);

    return t ? t->overrun : -EINVAL;
}

long libos_sys_timer_delete(int id)
{
    preempt_disable();
    struct interval_timer *t = find(id);
    if (t) {
        timer_cancel(&t->timer);
        timers[id] = 0;
        pool_free(&pool, t);
    }
    preempt_enable();
    return t ? 0 : -EINVAL;
}
