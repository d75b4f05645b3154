/* Every call that takes a path, on every kind of path: what it says, and what it leaves. The other half of this test is
 * the same program as a Linux process, which must print the same. */
#define _GNU_SOURCE
#include "../check.h"
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LONG_NAME = NAME_MAX + 1, LONG_PATH = PATH_MAX };

static char long_name[LONG_NAME + 1], long_path[LONG_PATH + 1];

static const char *const paths[] = {
    "file",        "dir",          "full",        "missing",     "link",        "dirlink",  "dangling",  "loop",
    "file/",       "dir/",         "full/",       "missing/",    "link/",       "dirlink/", "dangling/", "loop/",
    ".",           "..",           "dir/.",       "full/..",     "file/.",      "file/x",   "missing/x", "loop/x",
    "full/in",     "full//in",     "./full/./in", "dirlink/in",  "dirlink/new", "full/new", "full/new/", "",
    "dir/../file", "../work/file", "full/deep",   "full/deep/x", long_name,     long_path,
};
enum { PATHS = sizeof paths / sizeof *paths, RENAMED = 30 /* of them, from the first on */ };

static void touch(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0640);

    CHECK(fd >= 0 && write(fd, "text", 4) == 4 && !close(fd));
}

static void clear(const char *path)
{
    char name[PATH_MAX];
    DIR *directory = opendir(path);
    struct dirent *entry;

    CHECK(directory);
    while ((entry = readdir(directory))) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        if (entry->d_type == DT_DIR)
            clear(name);
        CHECK(!remove(name));
    }
    closedir(directory);
}

static void make(void)
{
    clear(".");
    touch("file");
    CHECK(!mkdir("dir", 0755) && !mkdir("full", 0755) && !mkdir("full/deep", 0755));
    touch("full/in");
    CHECK(!symlink("file", "link") && !symlink("full", "dirlink") && !symlink("nowhere", "dangling"));
    CHECK(!symlink("loop", "loop"));
}

/* A number for what is there: names, types, lengths, permissions, in whatever order. */
static unsigned long state(const char *path)
{
    char name[PATH_MAX];
    DIR *directory = opendir(path);
    struct dirent *entry;
    unsigned long sum = 0;

    CHECK(directory);
    while ((entry = readdir(directory))) {
        struct stat st;
        unsigned long one = 5381;

        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        for (char *p = name; *p; p++)
            one = one * 33 + (unsigned char)*p;
        CHECK(!lstat(name, &st));
        CHECK(entry->d_type == IFTODT(st.st_mode));
        one = one * 33 + st.st_mode;
        if (!S_ISDIR(st.st_mode))
            one = one * 33 + (unsigned long)st.st_size;
        sum += one;
        if (S_ISDIR(st.st_mode))
            sum += state(name);
    }
    closedir(directory);
    return sum;
}

/* ---- the calls: what they return, -1 with errno ---------------------------------------- */

static int opened(const char *path, int flags)
{
    int fd = open(path, flags, 0666);

    return fd < 0 ? fd : close(fd);
}

#define OPEN(name, flags)                                                                                          \
    static int name(const char *path)                                                                              \
    {                                                                                                              \
        return opened(path, flags);                                                                                \
    }
