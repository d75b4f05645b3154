/* SPDX-License-Identifier: MIT */
/*
 * littlefs.c: the disk's file system, with littlefs below it, as a program of this
 * host.
 *
 *   littlefs model SEED STEPS | cuts SEED OPERATIONS | damage SEED DISKS | behaviour
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "surroundings.h"

int main(int argc, char **argv)
{
    int result = 2;
    unsigned seed = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;

    if (argc == 4 && !strcmp(argv[1], "cuts"))
        result = test_power_cuts(seed, atoi(argv[3]));
    if (argc == 4 && !strcmp(argv[1], "model"))
        result = test_model(seed, atoi(argv[3]));
    if (argc == 4 && !strcmp(argv[1], "damage"))
        result = test_damage(seed, atoi(argv[3]));
    if (argc == 2 && !strcmp(argv[1], "behaviour"))
        result = test_behaviour();
    if (result == 0)
        printf("SUCCESS\n");
    return result;
}
