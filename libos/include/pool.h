/* SPDX-License-Identifier: MIT */
/*
 * pool.h: small objects of the library OS, each kind from pages of its own.
 *
 * Pages are taken as they are needed and kept for the next object of the kind.
 * To be called with preemption disabled.
 */
#ifndef LIBOS_POOL_H
#define LIBOS_POOL_H

#include <stddef.h>

struct pool {
    size_t size, limit, count;
    void *free;
};

/* A pool of at most `most` objects of a type. */
#define POOL(type, most) {.size = sizeof(type), .limit = (most)}

/* A zeroed object; null if there are `most` already, or memory is out. */
void *pool_alloc(struct pool *pool);

/* Gives it back. */
void pool_free(struct pool *pool, void *object);

#endif
