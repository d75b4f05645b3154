/* Has a mebibyte of memory, and touches every page of it when it is sent a line: once for each line. */
#include <stdio.h>
#include <sys/mman.h>

enum { SIZE = 1 << 20, PAGE = 4096 };

int main(void)
{
    char line[16];
    volatile char *memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    printf("untouched %p\n", (void *)memory);
    while (fgets(line, sizeof line, stdin)) {
        for (int at = 0; at < SIZE; at += PAGE)
            memory[at]++;
        puts("touched");
    }
    return 0;
}
