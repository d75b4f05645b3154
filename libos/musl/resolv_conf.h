/* SPDX-License-Identifier: MIT */
/*
 * resolv_conf.h: included in front of musl's resolvconf.c, which reads which name
 * servers to ask: it opens the file through resolv_conf.c.
 */
#define __fopen_rb_ca __fopen_resolv_conf
