/* SPDX-License-Identifier: MIT */
/*
 * path.c: following a path, component by component.
 *
 * Source: POSIX.1-2017, Base Definitions, section 4.13, "Pathname Resolution".
 */
#include "path.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "pool.h"

enum { MAX_LINKS = 40, MAX_WALKS = 64 };

/* A path with symbolic links replaced by their targets: needed only while such a path is followed, and too large for
 * the stack of a thread. */
struct walk_text {
    char text[PATH_MAX];
};

static struct pool texts = POOL(struct walk_text, MAX_WALKS);

static struct inode *current_directory; /* null: the root directory */

/* How far a walk has come. */
struct walk {
    struct inode *here;
    const char *rest;
    struct walk_text *expanded; /* what `rest` points into after the first link */
    int links;
};

void path_change(struct inode *directory)
{
    struct inode *before = current_directory;

    inode_get(directory);
    current_directory = directory;
    if (before)
        inode_put(before);
}

/* The directory where a path begins, with a reference. */
static int beginning(int at, const char *path, struct inode **start)
{
    if (*path == '/' || (at == AT_FDCWD && !current_directory))
        return path_root(start);
    struct file *file = at == AT_FDCWD ? 0 : file_get(at);
    if (at != AT_FDCWD && !file)
        return -EBADF;
    struct inode *inode = file ? file_inode(file) : current_directory;
    bool directory = inode && S_ISDIR(inode->mode);
    if (directory) {
        inode_get(inode);
        *start = inode;
    }
    if (file)
        file_put(file);
    return directory ? 0 : -ENOTDIR;
}

/* Takes the next component off a path; its length, 0 at the end. */
static long component(const char **path, char name[NAME_MAX + 1])
{
    const char *start = *path + strspn(*path, "/");
    size_t len = strcspn(start, "/");

    if (len > NAME_MAX)
        return -ENAMETOOLONG;
    memcpy(name, start, len);
    name[len] = 0;
    *path = start + len;
    return (long)len;
}

static int step(struct inode *here, const char *name, struct inode **found)
{
    char place[NAME_MAX + 1];

    if (!strcmp(name, ".")) {
        inode_get(here);
        *found = here;
        return 0;
    }
    if (!strcmp(name, "..")) {
        int result = path_parent(here, found, place);
        return result < 0 ? result : 0;
    }
    return mount_lookup(here, name, found);
}

/* Puts a link's target in front of the rest of the path, and goes back to where it starts. */
static int expand(struct walk *walk, struct inode *link)
{
    size_t rest = strlen(walk->rest);

    if (++walk->links > MAX_LINKS)
        return -ELOOP;
    if (!walk->expanded && !(walk->expanded = pool_alloc(&texts)))
        return -ENOMEM;
    char *text = walk->expanded->text, *moved = text + PATH_MAX - 1 - rest;
    memmove(moved, walk->rest, rest + 1);
    long len = link->ops->readlink(link, text, (size_t)(moved - text));
    if (len < 0)
        return (int)len;
    if (len == 0)
        return -ENOENT;
    if (text + len == moved && rest)
        return -ENAMETOOLONG;
    memmove(text + len, moved, rest + 1);
    walk->rest = text;
    if (*text != '/')
        return 0;
    inode_put(walk->here);
    walk->here = 0;
    return path_root(&walk->here);
}

/* Whether a link at the end of a path is followed. */
static bool follows_last(int how, bool slash)
{
    return how & PATH_MAKE ? how & PATH_FOLLOW && !slash : how & PATH_FOLLOW || slash;
}

/* Goes on until the last component, and leaves its directory in `walk`. */
static int follow(struct walk *walk, int how, struct place *place)
{
    for (;;) {
        struct inode *next = 0;

        if (!S_ISDIR(walk->here->mode))
            return -ENOTDIR;
        long len = component(&walk->rest, place->name);
        if (len < 0)
            return (int)len;
        place->slash = *walk->rest == '/';
        bool last = !walk->rest[strspn(walk->rest, "/")];
        if (len == 0) { /* only slashes: the root directory */
            inode_get(walk->here);
            place->inode = walk->here;
            return 0;
        }
        int result = step(walk->here, place->name, &next);
        if (result == -ENOENT && last)
            return 0;
        if (result)
            return result;
        if (S_ISLNK(next->mode) && (!last || follows_last(how, place->slash))) {
            result = expand(walk, next);
            inode_put(next);
            if (result)
                return result;
        } else if (last) {
            place->inode = next;
            return place->slash && !(how & PATH_MAKE) && !S_ISDIR(next->mode) ? -ENOTDIR : 0;
        } else {
            inode_put(walk->here);
            walk->here = next;
        }
    }
}

int path_place(int at, const char *path, int how, struct place *place)
{
    struct walk walk = {.rest = path};

    place->directory = place->inode = 0;
    if (!*path)
        return -ENOENT;
    if (strnlen(path, PATH_MAX) == PATH_MAX)
        return -ENAMETOOLONG;
    int result = beginning(at, path, &walk.here);
    if (!result)
        result = follow(&walk, how, place);
    if (walk.expanded)
        pool_free(&texts, walk.expanded);
    place->directory = walk.here;
    if (result)
        place_put(place);
    return result;
}

void place_put(struct place *place)
{
    if (place->inode)
        inode_put(place->inode);
    if (place->directory)
        inode_put(place->directory);
}

int path_inode(int at, const char *path, int how, struct inode **found)
{
    struct place place;
    int result = path_place(at, path, how, &place);

    if (result)
        return result;
    if (place.inode)
        inode_get(place.inode);
    *found = place.inode;
    place_put(&place);
    return *found ? 0 : -ENOENT;
}
