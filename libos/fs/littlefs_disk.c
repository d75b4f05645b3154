/* SPDX-License-Identifier: MIT */
/*
 * littlefs_disk.c: littlefs on the first disk: its requests, its memory, and what it
 * finds there.
 */
#include <errno.h>
#include <string.h>

#include "block_cache.h"
#include "console.h"
#include "littlefs.h"
#include "machine.h"
#include "thread.h"

/* How much of the beginning of a disk must be zeros for it to be blank: boot sectors, partition tables and the
 * superblocks of the usual file systems all lie in it. Then the last block too, where partition tables have a copy. */
enum { LOOKED_AT = 256 * 1024, LEAST_BLOCKS = 8 };

/* Blocks whose state one search for free ones finds out: eight for each byte. 128 MiB. */
enum { LOOKAHEAD = 4096 };

lfs_t littlefs;
static struct block_device *disk;
static uint8_t read_buffer[LITTLEFS_BUFFER], write_buffer[LITTLEFS_BUFFER];
static uint32_t lookahead[LOOKAHEAD / sizeof(uint32_t)];

/* ---- one at a time -------------------------------------------------------------- */

static struct wait_queue waiting;
static bool locked;
static const struct thread *owner; /* who has it, and how often */
static unsigned depth;

static void take(void)
{
    locked = true;
    owner = current;
    depth = 1;
}

void littlefs_lock(void)
{
    if (locked && owner == current) {
        depth++;
        return;
    }
    if (!locked) {
        take();
        return;
    }
    /* No signal ends this wait: what has begun to change a file system must be able to go on. */
    wait_through_signals(&waiting);
    take();
}

/* The lock stays taken for who is woken: otherwise the same thread could take it again and again. */
void littlefs_unlock(void)
{
    if (--depth)
        return;
    owner = 0;
    locked = wake_one(&waiting);
}

/* ---- what littlefs asks of its surroundings ------------------------------------------- */

_Noreturn void littlefs_inconsistent(void)
{
    panic("littlefs has found its own data inconsistent");
}

/* tables[0] is what the last byte does to the checksum; tables[n], what a byte does that n more follow. littlefs sums up
 * eight bytes at a time, and much of its time: so all eight are looked up at once ("slicing-by-8", Kounavis and Berry,
 * IEEE Transactions on Computers 57(11), 2008). */
static uint32_t tables[8][256];

static void make_tables(void)
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;

        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
        tables[0][byte] = crc;
    }
    for (int n = 1; n < 8; n++)
        for (uint32_t byte = 0; byte < 256; byte++)
            tables[n][byte] = tables[n - 1][byte] >> 8 ^ tables[0][(uint8_t)tables[n - 1][byte]];
}

uint32_t littlefs_crc(uint32_t crc, const void *bytes, size_t len)
{
    const uint8_t *byte = bytes;

    if (!tables[0][1])
        make_tables();
    for (; len >= 8; len -= 8, byte += 8) {
        uint64_t word;

        memcpy(&word, byte, sizeof word);
        word ^= crc;
        crc = tables[7][(uint8_t)word] ^ tables[6][(uint8_t)(word >> 8)] ^ tables[5][(uint8_t)(word >> 16)] ^
              tables[4][(uint8_t)(word >> 24)] ^ tables[3][(uint8_t)(word >> 32)] ^
              tables[2][(uint8_t)(word >> 40)] ^ tables[1][(uint8_t)(word >> 48)] ^ tables[0][word >> 56];
    }
    while (len--)
        crc = crc >> 8 ^ tables[0][(uint8_t)crc ^ *byte++];
    return crc;
}

static int disk_read(const struct lfs_config *config, lfs_block_t block, lfs_off_t offset, void *buf,
                     lfs_size_t len)
{
    (void)config;
    return block_cache_read(disk, (uint64_t)block * LITTLEFS_BLOCK + offset, buf, len);
}

static int disk_write(const struct lfs_config *config, lfs_block_t block, lfs_off_t offset, const void *buf,
                      lfs_size_t len)
{
    (void)config;
    return block_cache_write(disk, (uint64_t)block * LITTLEFS_BLOCK + offset, buf, len);
}

/* A disk is not flash memory: what is there can be overwritten as it is. */
static int disk_erase(const struct lfs_config *config, lfs_block_t block)
{
    (void)config;
    (void)block;
    return 0;
}

