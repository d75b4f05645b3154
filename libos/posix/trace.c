/* SPDX-License-Identifier: MIT */
/*
 * trace.c: tells of each call as it happens, on the console, as strace(1) does.
 *
 * Only images that are built to be traced call this (musl/syscall_arch.h): in all
 * others it is not there.
 *
 * What a call was given is told before it, since some never return. Its result goes
 * on the same line, unless something else was told in between.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "console.h"
#include "current.h"
#include "memory_map.h"
#include "paging.h"
#include "services.h"

enum { MOST_TEXT = 40, LAST_ERRNO = 4095 };

/* What the arguments of each call are, a letter each; made by the build from services.h. */
static const struct {
    const char *name, *kinds;
} calls[] = {
#define LIBOS_KINDS(name, kinds) {#name, kinds},
#include "libos_kinds.h"
#undef LIBOS_KINDS
};

static struct thread *unfinished; /* whose call is the end of the last line */
static bool several;              /* another thread than the first has called: from then on, all are numbered */

static const char *kinds_of(const char *name)
{
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (!strcmp(calls[i].name, name))
            return calls[i].kinds;
    return "";
}

/* After these, there is something else on the console, or nothing: output, a notice (of a call that is none, with -1
 * arguments), the end. */
static bool prints_or_ends(const char *name, int arguments)
{
    return arguments < 0 || !strcmp(name, "write") || !strcmp(name, "writev") || !strncmp(name, "exit", 4);
}

static const char *errno_name(int error)
{
    switch (error) {
#define LIBOS_ERRNO(name)                                                                                          \
    case name:                                                                                                     \
        return #name;
#include "libos_errno_names.h"
#undef LIBOS_ERRNO
    default:
        return "an unknown error";
    }
}

static void put_signed(long value)
{
    if (value < 0)
        console_puts("-");
    console_dec(value < 0 ? 0 - (unsigned long)value : (unsigned long)value);
}

static void put_base(unsigned long value, unsigned bits, const char *prefix)
{
    char text[24];
    size_t at = sizeof text;

    do
        text[--at] = "0123456789abcdef"[value & ((1u << bits) - 1)];
    while (value >>= bits);
    console_puts(prefix);
    console_write(text + at, sizeof text - at);
}

/* The program's memory, which may not be what it says. */
static void put_text(const char *text, size_t len, bool ends_at_zero)
{
    size_t i = 0;

    if (!paging_readable((uintptr_t)text)) {
        put_base((uintptr_t)text, 4, "0x");
        return;
    }
    console_puts("\"");
    for (; i < len && i < MOST_TEXT; i++) {
        if ((uintptr_t)(text + i) % PAGE_SIZE == 0 && !paging_readable((uintptr_t)(text + i)))
            break;
        char c = text[i];

        if (!c && ends_at_zero) {
            len = i;
            break;
        }
        if (c == '\n')
            console_puts("\\n");
        else if (c == '"' || c == '\\')
            console_write((char[]){'\\', c}, 2);
        else if (c >= ' ' && c <= '~')
            console_write(&c, 1);
        else
            put_base((unsigned char)c, 4, (unsigned char)c < 16 ? "\\x0" : "\\x");
    }
    console_puts(i < len ? "\"..." : "\"");
}

static void put_argument(char kind, long value, long next)
{
    if (kind == 'd')
        put_signed((int)value);
    else if (kind == 'l')
        put_signed(value);
    else if (kind == 'o')
        put_base((unsigned)value, 3, value ? "0" : "");
    else if (kind == 's')
        put_text((const char *)value, -1ul, true);
    else if (kind == 'b')
        put_text((const char *)value, (size_t)next, false);
    else if (value == 0 && kind == 'p')
        console_puts("NULL");
    else
        put_base((unsigned long)value, 4, value ? "0x" : "");
}

/* Results that are addresses, not numbers. */
static bool gives_address(const char *name)
{
    return !strcmp(name, "mmap") || !strcmp(name, "mremap") || !strcmp(name, "brk");
}

static void begin_line(const char *name)
{
    if (unfinished)
        console_puts("\n");
    unfinished = 0;
    several |= current != &main_thread;
    console_puts("libos: ");
    if (several) {
        console_puts("[");
        console_dec((uint64_t)current->tid);
        console_puts("] ");
    }
    console_puts(name);
}

void libos_trace_call(const char *name, int arguments, long a, long b, long c, long d, long e, long f)
{
    const long values[] = {a, b, c, d, e, f, 0};
    const char *kinds = kinds_of(name);

    preempt_disable();
    begin_line(name);
    console_puts("(");
    for (int i = 0; i < arguments; i++) {
        if (i)
            console_puts(", ");
        put_argument(*kinds ? *kinds++ : 'p', values[i], values[i + 1]);
    }
    console_puts(")");
    if (prints_or_ends(name, arguments))
        console_puts("\n");
    else
        unfinished = current;
    preempt_enable();
}

long libos_trace_result(const char *name, long result)
{
    preempt_disable();
    if (unfinished != current)
        begin_line(name);
    unfinished = 0;
    console_puts(" = ");
    if (result < 0 && result >= -LAST_ERRNO) {
        console_puts("-");
        console_puts(errno_name((int)-result));
    } else if (gives_address(name)) {
        put_base((unsigned long)result, 4, "0x");
    } else {
        put_signed(result);
    }
    console_puts("\n");
    preempt_enable();
    return result;
}
