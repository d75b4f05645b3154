/*
 * pingpong.c: a number goes to and fro between two, and comes back one larger.
 *
 *   pingpong threads              two threads, and a pipe each way
 *   pingpong fork                 two processes, and a pipe each way
 *   pingpong serve PORT           one end of a TCP connection
 *   pingpong ask ADDRESS PORT     the other
 *
 * Whoever asks says how long a round took. It knows nothing of unikernels.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 400 };

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

/* Reads or writes a whole number; false at the end of the other side. */
static int receive(int fd, long *number)
{
    size_t got = 0;

    while (got < sizeof *number) {
        ssize_t n = read(fd, (char *)number + got, sizeof *number - got);
        if (n <= 0)
            return 0;
        got += (size_t)n;
    }
    return 1;
}

static int give(int fd, long number)
{
    return write(fd, &number, sizeof number) == sizeof number;
}

static void answer(int in, int out)
{
    long number;

    while (receive(in, &number) && give(out, number + 1))
        ;
}

static void ask(int in, int out)
{
    struct timespec begin, end;
    long number = 0;

    clock_gettime(CLOCK_MONOTONIC, &begin);
    while (number < ROUNDS)
        if (!give(out, number) || !receive(in, &number))
            fail("the other end");
    clock_gettime(CLOCK_MONOTONIC, &end);
    double ns = (double)(end.tv_sec - begin.tv_sec) * 1e9 + (double)(end.tv_nsec - begin.tv_nsec);
    printf("%ld rounds, %.1f microseconds each\n", number, ns / ROUNDS / 1e3);
}

static int to[2], from[2];

static void *answer_in_thread(void *unused)
{
    answer(to[0], from[1]);
    return unused;
}

static void through_pipes(int with_threads)
{
    pthread_t thread;
    pid_t child;

    if (pipe(to) || pipe(from))
        fail("pipe");
    if (with_threads) {
        if (pthread_create(&thread, NULL, answer_in_thread, NULL))
            fail("pthread_create");
    } else {
        child = fork();
        if (child < 0)
            fail("fork");
        if (!child) {
            close(to[1]); /* or it would never see the end */
            answer(to[0], from[1]);
            _exit(0);
        }
    }
    ask(from[0], to[1]);
    close(to[1]);
    if (with_threads)
        pthread_join(thread, NULL);
}

static void through_network(const char *address, const char *port)
{
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd < 0)
        fail("socket");
    if (address) {
        if (inet_pton(AF_INET, address, &place.sin_addr) != 1)
            fail(address);
        if (connect(fd, (struct sockaddr *)&place, sizeof place))
            fail("connect");
    } else {
        int listener = fd;

        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
        if (bind(listener, (struct sockaddr *)&place, sizeof place) || listen(listener, 1))
            fail("listen");
        printf("waiting on port %s\n", port);
        fflush(stdout);
        fd = accept(listener, NULL, NULL);
        if (fd < 0)
            fail("accept");
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (address)
        ask(fd, fd);
    else
        answer(fd, fd);
    close(fd);
}

int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "";

    if (!strcmp(how, "threads") || !strcmp(how, "fork"))
        through_pipes(!strcmp(how, "threads"));
    else if (!strcmp(how, "serve") && argc == 3)
        through_network(NULL, argv[2]);
    else if (!strcmp(how, "ask") && argc == 4)
        through_network(argv[2], argv[3]);
    else {
        fprintf(stderr, "usage: pingpong threads | fork | serve PORT | ask ADDRESS PORT\n");
        return 2;
    }
    return 0;
}
