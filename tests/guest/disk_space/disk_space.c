/* A disk of its own is as large as it is, and what a file takes is given back. */
#define _GNU_SOURCE
#include "../check.h"
#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { PIECE = 1 << 16, LARGE = 8 << 20 };

int main(void)
{
    static char piece[PIECE];
    struct statvfs before, after;

    CHECK(!chdir("/data") && !statvfs(".", &before) && before.f_blocks * before.f_frsize == 32 << 20);
    int fd = open("large", O_RDWR | O_CREAT | O_EXCL, 0644);
    CHECK(fd >= 0);
    for (int i = 0; i < LARGE / PIECE; i++)
        CHECK(write(fd, piece, PIECE) == PIECE);
    CHECK(!fsync(fd) && !statvfs(".", &after) && (before.f_bfree - after.f_bfree) * after.f_frsize >= LARGE);
    CHECK(!close(fd) && !unlink("large") && !statvfs(".", &after) && after.f_bfree == before.f_bfree);
    SUCCESS();
}
