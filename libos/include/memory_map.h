/* SPDX-License-Identifier: MIT */
/*
 * memory_map.h: the one address space, as a picture and as constants.
 *
 *   0xffff_ff7f_ffff_ffff  +-----------------------------+
 *                          | the page tables themselves  |  rw-   PML4 slot 510 points at the PML4
 *   0xffff_ff00_0000_0000  +-----------------------------+
 *                          :          unmapped           :
 *   0x0000_7fff_ffff_f000  +-----------------------------+
 *                          | main stack, grows down      |  rw-   a page is mapped when first touched
 *   0x0000_7fff_ff7f_f000  +-----------------------------+
 *                          | guard                       |  ---
 *   0x0000_7fff_ff7f_e000  +-----------------------------+
 *                          :          unmapped           :
 *   0x0000_6000_0000_0000  +-----------------------------+
 *                          | files of /tmp               |  rw-   a page is mapped when first written
 *   0x0000_2000_0000_0000  +-----------------------------+
 *                          :          unmapped           :
 *   0x0000_1000_0000_0000  +-----------------------------+
 *                          | mmap area, filled upwards   |  as each mapping asks
 *   0x0000_0010_0000_0000  +-----------------------------+
 *                          :          unmapped           :
 *   0x0000_000a_0000_0000  +-----------------------------+
 *                          | the loader's archive        |  r--   the files of / are read where they lie
 *   0x0000_0009_0000_0000  +-----------------------------+
 *                          | objects of the library OS   |  rw-   threads, open files, sockets: pool.c
 *   0x0000_0008_0000_0000  +-----------------------------+
 *                          :  unmapped; device registers :  rw-   at their physical addresses,
 *                          :  (when a driver maps them)  :        0xfeb0_0000, 0xfec0_0000, 0xfee0_0000
 *   0x0000_0000_8000_0000  +-----------------------------+
 *                          | heap (brk), grows up        |  rw-
 *   0x0000_0000_4000_0000  +-----------------------------+
 *                          :          unmapped           :
 *   __image_end            +-----------------------------+
 *                          | data, bss, boot stacks      |  rw-
 *                          | text                        |  r-x
 *                          | ELF header, read-only data  |  r--
 *   0x0000_0000_0010_0000  +-----------------------------+
 *                          | windows on single frames    |  rw-   while one is shown: frames.c
 *   0x0000_0000_000f_e000  +-----------------------------+
 *                          | unmapped: null page,        |  ---
 *                          | firmware's memory           |
 *   0x0000_0000_0000_0000  +-----------------------------+
 *
 * No page is ever writable and executable. Physical RAM is not mapped as a
 * whole: a frame is reachable only where something uses it, so there is no
 * second, writable view of the text.
 */
#ifndef LIBOS_MEMORY_MAP_H
#define LIBOS_MEMORY_MAP_H

#define PAGE_SIZE 0x1000
#define PAGE_SHIFT 12

#define NULL_PAGE_START 0
#define NULL_PAGE_END PAGE_SIZE

/* Pages of address space below the image: frames.c lists the free frames in one, and the other shows, for a moment, a
 * frame that is not mapped where it is needed. */
#define FRAME_WINDOW 0xff000
#define PAGE_WINDOW 0xfe000

#define IMAGE_START 0x100000

#define HEAP_START 0x40000000
#define HEAP_END 0x80000000

#define DEVICES_START HEAP_END
#define DEVICES_END OBJECTS_START

#define OBJECTS_START 0x800000000
#define OBJECTS_END 0x900000000

#define ARCHIVE_START 0x900000000
#define ARCHIVE_END 0xa00000000

#define MMAP_START 0x1000000000
#define MMAP_END 0x100000000000

#define TMP_START 0x200000000000
#define TMP_END 0x600000000000

#define MAIN_STACK_END 0x7ffffffff000
#define MAIN_STACK_SIZE 0x800000
#define MAIN_STACK_START (MAIN_STACK_END - MAIN_STACK_SIZE)
#define MAIN_STACK_GUARD_END MAIN_STACK_START
#define MAIN_STACK_GUARD_START (MAIN_STACK_GUARD_END - PAGE_SIZE)

#define SELF_MAP_SLOT 510
#define SELF_MAP_START 0xffffff0000000000
#define SELF_MAP_END 0xffffff8000000000

#endif
