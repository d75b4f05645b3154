/* residents.c: a program that asks which of its pages have a frame. The same file runs as a process. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

enum { PAGE = 4096, PAGES = 6 };

static void ask(char *from, size_t len)
{
    unsigned char vec[PAGES];

    if (mincore(from, len, vec)) {
        puts(strerror(errno));
        return;
    }
    for (size_t i = 0; i < (len + PAGE - 1) / PAGE; i++)
        putchar(vec[i] & 1 ? '#' : '.');
    puts("");
}

int main(void)
{
    /* Reserved, and not to be touched; then pages 1, 2 and 4 can be, and are. */
    char *p = mmap(0, PAGES * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    mprotect(p + PAGE, 2 * PAGE, PROT_READ | PROT_WRITE);
    mprotect(p + 4 * PAGE, PAGE, PROT_READ | PROT_WRITE);
    p[PAGE] = p[2 * PAGE] = p[4 * PAGE] = 1;
    ask(p, PAGES * PAGE);
    ask(p + PAGE, PAGE + 1);
    ask(p + 1, PAGE);
    munmap(p + 3 * PAGE, PAGE);
    ask(p, PAGES * PAGE);
    return 0;
}
