/* Touches a heap and a mapping of its own, prints where everything lies in its address space, and goes on to here(). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

static char zeros[20000];

__attribute__((noinline)) void here(void)
{
    __asm__ volatile("");
}

int main(void)
{
    struct timespec now;
    char *heap = malloc(10000), *page = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    memset(heap, 1, 10000);
    memset(zeros, 1, sizeof zeros);
    clock_gettime(CLOCK_MONOTONIC, &now);
    printf("%d\n", page[0]);
    FILE *maps = fopen("/proc/self/maps", "r");
    for (int c; (c = getc(maps)) != EOF;)
        putchar(c);
    puts("end");
    fflush(stdout);
    here();
    return zeros[0] + heap[0] == 2 ? 0 : 1;
}
