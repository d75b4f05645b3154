/* SPDX-License-Identifier: MIT */
/*
 * dev.c: /dev: null, zero, full, random, urandom, console, tty, and hvc0 where it was asked for.
 *
 * Device numbers: Linux, Documentation/admin-guide/devices.txt.
 */
#include <errno.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "console.h"
#include "console_file.h"
#include "entropy.h"
#include "hvc.h"
#include "tree.h"

static long null_read(struct inode *inode, void *buf, size_t len, off_t at)
{
    (void)inode, (void)buf, (void)len, (void)at;
    return 0;
}

static long null_write(struct inode *inode, const void *buf, size_t len, off_t at)
{
    (void)inode, (void)buf, (void)at;
    return (long)len;
}

static long zero_read(struct inode *inode, void *buf, size_t len, off_t at)
{
    (void)inode, (void)at;
    memset(buf, 0, len);
    return (long)len;
}

static long full_write(struct inode *inode, const void *buf, size_t len, off_t at)
{
    (void)inode, (void)buf, (void)at;
    return len ? -ENOSPC : 0;
}

static long random_read(struct inode *inode, void *buf, size_t len, off_t at)
{
    static bool told;

    (void)inode, (void)at;
    /* The driver of a device that has random bytes would be in the image of every program with files. */
    if (!entropy_fill(buf, len) && !told) {
        told = true;
        console_puts("libos: this processor has no random number generator; what /dev/random gives is guessable, "
                     "and getrandom() may know better\n");
    }
    return (long)len;
}

/* There is one terminal, and one open file of it: whoever opens it gets that, as if it were inherited. */
static int console_open(struct inode *inode, int flags, struct file **file)
{
    (void)flags;
    inode_put(inode);
    console_file.references++;
    *file = &console_file;
    return 0;
}

static int hvc_open(struct inode *inode, int flags, struct file **file)
{
    (void)flags;
    inode_put(inode);
    *file = libos_hvc_open ? libos_hvc_open() : 0;
    return *file ? 0 : -ENXIO;
}

static const struct inode_ops directory_ops = {.lookup = tree_lookup, .entry = tree_entry};
static const struct inode_ops null_ops = {.read = null_read, .write = null_write};
static const struct inode_ops zero_ops = {.read = zero_read, .write = null_write};
static const struct inode_ops full_ops = {.read = zero_read, .write = full_write};
static const struct inode_ops random_ops = {.read = random_read, .write = null_write};
static const struct inode_ops console_ops = {.open = console_open};
static const struct inode_ops hvc_ops = {.open = hvc_open};

static const struct {
    const char *name;
    const struct inode_ops *ops;
    unsigned char major, minor;
} devices[] = {
    {"null", &null_ops, 1, 3},       {"zero", &zero_ops, 1, 5},      {"full", &full_ops, 1, 7},
    {"random", &random_ops, 1, 8},   {"urandom", &random_ops, 1, 9}, {"tty", &console_ops, 5, 0},
    {"console", &console_ops, 5, 1}, {"hvc0", &hvc_ops, 229, 0},
};

enum { DEVICES = sizeof devices / sizeof *devices };

static int dev_start(struct mount *mount)
{
    static struct tree_node root, nodes[DEVICES];

    root.inode = (struct inode){
        .ops = &directory_ops, .mount = mount, .references = 1, .mode = S_IFDIR | 0755, .number = 1, .links = 2};
    for (size_t i = 0; i < DEVICES; i++) {
        nodes[i].name = devices[i].name;
        nodes[i].inode = (struct inode){.ops = devices[i].ops,
                                        .mount = mount,
                                        .references = 1,
                                        .mode = S_IFCHR | (devices[i].ops->open ? 0620 : 0666),
                                        .number = i + 2,
                                        .links = 1,
                                        .device = makedev(devices[i].major, devices[i].minor)};
        tree_add(&root, &nodes[i]);
    }
    mount->root = &root.inode;
    return 0;
}

static int dev_statfs(struct mount *mount, struct statfs *st)
{
    (void)mount;
    st->f_type = 0x01021994; /* TMPFS_MAGIC, as Linux's devtmpfs says */
    st->f_bsize = 4096;
    st->f_files = DEVICES;
    return 0;
}

struct mount dev_mount = {.name = "dev", .number = 2, .start = dev_start, .statfs = dev_statfs};
