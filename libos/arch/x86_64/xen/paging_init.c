/* SPDX-License-Identifier: MIT */
/*
 * paging_init.c: rights for the parts of the image. Xen's domain builder has mapped
 * all of it writable and executable.
 */
#include "frames.h"
#include "page_tables.h"
#include "paging.h"

extern char __image_start[], __text_start[], __text_end[], __data_start[], __image_end[];
extern char __boot_stack_guard_start[], __trap_stack_guard_start[];

static int rights(uintptr_t page)
{
    if (page >= (uintptr_t)__data_start)
        return PROT_READ | PROT_WRITE;
    return page >= (uintptr_t)__text_start ? PROT_READ | PROT_EXEC : PROT_READ;
}

void paging_init(void)
{
    for (uintptr_t page = (uintptr_t)__image_start; page < (uintptr_t)__image_end; page += PAGE_SIZE) {
        if (page == (uintptr_t)__boot_stack_guard_start || page == (uintptr_t)__trap_stack_guard_start)
            frame_free(paging_unmap(page));
        else
            paging_protect(page, rights(page));
    }
}
