/*
 * load.c: asks a web server for one thing again and again, and tells how long each answer took.
 *
 *   load PORT PATH CONNECTIONS MILLISECONDS
 *
 * A closed loop: each connection is kept alive, and sends its next request when it has all of the last answer. So a server
 * that is slow is asked less often, and what waits in line before it is never more than there are connections. Connections
 * are made one after another, and each has had an answer before the next is made: QEMU's user network listens with a
 * backlog of 1. That first answer does not count.
 *
 * Prints lines of a word and a number: requests answered, errors, nanoseconds that it took, nanoseconds of processor time
 * that this program itself took, and the 50th, 90th and 99th percentile and the maximum of nanoseconds from a request's
 * first byte to the last of its answer. Percentiles are of all answers, by the nearest rank.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST_CONNECTIONS = 256, MOST_SAMPLES = 4 << 20, ANSWER_SIZE = 1 << 16, PATIENCE_SECONDS = 10 };

struct connection {
    int fd;
    size_t received, expected; /* of the answer; 0 until its header is there */
    uint64_t asked;
    char answer[ANSWER_SIZE];
};

static struct connection connections[MOST_CONNECTIONS];
static uint32_t samples[MOST_SAMPLES];
static size_t answered, errors;
static char request[512];
static size_t request_length;

static uint64_t nanoseconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void fail(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void ask(struct connection *c)
{
    c->received = c->expected = 0;
    c->asked = nanoseconds();
    if (send(c->fd, request, request_length, MSG_NOSIGNAL) != (ssize_t)request_length)
        fail("send");
}

/* Takes what has come. True when the answer is whole; false if there is more to come. */
static bool take(struct connection *c)
{
    ssize_t got = recv(c->fd, c->answer + c->received, ANSWER_SIZE - 1 - c->received, 0);

    if (got == 0)
        errno = ECONNRESET;
    if (got <= 0)
        fail("the server does not answer");
    c->received += (size_t)got;
    c->answer[c->received] = 0;
    if (!c->expected) {
        char *end = strstr(c->answer, "\r\n\r\n"), *length = strcasestr(c->answer, "\r\nContent-Length:");
        if (!end)
            return false;
        if (!length || length > end) {
            errno = EPROTO;
            fail("an answer without a length");
        }
        c->expected = (size_t)(end + 4 - c->answer) + strtoul(length + 17, NULL, 10);
    }
    if (c->expected >= ANSWER_SIZE) {
        errno = EMSGSIZE;
        fail("an answer");
    }
    return c->received >= c->expected;
}

static void open_connection(struct connection *c, uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct timeval patience = {.tv_sec = PATIENCE_SECONDS};
    int one = 1;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) ||
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one))
        fail("socket");
    if (connect(c->fd, (struct sockaddr *)&address, sizeof address))
        fail("connect");
    ask(c);
    while (!take(c))
        ;
}

static int by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static uint32_t percentile(size_t count, size_t percent)
{
    return count ? samples[(count * percent + 99) / 100 - 1] : 0;
}

int main(int argc, char **argv)
{
    struct epoll_event events[MOST_CONNECTIONS];
    struct rusage used;

    if (argc != 5) {
        fprintf(stderr, "usage: load PORT PATH CONNECTIONS MILLISECONDS\n");
        return 2;
    }
    int count = atoi(argv[3]), epoll = epoll_create1(EPOLL_CLOEXEC);
    uint64_t length = strtoul(argv[4], NULL, 10) * 1000000u;
    if (count < 1 || count > MOST_CONNECTIONS) {
        fprintf(stderr, "load: 1 to %d connections\n", MOST_CONNECTIONS);
        return 2;
    }
    request_length = (size_t)snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: load\r\n\r\n", argv[2]);
    if (request_length >= sizeof request) {
        fprintf(stderr, "load: that path is too long\n");
        return 2;
    }
    for (int i = 0; i < count; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &connections[i]};

        open_connection(&connections[i], (uint16_t)atoi(argv[1]));
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, connections[i].fd, &event))
            fail("epoll_ctl");
    }
    uint64_t begin = nanoseconds(), now = begin;
    for (int i = 0; i < count; i++)
        ask(&connections[i]);
    while (now - begin < length && answered < MOST_SAMPLES) {
        int ready = epoll_wait(epoll, events, count, PATIENCE_SECONDS * 1000);

        if (ready <= 0) {
            errno = ETIMEDOUT;
            fail("the server does not answer");
        }
        for (int i = 0; i < ready && answered < MOST_SAMPLES; i++) {
            struct connection *c = events[i].data.ptr;

            if (!take(c))
                continue;
            now = nanoseconds();
            samples[answered++] = now - c->asked < UINT32_MAX ? (uint32_t)(now - c->asked) : UINT32_MAX;
            errors += strncmp(c->answer, "HTTP/1.1 200 ", 13) != 0;
            ask(c);
        }
    }
    getrusage(RUSAGE_SELF, &used);
    qsort(samples, answered, sizeof *samples, by_size);
    printf("requests %zu\nerrors %zu\nns %llu\n", answered, errors, (unsigned long long)(now - begin));
    printf("own_ns %llu\n", (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000000ull +
                                (used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1000ull);
    printf("p50 %u\np90 %u\np99 %u\nmost %u\n", percentile(answered, 50), percentile(answered, 90),
           percentile(answered, 99), percentile(answered, 100));
    return 0;
}
