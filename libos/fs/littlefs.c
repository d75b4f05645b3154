/* SPDX-License-Identifier: MIT */
/*
 * littlefs.c: littlefs as one of the file systems of fs.h, at /data.
 *
 * littlefs knows files by their paths, fs.h by inodes. A node is both: it has its
 * name and its directory's node, so its path can be put together, and there is one
 * for each file in use, so that all who have it open see the same.
 *
 * Left out, since littlefs has no place for it: links, owners, and permissions and
 * times that last longer than the inode.
 */
#include "littlefs_node.h"

#include <errno.h>
#include <string.h>

#include "machine.h"
#include "pool.h"

enum { MOST_NODES = 2048, MOST_PATH = 4096, ROOT_NUMBER = 1 };

/* From littlefs's superblock, as statfs(2) has it. */
enum { LITTLEFS_MAGIC = 0x6c667332 };

static struct pool nodes = POOL(struct littlefs_node, MOST_NODES);
static struct littlefs_node *in_use;
static const struct inode_ops directory_ops;

/* ---- paths ------------------------------------------------------------------- */

/* The path of a name in a directory, into one of two places. -ENOENT if the directory is no more. */
static int path_to(struct littlefs_node *directory, const char *name, unsigned which, const char **path)
{
    static char paths[2][MOST_PATH];
    char *start = paths[which] + MOST_PATH - 1;

    for (;;) {
        size_t len = strlen(name);

        if ((size_t)(start - paths[which]) < len + 1)
            return -ENAMETOOLONG;
        start -= len;
        memcpy(start, name, len);
        *--start = '/';
        if (!directory->directory)
            break;
        if (!directory->inode.links)
            return -ENOENT;
        name = directory->name;
        directory = directory->directory;
    }
    *path = start;
    return 0;
}

int littlefs_path(struct littlefs_node *node, const char **path)
{
    if (!node->inode.links)
        return -ENOENT;
    if (node->directory)
        return path_to(node->directory, node->name, 0, path);
    *path = "/";
    return 0;
}

/* ---- nodes ------------------------------------------------------------------- */

/* A name is always the same file's, since there are no links: FNV-1a of the whole path. */
ino_t littlefs_number(const struct inode *directory, const char *name)
{
    uint64_t hash = directory->number * 0x100000001b3 ^ '/';

    while (*name)
        hash = (hash ^ (uint8_t)*name++) * 0x100000001b3;
    return hash ? hash : 1;
}

/* Whether a node still has the name by which it was found: others may have been here since. */
static bool is_at(const struct littlefs_node *node, const struct inode *directory, const char *name)
{
    return node->inode.links && &node->directory->inode == directory && !strcmp(node->name, name);
}

/* The node of a name if somebody has it. One without references is about to be synced and given back by release(),
 * which waits for the lock: let it first. */
static struct littlefs_node *find(struct inode *directory, const char *name)
{
    struct littlefs_node *node = in_use;

    while (node) {
        if (!node->directory || !is_at(node, directory, name)) {
            node = node->next;
        } else if (node->inode.references) {
            return node;
        } else {
            littlefs_unlock();
            littlefs_lock();
            node = in_use;
        }
    }
    return 0;
}

static struct littlefs_node *make(struct inode *directory, const char *name, mode_t mode, off_t size)
{
    struct littlefs_node *node = pool_alloc(&nodes);

    if (!node)
        return 0;
    bool file = S_ISREG(mode);
    node->inode = (struct inode){
        .ops = file ? &littlefs_file_ops : &directory_ops,
        .mount = &libos_disk_mount,
        .references = 1,
        .mode = mode,
        .links = file ? 1 : 2,
        .number = directory ? littlefs_number(directory, name) : ROOT_NUMBER,
        .size = size,
    };
    if (directory) {
        inode_get(directory);
        node->directory = node_of(directory);
        strcpy(node->name, name);
    }
    node->next = in_use;
    in_use = node;
    return node;
}

static void forget(struct littlefs_node *node)
{
    struct littlefs_node **link = &in_use;

    while (*link != node)
        link = &(*link)->next;
    *link = node->next;
    pool_free(&nodes, node);
}

/* ---- directories --------------------------------------------------------------- */

static int directory_lookup(struct inode *directory, const char *name, struct inode **found)
{
    struct lfs_info info;
    const char *path;

    littlefs_lock();
    struct littlefs_node *node = find(directory, name);
    int error = 0;
    if (node) {
        inode_get(&node->inode);
    } else {
        error = path_to(node_of(directory), name, 0, &path);
        if (!error)
            error = lfs_stat(&littlefs, path, &info);
        if (!error) {
            bool is_directory = info.type == LFS_TYPE_DIR;

            node =
                make(directory, name, is_directory ? S_IFDIR | 0755 : S_IFREG | 0644, is_directory ? 0 : info.size);
            error = node ? 0 : -ENOMEM;
        }
    }
    littlefs_unlock();
    if (!error)
        *found = &node->inode;
    return error_of(error);
}

static int directory_place(struct inode *inode, struct inode **parent, char *name)
{
    struct littlefs_node *node = node_of(inode);

    if (!inode->links)
        return -ENOENT;
    strcpy(name, node->name);
    *parent = &node->directory->inode;
    inode_get(*parent);
    return 0;
}

