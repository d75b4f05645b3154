/* Signals that the program sends to itself: handled, blocked, ignored. */
#include "../check.h"
#include <signal.h>
#include <unistd.h>

static volatile int seen, code, order[4], position;

static void note(int sig)
{
    seen += sig;
}

static void note_info(int sig, siginfo_t *info, void *context)
{
    (void)context;
    seen += sig;
    code = info->si_code;
}

static void note_order(int sig)
{
    order[position++] = sig;
    order[position++] = -sig;
}

int main(void)
{
    sigset_t set;

    CHECK(signal(SIGUSR1, note) == SIG_DFL);
    CHECK(!raise(SIGUSR1) && seen == SIGUSR1);
    CHECK(!kill(getpid(), SIGUSR1) && seen == 2 * SIGUSR1);

    seen = 0;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    CHECK(!sigprocmask(SIG_BLOCK, &set, 0) && !raise(SIGUSR1) && seen == 0);
    CHECK(!sigprocmask(SIG_UNBLOCK, &set, 0) && seen == SIGUSR1);

    struct sigaction action = {.sa_sigaction = note_info, .sa_flags = SA_SIGINFO | SA_RESETHAND};
    seen = 0;
    CHECK(!sigaction(SIGUSR2, &action, 0) && !raise(SIGUSR2) && seen == SIGUSR2 && code == SI_TKILL);
    CHECK(signal(SIGUSR2, SIG_IGN) == SIG_DFL && !raise(SIGUSR2));
    CHECK(!raise(SIGCHLD));
    CHECK(signal(SIGKILL, note) == SIG_ERR && errno == EINVAL);
    CHECK(kill(4711, SIGTERM) == -1 && errno == ESRCH);

    /* Two at once: the second's handler runs before the first one's first instruction, since that does not block it. */
    signal(SIGUSR1, note_order);
    signal(SIGUSR2, note_order);
    sigaddset(&set, SIGUSR2);
    CHECK(!sigprocmask(SIG_BLOCK, &set, 0) && !raise(SIGUSR2) && !raise(SIGUSR1) && position == 0);
    CHECK(!sigprocmask(SIG_UNBLOCK, &set, 0) && position == 4);
    printf("order: %d %d %d %d\n", order[0], order[1], order[2], order[3]);
    SUCCESS();
}
