/* Mappings in pieces: holes between them, parts unmapped and changed, moved and grown; what MADV_DONTNEED promises. */
#define _GNU_SOURCE
#include "../check.h"
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096, PIECES = 3000 };

static char *map(size_t len, int prot)
{
    char *p = mmap(0, len, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK(p != MAP_FAILED && (uintptr_t)p % PAGE == 0);
    return p;
}

static int all(const char *p, size_t len, char value)
{
    for (size_t i = 0; i < len; i++)
        if (p[i] != value)
            return 0;
    return 1;
}

/* More holes than any table of a fixed size would hold, then none again. */
static void every_second_page(void)
{
    char *p = map(PIECES * PAGE, PROT_READ | PROT_WRITE);

    for (int i = 0; i < PIECES; i++)
        p[i * PAGE] = (char)i;
    for (int i = 0; i < PIECES; i += 2)
        CHECK(!munmap(p + i * PAGE, PAGE));
    for (int i = 1; i < PIECES; i += 2)
        CHECK(p[i * PAGE] == (char)i);
    for (int i = 0; i < PIECES; i += 2)
        CHECK(mmap(p + i * PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
              p + i * PAGE);
    CHECK(p[0] == 0 && p[PAGE] == 1 && p[2 * PAGE] == 0);
    CHECK(!munmap(p, PIECES * PAGE));
    CHECK(!munmap(p, PIECES * PAGE)); /* of nothing: no error */
}

static void in_the_middle(void)
{
    char *p = map(8 * PAGE, PROT_READ | PROT_WRITE);

    memset(p, 7, 8 * PAGE);
    CHECK(!mprotect(p + 2 * PAGE, 3 * PAGE, PROT_READ));
    CHECK(!munmap(p + 3 * PAGE, PAGE));
    CHECK(all(p, 3 * PAGE, 7) && all(p + 4 * PAGE, 4 * PAGE, 7));
    CHECK(mprotect(p, 8 * PAGE, PROT_READ) == -1 && errno == ENOMEM);
    CHECK(munmap(p + 1, PAGE) == -1 && errno == EINVAL);
    CHECK(!munmap(p, 8 * PAGE));
}

static void discarded(void)
{
    char *p = map(6 * PAGE, PROT_READ | PROT_WRITE);

    memset(p, 7, 6 * PAGE);
    CHECK(!mprotect(p + PAGE, PAGE, PROT_READ) && !mprotect(p + 2 * PAGE, PAGE, PROT_NONE));
    CHECK(!madvise(p, 4 * PAGE, MADV_DONTNEED));
    CHECK(all(p, 2 * PAGE, 0) && all(p + 3 * PAGE, PAGE, 0) && all(p + 4 * PAGE, 2 * PAGE, 7));
    CHECK(!mprotect(p + 2 * PAGE, PAGE, PROT_READ | PROT_WRITE) && all(p + 2 * PAGE, PAGE, 0));
    CHECK(!munmap(p, 6 * PAGE));
}

static void moved(void)
{
    char *p = map(4 * PAGE, PROT_READ | PROT_WRITE), *wall = map(PAGE, PROT_READ);

    memset(p, 7, 4 * PAGE);
    CHECK(wall == p + 4 * PAGE || munmap(wall, PAGE) == 0);
    CHECK(mremap(p, 4 * PAGE, 2 * PAGE, 0) == p);
    CHECK(mremap(p, 2 * PAGE, 3 * PAGE, 0) == p && all(p, 2 * PAGE, 7) && all(p + 2 * PAGE, PAGE, 0));
    p = mremap(p, 3 * PAGE, 700 * PAGE, MREMAP_MAYMOVE);
    CHECK(p != MAP_FAILED && all(p, 2 * PAGE, 7) && all(p + 2 * PAGE, 698 * PAGE, 0));
    CHECK(!munmap(p, 700 * PAGE));

    char *block = malloc(300000);
    memset(block, 5, 300000);
    block = realloc(block, 5000000);
    CHECK(block && all(block, 300000, 5));
    free(block);
}

int main(void)
{
    every_second_page();
    in_the_middle();
    discarded();
    moved();
    CHECK(mmap(0, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == EINVAL);
    CHECK(mmap(0, (size_t)1 << 60, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == ENOMEM);
    CHECK(mremap((void *)PAGE, PAGE, 2 * PAGE, 0) == MAP_FAILED && errno == EFAULT);
    SUCCESS();
}
