/* A file that can be written cannot be mapped with MAP_SHARED; that is said once. */
#define _GNU_SOURCE
#include "../check.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

int main(void)
{
    int fd = open("/tmp/shared", O_RDWR | O_CREAT, 0600);

    CHECK(fd >= 0 && write(fd, "text", 4) == 4);
    for (int i = 0; i < 2; i++)
        CHECK(mmap(0, 4, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED && errno == ENODEV);
    SUCCESS();
}
