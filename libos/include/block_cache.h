/* SPDX-License-Identifier: MIT */
/*
 * block_cache.h: a disk with the parts of it used last kept in memory.
 *
 * Positions and lengths are bytes; those of writes are multiples of SECTOR_SIZE.
 * Everything written is given to the disk at once, so the order of writes is the
 * caller's, and block_flush() means what it says. Results are those of block.h.
 * For one disk and one user: whoever calls keeps other threads out meanwhile.
 */
#ifndef LIBOS_BLOCK_CACHE_H
#define LIBOS_BLOCK_CACHE_H

#include "block.h"

int block_cache_read(struct block_device *device, uint64_t at, void *buf, size_t len);
int block_cache_write(struct block_device *device, uint64_t at, const void *buf, size_t len);

#endif
