/* SPDX-License-Identifier: MIT */
/*
 * small_start.h: included in front of two files of musl that every program
 * starts with, so that what they may need, and hardly ever do, is not in every
 * image.
 *
 * __libc_start_main.c looks whether descriptors 0 to 2 of a set-user-ID program are
 * open. A unikernel has no users: poll() and open() go to a number that nothing
 * has. __init_tls.c maps memory for thread-local variables that are larger than
 * what musl has set aside: it gets a call of its own, which needs no mmap().
 */
#include <sys/syscall.h>

#define __NR_tls_memory 1025

#undef SYS_poll
#undef SYS_open
#undef SYS_mmap
#define SYS_poll 1024
#define SYS_open 1024
#define SYS_mmap __NR_tls_memory
