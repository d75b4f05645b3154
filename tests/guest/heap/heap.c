/* The break moves up and down, zeroed each time, and malloc's blocks keep what was written. */
#include "../check.h"
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { BLOCKS = 500 };

int main(void)
{
    char *start = (char *)syscall(SYS_brk, 0);
    CHECK(start == (char *)syscall(SYS_brk, start - 1));
    CHECK((char *)syscall(SYS_brk, start + 10000) == start + 10000);
    memset(start, 1, 10000);
    CHECK((char *)syscall(SYS_brk, start) == start);
    CHECK((char *)syscall(SYS_brk, start + 10000) == start + 10000);
    CHECK(start[8192] == 0);
    CHECK((char *)syscall(SYS_brk, start) == start);

    char *blocks[BLOCKS];
    for (int i = 0; i < BLOCKS; i++) {
        CHECK((blocks[i] = malloc((size_t)i * 37 + 1)));
        memset(blocks[i], i, (size_t)i * 37 + 1);
    }
    for (int i = 0; i < BLOCKS; i += 2)
        free(blocks[i]);
    for (int i = 1; i < BLOCKS; i += 2) {
        for (int j = 0; j <= i * 37; j++)
            CHECK(blocks[i][j] == (char)i);
        CHECK((blocks[i] = realloc(blocks[i], 50000)) && blocks[i][i * 37] == (char)i);
    }
    SUCCESS();
}
