/* SPDX-License-Identifier: MIT */
/*
 * model.c: random operations, each done in the file system and on paper, and compared.
 * Between the rounds the disk is mounted anew.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "surroundings.h"

enum { NODES = 48, NAMES = 6, MOST = 30000, OPEN = 5, ROUNDS = 4, SECTORS = 8 << 11 };

/* A file or directory on paper. Number 0 is the root. */
struct paper {
    bool used, directory, named; /* not named: only open */
    int parent, name;
    long len;
    uint8_t bytes[MOST];
};

struct model {
    struct paper nodes[NODES];
    unsigned random;
    int steps;
};

static struct model *model;
static struct open {
    int node;
    struct inode *inode;
} opened[OPEN];

static unsigned any(unsigned below)
{
    return next_random(&model->random) % below;
}

static const char *name_of(int name)
{
    static const char *const names[NAMES] = {"a", "bb", "long-name-of-a-file", "d", "e e", "\xc3\xa9"};

    return names[name];
}

static int paper_find(int parent, int name)
{
    for (int i = 1; i < NODES; i++)
        if (model->nodes[i].named && model->nodes[i].parent == parent && model->nodes[i].name == name)
            return i;
    return 0;
}

static bool empty(int directory)
{
    for (int i = 1; i < NODES; i++)
        if (model->nodes[i].named && model->nodes[i].parent == directory)
            return false;
    return true;
}

static bool inside(int node, int directory)
{
    while (node && node != directory)
        node = model->nodes[node].parent;
    return node == directory;
}

static int any_directory(void)
{
    int found = 0;

    for (int tries = 0; tries < 4 && !found; tries++) {
        int node = (int)any(NODES);
        if (model->nodes[node].named && model->nodes[node].directory)
            found = node;
    }
    return found;
}

/* The directory's inode, with a reference. */
static struct inode *inode_of(int node)
{
    struct inode *found;

    if (!node) {
        inode_get(root());
        return root();
    }
    struct inode *parent = inode_of(model->nodes[node].parent);
    CHECK(find(parent, name_of(model->nodes[node].name), &found) == 0);
    inode_put(parent);
    return found;
}

static void make_one(void)
{
    int parent = any_directory(), name = (int)any(NAMES), node = 1;
    bool directory = any(3) == 0;

    while (node < NODES && model->nodes[node].used)
        node++;
    if (node == NODES || paper_find(parent, name))
        return;
    struct inode *in = inode_of(parent), *made;
    CHECK((directory ? in->ops->mkdir : in->ops->create)(in, name_of(name), 0644, &made) == 0);
    inode_put(made);
    inode_put(in);
    model->nodes[node].used = model->nodes[node].named = true;
    model->nodes[node].directory = directory;
    model->nodes[node].parent = parent;
    model->nodes[node].name = name;
    model->nodes[node].len = 0;
}

/* It has lost its name: gone, unless somebody has it open. */
static void paper_drop(int node)
{
    model->nodes[node].named = false;
    for (int i = 0; i < OPEN; i++)
        if (opened[i].node == node)
            return;
    model->nodes[node].used = false;
}

static void remove_one(void)
{
    int parent = any_directory(), name = (int)any(NAMES), node = paper_find(parent, name);
    struct inode *in = inode_of(parent);
    int expected = !node ? -ENOENT : model->nodes[node].directory && !empty(node) ? -ENOTEMPTY : 0;

    CHECK(remove_name(in, name_of(name)) == expected);
    inode_put(in);
    if (!expected)
        paper_drop(node);
}

static void rename_one(void)
{
    int parent = any_directory(), name = (int)any(NAMES), node = paper_find(parent, name);
    int to = any_directory(), new_name = (int)any(NAMES), replaced = paper_find(to, new_name);

    if (!node || (model->nodes[node].directory && inside(to, node)) ||
        (replaced && model->nodes[replaced].directory != model->nodes[node].directory))
        return;
    int expected =
        replaced && replaced != node && model->nodes[replaced].directory && !empty(replaced) ? -ENOTEMPTY : 0;
    struct inode *in = inode_of(parent), *to_in = inode_of(to);
    CHECK(rename_to(in, name_of(name), to_in, name_of(new_name)) == expected);
    inode_put(in);
    inode_put(to_in);
    if (expected || replaced == node)
        return;
    if (replaced)
        paper_drop(replaced);
    model->nodes[node].parent = to;
    model->nodes[node].name = new_name;
}

