/* SPDX-License-Identifier: MIT */
/* world.h: how stage.c makes what a program finds: files, calls, network, memory. */
#ifndef WORLD_H
#define WORLD_H

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <net/route.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ROOT "/stage/root"

enum { MOST_WORDS = 64, LONGEST = 512 };
enum { MOST_MOUNTS = 4, MOST_REFUSED = 16 };

struct bytes {
    char *data;
    size_t length;
};

struct mount {
    char type[16], path[64], options[64];
};

/* What a program's file "setup" says. */
struct setup {
    const char *name;
    struct mount mounts[MOST_MOUNTS];
    int mount_count;
    char address[32], mask[32], gateway[32]; /* empty: none */
    bool raw;
    unsigned refused[MOST_REFUSED];
    int refused_count;
    int commit; /* percent; 0 for as usual */
    int seconds;
};

/* Ends the stage, which says what. */
static _Noreturn void fail(const char *what)
{
    printf("\nfailed %s: %s\n", what, strerror(errno));
    exit(1);
}

/* A file beside a program's, until the next call. */
static const char *in_folder(const char *name, const char *file)
{
    static char path[LONGEST];

    snprintf(path, sizeof path, "/stage/%s/%s", name, file);
    return path;
}

/* A whole file. */
static struct bytes contents(const char *path)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || fstat(fd, &status))
        fail(path);
    struct bytes all = {malloc((size_t)status.st_size + 1), (size_t)status.st_size};
    if (!all.data || read(fd, all.data, all.length) != (ssize_t)all.length)
        fail(path);
    all.data[all.length] = 0;
    close(fd);
    return all;
}

/* The words of such a file, each ended by a NUL, as a list that a null pointer ends. */
static char **words(const char *name, const char *file)
{
    struct bytes text = contents(in_folder(name, file));
    char **list = calloc(MOST_WORDS + 1, sizeof *list);
    int count = 0;

    for (char *at = text.data; at < text.data + text.length && count < MOST_WORDS; at += strlen(at) + 1)
        list[count++] = at;
    return list;
}

static void read_line(struct setup *setup, const char *line)
{
    struct mount *next = &setup->mounts[setup->mount_count];

    if (!strcmp(line, "address raw"))
        setup->raw = true;
    else if (setup->mount_count < MOST_MOUNTS &&
             sscanf(line, "mount %15s %63s %63s", next->type, next->path, next->options) >= 2)
        setup->mount_count++;
    else if (setup->refused_count < MOST_REFUSED &&
             sscanf(line, "refuse %u", &setup->refused[setup->refused_count]) == 1)
        setup->refused_count++;
    else if (sscanf(line, "address %31s %31s", setup->address, setup->mask) != 2 &&
             sscanf(line, "gateway %31s", setup->gateway) != 1 && sscanf(line, "commit %d", &setup->commit) != 1 &&
             sscanf(line, "seconds %d", &setup->seconds) != 1)
        fail(line);
}

static struct setup read_setup(const char *name)
{
    struct setup setup = {.name = name};
    char line[LONGEST];
    FILE *file = fopen(in_folder(name, "setup"), "re");

    if (!file)
        fail("its setup");
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = 0;
        read_line(&setup, line);
    }
    fclose(file);
    return setup;
}

static size_t source_length;

static int copy_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    char target[LONGEST];

    (void)place;
    snprintf(target, sizeof target, ROOT "%s", path + source_length);
    if (kind == FTW_D)
        return mkdir(target, 0755) && errno != EEXIST ? -1 : 0;
    struct bytes all = contents(path);
    int fd = open(target, O_WRONLY | O_CREAT | O_CLOEXEC, status->st_mode & 0777);
    if (fd < 0 || write(fd, all.data, all.length) != (ssize_t)all.length || close(fd))
        return -1;
    free(all.data);
    return 0;
}

static void mount_inside(const char *type, const char *path, const char *options)
{
    char target[LONGEST];

    snprintf(target, sizeof target, ROOT "%s", path);
    if ((mkdir(target, 0755) && errno != EEXIST) || mount(type, target, type, 0, options))
        fail(path);
}

