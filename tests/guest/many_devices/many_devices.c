/* SPDX-License-Identifier: MIT */
/* All kinds of devices on one machine, each at work while the others are; disks in the order they were given in. */
#include <pthread.h>
#include <sys/random.h>
#include <unistd.h>

#include "block.h"
#include "current.h"
#include "hvc.h"
#include "netdev.h"

#include "../check.h"

enum { ROUNDS = 50, DISKS = 4 };

static struct netdev *card;
static int hvc;

static void drop(struct netdev *netdev, struct packet *frame)
{
    (void)netdev;
    packet_free(frame);
}

static void *use_disk(void *arg)
{
    static const char *const contents[DISKS] = {"first", "second", "third", "fourth"};
    unsigned n = (unsigned)(uintptr_t)arg;
    char sector[SECTOR_SIZE];
    int result = 0;

    for (int i = 0; i < ROUNDS; i++) {
        preempt_disable();
        struct block_device *disk = block_device(n);
        if (disk)
            result = block_read(disk, 0, sector, 1);
        preempt_enable();
        CHECK(disk && result == 0 && !strcmp(sector, contents[n]));
    }
    return 0;
}

static void *use_random(void *arg)
{
    char bytes[2][200] = {0};

    for (int i = 0; i < ROUNDS; i++)
        CHECK(getrandom(bytes[i % 2], 200, 0) == 200 && memcmp(bytes[0], bytes[1], 200));
    return arg;
}

static void *use_network(void *arg)
{
    for (int i = 0; i < ROUNDS; i++) {
        preempt_disable();
        struct packet *frame = packet_alloc();
        CHECK(frame);
        memset(frame->data, 0xff, 60);
        frame->len = 60;
        card->transmit(card, frame);
        preempt_enable();
    }
    return arg;
}

static void *use_console(void *arg)
{
    char answer = 0;

    CHECK(write(hvc, "?", 1) == 1);
    CHECK(read(hvc, &answer, 1) == 1 && answer == '!');
    return arg;
}

int main(void)
{
    static void *(*const uses[])(void *) = {use_random, use_network, use_console};
    pthread_t threads[DISKS + 3];

    preempt_disable();
    struct file *file = libos_hvc_open();
    hvc = file ? file_install(file, 0) : -1;
    CHECK(block_device(DISKS - 1) && !block_device(DISKS));
    preempt_enable();
    card = netdev_start(drop);
    CHECK(hvc >= 0 && card);
    for (uintptr_t i = 0; i < DISKS; i++)
        CHECK(pthread_create(&threads[i], 0, use_disk, (void *)i) == 0);
    for (int i = 0; i < 3; i++)
        CHECK(pthread_create(&threads[DISKS + i], 0, uses[i], 0) == 0);
    for (int i = 0; i < DISKS + 3; i++)
        CHECK(pthread_join(threads[i], 0) == 0);
    SUCCESS();
}
