/* SPDX-License-Identifier: MIT */
/* poll(), select() and epoll at their edges: times that are none, too many descriptors, none at all. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <unistd.h>

#include "../say.h"

int main(void)
{
    struct timespec zero = {0}, negative = {.tv_sec = -1}, large = {.tv_nsec = 1000000000}, below = {.tv_nsec = -1};
    struct timeval late = {.tv_sec = -1};
    struct pollfd one = {.fd = -1, .events = POLLIN};
    struct epoll_event event = {.events = EPOLLIN}, got[2];
    fd_set set;
    int ends[2], closed = 30;

    SAY(pipe(ends));
    SAY(poll(NULL, 0, 0));
    SAY(poll(&one, 1, 0));
    printf("%d\n", one.revents);
    one.fd = closed;
    SAY(poll(&one, 1, -1));
    printf("%d\n", one.revents);
    SAY(poll(&one, 1u << 30, 0));
    SAY(ppoll(NULL, 0, &zero, NULL));
    SAY(ppoll(NULL, 0, &negative, NULL));
    SAY(ppoll(NULL, 0, &large, NULL));
    SAY(ppoll(NULL, 0, &below, NULL));

    FD_ZERO(&set);
    SAY(select(0, NULL, NULL, NULL, &(struct timeval){0}));
    SAY(select(-1, NULL, NULL, NULL, &(struct timeval){0}));
    SAY(select(1, &set, NULL, NULL, &late));
    FD_SET(closed, &set);
    SAY(select(closed + 1, &set, NULL, NULL, &(struct timeval){0}));
    SAY(select(closed, &set, NULL, NULL, &(struct timeval){0}));
    FD_ZERO(&set);
    FD_SET(ends[1], &set);
    SAY(select(ends[1] + 1, NULL, &set, NULL, NULL));
    SAY(pselect(0, NULL, NULL, NULL, &large, NULL));
    SAY(pselect(0, NULL, NULL, NULL, &negative, NULL));

    SAY(epoll_create(0));
    SAY(epoll_create(-1));
    SAY(epoll_create1(1));
    int ep = epoll_create1(0);
    SAY(epoll_wait(ep, got, 0, 0));
    SAY(epoll_wait(ep, got, -1, 0));
    SAY(epoll_wait(ends[0], got, 1, 0));
    SAY(epoll_wait(closed, got, 1, 0));
    SAY(epoll_wait(ep, got, 2, 0));
    SAY(epoll_ctl(ep, EPOLL_CTL_ADD, closed, &event));
    SAY(epoll_ctl(ep, EPOLL_CTL_ADD, ep, &event));
    SAY(epoll_ctl(ep, 99, ends[0], &event));
    SAY(epoll_ctl(ep, EPOLL_CTL_MOD, ends[0], &event));
    SAY(epoll_ctl(ep, EPOLL_CTL_DEL, ends[0], NULL));
    SAY(epoll_ctl(ends[0], EPOLL_CTL_ADD, ends[1], &event));
    SAY(epoll_ctl(ep, EPOLL_CTL_ADD, ends[0], &event));
    SAY(epoll_ctl(ep, EPOLL_CTL_ADD, ends[0], &event));
    SAY(write(ends[1], "x", 1));
    SAY(epoll_wait(ep, got, 2, -1));
    SAY(eventfd(0, -1));
    int counter = eventfd(1, EFD_NONBLOCK);
    SAY(write(counter, &(uint64_t){UINT64_MAX}, 8));
    SAY(write(counter, &(uint64_t){UINT64_MAX - 1}, 8));
    SAY(write(counter, &(uint64_t){1}, 4));
    SAY(read(counter, got, 4));
    SAY(read(counter, got, 8));
    SAY(read(counter, got, 8));
    puts("SUCCESS");
    return 0;
}
