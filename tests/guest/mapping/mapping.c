/* mmap, munmap, mprotect, mremap and madvise as functions. */
#define _GNU_SOURCE
#include "../check.h"
#include <stdint.h>
#include <sys/mman.h>

enum { PAGE = 4096, RW = PROT_READ | PROT_WRITE, ANONYMOUS = MAP_PRIVATE | MAP_ANONYMOUS };

static char *map(size_t len, int prot)
{
    return mmap(0, len, prot, ANONYMOUS, -1, 0);
}

static int all(const char *p, size_t len, char value)
{
    for (size_t i = 0; i < len; i++)
        if (p[i] != value)
            return 0;
    return 1;
}

int main(void)
{
    char *a = map(10 * PAGE, RW), *b = map(1, RW);
    CHECK(a != MAP_FAILED && b != MAP_FAILED && (uintptr_t)a % PAGE == 0);
    CHECK(b >= a + 10 * PAGE || b + PAGE <= a);
    CHECK(all(a, 10 * PAGE, 0));
    memset(a, 5, 10 * PAGE);

    /* What is mapped anew where something was is zero again. */
    CHECK(!munmap(a + 4 * PAGE, 2 * PAGE));
    CHECK(mmap(a + 4 * PAGE, 2 * PAGE, RW, ANONYMOUS | MAP_FIXED, -1, 0) == a + 4 * PAGE);
    CHECK(all(a + 4 * PAGE, 2 * PAGE, 0) && all(a, 4 * PAGE, 5) && all(a + 6 * PAGE, 4 * PAGE, 5));

    /* A fixed mapping replaces what was there. */
    CHECK(mmap(a + PAGE, PAGE, RW, ANONYMOUS | MAP_FIXED, -1, 0) == a + PAGE);
    CHECK(all(a + PAGE, PAGE, 0) && a[0] == 5 && a[2 * PAGE] == 5);

    /* Rights change and the contents stay. */
    CHECK(!mprotect(a, 2 * PAGE, PROT_READ) && a[0] == 5);
    CHECK(!mprotect(a, 2 * PAGE, PROT_NONE) && !mprotect(a, 2 * PAGE, RW) && a[0] == 5);
    a[0] = 6;

    /* Code can be made, step by step: mov $42, %eax; ret. */
    memcpy(a, "\xb8\x2a\0\0\0\xc3", 6);
    CHECK(!mprotect(a, PAGE, PROT_READ | PROT_EXEC));
    CHECK(((int (*)(void))(uintptr_t)a)() == 42);

    /* Growing in place and by moving. */
    char *c = map(PAGE, RW);
    strcpy(c, "kept");
    char *d = mremap(c, PAGE, 100 * PAGE, MREMAP_MAYMOVE);
    CHECK(d != MAP_FAILED && !strcmp(d, "kept") && all(d + PAGE, 99 * PAGE, 0));
    CHECK(mremap(d, 100 * PAGE, PAGE, 0) == d && !strcmp(d, "kept"));

    strcpy(d, "gone");
    CHECK(!madvise(d, PAGE, MADV_DONTNEED) && d[0] == 0);

    /* What makes no sense is refused, and changes nothing. */
    CHECK(map(0, RW) == MAP_FAILED && errno == EINVAL);
    CHECK(munmap(a + 1, PAGE) == -1 && errno == EINVAL);
    CHECK(mprotect((void *)0x5000000000, PAGE, RW) == -1 && errno == ENOMEM);
    CHECK(map((size_t)1 << 60, RW) == MAP_FAILED && errno == ENOMEM);
    CHECK(mmap(0, PAGE, RW, MAP_PRIVATE, 0, 0) == MAP_FAILED && errno == ENODEV);
    SUCCESS();
}
