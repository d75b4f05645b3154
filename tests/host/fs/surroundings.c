/* SPDX-License-Identifier: MIT */
#include "surroundings.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pool.h"

uint32_t seed = 1;
size_t objects;

uint32_t next_random(uint32_t below)
{
    seed = seed * 1664525 + 1013904223;
    return (uint32_t)((uint64_t)seed * below >> 32);
}

/* Each object is an allocation of its own, so that the sanitizer sees the end of each. */
void *pool_alloc(struct pool *pool)
{
    objects++;
    return calloc(1, pool->size);
}

void pool_free(struct pool *pool, void *object)
{
    (void)pool;
    objects--;
    free(object);
}

void inode_get(struct inode *inode)
{
    inode->references++;
}

void inode_put(struct inode *inode)
{
    assert(inode->references > 1); /* the directory has one */
    inode->references--;
}

static void append(struct packing *packing, const void *data, size_t size)
{
    size_t padded = (size + 3) & ~(size_t)3;

    packing->bytes = realloc(packing->bytes, packing->size + padded);
    memcpy(packing->bytes + packing->size, data, size);
    memset(packing->bytes + packing->size + size, 0, padded - size);
    packing->size += padded;
}

void pack(struct packing *packing, const char *name, unsigned mode, const void *data, size_t size)
{
    size_t len = strlen(name) + 1;
    char *head = malloc(110 + len + 1);

    sprintf(head, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", ++packing->count, mode, 0u, 0u, 1u,
            7u, (unsigned)size, 0u, 0u, 0u, 0u, (unsigned)len, 0u);
    memcpy(head + 110, name, len);
    append(packing, head, 110 + len);
    append(packing, data, size);
    free(head);
}

char *packed(struct packing *packing, size_t *size)
{
    pack(packing, "TRAILER!!!", 0, "", 0);
    *size = packing->size;
    char *exact = realloc(packing->bytes, packing->size);
    *packing = (struct packing){0};
    return exact;
}

static const struct inode_ops root_ops = {.lookup = tree_lookup, .place = tree_place, .entry = tree_entry};

void make_root(struct tree_node *root, struct mount *mount)
{
    *root = (struct tree_node){
        .inode = {
            .ops = &root_ops, .mount = mount, .references = 1, .mode = S_IFDIR | 0755, .number = 1, .links = 2}};
}

void forget_tree(struct tree_node *root)
{
    while (root->first) {
        struct tree_node *node = root->first;

        forget_tree(node);
        tree_remove(node);
        objects--;
        free(node);
    }
}
