/* SPDX-License-Identifier: MIT */
/*
 * behaviour.c: single cases: what is on the disk at first, full and failing disks, files
 * that are open while their names change, large directories.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "surroundings.h"

enum { SECTORS = 2 << 11, SMALL = 1 << 11, BLOCK = 4096, MANY = 2000 };

static uint8_t bytes[1 << 20], found[1 << 20];

static struct inode *open_file(const char *name)
{
    struct inode *file;

    CHECK(find_or_create(NULL, name, &file) == 0);
    return file;
}

static long write_at(struct inode *file, size_t len, off_t at)
{
    return file->ops->write(file, bytes, len, at);
}

static bool reads(struct inode *file, size_t len)
{
    return file->size == (off_t)len && file->ops->read(file, found, sizeof found, 0) == (long)len &&
           !memcmp(found, bytes, len);
}

/* ---- what is on a disk ---------------------------------------------------------- */

static int mount_fails_with(void *argument)
{
    CHECK(mounted() == *(int *)argument);
    CHECK(mounted() == *(int *)argument); /* and again */
    return 0;
}

static int mount_empty(void *argument)
{
    struct dirent entry;
    off_t position = 0;

    (void)argument;
    CHECK(root()->ops->entry(root(), &position, &entry) == 0);
    CHECK(write_file(NULL, "first", "1", 1) == 0);
    return 0;
}

/* A disk with something in one place only is left alone. */
static void refuses(uint64_t at, const char *text, size_t len)
{
    static uint8_t before[SECTORS * 512];
    int error = -EINVAL;

    disk_blank(SECTORS);
    memcpy((uint8_t *)disk->durable + at, text, len);
    memcpy(before, disk->durable, sizeof before);
    CHECK(in_child(mount_fails_with, &error) == 0);
    CHECK(!memcmp(before, disk->durable, sizeof before));
}

static void first_contents(void)
{
    int error;

    disk_blank(SECTORS);
    CHECK(in_child(mount_empty, NULL) == 0);
    disk_blank(8 * 8); /* the smallest */
    CHECK(in_child(mount_empty, NULL) == 0);
    disk_blank(7 * 8 + 7);
    CHECK(in_child(mount_fails_with, (error = -EINVAL, &error)) == 0);
    disk_blank(0);
    CHECK(in_child(mount_fails_with, (error = -ENODEV, &error)) == 0);
    disk_blank(SECTORS);
    disk->read_only = true;
    CHECK(in_child(mount_fails_with, (error = -EROFS, &error)) == 0);
    CHECK(disk->written == 0);

    refuses(0, "x", 1);
    refuses(510, "\x55\xaa", 2);                           /* a boot sector */
    refuses(1024 + 56, "\x53\xef", 2);                     /* ext4's superblock */
    refuses(8, "littlefs", 8);                             /* half of a superblock, in the wrong place */
    refuses(255 * 1024, "x", 1);                           /* the end of what is looked at */
    refuses((uint64_t)SECTORS * 512 - 1, "x", 1);          /* where a partition table has its copy */
    refuses(BLOCK, "\x01\0\0\0\xf0\x0f\xff\xf7litt?", 13); /* nearly a superblock */

    /* A file system for a larger disk than this one. */
    disk_blank(SECTORS);
    CHECK(in_child(mount_empty, NULL) == 0);
    disk->sectors /= 2;
    CHECK(in_child(mount_fails_with, (error = -EOVERFLOW, &error)) == 0);
}

static int has_first(void *argument)
{
    (void)argument;
    CHECK(read_file(NULL, "first", found, 10) == 1 && found[0] == '1');
    CHECK(libos_disk_mount.read_only);
    return 0;
}

static void read_only(void)
{
    disk_blank(SECTORS);
    CHECK(in_child(mount_empty, NULL) == 0);
    disk->read_only = true;
    disk->written = 0;
    CHECK(in_child(has_first, NULL) == 0);
    CHECK(disk->written == 0);
}

/* ---- full disks ------------------------------------------------------------------ */

