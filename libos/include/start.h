/* SPDX-License-Identifier: MIT */
/*
 * start.h: from the loader to the program.
 */
#ifndef LIBOS_START_H
#define LIBOS_START_H

#include <stddef.h>
#include <stdint.h>

#include "pvh.h"

/* Where the loader left the command line, physically: below 1 MiB, which paging_init() unmaps. 0 for none. */
extern uint64_t loader_command_line;
enum { MAX_COMMAND_LINE = 0x4000 };

/* QEMU tells the guest of microvm's devices by adding such words to the command line. */
#define DEVICE_WORD "virtio_mmio.device="

/* Called by boot.S in long mode, on the boot stack, with interrupts off. Reads as the order of the boot. */
_Noreturn void start(const struct pvh_start_info *info);

/* Makes the main stack as a Linux program finds it (argc, argv, envp, auxiliary vector, System V AMD64 ABI,
 * section 3.4.1), from the loader's command line. Returns the initial stack pointer. */
uintptr_t process_stack(const char *command_line);

/* Splits the next word off `*text` into `out` (at most `size` bytes with its NUL) and returns its length, or -1
 * when there are no more. Double quotes group, a backslash inside them escapes. */
long command_line_word(const char **text, char *out, size_t size);

/* Takes the stack and calls the C library's entry, musl's crt1. */
_Noreturn void enter_program(uintptr_t stack_pointer);

#endif
