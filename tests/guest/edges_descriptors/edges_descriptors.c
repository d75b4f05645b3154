/* SPDX-License-Identifier: MIT */
/* Descriptors at their edges: dup(), dup2(), dup3(), fcntl(), close() and flock() of what there is not. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../say.h"

int main(void)
{
    int ends[2], none = 99;

    SAY(pipe2(ends, O_CLOEXEC));
    SAY(pipe2(ends, O_APPEND));
    SAY(pipe2(ends, -1));
    SAY(dup(none));
    SAY(dup(-1));
    SAY(dup2(none, 10));
    SAY(dup2(ends[0], -1));
    SAY(dup2(ends[0], 1 << 30));
    SAY(dup2(ends[0], ends[0]));
    SAY(dup2(none, none));
    SAY(dup2(ends[0], 20));
    SAY(fcntl(20, F_GETFD));
    SAY(dup3(ends[0], 20, O_CLOEXEC));
    SAY(fcntl(20, F_GETFD));
    SAY(dup3(ends[0], ends[0], 0));
    SAY(dup3(ends[0], 20, O_APPEND));
    SAY(dup3(none, 20, 0));
    SAY(dup3(none, none, 0));

    SAY(fcntl(ends[0], F_DUPFD, 30));
    SAY(fcntl(ends[0], F_DUPFD, 30));
    SAY(fcntl(ends[0], F_DUPFD, -1));
    SAY(fcntl(ends[0], F_DUPFD, INT_MAX));
    SAY(fcntl(ends[0], F_DUPFD_CLOEXEC, 40));
    SAY(fcntl(40, F_GETFD));
    SAY(fcntl(40, F_SETFD, 0));
    SAY(fcntl(40, F_GETFD));
    SAY(fcntl(40, F_SETFD, -1));
    SAY(fcntl(40, F_GETFD));
    SAY(fcntl(none, F_GETFD));
    SAY(fcntl(none, F_SETFL, O_NONBLOCK));
    SAY(fcntl(ends[0], 9999));
    SAY(fcntl(ends[0], F_GETFL));
    SAY(fcntl(ends[1], F_GETFL));
    SAY(fcntl(ends[1], F_SETFL, O_NONBLOCK | O_RDWR | O_CREAT));
    SAY(fcntl(ends[1], F_GETFL));
    SAY(fcntl(ends[1], F_SETFL, O_APPEND));
    SAY(fcntl(ends[1], F_GETFL));
    SAY(fcntl(ends[1], F_SETFL, 0));

    SAY(close(none));
    SAY(close(-1));
    SAY(close(INT_MAX));
    SAY(close(20));
    SAY(close(20));
    int null = open("/dev/null", O_RDWR);
    SAY(flock(null, LOCK_EX));
    SAY(flock(null, LOCK_EX | LOCK_NB));
    SAY(flock(null, LOCK_SH));
    SAY(flock(null, LOCK_UN));
    SAY(flock(null, 0));
    SAY(flock(null, LOCK_SH | LOCK_EX));
    SAY(flock(none, LOCK_EX));
    SAY(fchmod(none, 0600));
    SAY(fchdir(none));
    SAY(fchdir(null));
    puts("SUCCESS");
    return 0;
}
