/* SPDX-License-Identifier: MIT */
/* check.h: a guest test prints SUCCESS as its last line and exits 0, or says which check failed and exits 1. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                                           \
    do {                                                                                                           \
        errno = 0;                                                                                                 \
        if (!(condition)) {                                                                                        \
            printf("FAILED %s:%d: %s (errno: %s)\n", __FILE__, __LINE__, #condition, strerror(errno));             \
            exit(1);                                                                                               \
        }                                                                                                          \
    } while (0)

#define SUCCESS()                                                                                                  \
    do {                                                                                                           \
        puts("SUCCESS");                                                                                           \
        return 0;                                                                                                  \
    } while (0)
