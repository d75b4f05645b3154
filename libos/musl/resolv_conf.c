/* SPDX-License-Identifier: MIT */
/*
 * resolv_conf.c: /etc/resolv.conf for musl's resolver. Where there is no such
 * file, it reads what the network has learned from DHCP or its configuration,
 * through a FILE that has its contents in its buffer from the start.
 */
#include <stdint.h>

#include "stdio_impl.h"

/* posix/socket_inet.c */
hidden long libos_resolv_conf(char *buf, size_t len);

static size_t at_end(FILE *f, unsigned char *buf, size_t len)
{
    (void)buf, (void)len;
    f->flags |= F_EOF;
    return 0;
}

static int nothing_to_close(FILE *f)
{
    (void)f;
    return 0;
}

hidden FILE *__fopen_resolv_conf(const char *name, FILE *f, unsigned char *buf, size_t len)
{
    FILE *file = __fopen_rb_ca(name, f, buf, len);

    if (file)
        return file;
    *f = (FILE){
        .flags = F_NOWR | F_PERM,
        .buf = buf + UNGET,
        .buf_size = len - UNGET,
        .rpos = buf + UNGET,
        .read = at_end,
        .close = nothing_to_close,
        .fd = -1,
        .lock = -1,
    };
    f->rend = f->rpos + libos_resolv_conf((char *)f->buf, f->buf_size);
    return f;
}
