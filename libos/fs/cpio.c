/* SPDX-License-Identifier: MIT */
/*
 * cpio.c: reads an archive of cpio's "new ASCII format" (newc), as the Linux
 * kernel takes it for its initramfs.
 *
 * Each file is a header of 110 characters, its name, and its contents, both
 * padded to four bytes; the numbers are in hexadecimal. Whatever is not so is
 * refused: an archive that was cut short would else be a tree that lacks files.
 *
 * Source: Linux, Documentation/driver-api/early-userspace/buffer-format.rst.
 */
#include "archive.h"

#include <errno.h>
#include <string.h>

#include "pool.h"

enum { MAX_FILES = 65536, HEADER = 110, MAGIC = 6, FIELD = 8, ALIGNMENT = 4 };

/* Fields of a header, in their order. */
enum { INO, MODE, UID, GID, NLINK, MTIME, FILESIZE, MAJOR, MINOR, RMAJOR, RMINOR, NAMESIZE, CHECK, FIELDS };

struct cpio_file {
    struct tree_node node;
    const char *data;
};

struct archive {
    const char *bytes;
    size_t size, at;
};

struct entry {
    uint32_t field[FIELDS];
    const char *name, *data;
};

static struct pool files = POOL(struct cpio_file, MAX_FILES);

static long contents_read(struct inode *inode, void *buf, size_t len, off_t at)
{
    const struct cpio_file *file = (struct cpio_file *)inode;

    if (at >= inode->size)
        return 0;
    if (len > (size_t)(inode->size - at))
        len = (size_t)(inode->size - at);
    memcpy(buf, file->data + at, len);
    return (long)len;
}

static long link_read(struct inode *inode, char *buf, size_t len)
{
    return contents_read(inode, buf, len, 0);
}

static const struct inode_ops directory_ops = {.lookup = tree_lookup, .place = tree_place, .entry = tree_entry};
static const struct inode_ops file_ops = {.read = contents_read};
static const struct inode_ops link_ops = {.readlink = link_read};

static struct tree_node *make(const char *name, mode_t mode, struct mount *mount)
{
    static ino_t numbers = 1; /* the root's */
    struct cpio_file *file = pool_alloc(&files);

    if (!file)
        return 0;
    file->node.name = name;
    file->node.inode = (struct inode){.ops = S_ISDIR(mode)   ? &directory_ops
                                             : S_ISLNK(mode) ? &link_ops
                                                             : &file_ops,
                                      .mount = mount,
                                      .references = 1,
                                      .mode = mode,
                                      .number = ++numbers,
                                      .links = S_ISDIR(mode) ? 2 : 1};
    return &file->node;
}

static bool hexadecimal(const char *text, uint32_t *value)
{
    *value = 0;
    for (int i = 0; i < FIELD; i++) {
        char c = text[i];
        unsigned digit = c >= '0' && c <= '9'                 ? c - '0'
                         : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
                                                              : 16;

        if (digit > 15)
            return false;
        *value = *value << 4 | digit;
    }
    return true;
}

/* Steps over `len` bytes and their padding: where they were, or null if they are not there. */
static const char *take(struct archive *archive, size_t len)
{
    const char *start = archive->bytes + archive->at;

    if (len > archive->size - archive->at)
        return 0;
    size_t end = (archive->at + len + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    archive->at = end < archive->size ? end : archive->size;
    return start;
}

/* Takes the next file off the archive: null, or what is wrong. */
static const char *take_entry(struct archive *archive, struct entry *entry)
{
    /* The name follows the header without padding in between: the two are padded as one. */
    const char *header = archive->bytes + archive->at;

    if (archive->size - archive->at < HEADER)
        return "it ends in the middle of a header";
    if (memcmp(header, "070701", MAGIC))
        return "there is no header of the newc format";
    for (int i = 0; i < FIELDS; i++)
        if (!hexadecimal(header + MAGIC + i * FIELD, &entry->field[i]))
            return "a header holds something that is no number";
    size_t name = entry->field[NAMESIZE];
    if (name < 2 || name > PATH_MAX)
        return "a name is empty or too long";
    if (!take(archive, HEADER + name))
        return "it ends in the middle of a name";
    entry->name = header + HEADER;
    if (strnlen(entry->name, name) != name - 1)
        return "a name does not end where it should";
    entry->data = take(archive, entry->field[FILESIZE]);
    return entry->data ? 0 : "it ends in the middle of a file";
}

/* Follows a name to its last component: null, or what is wrong. `*name` is left at that, "" for the root. */
static const char *find_directory(struct tree_node **directory, const char **name)
{
    const char *p = *name;

    for (;;) {
        while (*p == '/' || (p[0] == '.' && (p[1] == '/' || !p[1])))
            p++;
        size_t len = strcspn(p, "/");
        if (len > NAME_MAX || !strcmp(p, "..") || !strncmp(p, "../", 3))
            return "a name is no path";
        *name = p;
        if (!p[len])
            return 0;
        struct tree_node *next = tree_find(*directory, p, len);
        if (!next || !S_ISDIR(next->inode.mode))
            return "a file comes before its directory";
        *directory = next;
        p += len + 1;
        if (!*p)
            return "a name ends in a slash";
    }
}

static const char *add(struct tree_node *root, const struct entry *entry)
{
    const char *name = entry->name;
    struct tree_node *directory = root;
    const char *wrong = find_directory(&directory, &name);
    mode_t mode = entry->field[MODE];

    if (wrong || !*name)
        return wrong;
    if (!S_ISREG(mode) && !S_ISDIR(mode) && !S_ISLNK(mode))
        return 0; /* a device: /dev has those that there are */
    /* Of a file with several names, only the last holds the contents. */
    if (S_ISREG(mode) && entry->field[NLINK] > 1 && !entry->field[FILESIZE])
        return "a file has several names";
    struct tree_node *node = tree_find(directory, name, strlen(name));
    if (node)
        return S_ISDIR(mode) && S_ISDIR(node->inode.mode) ? 0 : "a name comes twice";
    node = make(name, mode, root->inode.mount);
    if (!node)
        return "there is no memory for so many files";
    ((struct cpio_file *)node)->data = entry->data;
    node->inode.size = S_ISDIR(mode) ? 0 : entry->field[FILESIZE];
    node->inode.modified.ns = entry->field[MTIME] * 1000000000ll;
    tree_add(directory, node);
    return 0;
}

static void forget(struct tree_node *root)
{
    struct tree_node *node = root;

    while (root->first) {
        while (node->first)
            node = node->first;
        struct tree_node *directory = node->parent;
        tree_remove(node);
        pool_free(&files, node);
        node = directory;
    }
}

const char *cpio_read(struct tree_node *root, const char *archive, size_t size, size_t *wrong)
{
    struct archive reading = {archive, size, 0};
    struct entry entry;
    const char *complaint;

    do {
        *wrong = reading.at;
        complaint = take_entry(&reading, &entry);
        if (!complaint && !strcmp(entry.name, "TRAILER!!!"))
            return 0;
        if (!complaint)
            complaint = add(root, &entry);
    } while (!complaint);
    forget(root);
    return complaint;
}
