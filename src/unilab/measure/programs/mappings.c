/* SPDX-License-Identifier: MIT */
/* A process with as many mappings as it is told: every other page of a range may be touched. */
#include <stdlib.h>
#include <sys/mman.h>

enum { PAGE = 4096 };

int main(int argc, char **argv)
{
    size_t count = argc > 1 ? strtoul(argv[1], 0, 10) : 0;
    char *range = mmap(0, count * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (range == MAP_FAILED)
        return 1;
    for (size_t i = 0; i < count; i += 2)
        if (mprotect(range + i * PAGE, PAGE, PROT_READ | PROT_WRITE))
            return 2;
    return 0;
}
