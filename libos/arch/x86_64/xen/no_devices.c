/* SPDX-License-Identifier: MIT */
/*
 * no_devices.c: what the drivers of dev/ answer where a domain has no devices: as on
 * a machine without any.
 */
#include "cpu.h"
#include "entropy.h"
#include "netdev.h"
#include "virtio.h"

struct netdev *netdev_start(void (*receive)(struct netdev *netdev, struct packet *frame))
{
    (void)receive;
    return 0;
}

bool entropy_ask(void *buf, size_t len)
{
    return entropy_fill(buf, len);
}

/* Packets know where a card would find them. */
uint64_t virtio_physical(const void *memory)
{
    return machine_address(memory);
}
