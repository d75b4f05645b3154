/* SPDX-License-Identifier: MIT */
/*
 * vm.c: virtual memory: who owns which addresses, and what is behind them.
 *
 * The page tables are the record of what is mapped, and how. The only other
 * record is the list of holes in the mmap area, in address order.
 */
#include "vm.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "cpu.h"
#include "frames.h"
#include "machine.h"
#include "memory_map.h"
#include "paging.h"

enum { MAX_HOLES = 1024 };

static struct hole {
    uintptr_t start, end;
} holes[MAX_HOLES];
static size_t hole_count;

static uintptr_t heap_end = HEAP_START;

extern char __image_start[], __image_end[];

static uintptr_t page_of(uintptr_t address)
{
    return address & ~(uintptr_t)(PAGE_SIZE - 1);
}

static size_t round_up(size_t len)
{
    return (len + PAGE_SIZE - 1) & ~(size_t)(PAGE_SIZE - 1);
}

/* ---- the holes ------------------------------------------------------------ */

/* The index of the first hole that ends after `address`. */
static size_t hole_after(uintptr_t address)
{
    size_t i = 0;

    while (i < hole_count && holes[i].end <= address)
        i++;
    return i;
}

static void hole_insert(size_t i, uintptr_t start, uintptr_t end)
{
    memmove(&holes[i + 1], &holes[i], (hole_count - i) * sizeof *holes);
    holes[i] = (struct hole){start, end};
    hole_count++;
}

static void hole_delete(size_t i)
{
    hole_count--;
    memmove(&holes[i], &holes[i + 1], (hole_count - i) * sizeof *holes);
}

/* Makes [start, end), all of it in hole i, owned. */
static bool hole_take(size_t i, uintptr_t start, uintptr_t end)
{
    struct hole *hole = &holes[i];

    if (start > hole->start && end < hole->end) {
        if (hole_count == MAX_HOLES)
            return false;
        hole_insert(i, hole->start, start);
        holes[i + 1].start = end;
    } else if (start > hole->start) {
        hole->end = start;
    } else if (end < hole->end) {
        hole->start = end;
    } else {
        hole_delete(i);
    }
    return true;
}

/* Makes [start, end) a hole, whatever it was, and joins it to its neighbours. */
static bool hole_make(uintptr_t start, uintptr_t end)
{
    size_t i = 0;

    while (i < hole_count && holes[i].end < start)
        i++;
    if (i == hole_count || holes[i].start > end) {
        if (hole_count == MAX_HOLES)
            return false;
        hole_insert(i, start, end);
        return true;
    }
    if (start < holes[i].start)
        holes[i].start = start;
    if (end > holes[i].end)
        holes[i].end = end;
    while (i + 1 < hole_count && holes[i + 1].start <= holes[i].end) {
        if (holes[i + 1].end > holes[i].end)
            holes[i].end = holes[i + 1].end;
        hole_delete(i + 1);
    }
    return true;
}

/* ---- ranges of pages ------------------------------------------------------ */

static bool in_mmap_area(uintptr_t start, uintptr_t end)
{
    return start >= MMAP_START && end <= MMAP_END && start < end;
}

/* True if every byte of the range belongs to the image, the heap, the main stack or a mapping. */
static bool owned(uintptr_t start, uintptr_t end)
{
    if (start >= (uintptr_t)__image_start && end <= (uintptr_t)__image_end)
        return true;
    if (start >= HEAP_START && end <= round_up(heap_end))
        return true;
    if (start >= MAIN_STACK_START && end <= MAIN_STACK_END)
        return true;
    if (!in_mmap_area(start, end))
        return false;
    size_t i = hole_after(start);
    return i == hole_count || holes[i].start >= end;
}

static void release(uintptr_t start, uintptr_t end)
{
    for (uintptr_t page = paging_next(start, end); page < end; page = paging_next(page + PAGE_SIZE, end)) {
        uint64_t frame = paging_unmap(page);

        if (frame)
            frame_free(frame);
    }
}

/* Gives one unmapped page a zeroed frame. */
static bool back(uintptr_t page, int prot)
{
    uint64_t frame = frame_alloc();

    if (!frame)
        return false;
    if (paging_map(page, frame, PROT_READ | PROT_WRITE)) {
        frame_free(frame);
        return false;
    }
    zero_page((void *)page);
    if (prot != (PROT_READ | PROT_WRITE))
        paging_protect(page, prot);
    return true;
}

/* Backs every page of an unmapped range, or none. */
static bool back_range(uintptr_t start, uintptr_t end, int prot)
{
    if ((end - start) / PAGE_SIZE > frames_available())
        return false;
    for (uintptr_t page = start; page < end; page += PAGE_SIZE) {
        if (!back(page, prot)) {
            release(start, page);
            return false;
        }
    }
    return true;
}

