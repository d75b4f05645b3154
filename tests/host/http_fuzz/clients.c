/* SPDX-License-Identifier: MIT */
/*
 * clients.c: sockets whose other ends send inputs in pieces, take answers in
 * pieces, and may be gone. epoll_wait() is where the test has the word: it says
 * what happens next, and checks that httpd waits for the right thing.
 */
#define _GNU_SOURCE /* accept4(), memmem() */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#include "checks.h"
#include "http_fuzz.h"

enum { LISTENER = FIRST_FD, EPOLL, FIRST_CLIENT };
/* httpd's own limits. */
enum { ITS_CONNECTIONS = 256, ITS_PATIENCE = 15 };
enum { FEW = 4, CROWD_EVERY = 10000, TURNED_AWAY = 40 };

static struct client {
    struct fuzz_input input;
    size_t given;
    bool open, heads;
    bool ended;    /* it was told that nothing will follow */
    bool cut;      /* its answers may break off */
    bool blocked;  /* the last send() found no room */
    bool found;    /* it led through the code in a new way */
    time_t active; /* when it came or sent something last */
    uint32_t events;
    epoll_data_t data;
    struct answers answers;
} clients[MOST_CLIENTS];
static struct client *current = clients;
static unsigned open_count, accepts, accepted;
static int crowd; /* so many are still to be turned away; 0 for no crowd */
static epoll_data_t listener_data;
static time_t seconds = 1000;

int __wrap_socket(int domain, int type, int protocol);
int __wrap_setsockopt(int fd, int level, int option, const void *value, socklen_t len);
int __wrap_bind(int fd, const struct sockaddr *address, socklen_t len);
int __wrap_listen(int fd, int backlog);
int __wrap_accept4(int fd, struct sockaddr *address, socklen_t *len, int flags);
ssize_t __wrap_recv(int fd, void *bytes, size_t len, int flags);
ssize_t __wrap_send(int fd, const void *bytes, size_t len, int flags);
int __wrap_epoll_create1(int flags);
int __wrap_epoll_ctl(int epoll, int op, int fd, struct epoll_event *event);
int __wrap_epoll_wait(int epoll, struct epoll_event *events, int most, int timeout);
int __wrap_clock_gettime(clockid_t clock, struct timespec *time);

/* ---- who is dealt with -------------------------------------------------------- */

/* New ways through the code are those of the client that httpd has dealt with until now. */
static void credit(void)
{
    static unsigned seen;

    current->found |= fuzz_ways != seen;
    seen = fuzz_ways;
}

static struct client *client_of(int fd)
{
    CHECK(fd >= FIRST_CLIENT && fd < FIRST_CLIENT + MOST_CLIENTS && clients[fd - FIRST_CLIENT].open);
    credit();
    return current = &clients[fd - FIRST_CLIENT];
}

const struct fuzz_input *client_input(void)
{
    return &current->input;
}

void client_cut(void)
{
    current->cut = true;
}

static void cut_all(void)
{
    for (unsigned i = 0; i < MOST_CLIENTS; i++)
        clients[i].cut = true;
}

static int fails_with(int error)
{
    errno = error;
    return -1;
}

/* ---- a connection ------------------------------------------------------------- */

int __wrap_accept4(int fd, struct sockaddr *address, socklen_t *len, int flags)
{
    unsigned i = 0;

    CHECK(fd == LISTENER && !address && !len && flags == SOCK_NONBLOCK);
    while (i < MOST_CLIENTS && clients[i].open)
        i++;
    if (!accepts || i == MOST_CLIENTS)
        return fails_with(chance(50) ? EAGAIN : ECONNABORTED);
    accepts--;
    credit();
    current = &clients[i];
    memset(current, 0, sizeof *current);
    if (!next_input(&current->input))
        return fails_with(EAGAIN);
    /* One that has been silent for long may have to make room. */
    if (open_count >= ITS_CONNECTIONS) {
        cut_all();
        crowd -= crowd > 0;
    }
    if (++accepted % CROWD_EVERY == 0)
        crowd = TURNED_AWAY;
    current->open = true;
    current->active = seconds;
    current->heads = memmem(current->input.bytes, current->input.len, "HEAD", 4);
    open_count++;
    return FIRST_CLIENT + (int)i;
}

ssize_t __wrap_recv(int fd, void *bytes, size_t len, int flags)
{
    struct client *client = client_of(fd);
    size_t left = client->input.len - client->given;

    CHECK(len > 0 && flags == 0);
    if (one_in(30))
        return fails_with(chance(50) ? EAGAIN : EINTR);
    if (one_in(300)) {
        client->cut = true;
        return fails_with(ECONNRESET);
    }
    if (!left) {
        client->ended = true;
        return 0;
    }
    size_t part = chance(70) ? left : 1 + random_number() % left;
    part = part < len ? part : len;
    memcpy(bytes, client->input.bytes + client->given, part);
    client->given += part;
    client->active = seconds;
    return (ssize_t)part;
}

