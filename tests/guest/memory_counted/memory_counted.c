/* What sysinfo() says of the machine's memory: nearly all that is free can be had, and all comes back. */
#include "../check.h"
#include <sys/mman.h>
#include <sys/sysinfo.h>

enum { BLOCK = 64 * 1024 };

/* How much may be kept, in KiB: Linux, which does other things meanwhile, says more. */
static long kib(int argc, char **argv)
{
    return argc > 1 ? strtol(argv[1], NULL, 10) : 256;
}

int main(int argc, char **argv)
{
    struct sysinfo before, after;
    size_t blocks = 0;
    void **list = 0, **next;

    CHECK(!sysinfo(&before));
    while ((next = malloc(BLOCK))) {
        memset(next, 0x55, BLOCK);
        *next = list;
        list = next;
        blocks++;
    }
    CHECK(blocks * BLOCK > before.freeram * before.mem_unit / 4 * 3);
    for (; list; list = next) {
        next = *list;
        free(list);
    }
    for (size_t total = 0; total < 100 * (size_t)before.totalram * before.mem_unit; total += 1 << 20) {
        char *p = mmap(0, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        CHECK(p != MAP_FAILED);
        p[12345] = 1;
        CHECK(!munmap(p, 1 << 20));
    }
    CHECK(!sysinfo(&after));
    /* The page tables of addresses once used stay. */
    long kept = labs((long)(before.freeram - after.freeram)) * before.mem_unit;
    CHECK(kept < kib(argc, argv) << 10);
    SUCCESS();
}
