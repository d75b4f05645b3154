/* Cancellation: at every kind of wait, asynchronously, forbidden for a while; clean-up handlers; locks taken back. */
#define _GNU_SOURCE
#include "../check.h"
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

static int pipe_fds[2], full_fds[2];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static sem_t sem, arrived;
static pthread_t forever;
static volatile int cleaned, computing, disabled;

static void clean(void *argument)
{
    cleaned += *(int *)argument;
}

static void in_read(void)
{
    char c;
    CHECK(read(pipe_fds[0], &c, 1) == -2);
}

static void in_write(void)
{
    char bytes[4096] = {0};
    CHECK(write(full_fds[1], bytes, sizeof bytes) == -2);
}

static void in_sleep(void)
{
    sleep(1000);
}

static void in_nanosleep(void)
{
    clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){1000, 0}, 0);
}

static void in_poll(void)
{
    poll(&(struct pollfd){pipe_fds[0], POLLIN, 0}, 1, -1);
}

static void in_select(void)
{
    fd_set set;

    FD_ZERO(&set);
    FD_SET(pipe_fds[0], &set);
    select(pipe_fds[0] + 1, &set, 0, 0, 0);
}

static void in_epoll(void)
{
    struct epoll_event event = {.events = EPOLLIN};
    int set = epoll_create1(0);

    epoll_ctl(set, EPOLL_CTL_ADD, pipe_fds[0], &event);
    epoll_wait(set, &event, 1, -1);
}

static void in_semaphore(void)
{
    sem_wait(&sem);
}

static void unlock(void *argument)
{
    (void)argument;
    pthread_mutex_unlock(&lock); /* the wait has taken it back */
}

static void in_condition(void)
{
    pthread_mutex_lock(&lock);
    pthread_cleanup_push(unlock, 0);
    for (;;)
        pthread_cond_wait(&cond, &lock);
    pthread_cleanup_pop(1);
}

static void in_join(void)
{
    pthread_join(forever, 0);
}

static void in_sigwait(void)
{
    sigset_t set;
    int sig;

    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigwait(&set, &sig);
}

static void in_pause(void)
{
    pause();
}

static void in_testcancel(void)
{
    for (;;)
        pthread_testcancel();
}

static void asynchronously(void)
{
    int before;

    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &before);
    CHECK(before == PTHREAD_CANCEL_DEFERRED);
    for (;;)
        computing++;
}

static void after_disabled(void)
{
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, 0);
    for (volatile long i = 0; i < 3000000; i++)
        ;
    sleep(0);
    poll(0, 0, 1);
    disabled++;
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, 0);
    sleep(1000);
}

static void *run(void *argument)
{
    int one = 1, two = 2;

    pthread_cleanup_push(clean, &one);
    pthread_cleanup_push(clean, &two);
    sem_post(&arrived);
    (*(void (**)(void))argument)();
    pthread_cleanup_pop(0);
    pthread_cleanup_pop(0);
    return argument;
}

static void *stay(void *argument)
{
    sem_post(&arrived);
    for (;;)
        pause();
    return argument;
}

int main(void)
{
    void (*waits[])(void) = {in_read,    in_write, in_sleep,      in_nanosleep,   in_poll,
                             in_select,  in_epoll, in_semaphore,  in_condition,   in_join,
                             in_sigwait, in_pause, in_testcancel, asynchronously, after_disabled};
    enum { WAITS = sizeof waits / sizeof *waits };
    char bytes[65536] = {0};
    pthread_t thread;
    void *result;

    CHECK(!pipe(pipe_fds) && !pipe(full_fds) && write(full_fds[1], bytes, sizeof bytes) == sizeof bytes);
    CHECK(!sem_init(&sem, 0, 0) && !sem_init(&arrived, 0, 0));
    CHECK(!pthread_create(&forever, 0, stay, 0) && !sem_wait(&arrived));
    for (int i = 0; i < WAITS; i++) {
        /* Once while it waits, once before. */
        for (int early = 0; early < 2; early++) {
            cleaned = 0;
            CHECK(!pthread_create(&thread, 0, run, &waits[i]) && !sem_wait(&arrived));
            if (!early)
                nanosleep(&(struct timespec){.tv_nsec = 2000000}, 0);
            CHECK(!pthread_cancel(thread) && !pthread_join(thread, &result));
            if (result != PTHREAD_CANCELED || cleaned != 3)
                printf("wait %d, early %d\n", i, early);
            CHECK(result == PTHREAD_CANCELED && cleaned == 3);
        }
    }
    CHECK(computing > 0 && disabled == 2 && !pthread_mutex_trylock(&lock));
    CHECK(!pthread_cancel(forever) && !pthread_join(forever, &result) && result == PTHREAD_CANCELED);
    SUCCESS();
}
