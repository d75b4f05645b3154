/* SPDX-License-Identifier: MIT */
/*
 * tmpfs.c: /tmp, files in memory.
 *
 * A file is a range of addresses, of which pages are mapped when they are first
 * written. Byte i is at the range's start plus i, and the page tables are the only
 * record of what is there. A page that was never written is none, and reads as
 * zeros.
 *
 * Every file has two ranges: 64 KiB, which lie close together, so that small files
 * share page tables; and 4 GiB, to which its pages move when it grows larger.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "cpu.h"
#include "frames.h"
#include "memory_map.h"
#include "paging.h"
#include "pool.h"
#include "tree.h"

enum { MAX_FILES = 16000, SHARE = 2 /* of RAM: one half */ };
#define SMALL_SPAN (64ul << 10)
#define LARGE_SPAN (4ul << 30)
#define LARGE_START (TMP_START + LARGE_SPAN)

_Static_assert(TMP_START + MAX_FILES * SMALL_SPAN <= LARGE_START, "every file has a small range");
_Static_assert(LARGE_START + MAX_FILES * LARGE_SPAN <= TMP_END, "every file has a large range");

struct tmp_file {
    struct tree_node node;
    size_t number;   /* which ranges are its own, as long as there is a struct for it, used or spare */
    uintptr_t start; /* of the range that a regular file uses */
    char *target;    /* of a symbolic link */
    struct tmp_file *spare;
    char name[NAME_MAX + 1];
};

struct link_target {
    char text[PATH_MAX];
};

static struct pool files = POOL(struct tmp_file, MAX_FILES), targets = POOL(struct link_target, MAX_FILES);
static struct tmp_file *spare;
static size_t in_use; /* frames: contents and their page tables */
static size_t file_count;

static struct tmp_file *file_of(struct inode *inode)
{
    return (struct tmp_file *)inode;
}

static uintptr_t page_of(uintptr_t address)
{
    return address & ~(uintptr_t)(PAGE_SIZE - 1);
}

/* ---- contents --------------------------------------------------------------- */

/* Makes sure that a page of a file is there. */
static bool back(uintptr_t page)
{
    size_t before = frames_available();

    if (paging_frame(page))
        return true;
    if (in_use >= frames_total() / SHARE)
        return false;
    uint64_t frame = frame_alloc();
    if (!frame)
        return false;
    bool mapped = !paging_map(page, frame, PROT_READ | PROT_WRITE);
    if (mapped)
        zero_page((void *)page);
    else
        frame_free(frame);
    in_use += before - frames_available(); /* tables that were made stay, also for a page that was not */
    return mapped;
}

/* Gives back the pages of a range. */
static void drop(uintptr_t start, uintptr_t end)
{
    for (uintptr_t page = paging_next(start, end); page < end; page = paging_next(page + PAGE_SIZE, end)) {
        uint64_t frame = paging_unmap(page);

        if (frame) {
            frame_free(frame);
            in_use--;
        }
    }
}

/* Moves a file to its large range, page by page: no byte is copied. */
static bool enlarge(struct tmp_file *file)
{
    uintptr_t small = file->start, large = LARGE_START + file->number * LARGE_SPAN;
    size_t before = frames_available();
    bool moved = true;

    for (size_t at = 0; at < SMALL_SPAN && moved; at += PAGE_SIZE) {
        uint64_t frame = paging_frame(small + at);

        if (!frame)
            continue;
        /* Only the first can fail: it makes the page tables for all of them. */
        moved = !paging_map(large + at, frame, PROT_READ | PROT_WRITE);
        if (moved)
            paging_unmap(small + at);
    }
    if (moved)
        file->start = large;
    else
        paging_forget(large, large + LARGE_SPAN);
    in_use += before - frames_available();
    return moved;
}

/* Makes sure that `size` bytes have addresses. */
static int reach(struct tmp_file *file, size_t size)
{
    if (size > LARGE_SPAN)
        return -EFBIG;
    bool fits = size <= SMALL_SPAN || file->start >= LARGE_START;
    return fits || enlarge(file) ? 0 : -ENOSPC;
}

