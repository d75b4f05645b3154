/* /tmp takes half of the memory and no more; what is deleted is memory again, for files and for others. */
#define _GNU_SOURCE
#include "../check.h"
#include <fcntl.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>
#include <unistd.h>

enum { PIECE = 65536, ROUNDS = 20, SMALL = 700 };

/* How much memory may come and go by itself, in KiB: in the library OS, none. */
static long tolerance;

static unsigned long free_memory(void)
{
    struct sysinfo info;

    CHECK(!sysinfo(&info));
    return info.freeram * info.mem_unit;
}

static bool is_back(unsigned long before)
{
    return labs((long)(free_memory() - before)) <= tolerance << 10;
}

/* Writes until there is no room; how much it took. */
static long fill(const char *path)
{
    static char piece[PIECE];
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    long total = 0, n;

    CHECK(fd >= 0);
    while ((n = write(fd, piece, PIECE)) > 0)
        total += n;
    CHECK(write(fd, piece, 1) == -1 && errno == ENOSPC);
    struct stat st;
    CHECK(!fstat(fd, &st) && st.st_size == total && !close(fd));
    return total;
}

int main(int argc, char **argv)
{
    tolerance = argc > 1 ? strtol(argv[1], NULL, 10) : 0;
    struct statvfs fs;
    char name[32];

    CHECK(!statvfs("/tmp", &fs) && fs.f_bavail <= fs.f_blocks);
    long room = (long)(fs.f_bavail * fs.f_bsize), first = fill("/tmp/full");
    CHECK(first <= room && first > room * 9 / 10);
    CHECK(free_memory() > (unsigned long)room / 2); /* the other half is the program's */

    /* Names can still be made, and a file with a hole needs memory only for what was written. */
    int fd = open("/tmp/sparse", O_RDWR | O_CREAT, 0600);
    CHECK(fd >= 0 && !ftruncate(fd, 1l << 30) && pwrite(fd, "x", 1, 1 << 29) == -1 && errno == ENOSPC);
    CHECK(!truncate("/tmp/full", first / 2) && pwrite(fd, "x", 1, 1 << 29) == 1 && !close(fd));
    CHECK(!unlink("/tmp/sparse") && !unlink("/tmp/full"));

    /* Over and over: many times the memory in total. */
    unsigned long before = free_memory();
    for (int i = 0; i < ROUNDS; i++) {
        CHECK(fill("/tmp/again") >= first * 9 / 10 && !unlink("/tmp/again"));
        CHECK(is_back(before));
    }
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < SMALL; i++) {
            sprintf(name, "/tmp/small%d", i);
            fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600);
            CHECK(fd >= 0 && write(fd, "x", 1) == 1 && !close(fd));
        }
        for (int i = 0; i < SMALL; i++) {
            sprintf(name, "/tmp/small%d", i);
            CHECK(!unlink(name));
        }
        if (round == 0)
            before = free_memory(); /* the objects that stand for files are kept */
    }
    CHECK(is_back(before));
    char *rest = mmap(0, before - (1 << 20), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(rest != MAP_FAILED);
    rest[before - (1 << 20) - 1] = 1;

    /* Then there is none for /tmp. */
    fill("/tmp/little");
    SUCCESS();
}
