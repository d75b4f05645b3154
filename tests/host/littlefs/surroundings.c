/* SPDX-License-Identifier: MIT */
#include "surroundings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "block.h"
#include "console.h"
#include "machine.h"
#include "pool.h"
#include "thread.h"

struct disk *disk;

noreturn void check_failed(const char *file, int line, const char *condition)
{
    printf("%s:%d: not so: %s\n", file, line, condition);
    fflush(stdout);
    _exit(1);
}

unsigned next_random(unsigned *state)
{
    *state = *state * 1103515245u + 12345u;
    return *state >> 8 & 0xffffff;
}

int in_child(int (*run)(void *), void *argument)
{
    int status;
    fflush(stdout);
    pid_t child = fork();

    if (child == 0) {
        int result = run(argument);
        fflush(stdout);
        _exit(result);
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* ---- the disk ---------------------------------------------------------------- */

/* What has been written: reads find it, but until it is flushed it is in the disk's memory alone. */
static uint8_t (*current_contents)[512];

enum { MOST_PENDING = 65536 };
static struct pending {
    uint32_t sector;
    uint8_t bytes[512];
} *pending;
static long pending_count;

void disk_blank(uint64_t sectors)
{
    if (!disk) {
        disk = mmap(NULL, sizeof *disk, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        CHECK(disk != MAP_FAILED);
    }
    memset(disk->durable, 0, sectors * 512);
    disk->sectors = sectors;
    disk->read_only = false;
    disk->writes_left = -1;
    disk->fails_at = disk->requests = disk->written = disk->flushes = 0;
}

struct block_device *block_device(unsigned n)
{
    static struct block_device device;

    if (n || !disk->sectors)
        return NULL;
    if (!current_contents) {
        current_contents = malloc(disk->sectors * 512);
        pending = malloc(MOST_PENDING * sizeof *pending);
        memcpy(current_contents, disk->durable, disk->sectors * 512);
        device.sectors = disk->sectors;
        device.read_only = disk->read_only;
    }
    return &device;
}

int block_read(struct block_device *device, uint64_t sector, void *buf, size_t sectors)
{
    CHECK(sectors && sector + sectors <= device->sectors);
    memcpy(buf, current_contents[sector], sectors * 512);
    disk->requests++;
    return 0;
}

/* Any of the writes since the last flush may have got through, in any order, and the last one in part. */
static noreturn void cut_power(uint64_t sector, const uint8_t *bytes)
{
    unsigned state = disk->seed;

    for (long i = pending_count - 1; i > 0; i--) {
        long j = next_random(&state) % (i + 1);
        struct pending other = pending[i];
        pending[i] = pending[j];
        pending[j] = other;
    }
    for (long i = 0; i < pending_count; i++)
        if (next_random(&state) % 2)
            memcpy(disk->durable[pending[i].sector], pending[i].bytes, 512);
    memcpy(disk->durable[sector], bytes, next_random(&state) % 513);
    _exit(POWER_CUT);
}

int block_write(struct block_device *device, uint64_t sector, const void *buf, size_t sectors)
{
    const uint8_t *bytes = buf;

    CHECK(sectors && sector + sectors <= device->sectors && !device->read_only);
    disk->requests++;
    for (size_t i = 0; i < sectors; i++) {
        disk->written++;
        if (disk->written == disk->fails_at)
            return -EIO;
        if (disk->writes_left == 0)
            cut_power(sector + i, bytes + i * 512);
        if (disk->writes_left > 0)
            disk->writes_left--;
        memcpy(current_contents[sector + i], bytes + i * 512, 512);
        CHECK(pending_count < MOST_PENDING);
        pending[pending_count].sector = (uint32_t)(sector + i);
        memcpy(pending[pending_count++].bytes, bytes + i * 512, 512);
    }
    return 0;
}

int block_flush(struct block_device *device)
{
    (void)device;
    for (long i = 0; i < pending_count; i++)
        memcpy(disk->durable[pending[i].sector], pending[i].bytes, 512);
    pending_count = 0;
    disk->flushes++;
    return 0;
}

/* ---- the rest of the library OS -------------------------------------------------------- */

struct thread main_thread, *current = &main_thread;
void (*before_end)(void);

void wait_through_signals(struct wait_queue *queue)
{
    (void)queue;
    CHECK(!"one thread waits for itself");
}

int wake_one(struct wait_queue *queue)
{
    (void)queue;
    return 0;
}

noreturn void panic(const char *reason)
{
    printf("panic: %s\n", reason);
    abort();
}

void console_puts(const char *s)
{
    fputs(s, stdout);
}

/* From the host's heap, whose misuse the sanitizers see. */
void *pool_alloc(struct pool *pool)
{
    if (pool->count == pool->limit)
        return NULL;
    pool->count++;
    return calloc(1, pool->size);
}

void pool_free(struct pool *pool, void *object)
{
    pool->count--;
    free(object);
}

struct timestamp time_now(void)
{
    return (struct timestamp){.ns = 1};
}

void inode_get(struct inode *inode)
{
    inode->references++;
}

void inode_put(struct inode *inode)
{
    if (--inode->references == 0)
        inode->ops->release(inode);
}

/* ---- calls ------------------------------------------------------------------- */

int mounted(void)
{
    return libos_disk_mount.root ? 0 : libos_disk_mount.start(&libos_disk_mount);
}

struct inode *root(void)
{
    CHECK(mounted() == 0);
    return libos_disk_mount.root;
}

int find(struct inode *directory, const char *name, struct inode **found)
{
    directory = directory ? directory : root();
    return directory->ops->lookup(directory, name, found);
}

int find_or_create(struct inode *directory, const char *name, struct inode **found)
{
    directory = directory ? directory : root();
    int result = find(directory, name, found);
    return result == -ENOENT ? directory->ops->create(directory, name, 0644, found) : result;
}

int remove_name(struct inode *directory, const char *name)
{
    struct inode *inode;

    directory = directory ? directory : root();
    int result = find(directory, name, &inode);
    if (result)
        return result;
    result = (S_ISDIR(inode->mode) ? directory->ops->rmdir : directory->ops->unlink)(directory, name, inode);
    if (!result)
        inode->links = 0;
    inode_put(inode);
    return result;
}

int rename_to(struct inode *directory, const char *name, struct inode *to, const char *new_name)
{
    struct inode *inode, *replaced = NULL;

    directory = directory ? directory : root();
    to = to ? to : root();
    int result = find(directory, name, &inode);
    if (result)
        return result;
    if (find(to, new_name, &replaced))
        replaced = NULL;
    result = inode == replaced ? 0 : directory->ops->rename(directory, name, inode, to, new_name, replaced);
    if (!result && replaced && inode != replaced)
        replaced->links = 0;
    inode_put(inode);
    if (replaced)
        inode_put(replaced);
    return result;
}

int make_directory(struct inode *directory, const char *name)
{
    struct inode *made;

    directory = directory ? directory : root();
    int result = directory->ops->mkdir(directory, name, 0755, &made);
    if (!result)
        inode_put(made);
    return result;
}

int write_file(struct inode *directory, const char *name, const void *bytes, size_t len)
{
    struct inode *file;
    int result = find_or_create(directory, name, &file);

    if (result)
        return result;
    result = file->ops->truncate(file, 0);
    if (!result && len) {
        long n = file->ops->write(file, bytes, len, 0);
        result = n < 0 ? (int)n : n == (long)len ? 0 : -ENOSPC;
    }
    if (!result)
        result = file->ops->sync(file);
    inode_put(file);
    return result;
}

long read_file(struct inode *directory, const char *name, void *bytes, size_t most)
{
    struct inode *file;
    int result = find(directory, name, &file);

    if (result)
        return result;
    long n = file->ops->read(file, bytes, most, 0);
    inode_put(file);
    return n;
}