static int fill_up(void *argument)
{
    struct inode *file = open_file("large");
    long total = 0, n;

    (void)argument;
    CHECK(write_file(NULL, "small", bytes, 100) == 0);
    while ((n = write_at(file, 10000, total)) > 0)
        total += n;
    CHECK(n == -ENOSPC && total > (long)SECTORS * 512 * 8 / 10 && file->size == total);
    CHECK(file->ops->sync(file) == 0);
    CHECK(write_at(file, 10000, total) == -ENOSPC);
    CHECK(file->ops->truncate(file, total + 100000) == -ENOSPC && file->size == total);
    CHECK(file->ops->write(file, bytes, 1, total + 100000) == -ENOSPC && file->size == total);
    CHECK(file->ops->sync(file) == 0);
    for (long at = 0; at < total; at += 10000) {
        long len = total - at < 10000 ? total - at : 10000;
        CHECK(file->ops->read(file, found, 10000, at) == len && !memcmp(found, bytes, (size_t)len));
    }
    /* What is there can be read, removed and shortened; then there is room again. */
    CHECK(read_file(NULL, "small", found, 1000) == 100);
    CHECK(file->ops->truncate(file, 50000) == 0 && reads(file, 10000) == false);
    CHECK(file->ops->sync(file) == 0);
    CHECK(write_file(NULL, "other", bytes, 100000) == 0);
    inode_put(file);
    CHECK(remove_name(NULL, "large") == 0);
    CHECK(write_file(NULL, "other", bytes, 1 << 20) == 0);
    CHECK(read_file(NULL, "other", found, 1 << 20) == 1 << 20 && !memcmp(found, bytes, 1 << 20));
    return 0;
}

/* A write into the middle needs room for all that follows: without it, fsync() says so, once there is it does its work. */
static int middle_of_a_full_disk(void *argument)
{
    enum { LARGE = 400000, OTHER = 500000 };
    struct inode *file = open_file("large");

    (void)argument;
    CHECK(write_at(file, LARGE, 0) == LARGE && file->ops->sync(file) == 0);
    CHECK(write_file(NULL, "other", bytes, OTHER) == 0);
    CHECK(file->ops->write(file, "changed", 7, 100) == 7);
    CHECK(file->ops->sync(file) == -ENOSPC);
    CHECK(file->ops->sync(file) == -ENOSPC);
    CHECK(remove_name(NULL, "other") == 0);
    CHECK(file->ops->sync(file) == 0);
    memcpy(bytes + 100, "changed", 7);
    CHECK(reads(file, LARGE));
    inode_put(file);
    CHECK(read_file(NULL, "large", found, sizeof found) == LARGE && !memcmp(found, bytes, LARGE));
    return 0;
}

/* Names alone fill it too. */
static int fill_with_names(void *argument)
{
    char name[32];
    int count = 0, result;
    struct inode *file;

    (void)argument;
    do {
        snprintf(name, sizeof name, "a-name-that-takes-space-%d", count);
        result = find_or_create(NULL, name, &file);
        if (!result)
            inode_put(file);
    } while (!result && ++count);
    CHECK(result == -ENOSPC && count > 50);
    while (count-- > 0) {
        snprintf(name, sizeof name, "a-name-that-takes-space-%d", count);
        CHECK(remove_name(NULL, name) == 0);
    }
    CHECK(write_file(NULL, "again", bytes, 100) == 0);
    return 0;
}

/* ---- failing disks ----------------------------------------------------------------- */

/* Whatever fails, calls say so or have done it; and what was synced before can be read. */
static int with_a_failure(void *argument)
{
    int result = mounted();

    (void)argument;
    if (result == -EIO)
        return 0;
    CHECK(result == 0);
    for (int i = 0; i < 8; i++) {
        char name[32];

        snprintf(name, sizeof name, "file-%d", i);
        result = write_file(NULL, name, bytes, (size_t)i * 1500);
        CHECK(result == 0 || result == -EIO);
        if (result == 0)
            CHECK(read_file(NULL, name, found, sizeof found) == i * 1500 &&
                  !memcmp(found, bytes, (size_t)i * 1500));
        result = rename_to(NULL, name, NULL, "renamed");
        CHECK(result == 0 || result == -EIO || result == -ENOENT);
    }
    return 0;
}

static void failures(void)
{
    long n = 0;

    do {
        disk_blank(SECTORS);
        disk->fails_at = ++n;
        CHECK(in_child(with_a_failure, NULL) == 0);
    } while (disk->written >= n); /* until nothing fails */
    CHECK(n > 50);
}

/* ---- names that change under open files ----------------------------------------------- */