/* ---- the calls ------------------------------------------------------------ */

void vm_init(void)
{
    holes[0] = (struct hole){MMAP_START, MMAP_END};
    hole_count = 1;
}

static bool write_and_execute(int prot)
{
    return (prot & PROT_WRITE) && (prot & PROT_EXEC);
}

long vm_map(uintptr_t address, size_t len, int prot, bool fixed)
{
    if (!len || (fixed && address != page_of(address)))
        return -EINVAL;
    if (write_and_execute(prot))
        return -EACCES;
    if (len > MMAP_END - MMAP_START)
        return -ENOMEM;
    len = round_up(len);

    size_t i = 0;
    if (fixed) {
        if (!in_mmap_area(address, address + len))
            return -ENOMEM;
        if (vm_unmap(address, len))
            return -ENOMEM;
        i = hole_after(address);
    } else {
        while (i < hole_count && holes[i].end - holes[i].start < len)
            i++;
        if (i == hole_count)
            return -ENOMEM;
        address = holes[i].start;
    }
    if (prot != PROT_NONE && !back_range(address, address + len, prot))
        return -ENOMEM;
    if (!hole_take(i, address, address + len)) {
        release(address, address + len);
        return -ENOMEM;
    }
    return (long)address;
}

long vm_unmap(uintptr_t address, size_t len)
{
    if (!len || address != page_of(address))
        return -EINVAL;
    if (!in_mmap_area(address, address + round_up(len)))
        return -EINVAL;
    if (!hole_make(address, address + round_up(len)))
        return -ENOMEM;
    release(address, address + round_up(len));
    return 0;
}

long vm_protect(uintptr_t address, size_t len, int prot)
{
    uintptr_t end = address + round_up(len);

    if (address != page_of(address))
        return -EINVAL;
    if (write_and_execute(prot))
        return -EACCES;
    if (len && !owned(address, end))
        return -ENOMEM;
    for (uintptr_t page = address; page < end; page += PAGE_SIZE) {
        if (paging_frame(page))
            paging_protect(page, prot);
        else if (prot != PROT_NONE && !back(page, prot))
            return -ENOMEM;
    }
    return 0;
}

long vm_remap(uintptr_t old, size_t old_len, size_t new_len, bool may_move)
{
    old_len = round_up(old_len);
    new_len = round_up(new_len);
    if (old != page_of(old) || !old_len || !new_len)
        return -EINVAL;
    if (!in_mmap_area(old, old + old_len) || !owned(old, old + old_len))
        return -EFAULT;
    if (new_len > MMAP_END - MMAP_START)
        return -ENOMEM;
    if (new_len < old_len)
        vm_unmap(old + new_len, old_len - new_len);
    if (new_len <= old_len)
        return (long)old;

    size_t i = hole_after(old + old_len - 1);
    if (i < hole_count && holes[i].start == old + old_len && holes[i].end >= old + new_len) {
        if (!back_range(old + old_len, old + new_len, PROT_READ | PROT_WRITE))
            return -ENOMEM;
        hole_take(i, old + old_len, old + new_len);
        return (long)old;
    }
    if (!may_move)
        return -ENOMEM;
    long moved = vm_map(0, new_len, PROT_READ | PROT_WRITE, false);
    if (moved < 0)
        return moved;
    memcpy((void *)moved, (void *)old, old_len);
    vm_unmap(old, old_len);
    return moved;
}

long vm_discard(uintptr_t address, size_t len)
{
    uintptr_t end = address + round_up(len);

    if (address != page_of(address))
        return -EINVAL;
    if (len && !owned(address, end))
        return -ENOMEM;
    for (uintptr_t page = paging_next(address, end); page < end; page = paging_next(page + PAGE_SIZE, end))
        if (paging_readable(page))
            zero_page((void *)page);
    return 0;
}

long vm_brk(uintptr_t end)
{
    if (end < HEAP_START || end > HEAP_END)
        return (long)heap_end;
    uintptr_t old = round_up(heap_end), new = round_up(end);
    if (new < old)
        release(new, old);
    else if (!back_range(old, new, PROT_READ | PROT_WRITE))
        return (long)heap_end;
    heap_end = end;
    return (long)end;
}

/* ---- the main stack ------------------------------------------------------- */

void vm_stack_init(size_t len)
{
    if (!back_range(MAIN_STACK_END - round_up(len), MAIN_STACK_END, PROT_READ | PROT_WRITE))
        panic("out of memory for the main stack");
}

bool vm_stack_grow(uintptr_t address)
{
    return address >= MAIN_STACK_START && address < MAIN_STACK_END &&
           back(page_of(address), PROT_READ | PROT_WRITE);
}
