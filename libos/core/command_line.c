/* SPDX-License-Identifier: MIT */
/*
 * command_line.c: words of the loader's command line.
 */
#include <stdbool.h>

#include "start.h"

long command_line_word(const char **text, char *out, size_t size)
{
    const char *p = *text;
    size_t len = 0;
    bool quoted = false;

    while (*p == ' ')
        p++;
    if (!*p)
        return -1;
    for (; *p && (quoted || *p != ' '); p++) {
        if (*p == '"') {
            quoted = !quoted;
            continue;
        }
        if (quoted && *p == '\\' && p[1])
            p++;
        if (len + 1 < size)
            out[len++] = *p;
    }
    out[len] = 0;
    *text = p;
    return (long)len;
}
