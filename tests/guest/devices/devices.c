/* /dev: what is there, and what it says. */
#define _GNU_SOURCE
#include "../check.h"
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define FAILS(call, error) (errno = 0, (call) == -1 && errno == (error))

static int all(const char *p, size_t len, char value)
{
    for (size_t i = 0; i < len; i++)
        if (p[i] != value)
            return 0;
    return 1;
}

int main(void)
{
    static char buf[8192], other[64];
    struct stat st;
    int null = open("/dev/null", O_RDWR), zero = open("/dev/zero", O_RDWR), full = open("/dev/full", O_RDWR),
        random = open("/dev/urandom", O_RDONLY);

    CHECK(null >= 0 && read(null, buf, 1) == 0 && write(null, buf, 5000) == 5000 && read(null, buf, 1) == 0);
    memset(buf, 1, sizeof buf);
    CHECK(zero >= 0 && read(zero, buf, sizeof buf) == sizeof buf && all(buf, sizeof buf, 0) &&
          write(zero, buf, 9) == 9);
    CHECK(full >= 0 && read(full, buf, 9) == 9 && FAILS(write(full, buf, 1), ENOSPC));
    CHECK(random >= 0 && read(random, buf, 64) == 64 && read(random, other, 64) == 64);
    CHECK(memcmp(buf, other, 64) && !all(buf, 64, buf[0]));
    int slow = open("/dev/random", O_RDONLY);
    CHECK(slow >= 0 && read(slow, other, 64) == 64 && memcmp(buf, other, 64));
    CHECK(!fstat(null, &st) && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3));
    CHECK(!stat("/dev/zero", &st) && st.st_rdev == makedev(1, 5) && FAILS(ftruncate(null, 0), EINVAL));
    CHECK(FAILS(open("/dev/null/x", O_RDONLY), ENOTDIR) && FAILS(open("/dev/nothing", O_RDONLY), ENOENT));
    CHECK(FAILS(open("/dev/null", O_RDONLY | O_DIRECTORY), ENOTDIR));
    struct pollfd ready = {.fd = zero, .events = POLLIN | POLLOUT};
    CHECK(poll(&ready, 1, -1) == 1 && ready.revents == (POLLIN | POLLOUT));

    /* Creating and truncating what is there is no error, and O_TRUNC has nothing to cut off. */
    int again = open("/dev/null", O_WRONLY | O_CREAT | O_TRUNC, 0666);
    CHECK(again >= 0 && write(again, "x", 1) == 1);
    FILE *stream = fopen("/dev/full", "w");
    CHECK(stream && fputs("lost", stream) >= 0 && fflush(stream) == EOF && errno == ENOSPC);
    fclose(stream);
    SUCCESS();
}
