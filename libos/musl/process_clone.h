/* SPDX-License-Identifier: MIT */
/*
 * process_clone.h: included in front of the files of musl that clone a process:
 * posix_spawn.c, clone.c, and faccessat.c, which does it to change its user for a
 * moment. process.c refuses.
 */
#define __clone __clone_process
