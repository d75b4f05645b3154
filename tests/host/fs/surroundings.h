/* SPDX-License-Identifier: MIT */
/* surroundings.h: what fs/ needs of the rest of the library OS, on this host; and archives to try it with. */
#ifndef SURROUNDINGS_H
#define SURROUNDINGS_H

#include <stddef.h>
#include <stdint.h>

#include "archive.h"

/* Pseudo-random numbers below `below`, the same ones every time. */
extern uint32_t seed;
uint32_t next_random(uint32_t below);

/* An archive that is being made. */
struct packing {
    char *bytes;
    size_t size;
    unsigned count;
};

void pack(struct packing *packing, const char *name, unsigned mode, const void *data, size_t size);

/* Ends it, and gives back an allocation of exactly its size. */
char *packed(struct packing *packing, size_t *size);

/* An empty root directory. */
void make_root(struct tree_node *root, struct mount *mount);

/* Frees what cpio_read() has made. */
void forget_tree(struct tree_node *root);

/* Objects of pools that have not been given back. */
extern size_t objects;

#endif
