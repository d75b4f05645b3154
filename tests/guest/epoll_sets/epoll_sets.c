/* epoll: by level, by edge, once; sets in sets; files that are closed while they are watched, and their copies. */
#define _GNU_SOURCE
#include "../check.h"
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { MANY = 100 };

static int set, a[2], b[2];
static struct epoll_event got[8];

static int ctl(int op, int fd, unsigned events)
{
    struct epoll_event event = {.events = events, .data.fd = fd};

    return epoll_ctl(set, op, fd, &event);
}

static int wait_now(void)
{
    return epoll_wait(set, got, 8, 0);
}

static void *write_later(void *argument)
{
    nanosleep(&(struct timespec){.tv_nsec = 3000000}, 0);
    CHECK(write(*(int *)argument, "x", 1) == 1);
    return 0;
}

static void *wait_for_one(void *argument)
{
    struct epoll_event event;

    CHECK(epoll_wait(set, &event, 1, -1) == 1);
    *(int *)argument = event.data.fd;
    return 0;
}

int main(void)
{
    char buf[16];
    pthread_t thread, other;

    CHECK((set = epoll_create1(EPOLL_CLOEXEC)) >= 0 && !pipe(a) && !pipe(b));
    CHECK(epoll_create1(12345) == -1 && errno == EINVAL);

    /* By level: as long as it is so. */
    CHECK(!ctl(EPOLL_CTL_ADD, a[0], EPOLLIN) && ctl(EPOLL_CTL_ADD, a[0], EPOLLIN) == -1 && errno == EEXIST);
    CHECK(wait_now() == 0 && write(a[1], "ab", 2) == 2);
    for (int i = 0; i < 2; i++)
        CHECK(wait_now() == 1 && got[0].events == EPOLLIN && got[0].data.fd == a[0] && read(a[0], buf, 1) == 1);
    CHECK(wait_now() == 0);
    CHECK(!ctl(EPOLL_CTL_ADD, b[1], EPOLLOUT) && write(a[1], "c", 1) == 1 && wait_now() == 2);
    CHECK(!ctl(EPOLL_CTL_DEL, b[1], 0) && ctl(EPOLL_CTL_DEL, b[1], 0) == -1 && errno == ENOENT);
    CHECK(ctl(EPOLL_CTL_MOD, b[1], 0) == -1 && errno == ENOENT);

    /* By edge: once for each time something comes. */
    CHECK(!ctl(EPOLL_CTL_MOD, a[0], EPOLLIN | EPOLLET) && wait_now() == 1 && wait_now() == 0);
    CHECK(write(a[1], "d", 1) == 1 && wait_now() == 1 && wait_now() == 0 && read(a[0], buf, 16) == 2);

    /* Once, until it is asked for again. */
    CHECK(!ctl(EPOLL_CTL_MOD, a[0], EPOLLIN | EPOLLONESHOT) && wait_now() == 0 && write(a[1], "e", 1) == 1);
    CHECK(wait_now() == 1 && wait_now() == 0 && write(a[1], "f", 1) == 1 && wait_now() == 0);
    CHECK(!ctl(EPOLL_CTL_MOD, a[0], EPOLLIN | EPOLLONESHOT) && wait_now() == 1 && read(a[0], buf, 16) == 2);

    /* Waiting, with a deadline and without; by several threads. */
    CHECK(!ctl(EPOLL_CTL_MOD, a[0], EPOLLIN) && epoll_wait(set, got, 8, 5) == 0);
    CHECK(!pthread_create(&thread, 0, write_later, &a[1]) && epoll_wait(set, got, 8, -1) == 1);
    CHECK(!pthread_join(thread, 0) && read(a[0], buf, 16) == 1);
    int first, second;
    CHECK(!ctl(EPOLL_CTL_MOD, a[0], EPOLLIN | EPOLLET) && !ctl(EPOLL_CTL_ADD, b[0], EPOLLIN | EPOLLET));
    CHECK(!pthread_create(&thread, 0, wait_for_one, &first) && !pthread_create(&other, 0, wait_for_one, &second));
    CHECK(write(a[1], "g", 1) == 1 && write(b[1], "h", 1) == 1);
    CHECK(!pthread_join(thread, 0) && !pthread_join(other, 0) && first + second == a[0] + b[0] && first != second);
    CHECK(read(a[0], buf, 16) == 1 && read(b[0], buf, 16) == 1 && !ctl(EPOLL_CTL_DEL, b[0], 0));

    /* A set in a set. */
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = 5};
    int outer = epoll_create1(0);
    CHECK(!ctl(EPOLL_CTL_MOD, a[0], EPOLLIN) && !epoll_ctl(outer, EPOLL_CTL_ADD, set, &event));
    CHECK(epoll_wait(outer, got, 8, 0) == 0 && write(a[1], "i", 1) == 1);
    CHECK(epoll_wait(outer, got, 8, -1) == 1 && got[0].data.u32 == 5 && wait_now() == 1);
    CHECK(read(a[0], buf, 16) == 1 && epoll_wait(outer, got, 8, 0) == 0);
    CHECK(ctl(EPOLL_CTL_ADD, outer, EPOLLIN) == -1 && errno == ELOOP);
    CHECK(ctl(EPOLL_CTL_ADD, set, EPOLLIN) == -1 && errno == EINVAL);
    CHECK(!close(outer));

    /* A copy keeps a file in the set after the close; then it leaves. */
    int copy = dup(a[0]);
    CHECK(write(a[1], "j", 1) == 1 && !close(a[0]) && wait_now() == 1 && got[0].data.fd == a[0]);
    CHECK(!close(copy) && wait_now() == 0);
    CHECK(!close(a[1]) && !pipe(a));

    /* Being hung up on is told even if nothing was asked for. */
    CHECK(!ctl(EPOLL_CTL_ADD, a[0], 0) && wait_now() == 0 && !close(a[1]));
    CHECK(wait_now() == 1 && got[0].events == EPOLLHUP && !close(a[0]) && wait_now() == 0);

    /* Many that are ready come in turns. */
    int many[MANY], seen[MANY] = {0}, total = 0;
    for (int i = 0; i < MANY; i++) {
        many[i] = eventfd(1, 0);
        event = (struct epoll_event){.events = EPOLLIN, .data.u32 = (unsigned)i};
        CHECK(many[i] >= 0 && !epoll_ctl(set, EPOLL_CTL_ADD, many[i], &event));
    }
    for (int round = 0; round < (MANY + 7) / 8; round++) {
        int n = wait_now();
        CHECK(n == 8);
        for (int i = 0; i < n; i++)
            total += !seen[got[i].data.u32]++;
    }
    CHECK(total == MANY);
    for (int i = 0; i < MANY; i++)
        CHECK(!close(many[i]));
    CHECK(wait_now() == 0);

    CHECK(epoll_wait(set, got, 0, 0) == -1 && errno == EINVAL);
    CHECK(epoll_wait(b[0], got, 1, 0) == -1 && errno == EINVAL);
    CHECK(epoll_wait(999, got, 1, 0) == -1 && errno == EBADF);
    CHECK(ctl(EPOLL_CTL_ADD, 999, EPOLLIN) == -1 && errno == EBADF && !close(set));
    SUCCESS();
}