static int disk_sync(const struct lfs_config *config)
{
    (void)config;
    return block_flush(disk);
}

static struct lfs_config config = {
    .read = disk_read,
    .prog = disk_write,
    .erase = disk_erase,
    .sync = disk_sync,
    .read_size = LITTLEFS_SECTOR,
    .prog_size = LITTLEFS_SECTOR,
    .block_size = LITTLEFS_BLOCK,
    .block_cycles = -1, /* nor does it wear out */
    .cache_size = LITTLEFS_BUFFER,
    .lookahead_size = LOOKAHEAD,
    .read_buffer = read_buffer,
    .prog_buffer = write_buffer,
    .lookahead_buffer = lookahead,
};

/* ---- what is on the disk ------------------------------------------------------------- */

static bool zeros(const uint8_t *bytes, size_t len)
{
    return !len || (!*bytes && !memcmp(bytes, bytes + 1, len - 1));
}

/* Whether a block is what formatting leaves there when the power is cut: the beginning of a superblock, and zeros. One
 * that has been used has more in it. SPEC.md of littlefs, "Superblock". */
static bool unfinished(const uint8_t *block)
{
    static const uint8_t superblock[] = {0xf0, 0x0f, 0xff, 0xf7, 'l', 'i', 't', 't', 'l', 'e', 'f', 's'};
    enum { REVISION = 4, FIRST_REVISIONS = 2 };
    size_t len = LITTLEFS_SECTOR;

    if (!zeros(block + len, LITTLEFS_BLOCK - len) || block[0] > FIRST_REVISIONS || !zeros(block + 1, REVISION - 1))
        return false;
    while (len && !block[len - 1])
        len--;
    if (len > REVISION + sizeof superblock)
        len = REVISION + sizeof superblock;
    return len <= REVISION || !memcmp(block + REVISION, superblock, len - REVISION);
}

/* 1, 0, or a negative errno. */
static int blank(uint32_t blocks)
{
    uint32_t first = LOOKED_AT / LITTLEFS_BLOCK < blocks ? LOOKED_AT / LITTLEFS_BLOCK : blocks;

    for (uint32_t i = 0; i <= first; i++) {
        uint32_t block = i < first ? i : blocks - 1;
        int error = disk_read(&config, block, 0, write_buffer, LITTLEFS_BLOCK);

        if (error)
            return error;
        if (!zeros(write_buffer, LITTLEFS_BLOCK) && !(block < 2 && unfinished(write_buffer)))
            return 0;
    }
    return 1;
}

static int refuse(const char *why, int error)
{
    console_puts("libos: the disk cannot be mounted at /data: ");
    console_puts(why);
    console_puts("\n");
    return error;
}

static int mount(uint64_t blocks)
{
    config.block_count = 0; /* as many as the superblock says */
    int error = lfs_mount(&littlefs, &config);

    if (!error && littlefs.block_count > blocks) {
        lfs_unmount(&littlefs);
        return refuse("its file system is larger than it is", -EOVERFLOW);
    }
    return error;
}

int littlefs_start(bool *read_only)
{
    disk = block_device(0);
    if (!disk)
        return -ENODEV;
    *read_only = disk->read_only;
    uint64_t blocks = disk->sectors / (LITTLEFS_BLOCK / SECTOR_SIZE);
    if (blocks < LEAST_BLOCKS || blocks > INT32_MAX)
        return refuse("it is too small, or too large", -EINVAL);
    int error = mount(blocks);
    if (error != LFS_ERR_CORRUPT && error != LFS_ERR_INVAL)
        return error == LFS_ERR_IO ? refuse("it cannot be read", error) : error;
    int is_blank = blank((uint32_t)blocks);
    if (is_blank < 0)
        return refuse("it cannot be read", is_blank);
    if (!is_blank)
        return refuse("what is on it is no littlefs with blocks of 4096 bytes; it is left as it is", -EINVAL);
    if (disk->read_only)
        return refuse("it is blank, and cannot be written to", -EROFS);
    config.block_count = (lfs_size_t)blocks;
    error = lfs_format(&littlefs, &config);
    return error ? refuse("it cannot be written to", error) : mount(blocks);
}
