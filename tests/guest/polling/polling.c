/* poll() and select(): what is ready, what is not there, deadlines, being woken by another thread. */
#define _GNU_SOURCE
#include "../check.h"
#include <poll.h>
#include <pthread.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

static int a[2], b[2];

static long long now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static void *write_later(void *argument)
{
    nanosleep(&(struct timespec){.tv_nsec = 3000000}, 0);
    CHECK(write(*(int *)argument, "x", 1) == 1);
    return 0;
}

static void *close_later(void *argument)
{
    nanosleep(&(struct timespec){.tv_nsec = 3000000}, 0);
    CHECK(!close(*(int *)argument));
    return 0;
}

int main(void)
{
    struct pollfd fds[4];
    struct timeval zero = {0}, soon = {0, 5000};
    fd_set in, out;
    pthread_t thread;
    char c;

    CHECK(!pipe(a) && !pipe(b));
    fds[0] = (struct pollfd){a[0], POLLIN, 77};
    fds[1] = (struct pollfd){b[1], POLLOUT, 77};
    fds[2] = (struct pollfd){-1, POLLIN, 77};
    fds[3] = (struct pollfd){900, POLLIN, 77};
    CHECK(poll(fds, 4, -1) == 2);
    CHECK(fds[0].revents == 0 && fds[1].revents == POLLOUT && fds[2].revents == 0 && fds[3].revents == POLLNVAL);

    long long start = now();
    CHECK(poll(fds, 1, 10) == 0 && now() - start >= 10000000);
    CHECK(poll(0, 0, 1) == 0 && poll(fds, 1, 0) == 0);

    CHECK(!pthread_create(&thread, 0, write_later, &a[1]) && poll(fds, 1, -1) == 1 && fds[0].revents == POLLIN);
    CHECK(!pthread_join(thread, 0) && read(a[0], &c, 1) == 1);

    fds[0].events = POLLRDNORM;
    CHECK(write(a[1], "y", 1) == 1 && poll(fds, 1, -1) == 1 && fds[0].revents == POLLRDNORM &&
          read(a[0], &c, 1) == 1);
    fds[0].events = POLLIN;

    /* The same file twice, and through a copy. */
    fds[1] = fds[0];
    fds[2] = (struct pollfd){dup(a[0]), POLLIN, 0};
    CHECK(!pthread_create(&thread, 0, write_later, &a[1]) && poll(fds, 3, -1) == 3 && !pthread_join(thread, 0));
    CHECK(read(a[0], &c, 1) == 1 && !close(fds[2].fd));

    /* Being hung up on. */
    CHECK(!pthread_create(&thread, 0, close_later, &a[1]) && poll(fds, 1, -1) == 1 && fds[0].revents == POLLHUP);
    CHECK(!pthread_join(thread, 0) && !close(a[0]) && !pipe(a));

    FD_ZERO(&in);
    FD_ZERO(&out);
    FD_SET(a[0], &in);
    FD_SET(b[0], &in);
    FD_SET(b[1], &out);
    CHECK(select(b[1] + 1, &in, &out, 0, &soon) == 1 && !FD_ISSET(a[0], &in) && FD_ISSET(b[1], &out));
    CHECK(write(b[1], "y", 1) == 1);
    FD_SET(a[0], &in);
    FD_SET(b[0], &in);
    CHECK(select(b[1] + 1, &in, 0, 0, 0) == 1 && FD_ISSET(b[0], &in) && !FD_ISSET(a[0], &in));
    CHECK(read(b[0], &c, 1) == 1);
    FD_SET(b[0], &in);
    CHECK(select(b[1] + 1, &in, 0, 0, &zero) == 0 && !FD_ISSET(b[0], &in));
    start = now();
    CHECK(select(0, 0, 0, 0, &soon) == 0 && now() - start >= 5000000);
    int closed = dup(0);
    CHECK(!close(closed));
    FD_SET(closed, &in);
    CHECK(select(closed + 1, &in, 0, 0, &zero) == -1 && errno == EBADF);
    FD_ZERO(&in);
    FD_SET(a[0], &in);
    CHECK(!pthread_create(&thread, 0, close_later, &a[1]) && select(a[0] + 1, &in, 0, 0, 0) == 1);
    CHECK(FD_ISSET(a[0], &in) && read(a[0], &c, 1) == 0 && !pthread_join(thread, 0));
    SUCCESS();
}
