/* SPDX-License-Identifier: MIT */
/*
 * frames.c: physical memory, a page frame at a time.
 *
 * Frames never used yet come off the front of the RAM ranges: no list to build
 * at boot. Frames given back are listed in one of them, which a page of address
 * space shows, the window. When the list is full, the next that is given back
 * holds another list, and remembers the one before.
 */
#include "frames.h"

#include <sys/mman.h>

#include "cpu.h"
#include "memory_map.h"
#include "paging.h"

enum { MAX_RANGES = 16, STACK_NEEDED = 1024 };

static struct range {
    uint64_t next, end;
} ranges[MAX_RANGES];
static int range_count;
static size_t available, total;

struct list {
    uint64_t before; /* the frame that holds it, 0 for none */
    size_t count;
    uint64_t frames[PAGE_SIZE / sizeof(uint64_t) - 2];
};
static uint64_t list_frame; /* the list that the window shows; 0 for none */
#define LIST ((struct list *)FRAME_WINDOW)

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

/* The main stack grows by faults, which take a frame: not in the middle of taking or giving one, so it grows before. */
static void touch_stack(void)
{
    uintptr_t sp = (uintptr_t)__builtin_frame_address(0);

    if (sp >= MAIN_STACK_START) /* above it there is no other */
        (void)*(volatile char *)(sp - STACK_NEEDED);
}

/* Has the window show the list in this frame. */
static void show(uint64_t frame)
{
    paging_unmap(FRAME_WINDOW);
    if (frame)
        paging_map(FRAME_WINDOW, frame, PROT_READ | PROT_WRITE);
    list_frame = frame;
}

uint64_t frame_alloc(void)
{
    touch_stack();
    if (!available)
        return 0;
    available--;
    if (list_frame) {
        uint64_t frame = list_frame;

        if (LIST->count)
            return LIST->frames[--LIST->count];
        show(LIST->before);
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
    touch_stack();
    available++;
    if (list_frame && LIST->count < sizeof LIST->frames / sizeof *LIST->frames) {
        LIST->frames[LIST->count++] = frame;
        return;
    }
    uint64_t before = list_frame;
    show(frame);
    LIST->before = before;
    LIST->count = 0;
}

void frame_zero(uint64_t frame)
{
    touch_stack();
    paging_map(PAGE_WINDOW, frame, PROT_READ | PROT_WRITE);
    zero_page((void *)PAGE_WINDOW);
    paging_unmap(PAGE_WINDOW);
}

size_t frames_available(void)
{
    return available;
}

size_t frames_total(void)
{
    return total;
}