static int directory_create(struct inode *directory, const char *name, mode_t mode, struct inode **made)
{
    littlefs_lock();
    struct littlefs_node *node = make(directory, name, S_IFREG | mode, 0);
    int error = node ? littlefs_open(node, LFS_O_CREAT | LFS_O_EXCL) : -ENOMEM;
    /* What littlefs says of a name that goes into no block, and of every name once blocks are used up. */
    if (error == LFS_ERR_NAMETOOLONG && strlen(name) <= littlefs.name_max)
        error = -ENOSPC;
    if (node && error)
        forget(node);
    littlefs_unlock();
    if (node && error)
        inode_put(directory);
    if (error)
        return error_of(error);
    node->inode.modified = time_now();
    *made = &node->inode;
    return 0;
}

static int directory_mkdir(struct inode *directory, const char *name, mode_t mode, struct inode **made)
{
    const char *path;

    littlefs_lock();
    struct littlefs_node *node = make(directory, name, S_IFDIR | mode, 0);
    int error = node ? littlefs_path(node, &path) : -ENOMEM;
    if (!error)
        error = lfs_mkdir(&littlefs, path);
    if (node && error)
        forget(node);
    littlefs_unlock();
    if (node && error)
        inode_put(directory);
    if (error)
        return error_of(error);
    node->inode.modified = time_now();
    *made = &node->inode;
    return 0;
}

static int directory_remove(struct inode *directory, const char *name, struct inode *inode)
{
    struct littlefs_node *node = node_of(inode);
    const char *path;

    littlefs_lock();
    int error = is_at(node, directory, name) ? littlefs_keep(node) : -ENOENT;
    if (!error)
        error = littlefs_path(node, &path);
    if (!error)
        error = lfs_remove(&littlefs, path);
    littlefs_unlock();
    return error_of(error);
}

static int directory_rename(struct inode *directory, const char *name, struct inode *inode, struct inode *to,
                            const char *new_name, struct inode *replaced)
{
    struct littlefs_node *node = node_of(inode);
    const char *path, *new_path;

    littlefs_lock();
    int error = is_at(node, directory, name) ? 0 : -ENOENT;
    if (!error && replaced)
        error = is_at(node_of(replaced), to, new_name) ? littlefs_keep(node_of(replaced)) : -ENOENT;
    /* littlefs goes on to look for an open file at its old path: it is opened again at its next use. */
    if (!error)
        error = littlefs_close(node);
    if (!error)
        error = littlefs_path(node, &path);
    if (!error)
        error = path_to(node_of(to), new_name, 1, &new_path);
    if (!error)
        error = lfs_rename(&littlefs, path, new_path);
    if (!error) {
        inode_get(to);
        node->directory = node_of(to);
        strcpy(node->name, new_name);
    }
    littlefs_unlock();
    if (!error)
        inode_put(directory);
    return error_of(error);
}

void littlefs_release(struct inode *inode)
{
    struct littlefs_node *node = node_of(inode);
    struct littlefs_node *directory = node->directory;

    littlefs_lock();
    littlefs_end_readings(node);
    littlefs_close(node);
    forget(node);
    littlefs_unlock();
    inode_put(&directory->inode);
}

static const struct inode_ops directory_ops = {
    .lookup = directory_lookup,
    .place = directory_place,
    .entry = littlefs_entry,
    .create = directory_create,
    .mkdir = directory_mkdir,
    .unlink = directory_remove,
    .rmdir = directory_remove,
    .rename = directory_rename,
    .sync = littlefs_sync,
    .release = littlefs_release,
};

/* ---- the whole ------------------------------------------------------------------ */

static int disk_statfs(struct mount *mount, struct statfs *st)
{
    (void)mount;
    littlefs_lock();
    lfs_ssize_t used = lfs_fs_size(&littlefs);
    littlefs_unlock();
    if (used < 0)
        return error_of(used);
    st->f_type = LITTLEFS_MAGIC;
    st->f_bsize = LITTLEFS_BLOCK;
    st->f_blocks = littlefs.block_count;
    st->f_bfree = st->f_bavail =
        (lfs_size_t)used < littlefs.block_count ? littlefs.block_count - (lfs_size_t)used : 0;
    return 0;
}

static int disk_sync_all(struct mount *mount)
{
    int error = 0;

    (void)mount;
    littlefs_lock();
    for (struct littlefs_node *node = in_use; node; node = node->next) {
        int result = S_ISREG(node->inode.mode) ? littlefs_sync_node(node) : 0;

        error = error ? error : result;
    }
    littlefs_unlock();
    return error_of(error);
}

static void (*other_endings)(void);

/* A process's end does not take back what it has written. */
static void sync_at_end(void)
{
    disk_sync_all(&libos_disk_mount);
    if (other_endings)
        other_endings();
}

static int disk_start(struct mount *mount)
{
    littlefs_lock();
    int error = mount->root ? 0 : littlefs_start(&mount->read_only);
    if (!error && !mount->root) {
        struct littlefs_node *root = make(0, "", S_IFDIR | 0755, 0);

        error = root ? 0 : -ENOMEM;
        mount->root = root ? &root->inode : 0;
        if (root) {
            other_endings = before_end;
            before_end = sync_at_end;
        }
    }
    littlefs_unlock();
    return error_of(error);
}

struct mount libos_disk_mount = {
    .name = "data",
    .start = disk_start,
    .lock = littlefs_lock,
    .unlock = littlefs_unlock,
    .statfs = disk_statfs,
    .sync = disk_sync_all,
};
