/* Out of memory is ENOMEM, not a hang and not a crash, and memory given back can be used again. */
#include "../check.h"
#include <stdint.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>

enum { BLOCK = 64 * 1024 };

static size_t fill(void)
{
    void **list = 0, **next;
    size_t blocks = 0;

    while ((next = malloc(BLOCK))) {
        memset(next, 0x55, BLOCK);
        *next = list;
        list = next;
        blocks++;
    }
    while (list) {
        next = *list;
        free(list);
        list = next;
    }
    return blocks;
}

int main(void)
{
    struct sysinfo before, after;

    /* Through a pointer: the compiler believes that malloc() itself neither fails nor sets errno. */
    void *(*volatile allocate)(size_t) = malloc;
    CHECK(allocate(1u << 30) == 0 && errno == ENOMEM);
    CHECK(!sysinfo(&before));
    size_t blocks = fill();
    CHECK(blocks * BLOCK > before.freeram * before.mem_unit / 4 * 3);
    CHECK(fill() >= blocks - 2);

    /* A hundred times the machine's memory, a piece at a time. */
    for (size_t total = 0; total < 100 * (size_t)before.totalram * before.mem_unit; total += 1 << 20) {
        char *p = mmap(0, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        CHECK(p != MAP_FAILED);
        p[12345] = 1;
        CHECK(!munmap(p, 1 << 20));
    }
    CHECK(!sysinfo(&after));
    /* The page tables of addresses once used stay. */
    CHECK(before.freeram - after.freeram < 64);
    SUCCESS();
}
