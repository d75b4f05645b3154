/* SPDX-License-Identifier: MIT */
/*
 * block_cache.c: the parts of a disk used last, in memory.
 *
 * A file system that walks its own pointers reads a few bytes here and there, again
 * and again; a request of the disk costs as much as copying tens of KiB.
 */
#include "block_cache.h"

#include <errno.h>
#include <string.h>

enum { PART = 4096, SETS = 64, PLACES = 4, SECTORS = PART / SECTOR_SIZE };

/* A part of the disk that begins at a multiple of its size. It can be in the few places of one set only: so a look is
 * short. */
static struct part {
    uint64_t number_plus_1; /* 0: nothing is in it */
    uint64_t used;          /* when, by `now` */
} parts[SETS * PLACES];
static uint8_t contents[SETS * PLACES][PART];
static uint64_t now;

/* Pointers that skip powers of two must not all lead to one set. */
static struct part *set_of(uint64_t number)
{
    return parts + (number ^ number / SETS ^ number / SETS / SETS) % SETS * PLACES;
}

static struct part *find(uint64_t number)
{
    struct part *set = set_of(number);

    for (struct part *part = set; part < set + PLACES; part++) {
        if (part->number_plus_1 == number + 1) {
            part->used = ++now;
            return part;
        }
    }
    return 0;
}

/* Of the places for a part, the one that was not used for longest. */
static struct part *replace(uint64_t number)
{
    struct part *set = set_of(number), *oldest = set;

    for (struct part *part = set; part < set + PLACES; part++)
        if (part->used < oldest->used)
            oldest = part;
    oldest->number_plus_1 = 0;
    oldest->used = ++now;
    return oldest;
}

static uint8_t *contents_of(const struct part *part)
{
    return contents[part - parts];
}

/* The part of that number, with what the disk has in it. Without `load`, because all of it is about to be written, what
 * it holds is of no concern. */
static int get(struct block_device *device, uint64_t number, bool load, struct part **got)
{
    struct part *part = find(number);
    uint64_t left = device->sectors - number * SECTORS; /* the disk's last part may be short */

    if (!part) {
        part = replace(number);
        int error =
            load ? block_read(device, number * SECTORS, contents_of(part), left < SECTORS ? left : SECTORS) : 0;
        if (error)
            return error;
        part->number_plus_1 = number + 1;
    }
    *got = part;
    return 0;
}

static bool beyond(const struct block_device *device, uint64_t at, size_t len)
{
    return at / SECTOR_SIZE > device->sectors || len > device->sectors * SECTOR_SIZE - at;
}

int block_cache_read(struct block_device *device, uint64_t at, void *buf, size_t len)
{
    if (beyond(device, at, len))
        return -EINVAL;
    for (size_t done = 0, step; done < len; done += step) {
        size_t offset = (at + done) % PART;
        struct part *part;
        int error = get(device, (at + done) / PART, true, &part);

        if (error)
            return error;
        step = PART - offset < len - done ? PART - offset : len - done;
        memcpy((uint8_t *)buf + done, contents_of(part) + offset, step);
    }
    return 0;
}

int block_cache_write(struct block_device *device, uint64_t at, const void *buf, size_t len)
{
    if (beyond(device, at, len))
        return -EINVAL;
    for (size_t done = 0, step; done < len; done += step) {
        size_t offset = (at + done) % PART;
        struct part *part;

        step = PART - offset < len - done ? PART - offset : len - done;
        int error = get(device, (at + done) / PART, step < PART, &part);
        if (error)
            return error;
        memcpy(contents_of(part) + offset, (const uint8_t *)buf + done, step);
        size_t first = offset / SECTOR_SIZE, end = (offset + step + SECTOR_SIZE - 1) / SECTOR_SIZE;
        error = block_write(device, (at + done) / PART * SECTORS + first, contents_of(part) + first * SECTOR_SIZE,
                            end - first);
        if (error) {
            part->number_plus_1 = 0; /* nobody knows what is on the disk now */
            return error;
        }
    }
    return 0;
}
