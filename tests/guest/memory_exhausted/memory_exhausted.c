/* Out of memory is ENOMEM, not a hang and not a crash, and memory given back can be used again. */
#include "../check.h"
#include <stdint.h>
#include <sys/mman.h>

enum { BLOCK = 64 * 1024, MEMORY = 4 << 20 }; /* as expect.toml has it */

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
    /* Through a pointer: the compiler believes that malloc() itself neither fails nor sets errno. */
    void *(*volatile allocate)(size_t) = malloc;
    CHECK(allocate(1u << 30) == 0 && errno == ENOMEM);
    size_t blocks = fill();
    CHECK(fill() >= blocks - 2);

    /* A hundred times the memory there is, a piece at a time. */
    for (size_t total = 0; total < 100 * MEMORY; total += 1 << 20) {
        char *p = mmap(0, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        CHECK(p != MAP_FAILED);
        p[12345] = 1;
        CHECK(!munmap(p, 1 << 20));
    }
    SUCCESS();
}
