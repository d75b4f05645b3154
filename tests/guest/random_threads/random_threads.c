/* Sixteen threads do what comes, from a seed: locks of each kind, pipes, threads, signals, sleeps, memory. Afterwards
 * all the sums are right. Arguments: a seed, and how many operations each thread does. UNILAB_SOAK: ten times as many. */
#define _GNU_SOURCE
#include "../check.h"
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 16, LOCKS = 3 };

static struct {
    pthread_mutex_t mutex;
    long count;
} locks[LOCKS];
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static sem_t sem;
static int fds[2], event;
static pthread_t threads[THREADS];
static long operations = 1500, done[THREADS], seen_a, seen_b, tickets;
static _Atomic long handled, sent, total_written, total_read, added, semaphore_uses;

static void note(int sig)
{
    (void)sig;
    handled++;
}

static unsigned next(unsigned *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    return *state ^= *state << 5;
}

static void *add_one(void *argument)
{
    ++*(long *)argument;
    return argument;
}

static void operation(int me, unsigned random)
{
    unsigned which = random / 16 % LOCKS;
    long one = 0;
    char *p;

    switch (random % 14) {
    case 0:
    case 1:
        CHECK(!pthread_mutex_lock(&locks[which].mutex));
        long before = locks[which].count;
        if (random & 1024)
            sched_yield();
        locks[which].count = before + 1;
        CHECK(!pthread_mutex_unlock(&locks[which].mutex));
        done[me]++;
        break;
    case 2:
        if (!pthread_mutex_trylock(&locks[which].mutex)) {
            locks[which].count++;
            CHECK(!pthread_mutex_unlock(&locks[which].mutex));
            done[me]++;
        }
        break;
    case 3:
        CHECK(!pthread_rwlock_wrlock(&rwlock));
        seen_a++;
        sched_yield();
        seen_b++;
        CHECK(!pthread_rwlock_unlock(&rwlock));
        break;
    case 4:
        CHECK(!pthread_rwlock_rdlock(&rwlock) && seen_a == seen_b && !pthread_rwlock_unlock(&rwlock));
        break;
    case 5:
        while (sem_wait(&sem))
            ;
        semaphore_uses++;
        CHECK(!sem_post(&sem));
        break;
    case 6:
        total_written += write(fds[1], &one, 8) == 8 ? 8 : 0; /* the pipe may be full */
        break;
    case 7: {
        char bytes[64];
        ssize_t n = read(fds[0], bytes, sizeof bytes); /* which does not wait */
        total_read += n > 0 ? n : 0;
        break;
    }
    case 8:
        sent++;
        CHECK(!pthread_kill(threads[random / 64 % THREADS], SIGUSR1));
        break;
    case 9:
        nanosleep(&(struct timespec){.tv_nsec = random % 100000}, 0);
        break;
    case 10: {
        pthread_t thread;
        void *result;
        if (!pthread_create(&thread, 0, add_one, &one))
            CHECK(!pthread_join(thread, &result) && result == &one && one == 1);
        break;
    }
    case 11:
        p = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p != MAP_FAILED) {
            CHECK(p[0] == 0 && p[8191] == 0);
            p[0] = 1;
            CHECK(!munmap(p, 8192));
        }
        break;
    case 12:
        CHECK(!pthread_mutex_lock(&locks[0].mutex));
        if (random & 1024) {
            tickets++;
            CHECK(!(random & 2048 ? pthread_cond_signal(&cond) : pthread_cond_broadcast(&cond)));
        } else if (tickets) {
            tickets--;
        } else {
            struct timespec until;
            clock_gettime(CLOCK_REALTIME, &until);
            if ((until.tv_nsec += random % 200000) >= 1000000000)
                until.tv_sec++, until.tv_nsec -= 1000000000;
            int result = pthread_cond_timedwait(&cond, &locks[0].mutex, &until);
            CHECK(result == 0 || result == ETIMEDOUT);
        }
        CHECK(!pthread_mutex_unlock(&locks[0].mutex));
        break;
    case 13:
        CHECK(!eventfd_write(event, 1));
        added++;
        break;
    }
}

static void *run(void *argument)
{
    int me = (int)(long)argument & 15;
    unsigned state = (unsigned)(long)argument;

    pthread_barrier_wait(&barrier); /* so that each can be sent signals, */
    for (long i = 0; i < operations; i++)
        operation(me, next(&state));
    pthread_barrier_wait(&barrier); /* up to the end */
    return argument;
}

int main(int argc, char **argv)
{
    unsigned seed = argc > 1 ? (unsigned)atoi(argv[1]) : 1;
    struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART};
    long locked = 0, wanted = 0;
    eventfd_t value = 0;
    char bytes[4096];
    ssize_t n;

    if (argc > 2)
        operations = atol(argv[2]);
    if (getenv("UNILAB_SOAK"))
        operations *= 10;
    CHECK(!sigaction(SIGUSR1, &action, 0) && !pipe2(fds, O_NONBLOCK) && !sem_init(&sem, 0, 3) &&
          (event = eventfd(0, 0)) >= 0);
    for (int i = 0; i < LOCKS; i++)
        CHECK(!pthread_mutex_init(&locks[i].mutex, 0));
    CHECK(!pthread_barrier_init(&barrier, 0, THREADS));
    for (long i = 0; i < THREADS; i++)
        CHECK(!pthread_create(&threads[i], 0, run, (void *)(long)((seed * 16 + 16) | i)));
    for (int i = 0; i < THREADS; i++)
        CHECK(!pthread_join(threads[i], 0));

    for (int i = 0; i < LOCKS; i++)
        locked += locks[i].count;
    for (int i = 0; i < THREADS; i++)
        wanted += done[i];
    CHECK(locked == wanted && seen_a == seen_b && handled > 0 && handled <= sent);
    while (total_read < total_written) {
        CHECK((n = read(fds[0], bytes, sizeof bytes)) > 0);
        total_read += n;
    }
    CHECK(total_read == total_written && !eventfd_read(event, &value) && (long)value == added);
    int left;
    CHECK(!sem_getvalue(&sem, &left) && left == 3);
    SUCCESS();
}
