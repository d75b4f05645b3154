/* SPDX-License-Identifier: MIT */
/*
 * block.h: disks, in sectors of 512 bytes.
 *
 * Waits until the device has answered; other threads run meanwhile. With
 * preemption disabled.
 */
#ifndef LIBOS_BLOCK_H
#define LIBOS_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SECTOR_SIZE = 512 };

struct block_device {
    uint64_t sectors;
    bool read_only;
};

/* The n-th disk, from 0; null if there are not so many. */
struct block_device *block_device(unsigned n);

/* 0, or -EIO, -EROFS, -EINVAL past the end. `buf` may lie anywhere, and must stay mapped. Not ended by signals. Several
 * threads may be in these calls. */
int block_read(struct block_device *device, uint64_t sector, void *buf, size_t sectors);
int block_write(struct block_device *device, uint64_t sector, const void *buf, size_t sectors);

/* What was written before is on the disk when this returns. */
int block_flush(struct block_device *device);

#endif
