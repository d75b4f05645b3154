/* A blank disk becomes one with files: large ones, deep directories, files without a name. */
#define _GNU_SOURCE
#include "../check.h"
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { PIECE = 1 << 16, LARGE = 8 << 20, DEPTH = 40 };

static unsigned char piece[PIECE], found[PIECE];

static void fill(unsigned number)
{
    for (unsigned i = 0; i < PIECE; i++)
        piece[i] = (unsigned char)(i * 7 + i / 256 + number * 31);
}

static void large(void)
{
    struct statvfs before, after;
    struct stat st;

    CHECK(!statvfs(".", &before) && before.f_blocks * before.f_frsize == 32 << 20);
    int fd = open("large", O_RDWR | O_CREAT | O_EXCL, 0644);
    CHECK(fd >= 0);
    for (unsigned i = 0; i < LARGE / PIECE; i++) {
        fill(i);
        CHECK(write(fd, piece, PIECE) == PIECE);
    }
    CHECK(!fsync(fd) && !fstat(fd, &st) && st.st_size == LARGE);
    CHECK(!statvfs(".", &after) && (before.f_bfree - after.f_bfree) * after.f_frsize >= LARGE);
    for (unsigned i = LARGE / PIECE; i--;) {
        fill(i);
        CHECK(pread(fd, found, PIECE, (off_t)i * PIECE) == PIECE && !memcmp(piece, found, PIECE));
    }
    /* Into its middle, and past its end. */
    CHECK(pwrite(fd, "middle", 6, LARGE / 2 - 3) == 6 && pwrite(fd, "end", 3, LARGE + 100000) == 3);
    CHECK(!fsync(fd) && !close(fd));
    fd = open("large", O_RDONLY);
    fill(LARGE / PIECE / 2 - 1);
    memcpy(piece + PIECE - 3, "mid", 3);
    CHECK(pread(fd, found, PIECE, LARGE / 2 - PIECE) == PIECE && !memcmp(piece, found, PIECE));
    CHECK(pread(fd, found, 100, LARGE - 1) == 100 && !found[1] && !memcmp(found + 1, found + 2, 98));
    CHECK(pread(fd, found, 100, LARGE + 100000) == 3 && !memcmp(found, "end", 3) && !close(fd));
    CHECK(!unlink("large") && !statvfs(".", &after) && after.f_bfree == before.f_bfree);
}

static void nameless(void)
{
    int fd = open("nameless", O_RDWR | O_CREAT, 0600), other;
    struct stat st;

    fill(1);
    CHECK(write(fd, piece, PIECE) == PIECE && !unlink("nameless") && !fstat(fd, &st) && st.st_nlink == 0);
    other = open("nameless", O_RDWR | O_CREAT | O_EXCL, 0600);
    fill(2);
    CHECK(other >= 0 && write(other, piece, PIECE) == PIECE && !fsync(other));
    fill(1);
    CHECK(pread(fd, found, PIECE, 0) == PIECE && !memcmp(piece, found, PIECE));
    CHECK(!rename("nameless", "named") && pread(other, found, 1, 1) == 1 && !close(fd) && !close(other));
    CHECK(!stat("named", &st) && st.st_size == PIECE && !unlink("named"));
}

static void deep(void)
{
    char path[DEPTH * 5 + 16] = "/data", name[32];

    for (int i = 0; i < DEPTH; i++) {
        strcat(path, "/deep");
        CHECK(!mkdir(path, 0755));
    }
    CHECK(mkdir(path, 0755) && errno == EEXIST && !chdir(path));
    CHECK(close(creat("bottom", 0644)) == 0 && !chdir("/data") && !rename("deep", "moved"));
    CHECK(rename("moved", "moved/deep/inside") && errno == EINVAL);
    strcpy(path + 6, "moved");
    for (int i = 1; i < DEPTH; i++)
        strcat(path, "/deep");
    CHECK(rmdir(path) && errno == ENOTEMPTY && !chdir(path) && !unlink("bottom"));
    CHECK(getcwd((char *)found, sizeof found) && !strcmp((char *)found, path) && !chdir("/data"));
    for (int i = 0; i < DEPTH; i++) {
        CHECK(!rmdir(path));
        *strrchr(path, '/') = 0;
    }
    for (int i = 0; i < 100; i++) {
        sprintf(name, "%d", i);
        CHECK(!close(creat(name, 0644)));
    }
    DIR *directory = opendir(".");
    int count = 0;
    for (struct dirent *entry; (entry = readdir(directory));)
        if (entry->d_name[0] != '.') {
            CHECK(entry->d_type == DT_REG && !unlink(entry->d_name));
            count++;
        }
    CHECK(count == 100 && !closedir(directory));
}

int main(void)
{
    CHECK(!chdir("/data"));
    large();
    nameless();
    deep();
    CHECK(symlink("a", "b") && errno == EPERM && link("a", "b") && open("none", O_RDONLY) == -1 && errno == ENOENT);
    SUCCESS();
}
