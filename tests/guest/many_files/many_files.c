/* Two thousand files in a directory, directories a hundred deep, and all descriptors taken. */
#define _GNU_SOURCE
#include "../check.h"
#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILES = 2000, DEPTH = 100, MOST_DESCRIPTORS = 1024 };

static int count(const char *path)
{
    DIR *directory = opendir(path);
    int n = 0;

    CHECK(directory);
    while (readdir(directory))
        n++;
    closedir(directory);
    return n - 2;
}

static void many(void)
{
    char name[32], text[32];

    CHECK(!mkdir("many", 0755) && !chdir("many"));
    for (int i = 0; i < FILES; i++) {
        sprintf(name, "f%d", i);
        int fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600);
        CHECK(fd >= 0 && write(fd, name, strlen(name)) == (ssize_t)strlen(name) && !close(fd));
    }
    CHECK(count(".") == FILES);
    for (int i = FILES; i--;) {
        sprintf(name, "f%d", i);
        int fd = open(name, O_RDONLY);
        ssize_t n = read(fd, text, sizeof text);
        CHECK(n == (ssize_t)strlen(name) && !memcmp(text, name, (size_t)n) && !close(fd) && !unlink(name));
    }
    CHECK(count(".") == 0);
    CHECK(!chdir("..") && !rmdir("many"));
}

static void deep(void)
{
    char path[DEPTH * 5 + 16] = "", *end = path;
    struct stat st, other;

    for (int i = 0; i < DEPTH; i++) {
        CHECK(!mkdir("deep", 0755) && !chdir("deep"));
        end += sprintf(end, "deep/");
    }
    int fd = open("bottom", O_WRONLY | O_CREAT, 0600);
    CHECK(fd >= 0 && !fstat(fd, &st) && !close(fd));
    for (int i = 0; i < DEPTH; i++)
        CHECK(!chdir(".."));
    strcpy(end, "bottom");
    CHECK(!stat(path, &other) && other.st_ino == st.st_ino && !unlink(path));
    *end = 0;
    for (int i = 0; i < DEPTH; i++) {
        CHECK(!rmdir(path));
        end -= 5;
        *end = 0;
    }
    CHECK(access("deep", F_OK) && errno == ENOENT);
}

static void all_descriptors(void)
{
    struct rlimit limit = {MOST_DESCRIPTORS, MOST_DESCRIPTORS};
    int last = -1, fd;

    CHECK(!setrlimit(RLIMIT_NOFILE, &limit) && sysconf(_SC_OPEN_MAX) == MOST_DESCRIPTORS);
    while ((fd = open(".", O_RDONLY)) >= 0)
        last = fd;
    CHECK(fd == -1 && open(".", O_RDONLY) == -1 && errno == EMFILE);
    CHECK(dup(0) == -1 && errno == EMFILE);
    CHECK(open("never", O_CREAT | O_WRONLY, 0600) == -1 && errno == EMFILE && access("never", F_OK));
    CHECK(last == MOST_DESCRIPTORS - 1);
    CHECK(!close(100) && open(".", O_RDONLY) == 100);
    for (fd = 3; fd <= last; fd++)
        CHECK(!close(fd));
}

int main(void)
{
    CHECK(!chdir(getenv("TMPDIR")));
    many();
    deep();
    all_descriptors();
    SUCCESS();
}
