/* SPDX-License-Identifier: MIT */
/* Calls by a number that is known only when the program runs, and numbers that no call has. */
#define _GNU_SOURCE
#include "../check.h"
#include <fcntl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long by_number(const char *name, volatile long number, long a, long b, long c)
{
    errno = 0;
    long result = syscall(number, a, b, c);
    printf("%-22s %ld %s\n", name, result < 0 ? result : result > 0, strerror(errno));
    return result;
}

int main(void)
{
    struct timespec now, then;
    int ends[2];
    char text[8] = "";

    CHECK(by_number("getpid", SYS_getpid, 0, 0, 0) == getpid());
    CHECK(by_number("gettid", SYS_gettid, 0, 0, 0) == getpid());
    CHECK(by_number("pipe2", SYS_pipe2, (long)ends, O_CLOEXEC, 0) == 0);
    CHECK(by_number("write", SYS_write, ends[1], (long)"abc", 3) == 3);
    CHECK(by_number("read", SYS_read, ends[0], (long)text, sizeof text) == 3 && !strcmp(text, "abc"));
    by_number("read, other end", SYS_read, ends[1], (long)text, sizeof text);
    by_number("read, closed", SYS_read, 99, (long)text, sizeof text);
    CHECK(!clock_gettime(CLOCK_MONOTONIC, &then));
    CHECK(by_number("clock_gettime", SYS_clock_gettime, CLOCK_MONOTONIC, (long)&now, 0) == 0);
    CHECK(now.tv_sec > then.tv_sec || (now.tv_sec == then.tv_sec && now.tv_nsec >= then.tv_nsec));
    by_number("clock_gettime, 1000", SYS_clock_gettime, 1000, (long)&now, 0);
    by_number("close", SYS_close, ends[0], 0, 0);
    by_number("close, again", SYS_close, ends[0], 0, 0);
    by_number("999", 999, 1, 2, 3);
    by_number("100000", 100000, 1, 2, 3);
    by_number("-1", -1, 1, 2, 3);
    SUCCESS();
}