static void close_one(struct open *open)
{
    if (!open->node)
        return;
    int node = open->node;
    inode_put(open->inode);
    open->node = 0;
    if (!model->nodes[node].named)
        paper_drop(node);
}

static void open_one(void)
{
    struct open *open = &opened[any(OPEN)];
    int node = 1 + (int)any(NODES - 1);

    close_one(open);
    if (!model->nodes[node].named || model->nodes[node].directory)
        return;
    open->inode = inode_of(node);
    open->node = node;
}

static void use_one(void)
{
    static uint8_t bytes[MOST];
    struct open *open = &opened[any(OPEN)];
    struct paper *paper = &model->nodes[open->node];
    long at = (long)any(any(2) ? 900 : MOST), len = (long)any(any(2) ? 400 : MOST);

    if (!open->node)
        return;
    switch (any(5)) {
    case 0:
    case 1:
        at = any(3) ? paper->len : at;
        len = at + len > MOST ? MOST - at : len;
        for (long i = 0; i < len; i++)
            bytes[i] = (uint8_t)any(256);
        if (len == 0)
            break;
        CHECK(open->inode->ops->write(open->inode, bytes, (size_t)len, at) == len);
        if (at > paper->len)
            memset(paper->bytes + paper->len, 0, (size_t)(at - paper->len));
        memcpy(paper->bytes + at, bytes, (size_t)len);
        paper->len = at + len > paper->len ? at + len : paper->len;
        break;
    case 2:
        CHECK(open->inode->ops->truncate(open->inode, at) == 0);
        if (at > paper->len)
            memset(paper->bytes + paper->len, 0, (size_t)(at - paper->len));
        paper->len = at;
        break;
    case 3:
        CHECK(open->inode->ops->sync(open->inode) == 0);
        break;
    default: {
        long there = paper->len > at ? paper->len - at : 0,
             n = open->inode->ops->read(open->inode, bytes, (size_t)len, at);
        CHECK(n == (len < there ? len : there) && !memcmp(bytes, paper->bytes + at, (size_t)n));
    }
    }
    CHECK(open->inode->size == paper->len);
}

/* Every entry of a directory once, and nothing else. */
static void list(int directory)
{
    struct inode *in = inode_of(directory);
    bool seen[NAMES] = {false};
    struct dirent entry;
    off_t position = 0;
    int result;

    while ((result = in->ops->entry(in, &position, &entry)) == 1) {
        int name = 0;
        while (name < NAMES && strcmp(name_of(name), entry.d_name))
            name++;
        CHECK(name < NAMES && !seen[name]);
        seen[name] = true;
        int node = paper_find(directory, name);
        CHECK(node && entry.d_type == (model->nodes[node].directory ? DT_DIR : DT_REG));
    }
    CHECK(result == 0);
    for (int name = 0; name < NAMES; name++)
        CHECK(seen[name] == (paper_find(directory, name) != 0));
    inode_put(in);
}

static void compare_all(void)
{
    static uint8_t bytes[MOST + 1];

    list(0);
    for (int node = 1; node < NODES; node++) {
        struct paper *paper = &model->nodes[node];

        if (paper->named && paper->directory) {
            list(node);
        } else if (paper->named) {
            struct inode *in = inode_of(paper->parent);
            CHECK(read_file(in, name_of(paper->name), bytes, sizeof bytes) == paper->len);
            CHECK(!memcmp(bytes, paper->bytes, (size_t)paper->len));
            inode_put(in);
        }
    }
}

static int round_of_steps(void *argument)
{
    static void (*const operations[])(void) = {make_one, make_one, remove_one, rename_one, open_one,
                                               use_one,  use_one,  use_one,    use_one};
    (void)argument;
    compare_all();
    for (int i = 0; i < model->steps; i++) {
        operations[any(sizeof operations / sizeof *operations)]();
        if (any(100) == 0)
            list(any_directory());
    }
    for (int i = 0; i < OPEN; i++)
        close_one(&opened[i]);
    compare_all();
    return 0;
}

int test_model(unsigned seed, int steps)
{
    model = mmap(NULL, sizeof *model, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(model != MAP_FAILED);
    disk_blank(SECTORS);
    model->random = seed;
    model->steps = steps / ROUNDS;
    model->nodes[0] = (struct paper){.used = true, .named = true, .directory = true};
    for (int round = 0; round < ROUNDS; round++)
        CHECK(in_child(round_of_steps, NULL) == 0);
    return 0;
}
