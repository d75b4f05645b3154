/* SPDX-License-Identifier: MIT */
/*
 * surroundings.h: what the file system finds around it in this test: a disk in memory
 * whose power can be cut, and the calls of a program, on inodes.
 */
#ifndef SURROUNDINGS_H
#define SURROUNDINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdnoreturn.h>

#include "fs.h"

enum { MOST_SECTORS = 64 << 11 }; /* 64 MiB */

/* In memory that children share: what one leaves, the next finds. */
struct disk {
    uint8_t durable[MOST_SECTORS][512]; /* what is there once the power is back */
    uint64_t sectors;
    bool read_only;
    long writes_left; /* until the power is cut, in the middle of one; negative: it is not */
    long fails_at;    /* the write, from 1, that fails with EIO; 0: none */
    unsigned seed;    /* decides which of the writes that were not flushed got through, and how far the last */
    long requests, written, flushes;
};
extern struct disk *disk;

/* The exit status of a child whose power was cut. */
enum { POWER_CUT = 99 };

/* Ends the test unless the condition holds. */
#define CHECK(condition) ((condition) ? (void)0 : check_failed(__FILE__, __LINE__, #condition))
noreturn void check_failed(const char *file, int line, const char *condition);

/* Runs a function in a child of its own, with a file system not mounted yet; its exit status. */
int in_child(int (*run)(void *argument), void *argument);

/* A disk of zeros. */
void disk_blank(uint64_t sectors);

unsigned next_random(unsigned *state);

/* The calls. Directories are null for the root. Results are as the operations', or a negative errno. */
int mounted(void);
struct inode *root(void);
int find(struct inode *directory, const char *name, struct inode **found);
int find_or_create(struct inode *directory, const char *name, struct inode **found);
int remove_name(struct inode *directory, const char *name);
int rename_to(struct inode *directory, const char *name, struct inode *to, const char *new_name);
int make_directory(struct inode *directory, const char *name);
/* A whole file, synced. */
int write_file(struct inode *directory, const char *name, const void *bytes, size_t len);
/* The length, at most `most`. */
long read_file(struct inode *directory, const char *name, void *bytes, size_t most);

/* The tests. */
int test_model(unsigned seed, int steps);
int test_power_cuts(unsigned seed, int operations);
int test_damage(unsigned seed, int disks);
int test_behaviour(void);

#endif
