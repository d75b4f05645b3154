/* SPDX-License-Identifier: MIT */
/* Bytes that come on the second console go back, in pieces of every length, until the host says so. */
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "../check.h"

enum { BYTES = 200000 };

int main(void)
{
    static char bytes[BYTES];
    size_t come = 0, gone = 0;

    int fd = open("/dev/hvc0", O_RDWR);
    CHECK(fd >= 3);

    /* Nothing has come yet. */
    CHECK(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
    CHECK(read(fd, bytes, 1) == -1 && errno == EAGAIN);
    CHECK(fcntl(fd, F_SETFL, 0) == 0);
    CHECK(write(fd, "ready\n", 6) == 6);

    for (size_t len = 1; gone < BYTES; len = len * 3 % 5003) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};

        CHECK(poll(&ready, 1, -1) == 1 && ready.revents == POLLIN);
        ssize_t n = read(fd, bytes + come, BYTES - come < len ? BYTES - come : len);
        CHECK(n > 0);
        come += (size_t)n;
        CHECK(write(fd, bytes + gone, come - gone) == (ssize_t)(come - gone));
        gone = come;
    }
    CHECK(close(fd) == 0);
    SUCCESS();
}
