/* Pipes: order, blocking and not, atomic writes of up to PIPE_BUF bytes, the end of one side, what poll() says. */
#define _GNU_SOURCE
#include "../check.h"
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SIZE = 65536, WRITERS = 4, MESSAGES = 200, TOTAL = 1000000 };

static int fds[2];
static volatile int signalled;

static unsigned ready(int fd)
{
    struct pollfd p = {fd, POLLIN | POLLOUT, 0};

    CHECK(poll(&p, 1, 0) >= 0);
    return (unsigned)p.revents;
}

static void note(int sig)
{
    signalled = sig;
}

static void *write_messages(void *argument)
{
    char message[PIPE_BUF];

    memset(message, (int)(long)argument, sizeof message);
    for (int i = 0; i < MESSAGES; i++)
        CHECK(write(fds[1], message, sizeof message) == sizeof message);
    return 0;
}

static void *write_much(void *argument)
{
    static char bytes[TOTAL];

    for (int i = 0; i < TOTAL; i++)
        bytes[i] = (char)(i * 7 + i / 251);
    CHECK(write(fds[1], bytes, TOTAL) == TOTAL && !close(fds[1]));
    return argument;
}

static void *close_later(void *argument)
{
    for (int i = 0; i < 20; i++)
        sched_yield();
    CHECK(!close(fds[(int)(long)argument]));
    return 0;
}

int main(void)
{
    static char buf[SIZE];
    pthread_t threads[WRITERS];
    struct stat st;
    ssize_t n;
    size_t at = 0;

    CHECK(!pipe(fds) && ready(fds[0]) == 0 && ready(fds[1]) == POLLOUT);
    CHECK(!fstat(fds[0], &st) && S_ISFIFO(st.st_mode) && lseek(fds[0], 0, SEEK_CUR) == -1 && errno == ESPIPE);
    CHECK(write(fds[0], "x", 1) == -1 && errno == EBADF);
    CHECK(read(fds[1], buf, 1) == -1 && errno == EBADF);
    CHECK(write(fds[1], "hello", 5) == 5 && ready(fds[0]) == POLLIN && read(fds[0], buf, 3) == 3);
    CHECK(read(fds[0], buf + 3, SIZE) == 2 && !memcmp(buf, "hello", 5));
    CHECK(pread(fds[0], buf, 1, 0) == -1 && errno == ESPIPE);

    for (long i = 0; i < WRITERS; i++)
        CHECK(!pthread_create(&threads[i], 0, write_messages, (void *)i));
    for (int i = 0; i < WRITERS * MESSAGES; i++) {
        for (at = 0; at < PIPE_BUF; at += (size_t)n)
            CHECK((n = read(fds[0], buf + at, PIPE_BUF - at)) > 0);
        for (int j = 1; j < PIPE_BUF; j++)
            CHECK(buf[j] == buf[0]);
    }
    for (int i = 0; i < WRITERS; i++)
        CHECK(!pthread_join(threads[i], 0));

    CHECK(!pthread_create(&threads[0], 0, write_much, 0));
    for (int i = 0; (n = read(fds[0], buf, 777)) > 0;)
        for (int j = 0; j < n; j++, i++)
            CHECK(buf[j] == (char)(i * 7 + i / 251));
    CHECK(n == 0 && !pthread_join(threads[0], 0) && ready(fds[0]) == POLLHUP && !close(fds[0]));

    /* Without waiting. */
    CHECK(!pipe2(fds, O_NONBLOCK) && read(fds[0], buf, 1) == -1 && errno == EAGAIN);
    for (at = 0; (n = write(fds[1], buf, PIPE_BUF)) > 0; at += (size_t)n)
        ;
    CHECK(n == -1 && at == SIZE && ready(fds[1]) == 0);
    CHECK(write(fds[1], "x", 1) == -1 && errno == EAGAIN);
    CHECK(read(fds[0], buf, PIPE_BUF) == PIPE_BUF && ready(fds[1]) == POLLOUT);
    CHECK(write(fds[1], buf, PIPE_BUF + 1) == PIPE_BUF); /* larger ones may be written in part */
    CHECK(fcntl(fds[0], F_GETFL) == (O_RDONLY | O_NONBLOCK) || fcntl(fds[0], F_GETFL) & O_NONBLOCK);
    CHECK(!close(fds[0]) && !close(fds[1]));

    /* One side gone. */
    CHECK(!pipe(fds) && !pthread_create(&threads[0], 0, close_later, (void *)1));
    CHECK(read(fds[0], buf, 1) == 0 && !pthread_join(threads[0], 0) && !close(fds[0]));
    signal(SIGPIPE, note);
    CHECK(!pipe(fds) && write(fds[1], buf, SIZE) == SIZE && !pthread_create(&threads[0], 0, close_later, 0));
    CHECK(write(fds[1], buf, 1) == -1 && errno == EPIPE && signalled == SIGPIPE && !pthread_join(threads[0], 0));
    CHECK(ready(fds[1]) & POLLERR);
    signal(SIGPIPE, SIG_IGN);
    CHECK(write(fds[1], buf, 1) == -1 && errno == EPIPE && !close(fds[1]));

    /* dup() keeps a side open. */
    CHECK(!pipe(fds));
    int copy = dup(fds[1]);
    CHECK(copy > 2 && !close(fds[1]) && write(copy, "y", 1) == 1 && read(fds[0], buf, 9) == 1 && !close(copy));
    CHECK(read(fds[0], buf, 9) == 0 && !close(fds[0]) && close(fds[0]) == -1 && errno == EBADF);

    CHECK(!pipe2(fds, O_CLOEXEC) && fcntl(fds[0], F_GETFD) == FD_CLOEXEC && fcntl(fds[1], F_GETFD) == FD_CLOEXEC);
    CHECK((copy = dup(fds[0])) > 0 && fcntl(copy, F_GETFD) == 0 && !close(copy) && !close(fds[0]) &&
          !close(fds[1]));

    /* As many as there are descriptors, and again. */
    for (int round = 0; round < 2; round++) {
        int all[1024], count = 0;

        while (count + 2 <= 200 && !pipe(all + count))
            count += 2;
        CHECK(count == 200);
        while (count)
            CHECK(!close(all[--count]));
    }
    SUCCESS();
}
