/* SPDX-License-Identifier: MIT */
/*
 * fs_paths.c: random paths through random trees, followed by the library OS and by
 * Linux: both arrive at the same file, or fail with the same error.
 *
 * Linux follows them below a scratch folder, with openat2(RESOLVE_IN_ROOT), for
 * which that is the root directory.
 */
#define _GNU_SOURCE
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "path.h"
#include "surroundings.h"

enum { TREES = 12, NODES = 25, PATHS = 1500, SOAK = 50, MOST_PATH = 4200 };

static struct tree_node root;
static int scratch;

static int cpio_start(struct mount *mount)
{
    mount->root = &root.inode;
    return 0;
}

static int nothing_start(struct mount *mount)
{
    (void)mount;
    return -ENOENT;
}

struct mount cpio_mount = {.name = "", .read_only = true, .start = cpio_start};
struct mount dev_mount = {.name = "dev", .start = nothing_start},
             tmpfs_mount = {.name = "tmp", .start = nothing_start};

/* No paths from open directories here. */
struct file *file_get(int fd)
{
    (void)fd;
    return 0;
}

void file_put(struct file *file)
{
    (void)file;
}

struct inode *file_inode(struct file *file)
{
    (void)file;
    return 0;
}

/* What was made: its path, and who it is for Linux and for us. */
static struct node {
    char path[200];
    int depth;
    mode_t mode;
    ino_t linux_number, our_number;
} nodes[NODES];
static int count;

static const char *const names[] = {"a", "b", "c", "longer-name", "x.y", "..."};
enum { NAMES = sizeof names / sizeof *names };

/* Components that lead somewhere, mostly. */
static void random_path(char *path, size_t most)
{
    char *end = path;

    *path = 0;
    if (!next_random(6))
        end += sprintf(end, "/");
    for (unsigned n = next_random(7); n-- && end + 300 < path + most;) {
        unsigned kind = next_random(12);

        if (kind == 0)
            end += sprintf(end, "..");
        else if (kind == 1)
            end += sprintf(end, ".");
        else if (kind == 2 && count)
            end += sprintf(end, "%s", nodes[next_random((uint32_t)count)].path);
        else
            end += sprintf(end, "%s", names[next_random(NAMES)]);
        if (n || !next_random(4))
            end += sprintf(end, "%s", next_random(10) ? "/" : "///");
    }
    if (!next_random(200)) {
        size_t room = most - (size_t)(end - path) - 1, len = next_random((uint32_t)room);

        memset(end, next_random(2) ? 'n' : '/', len);
        end[len] = 0;
    }
}

static void make_tree(char **archive)
{
    struct packing packing = {0};
    size_t size, wrong;

    count = 0;
    while (count < NODES) {
        struct node *node = &nodes[count], *folder = count ? &nodes[next_random((uint32_t)count)] : 0;
        char target[400];
        bool inside = folder && S_ISDIR(folder->mode) && folder->depth < 8;

        snprintf(node->path, sizeof node->path, "%s%s%s", inside ? folder->path : "", inside ? "/" : "",
                 names[next_random(NAMES)]);
        bool taken = false;
        for (int i = 0; i < count; i++)
            taken |= !strcmp(nodes[i].path, node->path);
        if (taken) {
            if (!next_random(40))
                break;
            continue;
        }
        node->depth = inside ? folder->depth + 1 : 1;
        unsigned kind = next_random(5);
        if (kind < 2) {
            node->mode = S_IFDIR | 0755;
            assert(!mkdirat(scratch, node->path, 0755));
        } else if (kind < 3) {
            node->mode = S_IFREG | 0644;
            int fd = openat(scratch, node->path, O_CREAT | O_EXCL | O_WRONLY, 0644);
            assert(fd >= 0);
            close(fd);
        } else {
            node->mode = S_IFLNK | 0777;
            do
                random_path(target, sizeof target);
            while (!*target || symlinkat(target, scratch, node->path));
        }
        pack(&packing, node->path, node->mode, target, S_ISLNK(node->mode) ? strlen(target) : 0);
        struct stat st;
        assert(!fstatat(scratch, node->path, &st, AT_SYMLINK_NOFOLLOW));
        node->linux_number = st.st_ino;
        count++;
    }
    *archive = packed(&packing, &size);
    make_root(&root, &cpio_mount);
    const char *complaint = cpio_read(&root, *archive, size, &wrong);
    assert(!complaint);
    for (int i = 0; i < count; i++) {
        struct inode *inode;

        assert(!path_inode(AT_FDCWD, nodes[i].path, 0, &inode));
        nodes[i].our_number = inode->number;
        inode_put(inode);
    }
}

