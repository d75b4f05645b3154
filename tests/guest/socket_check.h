/* SPDX-License-Identifier: MIT */
/* socket_check.h: what programs that compare sockets with Linux's print with. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include "say.h"

static int broken_pipes;

static void count_broken_pipe(int sig)
{
    broken_pipes += sig == SIGPIPE;
}

static void print_events(const char *when, unsigned events)
{
    printf("%-34s%s%s%s%s%s%s\n", when, events & POLLIN ? " IN" : "", events & POLLPRI ? " PRI" : "",
           events & POLLOUT ? " OUT" : "", events & POLLRDHUP ? " RDHUP" : "", events & POLLHUP ? " HUP" : "",
           events & POLLERR ? " ERR" : "");
}

/* What is so of a socket now. */
static void show(int fd, const char *when)
{
    struct pollfd polled = {.fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP | POLLPRI};

    poll(&polled, 1, 0);
    print_events(when, (unsigned)polled.revents);
}

/* What is so as soon as one of `events` is. */
static void wait_and_show(int fd, unsigned events, const char *when)
{
    struct pollfd polled = {.fd = fd, .events = (short)events};

    poll(&polled, 1, -1);
    show(fd, when);
}

static int must(int result, const char *what)
{
    if (result < 0) {
        perror(what);
        exit(1);
    }
    return result;
}

static struct sockaddr_in loopback(int port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static struct sockaddr_in own_address(int fd)
{
    struct sockaddr_in address;
    socklen_t len = sizeof address;

    must(getsockname(fd, (struct sockaddr *)&address, &len), "getsockname");
    return address;
}

/* A listener on a free port of 127.0.0.1. */
static int listen_somewhere(int backlog)
{
    struct sockaddr_in address = loopback(0);
    int fd = must(socket(AF_INET, SOCK_STREAM, 0), "socket");

    must(bind(fd, (struct sockaddr *)&address, sizeof address), "bind");
    must(listen(fd, backlog), "listen");
    return fd;
}

static int connect_to(int listener)
{
    struct sockaddr_in address = own_address(listener);
    int fd = must(socket(AF_INET, SOCK_STREAM, 0), "socket");

    must(connect(fd, (struct sockaddr *)&address, sizeof address), "connect");
    return fd;
}

/* A connection through the loopback: its two ends. */
static void connection(int ends[2])
{
    int listener = listen_somewhere(1);

    ends[0] = connect_to(listener);
    ends[1] = must(accept(listener, NULL, NULL), "accept");
    close(listener);
}

static int pending_error(int fd)
{
    int error = 0;
    socklen_t len = sizeof error;

    must(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len), "getsockopt");
    return error;
}

/* Closes a socket so that its peer gets a reset. */
static void reset(int fd)
{
    struct linger linger = {1, 0};

    must(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger), "setsockopt");
    close(fd);
}
