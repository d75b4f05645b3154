/* eventfd: counting, as a semaphore, full, waited for. */
#define _GNU_SOURCE
#include "../check.h"
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

static int fd;

static void *add(void *argument)
{
    for (int i = 0; i < 1000; i++)
        CHECK(!eventfd_write(fd, 1));
    return argument;
}

static void *take(void *argument)
{
    eventfd_t value;

    for (int i = 0; i < 500; i++)
        CHECK(!eventfd_read(fd, &value) && value == 1);
    return argument;
}

int main(void)
{
    struct pollfd p;
    pthread_t threads[2];
    eventfd_t value, total = 0;

    CHECK((fd = eventfd(3, EFD_NONBLOCK)) >= 0 && !eventfd_write(fd, 4) && !eventfd_read(fd, &value) && value == 7);
    CHECK(eventfd_read(fd, &value) == -1 && errno == EAGAIN);
    p = (struct pollfd){fd, POLLIN | POLLOUT, 0};
    CHECK(poll(&p, 1, 0) == 1 && p.revents == POLLOUT);
    CHECK(!eventfd_write(fd, UINT64_MAX - 1) && poll(&p, 1, 0) == 1 && p.revents == POLLIN);
    CHECK(eventfd_write(fd, 1) == -1 && errno == EAGAIN);
    CHECK(eventfd_write(fd, UINT64_MAX) == -1 && errno == EINVAL);
    CHECK(read(fd, &value, 7) == -1 && errno == EINVAL);
    CHECK(!eventfd_read(fd, &value) && value == UINT64_MAX - 1 && !close(fd));

    CHECK((fd = eventfd(0, 0)) >= 0 && !pthread_create(&threads[0], 0, add, 0));
    while (total < 1000) {
        CHECK(!eventfd_read(fd, &value) && value > 0);
        total += value;
    }
    CHECK(total == 1000 && !pthread_join(threads[0], 0) && !close(fd));

    CHECK((fd = eventfd(0, EFD_SEMAPHORE)) >= 0);
    for (int i = 0; i < 2; i++)
        CHECK(!pthread_create(&threads[i], 0, take, 0));
    add(0);
    for (int i = 0; i < 2; i++)
        CHECK(!pthread_join(threads[i], 0));
    p.fd = fd;
    CHECK(poll(&p, 1, 0) == 1 && p.revents == POLLOUT && !close(fd));
    CHECK(eventfd(0, 12345678) == -1 && errno == EINVAL);
    SUCCESS();
}
