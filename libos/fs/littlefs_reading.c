/* SPDX-License-Identifier: MIT */
/*
 * littlefs_reading.c: the entries of a directory on the disk, one after another.
 *
 * fs.h promises that an entry is neither left out nor given twice, whatever comes
 * and goes meanwhile. littlefs keeps that promise for who has a directory open with
 * it; a bare position would not, since names are kept in order.
 */
#include <string.h>

#include "littlefs_node.h"

/* A reading of a directory that is under way: littlefs moves it along with what comes and goes before it. */
struct reading {
    struct littlefs_node *directory; /* null: it is free */
    lfs_dir_t dir;
    off_t before, after; /* the positions of fs.h on both sides of what was read last */
    struct lfs_info last;
};

/* The upper half of a position says which reading it belongs to, the lower half how many entries it is in. */
enum { READINGS = 8, POSITION_BITS = 32, NUMBER_BITS = 24 };

static struct reading readings[READINGS];

static void end_reading(struct reading *reading)
{
    if (reading->directory)
        lfs_dir_close(&littlefs, &reading->dir);
    reading->directory = 0;
}

void littlefs_end_readings(struct littlefs_node *directory)
{
    for (struct reading *reading = readings; reading < readings + READINGS; reading++)
        if (reading->directory == directory)
            end_reading(reading);
}

/* A new reading, in the place of the oldest, of which so many entries are skipped. */
static int begin_reading(struct littlefs_node *directory, off_t skipped, struct reading **begun)
{
    static unsigned begun_so_far;
    struct reading *reading = &readings[begun_so_far++ % READINGS];
    const char *path;
    int error = littlefs_path(directory, &path);

    end_reading(reading);
    if (!error)
        error = lfs_dir_open(&littlefs, &reading->dir, path);
    if (error)
        return error;
    reading->directory = directory;
    reading->before = -1;
    reading->after = (off_t)(begun_so_far % (1u << NUMBER_BITS)) << POSITION_BITS | skipped;
    for (off_t i = 0; i < skipped + 2; i++) /* "." and ".." too */
        if (lfs_dir_read(&littlefs, &reading->dir, &reading->last) <= 0)
            break;
    *begun = reading;
    return 0;
}

/* Who reads into a buffer comes back for the entry that did not fit: so it may be the last one again. */
static int read_entry(struct littlefs_node *directory, off_t *position, const struct lfs_info **info)
{
    struct reading *reading = readings;

    if (!directory->inode.links)
        return 0; /* a directory that has been removed is empty */
    while (reading < readings + READINGS &&
           !(reading->directory == directory && (reading->after == *position || reading->before == *position)))
        reading++;
    if (reading == readings + READINGS) {
        int error = begin_reading(directory, *position & (((off_t)1 << POSITION_BITS) - 1), &reading);

        if (error)
            return error;
        *position = reading->after;
    }
    if (reading->after == *position) {
        int result = lfs_dir_read(&littlefs, &reading->dir, &reading->last);

        if (result <= 0)
            return result;
        reading->before = *position;
        reading->after = *position + 1;
    }
    *position = reading->after;
    *info = &reading->last;
    return 1;
}

int littlefs_entry(struct inode *directory, off_t *position, struct dirent *entry)
{
    const struct lfs_info *info;

    littlefs_lock();
    int result = read_entry(node_of(directory), position, &info);
    if (result > 0) {
        entry->d_ino = littlefs_number(directory, info->name);
        entry->d_type = info->type == LFS_TYPE_DIR ? DT_DIR : DT_REG;
        strcpy(entry->d_name, info->name);
    }
    littlefs_unlock();
    return error_of(result);
}
