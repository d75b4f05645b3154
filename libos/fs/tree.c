/* SPDX-License-Identifier: MIT */
/*
 * tree.c: directories that are kept in memory, as lists.
 */
#include "tree.h"

#include <errno.h>
#include <string.h>

static struct tree_node *node_of(struct inode *inode)
{
    return (struct tree_node *)inode;
}

/* Most names of a directory differ in this already. FNV-1a: Fowler, Noll and Vo. */
static uint32_t hash_of(const char *name, size_t len)
{
    uint32_t hash = 2166136261;

    while (len--)
        hash = (hash ^ (unsigned char)*name++) * 16777619;
    return hash;
}

void tree_add(struct tree_node *directory, struct tree_node *node)
{
    static off_t orders;

    node->parent = directory;
    node->next = 0;
    node->hash = hash_of(node->name, strlen(node->name));
    node->order = ++orders;
    *(directory->last ? &directory->last->next : &directory->first) = node;
    directory->last = node;
}

void tree_remove(struct tree_node *node)
{
    struct tree_node *directory = node->parent, *before = 0, **link = &directory->first;

    while (*link != node) {
        before = *link;
        link = &before->next;
    }
    *link = node->next;
    if (directory->last == node)
        directory->last = before;
    node->parent = 0;
}

struct tree_node *tree_find(const struct tree_node *directory, const char *name, size_t len)
{
    struct tree_node *node = directory->first;
    uint32_t hash = hash_of(name, len);

    while (node && (node->hash != hash || strncmp(node->name, name, len) || node->name[len]))
        node = node->next;
    return node;
}

int tree_lookup(struct inode *directory, const char *name, struct inode **found)
{
    struct tree_node *node = tree_find(node_of(directory), name, strlen(name));

    if (!node)
        return -ENOENT;
    inode_get(&node->inode);
    *found = &node->inode;
    return 0;
}

int tree_place(struct inode *directory, struct inode **parent, char *name)
{
    struct tree_node *node = node_of(directory);

    if (!node->parent)
        return -ENOENT;
    strcpy(name, node->name);
    inode_get(&node->parent->inode);
    *parent = &node->parent->inode;
    return 0;
}

int tree_entry(struct inode *directory, off_t *position, struct dirent *entry)
{
    struct tree_node *node = node_of(directory)->first;

    while (node && node->order <= *position)
        node = node->next;
    if (!node)
        return 0;
    *position = node->order;
    entry->d_ino = node->inode.number;
    entry->d_type = (unsigned char)IFTODT(node->inode.mode);
    strcpy(entry->d_name, node->name);
    return 1;
}