static void remove_tree(void)
{
    while (count--)
        assert(!unlinkat(scratch, nodes[count].path, S_ISDIR(nodes[count].mode) ? AT_REMOVEDIR : 0));
}

/* Which node: -1 for the root, or a negative errno less 1. */
static int by_linux(const char *path, bool follow)
{
    struct open_how how = {.flags = O_PATH | (follow ? 0 : O_NOFOLLOW), .resolve = RESOLVE_IN_ROOT};
    struct stat st, top;
    int fd;

    /* EAGAIN: somebody on this host renamed or mounted something while ".." was followed. openat2(2) says: try again. */
    do
        fd = (int)syscall(SYS_openat2, scratch, path, &how, sizeof how);
    while (fd < 0 && errno == EAGAIN);
    if (fd < 0)
        return -errno - 1;
    assert(!fstat(fd, &st) && !fstat(scratch, &top));
    close(fd);
    if (st.st_ino == top.st_ino)
        return -1;
    for (int i = 0; i < count; i++)
        if (nodes[i].linux_number == st.st_ino)
            return i;
    abort();
}

static int by_us(const char *path, bool follow)
{
    struct inode *inode;
    int result = path_inode(AT_FDCWD, path, follow ? PATH_FOLLOW : 0, &inode);

    if (result)
        return result - 1;
    inode_put(inode);
    if (inode == &root.inode)
        return -1;
    for (int i = 0; i < count; i++)
        if (nodes[i].our_number == inode->number)
            return i;
    abort();
}

/* The path that leads from the root to a directory. */
static void check_parents(struct inode *inode)
{
    char name[NAME_MAX + 1], whole[400] = "", longer[sizeof name + sizeof whole + 1];
    struct inode *parent, *again, *start = inode;

    inode_get(inode);
    while (!path_parent(inode, &parent, name)) {
        inode_put(inode);
        inode = parent;
        snprintf(longer, sizeof longer, "/%s%s", name, whole);
        assert(strlen(longer) < sizeof whole);
        strcpy(whole, longer);
    }
    inode_put(parent);
    inode_put(inode);
    assert(!path_inode(AT_FDCWD, *whole ? whole : "/", 0, &again) && again == start);
    inode_put(again);
}

int main(void)
{
    int rounds = getenv("UNILAB_SOAK") ? TREES * SOAK : TREES, arrived = 0, failed = 0;
    static char path[MOST_PATH];

    assert(!mkdir("scratch", 0700));
    scratch = open("scratch", O_RDONLY | O_DIRECTORY);
    assert(scratch >= 0);
    for (int i = 0; i < rounds; i++) {
        char *archive;

        make_tree(&archive);
        for (int j = 0; j < PATHS; j++) {
            bool follow = next_random(2);

            random_path(path, sizeof path);
            int theirs = by_linux(path, follow), ours = by_us(path, follow);
            /* A path that grows too long while links are replaced by their targets, over and over or because it was long:
             * POSIX allows to say so, Linux does not do it. */
            if (ours == -ENAMETOOLONG - 1 && (theirs == -ELOOP - 1 || strlen(path) > PATH_MAX / 2))
                theirs = ours;
            if (theirs != ours) {
                printf("%.300s (%s): Linux %d, library OS %d\n", path, follow ? "follow" : "no follow", theirs,
                       ours);
                for (int k = 0; k < count; k++)
                    printf("  %2d %s %o\n", k, nodes[k].path, nodes[k].mode);
                return 1;
            }
            if (ours >= -1)
                arrived++;
            else
                failed++;
        }
        for (int j = 0; j < count; j++) {
            struct inode *inode;

            assert(!path_inode(AT_FDCWD, nodes[j].path, 0, &inode));
            if (S_ISDIR(inode->mode))
                check_parents(inode);
            inode_put(inode);
        }
        assert(root.inode.references == 1 && objects == (size_t)count);
        forget_tree(&root);
        assert(!objects);
        remove_tree();
        free(archive);
    }
    printf("%d paths arrived, %d failed, all as Linux has it\n", arrived, failed);
    return 0;
}
