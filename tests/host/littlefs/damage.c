/* SPDX-License-Identifier: MIT */
/*
 * damage.c: disks on which some bytes are wrong. Calls fail, or littlefs finds out and
 * panics; nothing is read or written where it should not be, and nothing goes on
 * forever.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "surroundings.h"

enum { SECTORS = 1 << 11, FILES = 30, MOST = 20000, SECONDS = 60 };

static uint8_t bytes[MOST];

static size_t length_of(int file)
{
    return (size_t)(file % 3 ? file * 20 : file * 600);
}

static int make_files(void *argument)
{
    struct inode *directory;
    char name[32];

    (void)argument;
    CHECK(make_directory(NULL, "directory") == 0 && find(NULL, "directory", &directory) == 0);
    for (int i = 0; i < FILES; i++) {
        snprintf(name, sizeof name, "file-%d", i);
        CHECK(write_file(i % 2 ? directory : NULL, name, bytes, length_of(i)) == 0);
    }
    inode_put(directory);
    return 0;
}

static void list(struct inode *directory)
{
    struct dirent entry;
    off_t position = 0;

    for (int i = 0; i < 10 * FILES && directory->ops->entry(directory, &position, &entry) == 1; i++)
        ;
}

static int use_files(void *argument)
{
    static uint8_t found[2 * MOST];
    struct inode *directory = NULL;
    char name[32];

    (void)argument;
    alarm(SECONDS);
    if (mounted())
        return 0;
    list(root());
    if (find(NULL, "directory", &directory) == 0 && S_ISDIR(directory->mode))
        list(directory);
    for (int i = 0; i < FILES; i++) {
        struct inode *in = i % 2 && directory && S_ISDIR(directory->mode) ? directory : NULL, *file;

        snprintf(name, sizeof name, "file-%d", i);
        if (find(in, name, &file))
            continue;
        if (S_ISREG(file->mode)) {
            file->ops->read(file, found, sizeof found, 0);
            file->ops->write(file, "new", 3, file->size / 2);
            file->ops->sync(file);
        }
        inode_put(file);
        rename_to(in, name, NULL, "renamed");
    }
    remove_name(NULL, "renamed");
    return 0;
}

int test_damage(unsigned seed, int disks)
{
    int panics = 0;

    for (int i = 0; i < disks; i++) {
        disk_blank(SECTORS);
        CHECK(in_child(make_files, NULL) == 0);
        /* What lies behind the first 64 KiB or so is mostly unused. */
        uint32_t most = next_random(&seed) % 2 ? 16 : 160;
        for (unsigned n = next_random(&seed) % 20 + 1; n--;)
            disk->durable[next_random(&seed) % most][next_random(&seed) % 512] ^=
                (uint8_t)(1 << next_random(&seed) % 8);
        int status = in_child(use_files, NULL);
        CHECK(status == 0 || status == -SIGABRT); /* a panic, which surroundings.c makes an abort() */
        panics += status != 0;
    }
    printf("%d disks, %d panics\n", disks, panics);
    return 0;
}
