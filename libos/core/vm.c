/* SPDX-License-Identifier: MIT */
/*
 * vm.c: virtual memory: who owns which addresses, and what is behind them.
 *
 * The page tables are the record of what is mapped, and how. The only other
 * record is the list of holes in the mmap area, in address order.
 */
#include "vm.h"

#include <errno.h>
#include <sys/mman.h>

#include "cpu.h"
#include "frames.h"
#include "machine.h"
#include "memory_map.h"
#include "paging.h"
#include "pool.h"

enum { MAX_HOLES = 65536 };

struct hole {
    uintptr_t start, end;
    struct hole *next;
};

/* The first did not come out of the pool, and may go into it. */
static struct pool pool = {.size = sizeof(struct hole), .limit = MAX_HOLES, .count = 1};
static struct hole whole = {MMAP_START, MMAP_END, 0};
static struct hole *holes = &whole;

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

/* The link to the first hole that ends after `address`; to null if there is none. */
static struct hole **hole_after(uintptr_t address)
{
    struct hole **link = &holes;

    while (*link && (*link)->end <= address)
        link = &(*link)->next;
    return link;
}

/* The link to the lowest hole of at least `len` bytes. */
static struct hole **hole_of(size_t len)
{
    struct hole **link = &holes;

    while (*link && (*link)->end - (*link)->start < len)
        link = &(*link)->next;
    return link;
}

static bool hole_insert(struct hole **link, uintptr_t start, uintptr_t end)
{
    struct hole *hole = pool_alloc(&pool);

    if (!hole)
        return false;
    *hole = (struct hole){start, end, *link};
    *link = hole;
    return true;
}

static void hole_delete(struct hole **link)
{
    struct hole *hole = *link;

    *link = hole->next;
    pool_free(&pool, hole);
}

/* Makes [start, end), all of it in one hole, owned. False if memory for another hole is out. */
static bool hole_take(struct hole **link, uintptr_t start, uintptr_t end)
{
    struct hole *hole = *link;

    if (start > hole->start && end < hole->end) {
        if (!hole_insert(link, hole->start, start))
            return false;
        hole->start = end;
    } else if (start > hole->start) {
        hole->end = start;
    } else if (end < hole->end) {
        hole->start = end;
    } else {
        hole_delete(link);
    }
    return true;
}

/* Makes [start, end) a hole, whatever it was, and joins it to its neighbours. */
static bool hole_make(uintptr_t start, uintptr_t end)
{
    struct hole **link = hole_after(start - 1); /* one that ends at `start` is a neighbour */
    struct hole *hole = *link;

    if (!hole || hole->start > end)
        return hole_insert(link, start, end);
    if (start < hole->start)
        hole->start = start;
    if (end > hole->end)
        hole->end = end;
    while (hole->next && hole->next->start <= hole->end) {
        if (hole->next->end > hole->end)
            hole->end = hole->next->end;
        hole_delete(&hole->next);
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
    const struct hole *hole = *hole_after(start);
    return !hole || hole->start >= end;
}

bool vm_owns(uintptr_t address)
{
    return owned(address, address + 1);
}

static void release(uintptr_t start, uintptr_t end)
{
    bool begun = privileged_begin();

    for (uintptr_t page = paging_next(start, end); page < end; page = paging_next(page + PAGE_SIZE, end)) {
        uint64_t frame = paging_unmap(page);

        if (frame)
            frame_free(frame);
    }
    privileged_end(begun);
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
    bool begun = privileged_begin();
    for (uintptr_t page = start; page < end; page += PAGE_SIZE) {
        if (!back(page, prot)) {
            release(start, page);
            privileged_end(begun);
            return false;
        }
    }
    privileged_end(begun);
    return true;
}

/* ---- the calls ------------------------------------------------------------ */

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

    struct hole **link = hole_of(len);
    if (fixed) {
        if (!in_mmap_area(address, address + len) || vm_unmap(address, len))
            return -ENOMEM;
        link = hole_after(address);
    } else if (*link) {
        address = (*link)->start;
    } else {
        return -ENOMEM;
    }
    if (prot != PROT_NONE && !back_range(address, address + len, prot))
        return -ENOMEM;
    if (!hole_take(link, address, address + len)) {
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
    /* In this order: what is released may be what the record of the hole is made of. */
    release(address, address + round_up(len));
    return hole_make(address, address + round_up(len)) ? 0 : -ENOMEM;
}

long vm_protect(uintptr_t address, size_t len, int prot)
{
    uintptr_t end = address + round_up(len);
    size_t missing = 0;

    if (address != page_of(address))
        return -EINVAL;
    if (write_and_execute(prot))
        return -EACCES;
    if (len && !owned(address, end))
        return -ENOMEM;
    for (uintptr_t page = address; page < end && prot != PROT_NONE; page += PAGE_SIZE)
        missing += !paging_frame(page);
    if (missing > frames_available())
        return -ENOMEM;
    bool begun = privileged_begin();
    for (uintptr_t page = address; page < end; page += PAGE_SIZE) {
        if (paging_frame(page)) {
            paging_protect(page, prot);
        } else if (prot != PROT_NONE && !back(page, prot)) {
            privileged_end(begun);
            return -ENOMEM;
        }
    }
    privileged_end(begun);
    return 0;
}

/* Moves every page of a range that has a frame, or none. */
static bool move_range(uintptr_t from, uintptr_t to, size_t len)
{
    for (uintptr_t page = paging_next(from, from + len); page < from + len;
         page = paging_next(page + PAGE_SIZE, from + len)) {
        if (paging_frame(page) && paging_move(page, to + (page - from))) {
            move_range(to, from, page - from);
            return false;
        }
    }
    return true;
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
    if (new_len <= old_len)
        return new_len == old_len || !vm_unmap(old + new_len, old_len - new_len) ? (long)old : -ENOMEM;

    /* In place if there is room behind it, otherwise in the lowest hole. What is new is as the last page was. */
    struct hole **link = hole_after(old + old_len - 1);
    bool moves = !*link || (*link)->start != old + old_len || (*link)->end < old + new_len;
    if (moves)
        link = hole_of(new_len);
    if (!*link || (moves && !may_move))
        return -ENOMEM;
    uintptr_t new = moves ? (*link)->start : old;
    int prot = paging_rights(old + old_len - PAGE_SIZE);
    if (prot != PROT_NONE && !back_range(new + old_len, new + new_len, prot))
        return -ENOMEM;
    if (moves && !move_range(old, new, old_len)) {
        release(new + old_len, new + new_len);
        return -ENOMEM;
    }
    hole_take(link, (*link)->start, new + new_len); /* the beginning of a hole: that needs no other */
    if (moves)
        hole_make(old, old + old_len);
    return (long)new;
}

long vm_discard(uintptr_t address, size_t len)
{
    uintptr_t end = address + round_up(len);

    if (address != page_of(address))
        return -EINVAL;
    if (len && !owned(address, end))
        return -ENOMEM;
    for (uintptr_t page = paging_next(address, end); page < end; page = paging_next(page + PAGE_SIZE, end)) {
        /* A page that may not be touched now needs no frame; it gets a fresh one with its rights. */
        if (paging_readable(page))
            frame_zero(paging_frame(page));
        else if (paging_frame(page))
            frame_free(paging_unmap(page));
    }
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
