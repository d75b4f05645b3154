/* A thread waits for typed lines, in read() and in poll(), while another computes and a third sleeps. */
#include "../check.h"
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>

static volatile int stop;
static volatile long ticks, rounds;

static void *compute(void *argument)
{
    while (!stop)
        rounds++;
    return argument;
}

static void *tick(void *argument)
{
    while (!stop) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, 0);
        ticks++;
    }
    return argument;
}

int main(void)
{
    struct pollfd p = {0, POLLIN, 0};
    pthread_t threads[2];
    char line[64];
    ssize_t n;

    CHECK(!pthread_create(&threads[0], 0, compute, 0) && !pthread_create(&threads[1], 0, tick, 0));
    CHECK((n = read(0, line, 6)) == 6 && !memcmp(line, "first\n", 6));
    CHECK(poll(&p, 1, -1) == 1 && p.revents & POLLIN);
    CHECK(fgets(line, sizeof line, stdin) && !strcmp(line, "second\n"));
    CHECK(!fgets(line, sizeof line, stdin) && feof(stdin));
    while (!rounds || !ticks) /* into a pipe, all was typed at once */
        sched_yield();
    stop = 1;
    CHECK(!pthread_join(threads[0], 0) && !pthread_join(threads[1], 0));
    SUCCESS();
}
