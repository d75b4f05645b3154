/* trial.c: lays pages out as its first argument says, then makes one call for each other argument, which is
 * base:kind:offset:length:room, as check.py explains. The check boots it. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { PAGE = 4096, FILL = 0xaa, ROOM = 4096 };
static unsigned char ordinary[ROOM];
static const unsigned char constant[ROOM] = {1};

int main(int argc, char **argv)
{
    size_t pages = strlen(argv[1]);
    int both = PROT_READ | PROT_WRITE, how = MAP_PRIVATE | MAP_ANONYMOUS;
    char *p = mmap(0, pages * PAGE, PROT_NONE, how, -1, 0);
    unsigned char *edge = mmap(0, 2 * PAGE, both, how, -1, 0);

    edge[0] = edge[PAGE] = 1; /* both have a frame; then the second may not be touched any more */
    mprotect(edge + PAGE, PAGE, PROT_NONE);
    for (size_t i = 0; i < pages; i++) {
        char *page = p + i * PAGE;
        if (strchr("wrh", argv[1][i])) {
            mprotect(page, PAGE, both);
            *page = 1;
            mprotect(page, PAGE, argv[1][i] == 'w' ? both : argv[1][i] == 'r' ? PROT_READ : PROT_NONE);
        }
        if (argv[1][i] == 'u')
            munmap(page, PAGE);
    }
    for (int i = 2; i < argc; i++) {
        char base = argv[i][0], kind = argv[i][2], *at = argv[i] + 4;
        size_t offset = strtoull(at, &at, 10), length = strtoull(at + 1, &at, 10), room = strtoull(at + 1, &at, 10);
        char *from = base == 'r' ? p : base == 'i' ? (char *)((uintptr_t)main & -PAGE) : (char *)0;
        if (base == 's')
            from = (char *)((uintptr_t)&room & -PAGE);
        unsigned char *vec = kind == 'o'   ? ordinary
                             : kind == 'c' ? (unsigned char *)constant
                             : kind == 't' ? (unsigned char *)main
                             : kind == 'e' ? edge + PAGE - room
                                           : (unsigned char *)room;
        memset(ordinary, FILL, sizeof ordinary);
        memset(edge, FILL, PAGE);
        errno = 0;
        int result = mincore(from + offset, length, vec);
        printf("%d %d ", result, errno);
        size_t count = (length + PAGE - 1) / PAGE;
        size_t reach = kind == 'o' ? ROOM : kind == 'e' ? room : 0;
        for (size_t j = 0; j < count && j < reach; j++)
            putchar(vec[j] > 1 ? 'x' : '0' + vec[j]);
        int beyond = 0;
        for (size_t j = count; j < reach; j++)
            beyond |= vec[j] != FILL;
        puts(beyond ? " beyond" : " -");
    }
    return 0;
}