OPEN(open_read, O_RDONLY)
OPEN(open_write, O_WRONLY)
OPEN(open_both, O_RDWR)
OPEN(open_truncate, O_RDWR | O_TRUNC)
OPEN(open_read_truncate, O_RDONLY | O_TRUNC)
OPEN(open_create, O_WRONLY | O_CREAT)
OPEN(open_create_read, O_RDONLY | O_CREAT)
OPEN(open_exclusive, O_WRONLY | O_CREAT | O_EXCL)
OPEN(open_directory, O_RDONLY | O_DIRECTORY)
OPEN(open_no_follow, O_RDONLY | O_NOFOLLOW)
OPEN(open_directory_no_follow, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
OPEN(open_create_no_follow, O_WRONLY | O_CREAT | O_NOFOLLOW)
OPEN(open_append_truncate, O_WRONLY | O_APPEND | O_CREAT | O_TRUNC)

static int do_creat(const char *path)
{
    int fd = creat(path, 0600);

    return fd < 0 ? fd : close(fd);
}

static int do_stat(const char *path)
{
    struct stat st;

    return stat(path, &st) ? -1 : (int)(st.st_mode & S_IFMT);
}

static int do_lstat(const char *path)
{
    struct stat st;

    return lstat(path, &st) ? -1 : (int)(st.st_mode & S_IFMT);
}

static int stat_empty(const char *path)
{
    struct stat st;

    return fstatat(AT_FDCWD, path, &st, AT_EMPTY_PATH) ? -1 : (int)(st.st_mode & S_IFMT);
}

static int stat_bad_flag(const char *path)
{
    struct stat st;

    return fstatat(AT_FDCWD, path, &st, 0x40000000);
}

static int stat_bad_directory(const char *path)
{
    struct stat st;

    return fstatat(77, path, &st, 0);
}

static int access_exists(const char *path)
{
    return access(path, F_OK);
}

static int access_all(const char *path)
{
    return access(path, R_OK | W_OK | X_OK);
}

static int access_nonsense(const char *path)
{
    return access(path, 8);
}

static int do_mkdir(const char *path)
{
    return mkdir(path, 0751);
}

static int do_readlink(const char *path)
{
    char target[4];
    long n = readlink(path, target, sizeof target);

    return n < 0 ? -1 : (int)n;
}

static int symlink_to(const char *path)
{
    return symlink("anything", path);
}

static int symlink_from(const char *path)
{
    return symlink(path, "fresh");
}

static int link_missing(const char *path)
{
    return link("missing", path);
}

static int do_truncate(const char *path)
{
    return truncate(path, 9);
}

static int truncate_negative(const char *path)
{
    return truncate(path, -1);
}

static int do_chmod(const char *path)
{
    return chmod(path, 0700);
}

static int do_utimes(const char *path)
{
    return utimensat(AT_FDCWD, path, NULL, 0);
}

static int utimes_bad(const char *path)
{
    return utimensat(AT_FDCWD, path, (struct timespec[2]){{0, 0}, {0, 1000000000}}, 0);
}

static int do_chown(const char *path)
{
    return lchown(path, (uid_t)-1, (gid_t)-1);
}

static int do_chdir(const char *path)
{
    int here = open(".", O_RDONLY | O_DIRECTORY), result = chdir(path), why = errno;

    CHECK(here >= 0 && !fchdir(here) && !close(here));
    errno = why;
    return result;
}

static int real_path(const char *path)
{
    char *real = realpath(path, NULL);
    int result = real ? real[0] == '/' : -1;

    free(real);
    return result;
}

static int list(const char *path)
{
    DIR *directory = opendir(path);
    int count = 0;

    if (!directory)
        return -1;
    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}

static int unlink_as_directory(const char *path)
{
    return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

static int unlink_bad_flag(const char *path)
{
    return unlinkat(AT_FDCWD, path, 0x4000);
}

#define CALL(f) {#f, f}
static const struct {
    const char *name;
    int (*run)(const char *path);
} calls[] = {
    CALL(open_read),
    CALL(open_write),
    CALL(open_both),
    CALL(open_truncate),
    CALL(open_read_truncate),
    CALL(open_create),
    CALL(open_create_read),
    CALL(open_exclusive),
    CALL(open_directory),
    CALL(open_no_follow),
    CALL(open_directory_no_follow),
    CALL(open_create_no_follow),
    CALL(open_append_truncate),
    CALL(do_creat),
    CALL(do_stat),
    CALL(do_lstat),
    CALL(stat_empty),
    CALL(stat_bad_flag),
    CALL(stat_bad_directory),
    CALL(access_exists),
    CALL(access_all),
    CALL(access_nonsense),
    CALL(do_mkdir),
    CALL(rmdir),
    CALL(unlink),
    CALL(unlink_as_directory),
    CALL(unlink_bad_flag),
    CALL(remove),
    CALL(do_readlink),
    CALL(symlink_to),
    CALL(symlink_from),
    CALL(link_missing),
    CALL(do_truncate),
    CALL(truncate_negative),
    CALL(do_chmod),
    CALL(do_utimes),
    CALL(utimes_bad),
    CALL(do_chown),
    CALL(do_chdir),
    CALL(real_path),
    CALL(list),
};

static const char *shown(const char *path)
{
    return path == long_name ? "LONG-NAME" : path == long_path ? "LONG-PATH" : path;
}

int main(void)
{
    memset(long_name, 'n', LONG_NAME);
    memset(long_path, '/', LONG_PATH);
    umask(027);
    CHECK(!chdir(getenv("TMPDIR")) && !mkdir("work", 0700) && !chdir("work"));
    make();
    unsigned long before = state(".");

    for (size_t c = 0; c < sizeof calls / sizeof *calls; c++) {
        printf("%s:", calls[c].name);
        for (int p = 0; p < PATHS; p++) {
            errno = 0;
            int result = calls[c].run(paths[p]);
            int why = errno;
            unsigned long now = state(".");

            printf(" %s=", shown(paths[p]));
            if (result == -1)
                printf("%s", strerror(why));
            else
                printf("%d", result);
            if (now != before) {
                printf("#%lx", now & 0xffff);
                make();
            }
        }
        puts("");
    }
    for (int from = 0; from < RENAMED; from++) {
        printf("rename %s:", shown(paths[from]));
        for (int to = 0; to < RENAMED; to++) {
            int result = rename(paths[from], paths[to]), why = errno;
            unsigned long now = state(".");

            printf(" %s=%s", shown(paths[to]), result ? strerror(why) : "0");
            if (now != before) {
                printf("#%lx", now & 0xffff);
                make();
            }
        }
        puts("");
    }
    CHECK(rename("file", long_name) && errno == ENAMETOOLONG && rename(long_name, "file") && errno == ENAMETOOLONG);
    CHECK(rename("file", long_path) && errno == ENAMETOOLONG && rename(long_path, "file") && errno == ENAMETOOLONG);
    clear(".");
    CHECK(!chdir("..") && !rmdir("work"));
    SUCCESS();
}
