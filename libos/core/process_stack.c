/* SPDX-License-Identifier: MIT */
/*
 * process_stack.c: the main stack, as a Linux program finds it.
 *
 * Strings at the top, then below them the auxiliary vector, the environment,
 * the arguments and their count: the C library's start-up cannot tell this from
 * what execve() leaves.
 *
 * Source: System V Application Binary Interface, AMD64, section 3.4.1.
 */
#include <elf.h>
#include <stdbool.h>
#include <string.h>

#include "entropy.h"
#include "machine.h"
#include "memory_map.h"
#include "signals.h"
#include "start.h"
#include "vm.h"

enum { MAX_WORDS = 256, FIRST_PAGES = 4 * PAGE_SIZE };

extern const Elf64_Ehdr __ehdr_start;

static const char device_word[] = DEVICE_WORD;

uintptr_t process_stack(const char *command_line)
{
    size_t len = 0;
    const char *words[MAX_WORDS];
    size_t count = 0, arguments = 0;

    while (command_line[len])
        len++;
    if (len > MAX_COMMAND_LINE)
        panic("the command line is longer than 16 KiB");
    vm_stack_init(FIRST_PAGES + len);

    /* Each word takes at most its length and a NUL where it had a space. */
    char *random = (char *)MAIN_STACK_END - 16, *end = random;
    char *out = end - (len + 16);
    char *stack = out;
    const char *text = command_line;
    for (;;) {
        while (*text == ' ')
            text++;
        bool device = *text == *device_word && !strncmp(text, device_word, sizeof device_word - 1);
        bool separator = text[0] == '-' && text[1] == '-' && (text[2] == ' ' || !text[2]);
        long word = command_line_word(&text, out, (size_t)(end - out));
        if (word < 0)
            break;
        if (device)
            continue;
        if (separator && !arguments) {
            arguments = count + 1;
            continue;
        }
        if (count == MAX_WORDS)
            panic("the command line has more than 256 words");
        words[count++] = out;
        out += word + 1;
    }
    /* Words before `--` are the environment. Without one, all are arguments. */
    size_t environment = arguments ? arguments - 1 : 0;
    if (count == environment)
        words[count++] = "program";
    entropy_fill(random, 16);

    const Elf64_Ehdr *elf = &__ehdr_start;
    const uint64_t auxiliary[] = {
        AT_PHDR,        (uintptr_t)elf + elf->e_phoff,
        AT_PHENT,       elf->e_phentsize,
        AT_PHNUM,       elf->e_phnum,
        AT_PAGESZ,      PAGE_SIZE,
        AT_RANDOM,      (uintptr_t)random,
        AT_MINSIGSTKSZ, SIGNAL_STACK_LEAST,
        AT_NULL,        0,
    };
    /* argc, the arguments and their null, the environment and its null. */
    size_t pointers = 1 + (count - environment) + 1 + environment + 1;
    uint64_t *sp = (uint64_t *)((uintptr_t)stack & ~(uintptr_t)15);
    sp -= sizeof auxiliary / 8 + pointers + (pointers & 1);
    uint64_t *slot = sp;
    *slot++ = count - environment;
    for (size_t i = environment; i < count; i++)
        *slot++ = (uintptr_t)words[i];
    *slot++ = 0;
    for (size_t i = 0; i < environment; i++)
        *slot++ = (uintptr_t)words[i];
    *slot++ = 0;
    memcpy(slot, auxiliary, sizeof auxiliary);
    return (uintptr_t)sp;
}
