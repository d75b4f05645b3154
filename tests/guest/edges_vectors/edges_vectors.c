/* SPDX-License-Identifier: MIT */
/* readv() and its kin at their edges: how many pieces, how long, how they are put together, and where. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../say.h"

int main(void)
{
    static struct iovec many[IOV_MAX + 1];
    char a[4] = "", b[4] = "", path[200];
    struct iovec two[] = {{a, 2}, {b, 3}}, empty[] = {{a, 0}, {NULL, 0}}, middle[] = {{a, 2}, {NULL, 0}, {b, 2}};
    int ends[2];

    snprintf(path, sizeof path, "%s/file", getenv("TMPDIR"));
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600), readable = open(path, O_RDONLY);
    SAY(write(fd, "0123456789", 10));
    SAY(lseek(fd, 0, SEEK_SET));
    SAY(readv(fd, two, 2));
    printf("%.2s %.3s\n", a, b);
    SAY(readv(fd, middle, 3));
    printf("%.2s %.2s\n", a, b);
    SAY(readv(fd, two, 2));
    SAY(readv(fd, two, 2));
    SAY(readv(fd, two, 0));
    SAY(readv(fd, two, -1));
    SAY(readv(fd, empty, 2));
    SAY(writev(fd, two, 0));
    SAY(writev(fd, empty, 2));
    SAY(writev(readable, two, 2));
    SAY(readv(99, two, 2));
    for (int i = 0; i <= IOV_MAX; i++)
        many[i] = (struct iovec){a, 1};
    SAY(writev(fd, many, IOV_MAX));
    SAY(writev(fd, many, IOV_MAX + 1));
    SAY(readv(fd, many, IOV_MAX + 1));
    SAY(lseek(fd, 0, SEEK_CUR));

    SAY(preadv(fd, two, 2, 3));
    printf("%.2s %.3s\n", a, b);
    SAY(preadv(fd, two, 2, -1));
    SAY(preadv(fd, two, 2, 1 << 30));
    SAY(preadv(fd, two, 0, 0));
    SAY(pwritev(fd, two, 2, -1));
    SAY(pwritev(fd, two, 2, 0));
    SAY(pread(fd, a, 4, -1));
    SAY(pwrite(fd, a, 4, -1));
    SAY(pread(fd, a, 0, 0));
    SAY(lseek(fd, 0, SEEK_CUR));

    SAY(pipe(ends));
    SAY(preadv(ends[0], two, 2, 0));
    SAY(pwritev(ends[1], two, 2, 0));
    SAY(pread(ends[0], a, 1, 0));
    SAY(writev(ends[1], two, 2));
    SAY(readv(ends[0], middle, 3));
    SAY(read(ends[0], a, 0));
    SAY(readv(ends[1], two, 2));
    SAY(writev(ends[0], two, 2));
    SAY(close(ends[1]));
    SAY(readv(ends[0], two, 2));
    SAY(readv(ends[0], two, 2));
    puts("SUCCESS");
    return 0;
}