static int open_files(void *argument)
{
    (void)argument;
    for (size_t size = 10; size <= 100000; size *= 100) {
        /* Removed, and the blocks of others overwrite whatever is free. */
        struct inode *file = open_file("victim");
        CHECK(write_at(file, size, 0) == (long)size && file->ops->sync(file) == 0);
        CHECK(remove_name(NULL, "victim") == 0);
        struct inode *none;
        CHECK(find(NULL, "victim", &none) == -ENOENT);
        struct inode *fresh = open_file("victim");
        CHECK(fresh != file && fresh->size == 0);
        memset(found, 0xa5, sizeof found);
        for (int i = 0; i < 6; i++) {
            CHECK(fresh->ops->write(fresh, found, 300000, 0) == 300000 && fresh->ops->sync(fresh) == 0);
            CHECK(fresh->ops->truncate(fresh, 0) == 0 && fresh->ops->sync(fresh) == 0);
        }
        inode_put(fresh);
        CHECK(reads(file, size));
        CHECK(file->ops->write(file, bytes + size, size, (off_t)size) == (long)size && file->ops->sync(file) == 0);
        CHECK(reads(file, 2 * size));
        inode_put(file);

        /* Replaced by a rename. */
        file = open_file("old");
        CHECK(write_at(file, size, 0) == (long)size && file->ops->sync(file) == 0);
        CHECK(write_file(NULL, "new", "new", 3) == 0 && rename_to(NULL, "new", NULL, "old") == 0);
        CHECK(reads(file, size) && read_file(NULL, "old", found, 10) == 3);
        inode_put(file);

        /* Renamed itself, with something not yet synced. */
        file = open_file("here");
        CHECK(write_at(file, size, 0) == (long)size);
        CHECK(make_directory(NULL, "there") == 0);
        struct inode *there;
        CHECK(find(NULL, "there", &there) == 0);
        CHECK(rename_to(NULL, "here", there, "it") == 0);
        CHECK(file->ops->write(file, bytes + size, size, (off_t)size) == (long)size && file->ops->sync(file) == 0);
        CHECK(reads(file, 2 * size));
        CHECK(rename_to(NULL, "there", NULL, "moved") == 0);
        CHECK(file->ops->write(file, bytes + 2 * size, size, 2 * (off_t)size) == (long)size);
        CHECK(reads(file, 3 * size));
        inode_put(file);
        CHECK(read_file(there, "it", found, sizeof found) == (long)(3 * size));
        CHECK(remove_name(there, "it") == 0 && remove_name(NULL, "moved") == 0);
        CHECK(there->ops->create(there, "late", 0644, &none) == -ENOENT);
        inode_put(there);
        CHECK(remove_name(NULL, "victim") == 0 && remove_name(NULL, "old") == 0);
    }
    return 0;
}

/* ---- large directories ----------------------------------------------------------------- */

static int large_directory(void *argument)
{
    static bool seen[MANY];
    struct dirent entry;
    char name[32];
    off_t position = 0, again;
    int count = 0;

    (void)argument;
    for (int i = 0; i < MANY; i++) {
        struct inode *file;

        snprintf(name, sizeof name, "%d", i * 7 % MANY);
        CHECK(root()->ops->create(root(), name, 0644, &file) == 0);
        inode_put(file);
    }
    /* Each is removed as it is found; others come meanwhile. Each third is asked for twice. */
    for (;;) {
        again = position;
        int result = root()->ops->entry(root(), &position, &entry);
        if (result == 0)
            break;
        CHECK(result == 1 && entry.d_type == DT_REG);
        if (entry.d_name[0] == 'x')
            continue;
        int number = atoi(entry.d_name);
        if (count % 3 == 0 && again) {
            CHECK(root()->ops->entry(root(), &again, &entry) == 1 && atoi(entry.d_name) == number &&
                  again == position);
        }
        CHECK(!seen[number]);
        seen[number] = true;
        count++;
        CHECK(remove_name(NULL, entry.d_name) == 0);
        if (count % 5 == 0) {
            struct inode *file;

            snprintf(name, sizeof name, "x%d", count);
            CHECK(find_or_create(NULL, name, &file) == 0);
            inode_put(file);
        }
    }
    CHECK(count == MANY);
    return 0;
}

static int deep(void *argument)
{
    enum { DEPTH = 60 };
    struct inode *path[DEPTH + 1] = {root()};

    (void)argument;
    inode_get(root());
    for (int i = 0; i < DEPTH; i++) {
        CHECK(make_directory(path[i], "directory") == 0);
        CHECK(find(path[i], "directory", &path[i + 1]) == 0);
    }
    CHECK(write_file(path[DEPTH], "file", bytes, 5000) == 0);
    CHECK(rename_to(path[10], "directory", NULL, "short") == 0);
    CHECK(read_file(path[DEPTH], "file", found, sizeof found) == 5000);
    for (int i = DEPTH; i >= 0; i--)
        inode_put(path[i]);
    return 0;
}

int test_behaviour(void)
{
    unsigned state = 1;

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)next_random(&state);
    first_contents();
    read_only();
    int (*const cases[])(void *) = {fill_up,    middle_of_a_full_disk, fill_with_names,
                                    open_files, large_directory,       deep};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        disk_blank(cases[i] == fill_with_names ? 12 * 8 : cases[i] == middle_of_a_full_disk ? SMALL : SECTORS);
        CHECK(in_child(cases[i], NULL) == 0);
    }
    failures();
    return 0;
}
