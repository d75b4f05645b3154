/* Files as memory, privately. */
#define _GNU_SOURCE
#include "../check.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGE = 4096, SIZE = 3 * PAGE + 100 };

#define FAILS(call, error) ((call) == MAP_FAILED && errno == (error))

int main(void)
{
    static char text[SIZE];

    CHECK(!chdir(getenv("TMPDIR")));
    for (int i = 0; i < SIZE; i++)
        text[i] = (char)(i / 7);
    int fd = open("mapped", O_RDWR | O_CREAT, 0600), reader = open("mapped", O_RDONLY),
        writer = open("mapped", O_WRONLY);
    CHECK(write(fd, text, SIZE) == SIZE);

    char *all = mmap(0, SIZE, PROT_READ, MAP_PRIVATE, reader, 0);
    CHECK(all != MAP_FAILED && !memcmp(all, text, SIZE));
    for (int i = SIZE; i < 4 * PAGE; i++)
        CHECK(all[i] == 0); /* the rest of the last page */

    /* Changes stay in the mapping, and it outlives descriptor and file. */
    char *part = mmap(0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, reader, PAGE);
    CHECK(part != MAP_FAILED && !memcmp(part, text + PAGE, 2 * PAGE));
    memset(part, 'x', PAGE);
    char c;
    CHECK(pread(reader, &c, 1, PAGE) == 1 && c == text[PAGE] && all[PAGE] == text[PAGE]);
    CHECK(lseek(reader, 0, SEEK_CUR) == 0);

    /* At a fixed place, over what was there. */
    CHECK(mmap(part, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 2 * PAGE) == part);
    CHECK(!memcmp(part, text + 2 * PAGE, PAGE) && !memcmp(part + PAGE, text + 2 * PAGE, PAGE));

    CHECK(FAILS(mmap(0, 0, PROT_READ, MAP_PRIVATE, fd, 0), EINVAL));
    CHECK(FAILS(mmap(0, PAGE, PROT_READ, MAP_PRIVATE, fd, 100), EINVAL));
    CHECK(FAILS(mmap(0, PAGE, PROT_READ, MAP_PRIVATE, 99, 0), EBADF));
    CHECK(FAILS(mmap(0, PAGE, PROT_READ, MAP_PRIVATE, writer, 0), EACCES));
    CHECK(FAILS(mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, reader, 0), EACCES));
    int folder = open(".", O_RDONLY);
    CHECK(FAILS(mmap(0, PAGE, PROT_READ, MAP_PRIVATE, folder, 0), ENODEV));
    CHECK(!close(folder) && !close(fd) && !close(reader) && !close(writer) && !unlink("mapped"));
    CHECK(!memcmp(all, text, SIZE) && !munmap(all, SIZE) && !munmap(part, 2 * PAGE));

    /* Code from a file can be run. */
    fd = open("code", O_RDWR | O_CREAT, 0700);
    CHECK(write(fd, "\xb8\x2a\0\0\0\xc3", 6) == 6); /* mov $42, %eax; ret */
    char *code = mmap(0, 6, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
    CHECK(code != MAP_FAILED && ((int (*)(void))code)() == 42 && !close(fd) && !unlink("code"));
    SUCCESS();
}
