/* SPDX-License-Identifier: MIT */
/*
 * fs_archive.c: archives with anything changed in them are refused, or are a tree
 * every byte of which can be read.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "surroundings.h"

enum { ARCHIVES = 40, CHANGES = 500, SOAK = 50 };

static struct mount mount = {.name = ""};

/* Reads all of it, so that the sanitizer sees what is looked at; how many nodes there are. */
static size_t read_tree(struct tree_node *directory)
{
    char name[NAME_MAX + 1], buf[300];
    struct dirent entry;
    struct inode *parent;
    size_t count = 0;
    off_t at = 0;

    while (directory->inode.ops->entry(&directory->inode, &at, &entry)) {
        struct inode *inode;
        assert(!directory->inode.ops->lookup(&directory->inode, entry.d_name, &inode));
        struct tree_node *node = (struct tree_node *)inode;
        assert(entry.d_name[0] && !strchr(entry.d_name, '/') && strlen(entry.d_name) <= NAME_MAX);
        assert(strcmp(entry.d_name, ".") && strcmp(entry.d_name, ".."));
        if (S_ISDIR(inode->mode)) {
            assert(!inode->ops->place(inode, &parent, name) && parent == &directory->inode);
            assert(!strcmp(name, entry.d_name));
            inode_put(parent);
            count += read_tree(node);
        } else if (S_ISLNK(inode->mode)) {
            assert(inode->ops->readlink(inode, buf, sizeof buf) >= 0);
        } else {
            off_t total = 0, n;
            while ((n = inode->ops->read(inode, buf, sizeof buf, total)) > 0)
                total += n;
            assert(n == 0 && total == inode->size);
        }
        inode_put(inode);
        count++;
    }
    return count;
}

/* Whether it is taken. Either way, nothing is left over. */
static int
try
    (const char *archive, size_t size, size_t expected)
    {
        struct tree_node root;
        size_t wrong;

        make_root(&root, &mount);
        const char *complaint = cpio_read(&root, archive, size, &wrong);
        if (expected && complaint)
            fprintf(stderr, "%s, at byte %zu\n", complaint, wrong);
        size_t count = read_tree(&root);
        assert(complaint ? !count && wrong <= size && !objects : count == objects);
        assert(!expected || (!complaint && count == expected));
        forget_tree(&root);
        assert(!objects);
        return !complaint;
    }

static char *make(size_t *size, size_t *count)
{
    static char data[5000];
    struct packing packing = {0};
    char name[300], folder[200] = "";

    *count = 5 + next_random(20);
    for (size_t i = 0; i < *count; i++) {
        size_t length = next_random(5) ? next_random(40) : next_random(sizeof data);

        for (size_t k = 0; k < length; k++)
            data[k] = (char)('a' + next_random(26));
        snprintf(name, sizeof name, "%s%sn%zu%.*s",
                 next_random(2)   ? ""
                 : next_random(2) ? "./"
                                  : "/",
                 folder, i, (int)next_random(30), "abcdefghijklmnopqrstuvwxyzabcdef");
        unsigned kind = next_random(4);
        pack(&packing, name, kind == 0 ? 040755 : kind == 1 ? 0120777 : 0100644, data, kind == 0 ? 0 : length);
        if (kind == 0 && strlen(folder) < 60) {
            char *plain = name + (name[0] == '/') + 2 * (name[0] == '.');
            sprintf(folder, "%s/", plain);
        } else if (!next_random(5)) {
            folder[0] = 0;
        }
    }
    return packed(&packing, size);
}

static void change(char *archive, size_t size)
{
    static const char likely[] = "0123456789abcdefF/.\0x";

    for (unsigned n = 1 + next_random(4); n--;) {
        size_t at = next_random(3) ? next_random(size < 400 ? (uint32_t)size : 400) : next_random((uint32_t)size);

        archive[at] = next_random(2) ? likely[next_random(sizeof likely)] : (char)next_random(256);
    }
}

int main(void)
{
    int rounds = getenv("UNILAB_SOAK") ? ARCHIVES * SOAK : ARCHIVES, taken = 0, refused = 0;

    for (int i = 0; i < rounds; i++) {
        size_t size, count;
        char *archive = make(&size, &count);

        try
            (archive, size, count);
        for (int j = 0; j < CHANGES; j++) {
            size_t kept = next_random(4) ? size : next_random((uint32_t)size + 1);
            char *copy = malloc(kept);

            memcpy(copy, archive, kept);
            if (kept && next_random(8))
                change(copy, kept);
            if (try (copy, kept, 0))
                taken++;
            else
                refused++;
            free(copy);
        }
        free(archive);
    }
    printf("%d changed archives taken, %d refused\n", taken, refused);
    assert(taken > rounds && refused > rounds);
    return 0;
}
