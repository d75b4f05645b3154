/* SPDX-License-Identifier: MIT */
/*
 * frames.c: physical memory, a page frame at a time.
 *
 * Frames never used yet come off the front of the RAM ranges: no list to build
 * at boot. Frames given back form a chain, each holding the address of the
 * next; a frame nobody maps is reached through one page of address space, the
 * window.
 */
#include "frames.h"

#include <sys/mman.h>

#include "memory_map.h"
#include "paging.h"

enum { MAX_RANGES = 16 };

static struct range {
    uint64_t next, end;
} ranges[MAX_RANGES];
static int range_count;
static size_t available, total;
static uint64_t given_back;

extern char __image_end[];

static uint64_t round_up(uint64_t n)
{
    return (n + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
}

/* Adds what of [start, end) lies in no module from the i-th on. */
static void add(uint64_t start, uint64_t end, const struct pvh_start_info *info, uint32_t i)
{
    const struct pvh_module *modules = (const void *)info->modules;

    for (; i < info->module_count; i++) {
        uint64_t from = modules[i].address & ~(uint64_t)(PAGE_SIZE - 1);
        uint64_t to = round_up(modules[i].address + modules[i].size);

        if (from < end && to > start) {
            if (from > start)
                add(start, from, info, i + 1);
            start = to;
        }
    }
    end &= ~(uint64_t)(PAGE_SIZE - 1);
    if (start >= end || range_count == MAX_RANGES)
        return;
    ranges[range_count++] = (struct range){start, end};
    total += (end - start) / PAGE_SIZE;
}

void frames_init(const struct pvh_start_info *info)
{
    const struct pvh_memory *map = (const void *)info->memory_map;
    uint64_t first = (uintptr_t)__image_end;

    for (uint32_t i = 0; i < info->memory_map_entries; i++) {
        uint64_t start = round_up(map[i].address), end = map[i].address + map[i].size;

        if (map[i].type == PVH_MEMORY_RAM)
            add(start < first ? first : start, end, info, 0);
    }
    available = total;
}

uint64_t frame_alloc(void)
{
    if (!available)
        return 0;
    available--;
    if (given_back) {
        uint64_t frame = given_back;

        paging_map(FRAME_WINDOW, frame, PROT_READ | PROT_WRITE);
        given_back = *(volatile uint64_t *)FRAME_WINDOW;
        paging_unmap(FRAME_WINDOW);
        return frame;
    }
    struct range *range = ranges;
    while (range->next == range->end)
        range++;
    uint64_t frame = range->next;
    range->next += PAGE_SIZE;
    return frame;
}

void frame_free(uint64_t frame)
{
    paging_map(FRAME_WINDOW, frame, PROT_READ | PROT_WRITE);
    *(volatile uint64_t *)FRAME_WINDOW = given_back;
    paging_unmap(FRAME_WINDOW);
    given_back = frame;
    available++;
}

size_t frames_available(void)
{
    return available;
}

size_t frames_total(void)
{
    return total;
}
