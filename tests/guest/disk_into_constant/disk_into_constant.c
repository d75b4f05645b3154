/* SPDX-License-Identifier: MIT */
/* A device heeds no page tables; all the same, reading from a disk into what is constant faults, as copying would. */
#include "block.h"
#include "current.h"

#include "../check.h"

static const char constant[SECTOR_SIZE] = "unchanged";

int main(void)
{
    preempt_disable();
    struct block_device *disk = block_device(0);
    CHECK(disk);
    block_read(disk, 0, (void *)constant, 1);
    puts("the constant was written to");
    return 1;
}
