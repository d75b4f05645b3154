/* A blank disk becomes one with files: large ones, deep directories, files without a name. */
#define _GNU_SOURCE
#include "../check.h"
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 1 << 16, LARGE = 8 << 20, DEPTH = 40 };

static unsigned char piece[PIECE], found[PIECE];
static char top[PATH_MAX - DEPTH * 5 - 16]; /* where the test is */

static void fill(unsigned number)
{
    for (unsigned i = 0; i < PIECE; i++)
        piece[i] = (unsigned char)(i * 7 + i / 256 + number * 31);
}

static void large(void)
{
    struct stat st;

    int fd = open("large", O_RDWR | O_CREAT | O_EXCL, 0644);
    CHECK(fd >= 0);
    for (unsigned i = 0; i < LARGE / PIECE; i++) {
        fill(i);
        CHECK(write(fd, piece, PIECE) == PIECE);
    }
    CHECK(!fsync(fd) && !fstat(fd, &st) && st.st_size == LARGE);
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
    CHECK(!unlink("large"));
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
    char path[PATH_MAX], name[32];

    strcpy(path, top);

    for (int i = 0; i < DEPTH; i++) {
        strcat(path, "/deep");
        CHECK(!mkdir(path, 0755));
    }
    CHECK(mkdir(path, 0755) && errno == EEXIST && !chdir(path));
    CHECK(close(creat("bottom", 0644)) == 0 && !chdir(top) && !rename("deep", "moved"));
    CHECK(rename("moved", "moved/deep/inside") && errno == EINVAL);
    strcpy(path + strlen(top), "/moved");
    for (int i = 1; i < DEPTH; i++)
        strcat(path, "/deep");
    CHECK(rmdir(path) && errno == ENOTEMPTY && !chdir(path) && !unlink("bottom"));
    CHECK(getcwd((char *)found, sizeof found) && !strcmp((char *)found, path) && !chdir(top));
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
    CHECK(!chdir(getenv("TMPDIR")) && getcwd(top, sizeof top));
    large();
    nameless();
    deep();
    CHECK(open("none", O_RDONLY) == -1 && errno == ENOENT);
    SUCCESS();
}
