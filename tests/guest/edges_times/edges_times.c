/* SPDX-License-Identifier: MIT */
/* Times, modes and names of files at their edges: utimensat(), chmod(), access(), rename(), umask(), getcwd(). */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../say.h"

/* The library OS keeps one time of a file, that of the last change. */
static void times(const char *path)
{
    struct stat st = {0};

    SAY(stat(path, &st));
    printf("%lld.%09ld\n", (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

int main(void)
{
    struct timespec set[2] = {{1000, 5}, {2000, 6}}, omit[2] = {{1, UTIME_OMIT}, {3000, 7}},
                    both[2] = {{-1, UTIME_OMIT}, {-1, UTIME_OMIT}}, wrong[2] = {{0, 1000000000}, {0, 0}},
                    below[2] = {{0, 0}, {0, -1}};
    char buf[PATH_MAX];
    struct stat st;

    SAY(chdir(getenv("TMPDIR")));
    int fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600);
    SAY(utimensat(AT_FDCWD, "file", set, 0));
    times("file");
    SAY(utimensat(AT_FDCWD, "file", omit, 0));
    times("file");
    SAY(futimens(fd, both));
    times("file");
    SAY(utimensat(AT_FDCWD, "file", wrong, 0));
    SAY(utimensat(AT_FDCWD, "file", below, 0));
    SAY(utimensat(AT_FDCWD, "file", set, 0x8000));
    SAY(utimensat(AT_FDCWD, "missing", set, 0));
    SAY(utimensat(AT_FDCWD, "missing", both, 0));
    SAY(utimensat(AT_FDCWD, "", set, 0));
    SAY(utimensat(fd, "x", set, 0));
    SAY(utimensat(99, "file", set, 0));
    SAY(futimens(99, set));
    SAY(futimens(fd, set));
    times("file");

    SAY(chmod("file", 07777));
    SAY(stat("file", &st));
    printf("%o\n", st.st_mode);
    SAY(fchmod(fd, 0100600));
    SAY(fstat(fd, &st));
    printf("%o\n", st.st_mode);
    SAY(chmod("missing", 0600));
    SAY(chmod("file/x", 0600));
    SAY(fchmodat(AT_FDCWD, "file", 0640, 0x8000));
    printf("%o\n", umask(027));
    printf("%o\n", umask(07777));
    printf("%o\n", umask(027));
    SAY(close(open("masked", O_WRONLY | O_CREAT, 0666)));
    SAY(stat("masked", &st));
    printf("%o\n", st.st_mode);
    SAY(mkdir("folder", 0777));
    SAY(stat("folder", &st));
    printf("%o\n", st.st_mode);

    SAY(access("file", F_OK));
    SAY(access("file", 8));
    SAY(access("file", -1));
    SAY(faccessat(AT_FDCWD, "missing", R_OK, 0));
    SAY(syscall(SYS_faccessat2, AT_FDCWD, "file", R_OK, 0x8000));
    SAY(syscall(SYS_renameat2, AT_FDCWD, "file", AT_FDCWD, "masked", 1)); /* RENAME_NOREPLACE */
    SAY(syscall(SYS_renameat2, AT_FDCWD, "file", AT_FDCWD, "other", 1));
    SAY(syscall(SYS_renameat2, AT_FDCWD, "other", AT_FDCWD, "file", 0x100));
    SAY(rename("other", "other"));
    SAY(rename("other", "folder"));
    SAY(rename("folder", "other"));
    SAY(rename("folder", "folder/below"));
    SAY(rename("missing", "other"));
    SAY(rename("other", ""));
    SAY(rename(".", "x"));
    SAY(fstat(fd, &st));
    SAY(unlink("other"));
    SAY(fstat(fd, &st));
    printf("%d\n", (int)st.st_nlink);
    SAY(unlink("folder"));
    SAY(unlinkat(AT_FDCWD, "folder", 0x8000));
    SAY(unlinkat(AT_FDCWD, "masked", AT_REMOVEDIR));
    SAY(syscall(SYS_getcwd, buf, 0));
    SAY(syscall(SYS_getcwd, buf, 1));
    SAY(syscall(SYS_getcwd, buf, sizeof buf) > 0);
    SAY(symlink("target", "link"));
    SAY(readlink("link", buf, 3));
    SAY(readlink("link", buf, 0));
    SAY(readlink("file", buf, 3));
    SAY(readlink("masked", buf, 3));
    puts("SUCCESS");
    return 0;
}
