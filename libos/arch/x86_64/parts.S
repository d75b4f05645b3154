/* SPDX-License-Identifier: MIT */
/*
 * parts.S: names for the parts of the address space that are no sections: for
 * debuggers and for the course's pictures.
 */
#include "memory_map.h"

.macro NAMED name, from, to
    .globl __\name\()_start, __\name\()_end
    .set __\name\()_start, \from
    .set __\name\()_end, \to
.endm
    NAMED page_tables, SELF_MAP_START, SELF_MAP_END
    NAMED null_page, NULL_PAGE_START, NULL_PAGE_END
    NAMED heap, HEAP_START, HEAP_END
    NAMED object_heap, OBJECTS_START, OBJECTS_END
    NAMED mmap_area, MMAP_START, MMAP_END
    NAMED archive_files, ARCHIVE_START, ARCHIVE_END
    NAMED tmp_files, TMP_START, TMP_END
    NAMED main_stack, MAIN_STACK_START, MAIN_STACK_END
    NAMED main_stack_guard, MAIN_STACK_GUARD_START, MAIN_STACK_GUARD_END
