/* SPDX-License-Identifier: MIT */
/*
 * littlefs.h: files that survive a power cut: littlefs on the first disk.
 *
 * littlefs itself is Christopher Haster's; its sources are not in this tree
 * (unilab.toolchain.libos says where they come from). Here is what connects it: to
 * the disk below (fs/littlefs_disk.c) and to the file systems' contract above
 * (fs/littlefs.c).
 */
#ifndef LIBOS_LITTLEFS_H
#define LIBOS_LITTLEFS_H

#include <lfs.h>
#include <stdbool.h>
#include <stdint.h>

/* How a disk is divided; unilab.machines.disk_image reads these numbers here. Bytes.
 *
 * A block is what a file's space is counted in, except that small files lie in their directory's block. A sector is what
 * is written at least, so that a cut can only spoil what was being written. A buffer is what each file in use has, and
 * littlefs itself has two. */
enum { LITTLEFS_BLOCK = 4096, LITTLEFS_SECTOR = 512, LITTLEFS_BUFFER = 4096 };

/* The file system, once littlefs_start() has succeeded. */
extern lfs_t littlefs;

/* Mounts what is on the first disk, and formats it first if it is blank. 0, or a negative errno, with a line on the
 * console that says why: a disk with anything else on it is left alone. */
int littlefs_start(bool *read_only);

/* littlefs does one thing at a time, and waits for the disk in the middle of it. Between these two, it is the caller's.
 * Who waits gets it in turn. Who has it may take it again. */
void littlefs_lock(void);
void littlefs_unlock(void);

#endif