/* A root directory with the program's files and mounts, seen by the caller alone from here on. */
static void enter_root(const struct setup *setup)
{
    const char *files = in_folder(setup->name, "root");
    bool tmp = false;

    umask(022);
    mkdir(ROOT, 0755);
    if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
        mount("tmpfs", ROOT, "tmpfs", 0, "size=8M,mode=755"))
        fail(ROOT);
    source_length = strlen(files);
    if (!access(files, F_OK) && nftw(files, copy_one, 8, FTW_PHYS))
        fail("its files");
    mount_inside("devtmpfs", "/dev", NULL);
    for (int i = 0; i < setup->mount_count; i++) {
        mount_inside(setup->mounts[i].type, setup->mounts[i].path, setup->mounts[i].options);
        tmp |= !strcmp(setup->mounts[i].path, "/tmp");
    }
    if (!tmp)
        mount_inside("tmpfs", "/tmp", "size=16M");
    if (mount(NULL, ROOT, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL))
        fail("a root that cannot be written to");
    if (chroot(ROOT) || chdir("/"))
        fail("chroot");
    umask(022);
}

/* From here on, these calls fail with ENOSYS: seccomp(2). */
static void refuse_calls(const struct setup *setup)
{
    struct sock_filter program[2 * MOST_REFUSED + 2];
    unsigned short count = 0;

    if (!setup->refused_count)
        return;
    program[count++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (int i = 0; i < setup->refused_count; i++) {
        program[count++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, setup->refused[i], 0, 1);
        program[count++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
    }
    program[count++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog filter = {count, program};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter))
        fail("seccomp");
}

static void set_address(int fd, unsigned long request, const char *address)
{
    struct ifreq card = {.ifr_name = "eth0"};
    struct sockaddr_in *in = (struct sockaddr_in *)&card.ifr_addr;

    in->sin_family = AF_INET;
    if (inet_pton(AF_INET, address, &in->sin_addr) != 1 || ioctl(fd, request, &card))
        fail(address);
}

static void switch_card(int fd, short flags)
{
    struct ifreq card = {.ifr_name = "eth0", .ifr_flags = flags};

    if (ioctl(fd, SIOCSIFFLAGS, &card))
        fail("eth0");
}

/* The card as the program is to find it. */
static void set_network(const struct setup *setup)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    /* Off and without an address, it forgets routes and neighbours. */
    switch_card(fd, 0);
    set_address(fd, SIOCSIFADDR, "0.0.0.0");
    if (setup->raw)
        switch_card(fd, IFF_UP);
    if (*setup->address) {
        set_address(fd, SIOCSIFADDR, setup->address);
        set_address(fd, SIOCSIFNETMASK, setup->mask);
        switch_card(fd, IFF_UP | IFF_RUNNING);
    }
    if (*setup->gateway) {
        struct rtentry route = {.rt_flags = RTF_UP | RTF_GATEWAY};
        struct sockaddr_in *in = (struct sockaddr_in *)&route.rt_gateway;

        in->sin_family = route.rt_dst.sa_family = route.rt_genmask.sa_family = AF_INET;
        inet_pton(AF_INET, setup->gateway, &in->sin_addr);
        if (ioctl(fd, SIOCADDRT, &route))
            fail("its gateway");
    }
    close(fd);
}

static void set_number(const char *path, unsigned long number)
{
    FILE *file = fopen(path, "we");

    if (!file || fprintf(file, "%lu\n", number) < 0 || fclose(file))
        fail(path);
}

/* A line of /proc/meminfo, in KiB. */
static unsigned long memory(const char *name)
{
    char line[128];
    unsigned long value = 0;
    FILE *file = fopen("/proc/meminfo", "re");

    while (file && !value && fgets(line, sizeof line, file))
        if (!strncmp(line, name, strlen(name)))
            value = strtoul(line + strlen(name) + 1, NULL, 10);
    if (!value)
        fail(name);
    fclose(file);
    return value;
}

/* Lets programs have so much of the memory that is free now, in percent; 0: as usual. Linux documentation, "Overcommit
 * Accounting": mode 2 never gives out more than the limit. */
static void set_commitment(int percent)
{
    if (percent)
        set_number("/proc/sys/vm/overcommit_kbytes",
                   memory("Committed_AS:") + memory("MemFree:") / 100 * (unsigned long)percent);
    set_number("/proc/sys/vm/overcommit_memory", percent ? 2 : 0);
}

/* Those in /stage/modules, in the order of their names. */
static void load_drivers(void)
{
    struct dirent **entries;
    int count = scandir("/stage/modules", &entries, NULL, alphasort);
    char path[LONGEST];

    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof path, "/stage/modules/%s", entries[i]->d_name);
        int fd = *entries[i]->d_name == '.' ? -1 : open(path, O_RDONLY | O_CLOEXEC);
        if (fd >= 0 && syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST)
            fail(path);
        close(fd);
    }
}

#endif
