/* Waiting for signals, and waits that signals end or do not end: sigwait, sigsuspend, pause, ppoll, EINTR, SA_RESTART. */
#define _GNU_SOURCE
#include "../check.h"
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

static volatile int seen, over;
static pthread_t main_thread;
static int fds[2];
static sem_t sem;

static void note(int sig)
{
    (void)sig;
    seen++;
}

static void handle(int flags)
{
    struct sigaction action = {.sa_handler = note, .sa_flags = flags};

    CHECK(!sigaction(SIGUSR1, &action, 0));
}

static void ms(long n)
{
    nanosleep(&(struct timespec){.tv_nsec = n * 1000000}, 0);
}

/* Interrupts the main thread's wait: again and again, since the first signal may come before it waits. */
static void *interrupt(void *argument)
{
    while (!over) {
        ms(3);
        CHECK(!pthread_kill(main_thread, SIGUSR1));
    }
    return argument;
}

/* Interrupts it, and gives it then what it waits for. */
static void *interrupt_and_give(void *argument)
{
    ms(5);
    CHECK(!pthread_kill(main_thread, SIGUSR1));
    ms(5);
    CHECK(write(fds[1], "x", 1) == 1 && !sem_post(&sem));
    return argument;
}

static void *signal_process(void *argument)
{
    ms(2);
    kill(getpid(), (int)(long)argument);
    return 0;
}

static pthread_t helper;

static void begin(void *(*fn)(void *), long argument)
{
    seen = over = 0;
    CHECK(!pthread_create(&helper, 0, fn, (void *)argument));
}

static void end(int handled)
{
    over = 1;
    CHECK(!pthread_join(helper, 0) && !!seen == handled);
}

/* A signal that comes while it is blocked, before the call that lets it through, ends that call. */
static void pending(sigset_t *open_mask)
{
    struct epoll_event event = {.events = EPOLLIN};
    struct pollfd poll_fd = {fds[0], POLLIN, 0};
    sigset_t now;
    fd_set set;
    int epoll = epoll_create1(0);

    CHECK(epoll >= 0 && !epoll_ctl(epoll, EPOLL_CTL_ADD, fds[0], &event));
    for (int i = 0; i < 4; i++) {
        seen = 0;
        CHECK(!raise(SIGUSR1) && seen == 0);
        FD_ZERO(&set);
        FD_SET(fds[0], &set);
        CHECK((i == 0   ? ppoll(&poll_fd, 1, 0, open_mask)
               : i == 1 ? pselect(fds[0] + 1, &set, 0, 0, 0, open_mask)
               : i == 2 ? epoll_pwait(epoll, &event, 1, -1, open_mask)
                        : sigsuspend(open_mask)) == -1 &&
              errno == EINTR && seen == 1);
        CHECK(!sigprocmask(SIG_SETMASK, 0, &now) && sigismember(&now, SIGUSR1));
    }
    /* What is ready comes first, and the signal stays. */
    CHECK(write(fds[1], "x", 1) == 1 && !raise(SIGUSR1) && ppoll(&poll_fd, 1, 0, open_mask) == 1 && seen == 1);
    CHECK(!sigpending(&now) && sigismember(&now, SIGUSR1));
    CHECK(read(fds[0], &poll_fd, 1) == 1 && !close(epoll));
}

int main(void)
{
    sigset_t set, before;
    siginfo_t info;
    char c;
    int sig;

    main_thread = pthread_self();
    CHECK(!pipe(fds) && !sem_init(&sem, 0, 0));

    handle(0);
    begin(interrupt, 0);
    CHECK(read(fds[0], &c, 1) == -1 && errno == EINTR);
    end(1);
    begin(interrupt, 0);
    CHECK(poll(&(struct pollfd){fds[0], POLLIN, 0}, 1, -1) == -1 && errno == EINTR);
    end(1);
    begin(interrupt, 0);
    CHECK(sem_wait(&sem) == -1 && errno == EINTR);
    end(1);
    begin(interrupt, 0);
    CHECK(pause() == -1 && errno == EINTR);
    end(1);
    struct timespec left = {0};
    begin(interrupt, 0);
    CHECK(nanosleep(&(struct timespec){1000, 0}, &left) == -1 && errno == EINTR && left.tv_sec >= 990);
    end(1);

    handle(SA_RESTART);
    begin(interrupt_and_give, 0);
    CHECK(read(fds[0], &c, 1) == 1 && c == 'x' && !sem_wait(&sem));
    end(1);
    begin(interrupt_and_give, 0);
    CHECK(!sem_wait(&sem) && read(fds[0], &c, 1) == 1);
    end(1);
    begin(interrupt, 0); /* never restarted, whatever the flag */
    CHECK(poll(&(struct pollfd){fds[0], POLLIN, 0}, 1, -1) == -1 && errno == EINTR);
    end(1);

    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    CHECK(!pthread_sigmask(SIG_BLOCK, &set, &before));
    pending(&before);
    CHECK(!sigwait(&set, &sig) && sig == SIGUSR1); /* the one that stayed */
    begin(signal_process, SIGUSR1);
    CHECK(!sigwait(&set, &sig) && sig == SIGUSR1);
    end(0);
    begin(signal_process, SIGUSR1);
    CHECK(sigwaitinfo(&set, &info) == SIGUSR1 && info.si_code == SI_USER && info.si_pid == getpid());
    end(0);
    CHECK(sigtimedwait(&set, 0, &(struct timespec){.tv_nsec = 3000000}) == -1 && errno == EAGAIN);
    CHECK(sigtimedwait(&set, 0, &(struct timespec){.tv_nsec = -1}) == -1 && errno == EINVAL);
    CHECK(!raise(SIGUSR1) && sigtimedwait(&set, 0, &(struct timespec){0}) == SIGUSR1);
    SUCCESS();
}
