/* SPDX-License-Identifier: MIT */
/* A file system without links: who asks for one learns it, whatever else is wrong comes first. */
#define _GNU_SOURCE
#include "../check.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define SAY(call) (errno = 0, printf("%-28s %ld %s\n", #call, (long)(call), strerror(errno)))

int main(void)
{
    char text[8];
    struct stat st;

    CHECK(!chdir("/data"));
    int fd = open("a", O_RDWR | O_CREAT | O_EXCL, 0644);
    CHECK(fd >= 0 && !close(fd));
    SAY(symlink("a", "b"));
    SAY(symlink("a", "a"));
    SAY(symlink("", "b"));
    SAY(symlink("a", "/data/no/b"));
    SAY(link("a", "b"));
    SAY(link("a", "a"));
    SAY(link("missing", "b"));
    SAY(link("a", "/tmp/b"));
    SAY(readlink("a", text, sizeof text));
    SAY(readlink("b", text, sizeof text));
    SAY(access("b", F_OK));
    CHECK(!stat("a", &st) && st.st_nlink == 1 && !unlink("a"));
    SUCCESS();
}
