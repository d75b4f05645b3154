/* Addresses alone need no memory: 64 GiB of them, which no machine here has, and pages in their middle. */
#define _GNU_SOURCE
#include "../check.h"
#include <sys/mman.h>

enum { PAGE = 4096, RW = PROT_READ | PROT_WRITE };

int main(void)
{
    size_t much = (size_t)1 << 36;
    char *p = mmap(0, much, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *middle = p + much / 2;

    CHECK(p != MAP_FAILED && !mprotect(middle, 3 * PAGE, RW));
    for (int i = 0; i < 3 * PAGE; i++)
        CHECK(middle[i] == 0);
    memset(middle, 7, 3 * PAGE);
    CHECK(!mprotect(middle, PAGE, PROT_NONE) && !mprotect(middle, PAGE, RW));
    for (int i = 0; i < 3 * PAGE; i++)
        CHECK(middle[i] == 7);
    CHECK(!munmap(p, much));
    SUCCESS();
}
