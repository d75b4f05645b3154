/* SPDX-License-Identifier: MIT */
/*
 * enter.c: makes a folder of a Linux guest the whole system of a command, run by an ordinary user.
 *
 *     enter SYSTEM FOLDER COMMAND [ARGUMENT]...
 *
 * Everything in SYSTEM can be run there, and FOLDER, a path in it, belongs to the user. The initial file system of a Linux
 * cannot be exchanged by pivot_root(2). So SYSTEM becomes a mount that covers it, as on every Linux that has booted: what the
 * user builds in it then works as there. Sources: Linux documentation, "ramfs, rootfs and initramfs"; pivot_root(2).
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

enum { USER = 1000, OPEN_FOLDERS = 16, CANNOT_START = 126 };

static void must(int result, const char *what)
{
    if (result) {
        perror(what);
        exit(CANNOT_START);
    }
}

static int let_run(const char *path, const struct stat *file, int kind, struct FTW *place)
{
    (void)file, (void)kind, (void)place;
    return chmod(path, 0755);
}

static int give_away(const char *path, const struct stat *file, int kind, struct FTW *place)
{
    (void)file, (void)kind, (void)place;
    return lchown(path, USER, USER);
}

static void mount_in(const char *kind, const char *path, unsigned long flags)
{
    mkdir(path, 0755);
    must(mount(kind, path, kind, flags, NULL), path);
}

/* Some distributions keep user namespaces from ordinary users by settings of their own; others have no such file. */
static void allow(const char *path, const char *value)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd >= 0) {
        dprintf(fd, "%s", value);
        close(fd);
    }
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: enter SYSTEM FOLDER COMMAND [ARGUMENT]...\n");
        return CANNOT_START;
    }
    must(nftw(argv[1], let_run, OPEN_FOLDERS, FTW_PHYS), argv[1]);
    must(mount(argv[1], argv[1], NULL, MS_BIND, NULL) || chdir(argv[1]), argv[1]);
    mount_in("devtmpfs", "dev", MS_NOSUID);
    mount_in("proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC);
    mount_in("tmpfs", "tmp", MS_NOSUID | MS_NODEV);
    must(mount(".", "/", NULL, MS_MOVE, NULL) || chroot(".") || chdir("/"), "covering the initial file system");
    allow("/proc/sys/kernel/unprivileged_userns_clone", "1");
    allow("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "0");
    must(nftw(argv[2], give_away, OPEN_FOLDERS, FTW_PHYS), argv[2]);
    must(setgroups(0, NULL) || setresgid(USER, USER, USER) || setresuid(USER, USER, USER),
         "becoming an ordinary user");
    execv(argv[3], argv + 3);
    perror(argv[3]);
    return CANNOT_START;
}
