/* Real-time signals come as often as they were sent, in order, with their value; others once. */
#define _GNU_SOURCE
#include "../check.h"
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

enum { MOST = 1500 };

static int values[16], count;

static void note(int sig, siginfo_t *info, void *context)
{
    (void)context;
    CHECK(info->si_signo == sig && info->si_code == SI_QUEUE && info->si_pid == getpid());
    values[count++] = sig * 100 + info->si_value.sival_int;
}

/* What is pending for a thread that ends is gone. */
static void *end_with_pending(void *argument)
{
    for (int i = 0; i < 3; i++)
        CHECK(!pthread_kill(pthread_self(), SIGRTMIN));
    return argument;
}

int main(void)
{
    pthread_t thread;
    struct sigaction action = {.sa_sigaction = note, .sa_flags = SA_SIGINFO};
    sigset_t set, old;
    siginfo_t info;
    int low = SIGRTMIN, high = SIGRTMIN + 1, n = 0;

    sigemptyset(&set);
    sigaddset(&set, low);
    sigaddset(&set, high);
    sigaddset(&set, SIGUSR1);
    CHECK(!sigaction(low, &action, 0) && !sigaction(high, &action, 0) && !sigaction(SIGUSR1, &action, 0));
    CHECK(!sigprocmask(SIG_BLOCK, &set, &old));
    for (int i = 1; i <= 3; i++) {
        union sigval value = {.sival_int = i};
        CHECK(!sigqueue(getpid(), high, value) && !sigqueue(getpid(), low, value) &&
              !sigqueue(getpid(), SIGUSR1, value));
    }
    /* Taken by hand: the lowest number first. */
    for (int i = 0; i < 2; i++)
        CHECK(sigwaitinfo(&set, &info) == (i ? low : SIGUSR1) && info.si_value.sival_int == 1);
    CHECK(count == 0 && !sigprocmask(SIG_SETMASK, &old, 0) && count == 5);
    int lows = 0, highs = 0, last_low = 0, last_high = 0;
    for (int i = 0; i < count; i++) {
        int *last = values[i] / 100 == low ? &last_low : &last_high;

        CHECK(values[i] > *last);
        *last = values[i];
        values[i] / 100 == low ? lows++ : highs++;
    }
    CHECK(lows == 2 && highs == 3);

    /* There is an end to how many may be pending; nothing is lost of those that were accepted. */
    CHECK(!sigprocmask(SIG_BLOCK, &set, 0));
    while (n < MOST && !sigqueue(getpid(), low, (union sigval){.sival_int = n}))
        n++;
    CHECK(n > 100);
    for (int i = 0; i < n; i++)
        CHECK(sigwaitinfo(&set, &info) == low && info.si_value.sival_int == i);
    CHECK(!sigpending(&set) && sigisemptyset(&set));
    for (int i = 0; i < n; i++)
        CHECK(!pthread_create(&thread, 0, end_with_pending, 0) && !pthread_join(thread, 0));
    CHECK(!sigpending(&set) && sigisemptyset(&set));
    SUCCESS();
}
