/* Three rules of this address space that Linux does not have: the lowest hole is taken, nothing is writable and
 * executable at once, and a file that can be written cannot be mapped with MAP_SHARED, which is said once. */
#define _GNU_SOURCE
#include "../check.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096, RW = PROT_READ | PROT_WRITE };

static char *map(size_t len, int prot)
{
    return mmap(0, len, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

int main(void)
{
    char *a = map(10 * PAGE, RW);

    CHECK(a != MAP_FAILED);
    memset(a, 5, 10 * PAGE);
    CHECK(!munmap(a + 4 * PAGE, 2 * PAGE) && map(2 * PAGE, RW) == a + 4 * PAGE);
    CHECK(!a[4 * PAGE] && !a[6 * PAGE - 1] && a[4 * PAGE - 1] == 5 && a[6 * PAGE] == 5);
    CHECK(mprotect(a, PAGE, RW | PROT_EXEC) == -1 && errno == EACCES);
    CHECK(map(PAGE, RW | PROT_EXEC) == MAP_FAILED && errno == EACCES);

    int fd = open("/tmp/shared", O_RDWR | O_CREAT, 0600);
    CHECK(fd >= 0 && write(fd, "text", 4) == 4);
    for (int i = 0; i < 2; i++)
        CHECK(mmap(0, 4, RW, MAP_SHARED, fd, 0) == MAP_FAILED && errno == ENODEV);
    SUCCESS();
}