static long tmp_read(struct inode *inode, void *buf, size_t len, off_t at)
{
    uintptr_t address = file_of(inode)->start + (size_t)at;
    char *out = buf;

    if (at >= inode->size)
        return 0;
    if (len > (size_t)(inode->size - at))
        len = (size_t)(inode->size - at);
    for (size_t done = 0, run; done < len; done += run, address += run) {
        run = PAGE_SIZE - address % PAGE_SIZE;
        if (run > len - done)
            run = len - done;
        if (paging_frame(page_of(address)))
            memcpy(out + done, (const void *)address, run);
        else
            memset(out + done, 0, run);
    }
    return (long)len;
}

static long tmp_write(struct inode *inode, const void *buf, size_t len, off_t at)
{
    struct tmp_file *file = file_of(inode);
    const char *in = buf;
    size_t done = 0;

    if ((size_t)at >= LARGE_SPAN)
        return -EFBIG;
    if (len > LARGE_SPAN - (size_t)at)
        len = LARGE_SPAN - (size_t)at;
    int result = reach(file, (size_t)at + len);
    if (result)
        return result;
    uintptr_t address = file->start + (size_t)at;
    for (size_t run; done < len; done += run, address += run) {
        run = PAGE_SIZE - address % PAGE_SIZE;
        if (run > len - done)
            run = len - done;
        if (!back(page_of(address)))
            break;
        memcpy((void *)address, in + done, run);
    }
    if (at + (off_t)done > inode->size && done)
        inode->size = at + (off_t)done;
    return done ? (long)done : -ENOSPC;
}

static int tmp_truncate(struct inode *inode, off_t size)
{
    struct tmp_file *file = file_of(inode);
    int result = reach(file, (size_t)size);

    if (result)
        return result;
    if (size < inode->size) {
        uintptr_t end = file->start + (size_t)size;

        drop(page_of(end + PAGE_SIZE - 1), page_of(file->start + (size_t)inode->size + PAGE_SIZE - 1));
        /* What was cut off must not come back when the file grows again. */
        if (end % PAGE_SIZE && paging_frame(page_of(end)))
            memset((void *)end, 0, PAGE_SIZE - end % PAGE_SIZE);
    }
    inode->size = size;
    return 0;
}

/* ---- names ------------------------------------------------------------------ */

static const struct inode_ops directory_ops, file_ops, link_ops;

static int make(struct inode *directory, const char *name, mode_t mode, const struct inode_ops *ops,
                struct inode **made)
{
    static ino_t numbers = 1; /* the root's */
    struct tmp_file *file = spare ? spare : pool_alloc(&files);

    if (!file)
        return -ENOSPC;
    size_t number = spare ? file->number : file_count++;
    if (spare)
        spare = file->spare;
    *file = (struct tmp_file){.number = number, .start = TMP_START + number * SMALL_SPAN};
    file->node.inode = (struct inode){.ops = ops,
                                      .mount = directory->mount,
                                      .references = 2, /* the directory's and the caller's */
                                      .mode = mode,
                                      .number = ++numbers,
                                      .links = S_ISDIR(mode) ? 2 : 1,
                                      .modified = time_now()};
    file->node.name = strcpy(file->name, name);
    tree_add((struct tree_node *)directory, &file->node);
    directory->modified = file->node.inode.modified;
    *made = &file->node.inode;
    return 0;
}

static int tmp_create(struct inode *directory, const char *name, mode_t mode, struct inode **made)
{
    return make(directory, name, S_IFREG | mode, &file_ops, made);
}

static int tmp_mkdir(struct inode *directory, const char *name, mode_t mode, struct inode **made)
{
    int result = make(directory, name, S_IFDIR | mode, &directory_ops, made);

    if (!result)
        directory->links++;
    return result;
}

