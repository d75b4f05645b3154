/* SPDX-License-Identifier: MIT */
/*
 * root.h: the container's root file system: a tmpfs with the program, a /proc that shows the container's processes only, five
 * devices, /tmp, and the files that were given. When it stands, it becomes the root, and the host's tree is let go of.
 */
#ifndef CONTAIN_ROOT_H
#define CONTAIN_ROOT_H

#include "common.h"
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* Any folder that every host has: the mount hides it, in our mount namespace alone. */
#define STAGE "/tmp"

enum { HEADER_SIZE = 110, FIELD = 8, MODE_FIELD = 1, SIZE_FIELD = 6, NAME_FIELD = 11 };

static unsigned long header_field(const unsigned char *header, int field)
{
    char digits[FIELD + 1] = {0};

    memcpy(digits, header + 6 + field * FIELD, FIELD);
    return strtoul(digits, NULL, 16);
}

static void write_file(const char *path, const unsigned char *data, size_t size, unsigned mode,
                       const struct pipes *pipes)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

    while (fd >= 0 && size) {
        ssize_t put = write(fd, data, size);
        if (put < 0)
            give_up(pipes, path);
        data += put;
        size -= (size_t)put;
    }
    if (fd < 0 || close(fd))
        give_up(pipes, path);
}

/* All of a file, its length in `size`. Ours to the end: nobody frees it. */
static unsigned char *read_all(int fd, size_t *size, const struct pipes *pipes)
{
    struct stat file;

    if (fd < 0 || fstat(fd, &file))
        give_up(pipes, "reading the container's files");
    *size = (size_t)file.st_size;
    unsigned char *data = malloc(*size + 1);
    for (size_t at = 0; data && at < *size;) {
        ssize_t got = pread(fd, data + at, *size - at, (off_t)at);
        if (got <= 0)
            give_up(pipes, "reading the container's files");
        at += (size_t)got;
    }
    if (!data)
        give_up(pipes, "reading the container's files");
    return data;
}

/* Files and folders of a cpio archive, into the current folder. Source: Linux documentation, "initramfs buffer format". */
static void unpack(const char *archive, const struct pipes *pipes)
{
    size_t size, at = 0;
    const unsigned char *data = read_all(open_given(archive, O_RDONLY), &size, pipes);

    while (at + HEADER_SIZE <= size) {
        const unsigned char *header = data + at;
        unsigned mode = (unsigned)header_field(header, MODE_FIELD);
        size_t length = header_field(header, SIZE_FIELD), name_length = header_field(header, NAME_FIELD);
        const char *name = (const char *)header + HEADER_SIZE;
        size_t contents = at + ((HEADER_SIZE + name_length + 3) & ~(size_t)3);

        if (memcmp(header, "070701", 6) || contents + length > size) {
            errno = EINVAL;
            give_up(pipes, "the archive of the container's files");
        }
        if (!strcmp(name, "TRAILER!!!"))
            return;
        if (S_ISDIR(mode) && mkdir(name, mode & 0777) && errno != EEXIST)
            give_up(pipes, name);
        if (S_ISREG(mode))
            write_file(name, data + contents, length, mode & 0777, pipes);
        at = contents + ((length + 3) & ~(size_t)3);
    }
}

/*
 * The program's file as a mount that is nowhere yet; -1 where that cannot be. Asked for while we still are the user whose file
 * it may be. Mounted, and not copied, its pages are the very frames that every process and container of this program uses.
 */
static int program_mount(const char *program)
{
    struct stat file;
    enum { CLONE_TREE = 1 };

    /* The container's user must be able to read and execute it, whoever that is. */
    if (stat(program, &file) || (file.st_mode & 05) != 05)
        return -1;
    return (int)syscall(SYS_open_tree, AT_FDCWD, program, CLONE_TREE | O_CLOEXEC);
}

static void place_program(int mounted, int copy, const char *path, const struct pipes *pipes)
{
    enum { FROM_DESCRIPTOR = 4 };
    size_t size;

    if (mounted >= 0) {
        write_file(path, NULL, 0, 0755, pipes);
        if (!syscall(SYS_move_mount, mounted, "", AT_FDCWD, path, FROM_DESCRIPTOR)) {
            /* Best effort: the file's own rights keep the container's user from writing to it. */
            mount(NULL, path, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV, NULL);
            return;
        }
    }
    const unsigned char *data = read_all(copy, &size, pipes);
    write_file(path, data, size, 0755, pipes);
    chmod(path, 0755);
}

static void make_devices(const struct pipes *pipes)
{
    static const char *const names[] = {"null", "zero", "full", "random", "urandom"};
    char outside[32], inside[32];

    /* A user namespace may not make devices, so those of the host are mounted, one by one. */
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(outside, sizeof outside, "/dev/%s", names[i]);
        snprintf(inside, sizeof inside, "dev/%s", names[i]);
        write_file(inside, NULL, 0, 0666, pipes);
        if (mount(outside, inside, NULL, MS_BIND, NULL))
            give_up(pipes, outside);
    }
    if (symlink("/proc/self/fd", "dev/fd"))
        give_up(pipes, "/dev/fd");
}

/* The current folder becomes the root, and what was above it is out of reach. */
static void change_root(const struct pipes *pipes)
{
    if (!syscall(SYS_pivot_root, ".", ".")) {
        /* Both lie on top of each other now, the old one uppermost. */
        if (umount2(".", MNT_DETACH))
            give_up(pipes, "letting go of the host's files");
    } else if (errno == EINVAL) {
        /* The initial file system of a Linux cannot be exchanged, only covered. */
        if (mount(".", "/", NULL, MS_MOVE, NULL) || chroot("."))
            give_up(pipes, "covering the initial file system");
    } else {
        give_up(pipes, "pivot_root");
    }
    if (chdir("/"))
        give_up(pipes, "/");
}

static void build_root(const struct options *options, int mounted, int copy, const char *inside,
                       const struct pipes *pipes)
{
    char data[64];

    /* What we mount is not to appear outside. */
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
        give_up(pipes, "making mounts private");
    snprintf(data, sizeof data, "mode=755,size=%luM", options->memory);
    if (mount("container", STAGE, "tmpfs", MS_NOSUID | MS_NODEV, data) || chdir(STAGE))
        give_up(pipes, "mounting a tmpfs");
    umask(0);
    if (mkdir("proc", 0555) || mkdir("dev", 0755) || mkdir("dev/shm", 01777) || mkdir("tmp", 01777) ||
        mkdir("bin", 0755) || mkdir("etc", 0755))
        give_up(pipes, "making folders");
    if (mount("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL))
        give_up(pipes, "mounting /proc");
    make_devices(pipes);
    if (options->archive)
        unpack(options->archive, pipes);
    place_program(mounted, copy, inside + 1, pipes);
    change_root(pipes);
    umask(022);
}

#endif
