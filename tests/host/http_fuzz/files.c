/* SPDX-License-Identifier: MIT */
/*
 * files.c: files, memory and the clock, which fail now and then.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checks.h"
#include "http_fuzz.h"

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
ssize_t __real_read(int fd, void *bytes, size_t len);
ssize_t __wrap_read(int fd, void *bytes, size_t len);
int __real_close(int fd);
int __wrap_close(int fd);
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_realloc(void *old, size_t size);

static unsigned open_files;

bool one_in(unsigned many)
{
    return random_number() % many == 0;
}

bool nothing_open(void)
{
    return !open_files;
}

/* ---- files ------------------------------------------------------------------ */

int __wrap_open(const char *path, int flags, ...)
{
    static const int errors[] = {EACCES, EMFILE, ENOENT};

    /* Nothing outside the folder, whatever was asked for. */
    CHECK(flags == O_RDONLY && !strncmp(path, "www/", 4));
    for (const char *part = path; (part = strstr(part, "/..")); part++)
        CHECK(part[3] && part[3] != '/');
    if (one_in(100)) {
        errno = errors[random_number() % 3];
        return -1;
    }
    int fd = __real_open(path, flags);
    open_files += fd >= 0;
    CHECK(open_files <= MOST_CLIENTS); /* one for each, at most */
    return fd;
}

ssize_t __wrap_read(int fd, void *bytes, size_t len)
{
    if (one_in(300)) {
        client_cut();
        errno = EIO;
        return chance(50) ? 0 : -1; /* it has become shorter, or the disk is bad */
    }
    return __real_read(fd, bytes, len);
}

int __wrap_close(int fd)
{
    if (fd >= FIRST_FD) {
        client_close(fd);
        return 0;
    }
    open_files--;
    return __real_close(fd);
}

/* As large as tells apart how it is sent: at once, in memory of its own, in parts. */
static void make_file(const char *path, size_t size)
{
    FILE *file = fopen(path, "w");

    CHECK(file);
    for (size_t i = 0; i < size; i++)
        fputc('a' + (int)(i % 26), file);
    fclose(file);
}

void make_files(void)
{
    CHECK(!mkdir("www", 0700) && !mkdir("www/deep", 0700) && !mkdir("www/deep/er", 0700));
    make_file("www/index.html", 40);
    make_file("www/empty.txt", 0);
    make_file("www/deep/er/style.css", 3000);
    make_file("www/large.bin", 40000);
}

/* ---- memory ----------------------------------------------------------------- */

static bool out_of_memory(void)
{
    if (!one_in(300))
        return false;
    client_cut();
    return true;
}

void *__wrap_malloc(size_t size)
{
    return out_of_memory() ? 0 : __real_malloc(size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return out_of_memory() ? 0 : __real_realloc(old, size);
}