ssize_t __wrap_send(int fd, const void *bytes, size_t len, int flags)
{
    struct client *client = client_of(fd);

    (void)flags;
    CHECK(len > 0);
    client->blocked = one_in(10);
    if (client->blocked)
        return fails_with(chance(50) ? EAGAIN : EINTR);
    if (one_in(300)) {
        client->cut = true;
        return fails_with(chance(50) ? EPIPE : ECONNRESET);
    }
    size_t part = chance(80) ? len : 1 + random_number() % len;
    answers_take(&client->answers, bytes, len, part, client->heads);
    return (ssize_t)part;
}

void client_close(int fd)
{
    struct client *client = client_of(fd);

    if (!client->cut && seconds - client->active <= ITS_PATIENCE)
        CHECK(answers_complete(&client->answers, client->heads) && (client->ended || client->answers.last));
    client->open = false;
    client->events = 0;
    open_count--;
    done_with(&client->input, client->found);
}

/* ---- waiting ------------------------------------------------------------------- */

int __wrap_epoll_ctl(int epoll, int op, int fd, struct epoll_event *event)
{
    CHECK(epoll == EPOLL && op != EPOLL_CTL_DEL);
    if (fd == LISTENER) {
        listener_data = event->data;
        return 0;
    }
    struct client *client = client_of(fd);
    CHECK((op == EPOLL_CTL_ADD) == !client->events);
    if (op == EPOLL_CTL_ADD && one_in(300)) {
        client->cut = true;
        return fails_with(ENOSPC);
    }
    client->events = event->events;
    client->data = event->data;
    return 0;
}

/* Each waits for what can happen to it: or else it would wait for ever. */
static void check_waits(void)
{
    for (struct client *client = clients; client < clients + MOST_CLIENTS; client++)
        if (client->open) {
            CHECK(!client->ended);
            CHECK(client->events == (client->blocked ? EPOLLOUT : EPOLLIN));
        }
}

static void pass_time(void)
{
    if (one_in(crowd ? 20 : 100))
        seconds++;
    if (one_in(3000))
        seconds += ITS_PATIENCE + 1;
}

int __wrap_epoll_wait(int epoll, struct epoll_event *events, int most, int timeout)
{
    static bool enough;
    int count = 0;

    CHECK(epoll == EPOLL && most >= FEW && (timeout == -1) == !open_count);
    credit();
    check_waits();
    pass_time();
    enough |= accepts > 0 && !open_count; /* accept4() had no input to give */
    if (enough && !open_count)
        all_done();
    accepts = 0;
    if (!enough && (!open_count || crowd || (open_count < FEW && chance(50)))) {
        events[count++] = (struct epoll_event){.events = EPOLLIN, .data = listener_data};
        accepts = 1 + random_number() % 3;
    }
    /* Some of those that are open, one after the other from anywhere on. */
    unsigned from = random_number() % MOST_CLIENTS, wanted = crowd ? 0 : 1 + random_number() % FEW;
    for (unsigned i = 0; i < MOST_CLIENTS && wanted; i++) {
        struct client *client = &clients[(from + i) % MOST_CLIENTS];

        if (client->open && count < most) {
            events[count++] = (struct epoll_event){.events = client->events, .data = client->data};
            wanted--;
        }
    }
    return count ? count : fails_with(EINTR);
}

/* ---- the rest ------------------------------------------------------------------ */

int __wrap_socket(int domain, int type, int protocol)
{
    CHECK(domain == AF_INET && type == (SOCK_STREAM | SOCK_NONBLOCK) && !protocol);
    return LISTENER;
}

int __wrap_setsockopt(int fd, int level, int option, const void *value, socklen_t len)
{
    (void)fd, (void)level, (void)option, (void)value, (void)len;
    return 0;
}

int __wrap_bind(int fd, const struct sockaddr *address, socklen_t len)
{
    CHECK(fd == LISTENER && address && len);
    return 0;
}

int __wrap_listen(int fd, int backlog)
{
    CHECK(fd == LISTENER && backlog > 0);
    return 0;
}

int __wrap_epoll_create1(int flags)
{
    return flags ? fails_with(EINVAL) : EPOLL;
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *time)
{
    CHECK(clock == CLOCK_MONOTONIC);
    *time = (struct timespec){.tv_sec = seconds};
    return 0;
}