static int tmp_symlink(struct inode *directory, const char *name, const char *target)
{
    struct link_target *text = pool_alloc(&targets);
    struct inode *link;

    if (!text)
        return -ENOSPC;
    int result = make(directory, name, S_IFLNK | 0777, &link_ops, &link);
    if (result) {
        pool_free(&targets, text);
        return result;
    }
    file_of(link)->target = strcpy(text->text, target);
    link->size = (off_t)strlen(target);
    inode_put(link);
    return 0;
}

static long tmp_readlink(struct inode *inode, char *buf, size_t len)
{
    if (len > (size_t)inode->size)
        len = (size_t)inode->size;
    memcpy(buf, file_of(inode)->target, len);
    return (long)len;
}

static int tmp_unlink(struct inode *directory, const char *name, struct inode *inode)
{
    (void)name;
    tree_remove((struct tree_node *)inode);
    directory->modified = time_now();
    inode_put(inode);
    return 0;
}

static int tmp_rmdir(struct inode *directory, const char *name, struct inode *inode)
{
    if (((struct tree_node *)inode)->first)
        return -ENOTEMPTY;
    directory->links--;
    return tmp_unlink(directory, name, inode);
}

static int tmp_rename(struct inode *directory, const char *name, struct inode *inode, struct inode *to,
                      const char *new_name, struct inode *replaced)
{
    int result = !replaced                 ? 0
                 : S_ISDIR(replaced->mode) ? tmp_rmdir(to, new_name, replaced)
                                           : tmp_unlink(to, new_name, replaced);

    (void)name;
    if (result)
        return result;
    tree_remove((struct tree_node *)inode);
    strcpy(file_of(inode)->name, new_name);
    tree_add((struct tree_node *)to, (struct tree_node *)inode);
    if (S_ISDIR(inode->mode)) {
        directory->links--;
        to->links++;
    }
    directory->modified = to->modified = time_now();
    return 0;
}

static void tmp_release(struct inode *inode)
{
    struct tmp_file *file = file_of(inode);

    if (S_ISREG(inode->mode))
        drop(file->start, page_of(file->start + (size_t)inode->size + PAGE_SIZE - 1));
    if (file->start >= LARGE_START) {
        size_t before = frames_available();

        paging_forget(file->start, file->start + LARGE_SPAN);
        in_use -= frames_available() - before;
    }
    if (file->target)
        pool_free(&targets, file->target);
    file->spare = spare;
    spare = file;
}

static const struct inode_ops directory_ops = {
    .lookup = tree_lookup,
    .place = tree_place,
    .entry = tree_entry,
    .create = tmp_create,
    .mkdir = tmp_mkdir,
    .symlink = tmp_symlink,
    .unlink = tmp_unlink,
    .rmdir = tmp_rmdir,
    .rename = tmp_rename,
    .release = tmp_release,
};
static const struct inode_ops file_ops = {
    .read = tmp_read, .write = tmp_write, .truncate = tmp_truncate, .release = tmp_release};
static const struct inode_ops link_ops = {.readlink = tmp_readlink, .release = tmp_release};

static int tmp_start(struct mount *mount)
{
    static struct tree_node root;

    root.inode = (struct inode){.ops = &directory_ops,
                                .mount = mount,
                                .references = 1,
                                .mode = S_IFDIR | 01777,
                                .number = 1,
                                .links = 2,
                                .modified = time_now()};
    mount->root = &root.inode;
    return 0;
}

static int tmp_statfs(struct mount *mount, struct statfs *st)
{
    size_t most = frames_total() / SHARE, left = most > in_use ? most - in_use : 0;

    (void)mount;
    st->f_type = 0x01021994; /* TMPFS_MAGIC */
    st->f_bsize = PAGE_SIZE;
    st->f_blocks = most;
    st->f_bfree = st->f_bavail = left < frames_available() ? left : frames_available();
    st->f_files = st->f_ffree = MAX_FILES;
    return 0;
}

struct mount tmpfs_mount = {.name = "tmp", .number = 3, .start = tmp_start, .statfs = tmp_statfs};
