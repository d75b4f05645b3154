/* SPDX-License-Identifier: MIT */
/*
 * block.h: the library OS's disks as Linux has them, so that a program that asks for sectors there asks Linux's driver of
 * the same device here. The environment variable DISKS names them, such as "vda vdb". Nothing is kept in memory between
 * calls (O_DIRECT: open(2)), which takes a buffer that is aligned.
 */
#ifndef STAGE_BLOCK_H
#define STAGE_BLOCK_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

enum { SECTOR_SIZE = 512, BUFFER_ALIGNMENT = 4096, MOST_DISKS = 8 };

struct block_device {
    uint64_t sectors;
    bool read_only;
    int fd;
};

/* Called from one thread first. */
static struct block_device *block_device(unsigned n)
{
    static struct block_device disks[MOST_DISKS];
    char path[32] = "/dev/", *name = path + strlen(path);
    const char *list = getenv("DISKS");
    unsigned i = 0;
    int read_only, used;

    if (n >= MOST_DISKS || disks[n].sectors)
        return n < MOST_DISKS ? &disks[n] : NULL;
    for (; list && sscanf(list, "%15s%n", name, &used) == 1; list += used, i++) {
        uint64_t bytes;

        if (i != n)
            continue;
        int fd = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
        if (fd < 0 || ioctl(fd, BLKROGET, &read_only) || ioctl(fd, BLKGETSIZE64, &bytes))
            return NULL;
        close(fd);
        fd = open(path, (read_only ? O_RDONLY : O_RDWR) | O_DIRECT | O_CLOEXEC);
        disks[n] = (struct block_device){bytes / SECTOR_SIZE, read_only, fd};
        return fd < 0 ? NULL : &disks[n];
    }
    return NULL;
}

/* What a call on the disk itself gave: past its end, Linux reads nothing, and has no space to write. */
static int block_result(ssize_t done, size_t wanted)
{
    if (done == (ssize_t)wanted)
        return 0;
    return done >= 0 || errno == ENOSPC ? -EINVAL : -errno;
}

static int block_read(struct block_device *device, uint64_t sector, void *buf, size_t sectors)
{
    size_t length = sectors * SECTOR_SIZE;
    void *aligned = aligned_alloc(BUFFER_ALIGNMENT, length + BUFFER_ALIGNMENT);
    int result = block_result(pread(device->fd, aligned, length, (off_t)(sector * SECTOR_SIZE)), length);

    if (sector > UINT64_MAX / SECTOR_SIZE)
        result = -EINVAL;
    if (!result)
        memcpy(buf, aligned, length);
    free(aligned);
    return result;
}

static int block_write(struct block_device *device, uint64_t sector, const void *buf, size_t sectors)
{
    size_t length = sectors * SECTOR_SIZE;

    if (device->read_only) /* its descriptor says EBADF */
        return -EROFS;
    void *aligned = aligned_alloc(BUFFER_ALIGNMENT, length + BUFFER_ALIGNMENT);
    memcpy(aligned, buf, length);
    int result = block_result(pwrite(device->fd, aligned, length, (off_t)(sector * SECTOR_SIZE)), length);
    free(aligned);
    return result;
}

static int block_flush(struct block_device *device)
{
    return fsync(device->fd) ? -errno : 0;
}

#endif
