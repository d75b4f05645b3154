/* SPDX-License-Identifier: MIT */
/*
 * pool.c: small objects, a kind to a page. A free object holds the address of
 * the next.
 */
#include "pool.h"

#include <string.h>
#include <sys/mman.h>

#include "cpu.h"
#include "frames.h"
#include "memory_map.h"
#include "paging.h"

static uintptr_t area_end = OBJECTS_START;

/* Cuts a fresh page into objects. */
static void grow(struct pool *pool)
{
    uint64_t frame = area_end < OBJECTS_END ? frame_alloc() : 0;

    if (!frame)
        return;
    if (paging_map(area_end, frame, PROT_READ | PROT_WRITE)) {
        frame_free(frame);
        return;
    }
    size_t size = (pool->size + 15) & ~(size_t)15;
    for (char *object = (char *)area_end; object + size <= (char *)area_end + PAGE_SIZE; object += size) {
        *(void **)object = pool->free;
        pool->free = object;
    }
    area_end += PAGE_SIZE;
}

void *pool_alloc(struct pool *pool)
{
    if (pool->count == pool->limit)
        return 0;
    if (!pool->free)
        grow(pool);
    void *object = pool->free;
    if (!object)
        return 0;
    pool->free = *(void **)object;
    pool->count++;
    return memset(object, 0, pool->size);
}

void pool_free(struct pool *pool, void *object)
{
    *(void **)object = pool->free;
    pool->free = object;
    pool->count--;
}
