/* SPDX-License-Identifier: MIT */
/* Positions and lengths of files at their edges: lseek(), ftruncate(), truncate(), posix_fadvise(), appending. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../say.h"

int main(void)
{
    char buf[16];
    int ends[2];

    SAY(chdir(getenv("TMPDIR")));
    int fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600), readable = open("file", O_RDONLY);
    SAY(write(fd, "0123456789", 10));
    SAY(lseek(fd, -1, SEEK_SET));
    SAY(lseek(fd, -11, SEEK_END));
    SAY(lseek(fd, -10, SEEK_END));
    SAY(lseek(fd, -1, SEEK_CUR));
    SAY(lseek(fd, 5, SEEK_END));
    SAY(read(fd, buf, 1));
    SAY(lseek(fd, LONG_MAX, SEEK_CUR));
    SAY(lseek(fd, 0, 99));
    SAY(lseek(fd, 0, -1));
    SAY(lseek(99, 0, SEEK_CUR));
    SAY(pipe(ends));
    SAY(lseek(ends[0], 0, SEEK_CUR));

    SAY(ftruncate(fd, -1));
    SAY(ftruncate(readable, 3));
    SAY(ftruncate(ends[1], 3));
    SAY(ftruncate(99, 3));
    SAY(truncate("file", -1));
    SAY(truncate("missing", 3));
    SAY(truncate(".", 3));
    SAY(truncate("file/x", 3));
    SAY(truncate("", 3));
    SAY(ftruncate(fd, 20));
    SAY(pread(fd, buf, 16, 8));
    printf("%d %d %d\n", buf[0], buf[1], buf[2]);
    SAY(ftruncate(fd, 4));
    SAY(ftruncate(fd, 8));
    SAY(pread(fd, buf, 16, 2));
    printf("%d %d %d\n", buf[0], buf[1], buf[2]);

    int appending = open("file", O_WRONLY | O_APPEND);
    SAY(lseek(appending, 2, SEEK_SET));
    SAY(write(appending, "ab", 2));
    SAY(lseek(appending, 0, SEEK_CUR));
    SAY(ftruncate(appending, 5));
    SAY(write(appending, "cd", 2));
    SAY(lseek(appending, 0, SEEK_CUR));
    SAY(read(appending, buf, 1));

    SAY(posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL));
    SAY(posix_fadvise(fd, 0, 0, 99));
    SAY(posix_fadvise(fd, 0, -1, POSIX_FADV_NORMAL));
    SAY(posix_fadvise(ends[0], 0, 0, POSIX_FADV_NORMAL));
    SAY(posix_fadvise(99, 0, 0, POSIX_FADV_NORMAL));
    SAY(fsync(ends[0]));
    SAY(fdatasync(99));
    SAY(fsync(readable));
    SAY(syncfs(99));
    SAY(syncfs(fd));
    puts("SUCCESS");
    return 0;
}
